"""Every statement of the catalogue gives the same frame on Spark as on the embedded engine."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from polars.testing import assert_frame_equal

from sysmon_tui.datasets.catalogue import STATEMENTS
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.demo import DemoEstate
from sysmon_tui.sources.embedded import EmbeddedSource
from sysmon_tui.sources.spark import SparkSource
from tests.sources.values import NOW, values_for
from tests.spark_engine import SPARK_MARKS, load, session

pytestmark = SPARK_MARKS


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedSource]:
    """A demo estate whose rows Spark holds too."""
    with duckdb.connect() as connection:
        DemoEstate(connection, now=NOW, rows=50_000)
        load(connection)
        yield EmbeddedSource(connection)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSource]:
    source = SparkSource(session())
    yield source
    source.close()


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_frame_is_the_same(name: str, embedded: EmbeddedSource, spark: SparkSource) -> None:
    """Values, types, NULLs, instants at the change of the clocks and the order agree."""
    statement = STATEMENTS[name]
    values = values_for(statement, embedded, 20_000)
    here = embedded.execute(Request(statement, statement.text, values, 60))
    there = spark.execute(Request(statement, statement.text, values, 60))
    assert here.height > 0
    assert_frame_equal(here, there, check_row_order="\nORDER BY" in statement.text)
