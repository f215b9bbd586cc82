"""Every statement of the catalogue gives the same rows from the embedded engine and through the warehouse's API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sysmon_tui.clock import to_micros
from sysmon_tui.datasets.catalogue import STATEMENTS
from sysmon_tui.datasets.statement import Statement, Value
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.databricks import DatabricksSource
from sysmon_tui.sources.demo import DemoEstate
from sysmon_tui.sources.embedded import EmbeddedSource
from tests.workspace import Workspace

NOW = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
# New York ended daylight saving the day before: both offsets stand in one answer.
WINDOW = timedelta(hours=48)


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


def _values(statement: Statement, embedded: EmbeddedSource, row_limit: int) -> dict[str, Value]:
    start = NOW - WINDOW
    values: dict[str, Value] = {
        "window_start_us": to_micros(start),
        "window_end_us": to_micros(NOW),
        "scan_start_us": to_micros(start - timedelta(hours=min(statement.lookback_hours, 30 * 24))),
        "recent_us": to_micros(NOW - timedelta(days=20)),
        "first_date": start.date(),
        "last_date": NOW.date(),
        "workspace_ids": "",
        "silent_us": 3 * 3_600_000_000,
        "bucket_us": 3_600_000_000,
        "row_limit": row_limit,
        "threshold": 3,
        "statuses": "",
        "newest_by_end": True,
        "failed_logins": False,
        "text_chars": 200,
        "params_chars": 500,
    }
    if statement.name == "run_tasks":
        values["workspace_id"], values["run_id"] = _a_run_with_tasks(embedded, values)
    return {name: values.get(name) for name in statement.parameters}


def _a_run_with_tasks(embedded: EmbeddedSource, values: dict[str, Value]) -> tuple[str, str]:
    statement = Statement(
        "any_run", {"start_us": "BIGINT"}, {"workspace_id": pl.String(), "job_run_id": pl.String()}
    )
    text = (
        "SELECT workspace_id, job_run_id FROM system.lakeflow.job_task_run_timeline "
        "WHERE period_start_time >= timestamp_micros(:start_us) "
        "GROUP BY workspace_id, job_run_id ORDER BY COUNT(DISTINCT task_key) DESC, job_run_id LIMIT 1"
    )
    workspace_id, run_id = embedded.execute(
        Request(statement, text, {"start_us": values["window_start_us"]}, 30)
    ).row(0)
    return workspace_id, run_id


@pytest.mark.parametrize("row_limit", [500, 20_000], ids=["inline", "links"])
@pytest.mark.parametrize("name", STATEMENTS)
def test_the_rows_are_the_same(
    name: str, row_limit: int, embedded: EmbeddedSource, warehouse: DatabricksSource
) -> None:
    """Types, instants at the change of the clocks, NULLs and order agree, inline and by links."""
    statement = STATEMENTS[name]
    values = _values(statement, embedded, row_limit)
    here = embedded.execute(Request(statement, statement.text, values, 60))
    there = warehouse.execute(Request(statement, statement.text, values, 60))
    assert here.height > 0
    assert here.schema == dict(statement.schema)
    # The two lists of names come in any order.
    assert_frame_equal(here, there, check_row_order="\nORDER BY" in statement.text)


def test_the_dates_of_the_window_lie_on_both_sides_of_the_change_of_the_clocks() -> None:
    """The window that the other test asks about has both offsets of the session's zone."""
    assert (NOW - WINDOW).date() < date(2026, 11, 1) < NOW.date()
