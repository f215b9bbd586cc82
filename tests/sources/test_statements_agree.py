"""Every statement of the catalogue gives the same rows from the embedded engine and through the warehouse's API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest
from polars.testing import assert_frame_equal

from sysmon_tui.datasets.catalogue import STATEMENTS
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.databricks import DatabricksSource
from sysmon_tui.sources.demo import DemoEstate
from sysmon_tui.sources.embedded import EmbeddedSource
from tests.sources.values import NOW, WINDOW, values_for
from tests.workspace import Workspace


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        DemoEstate(connection, now=NOW, rows=50_000)
        yield connection


@pytest.fixture(scope="module")
def embedded(connection: duckdb.DuckDBPyConnection) -> EmbeddedSource:
    return EmbeddedSource(connection)


@pytest.fixture(scope="module")
def warehouse(connection: duckdb.DuckDBPyConnection) -> Iterator[DatabricksSource]:
    with Workspace(connection, zone="America/New_York") as workspace:
        source = DatabricksSource(
            host=workspace.url, token=workspace.token, warehouse_id=workspace.warehouse_id
        )
        yield source
        source.close()


@pytest.mark.parametrize("row_limit", [500, 20_000], ids=["inline", "links"])
@pytest.mark.parametrize("name", STATEMENTS)
def test_the_rows_are_the_same(
    name: str, row_limit: int, embedded: EmbeddedSource, warehouse: DatabricksSource
) -> None:
    """Types, instants at the change of the clocks, NULLs and order agree, inline and by links."""
    statement = STATEMENTS[name]
    values = values_for(statement, embedded, row_limit)
    here = embedded.execute(Request(statement, statement.text, values, 60))
    there = warehouse.execute(Request(statement, statement.text, values, 60))
    assert here.height > 0
    assert here.schema == dict(statement.schema)
    # The two lists of names come in any order.
    assert_frame_equal(here, there, check_row_order="\nORDER BY" in statement.text)


def test_the_dates_of_the_window_lie_on_both_sides_of_the_change_of_the_clocks() -> None:
    """The window that the other test asks about has both offsets of the session's zone."""
    assert (NOW - WINDOW).date() < date(2026, 11, 1) < NOW.date()
