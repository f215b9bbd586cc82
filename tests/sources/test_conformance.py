"""What every source keeps to, whatever engine is behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pytest

from sysmon_tui.datasets.statement import Value
from sysmon_tui.errors import AccessDenied, SchemaDrift, StatementCanceled, StatementFailed
from sysmon_tui.sources.base import Source
from sysmon_tui.sources.databricks import DatabricksSource
from sysmon_tui.sources.embedded import EmbeddedSource
from sysmon_tui.sources.spark import SparkSource
from tests.sources.asking import (
    COUNT,
    FLAG,
    INSTANT,
    NUMBER,
    SLOW,
    STREAMED,
    TEXT,
    Attempt,
    failure,
    one,
    request,
)
from tests.spark_engine import SPARK_MARKS, session
from tests.workspace import Workspace


@dataclass
class Subject:
    """A source under test; `workspace` is the stand-in behind it, if there is one, `jobs` tells what Spark is at.

    `ceiling` is for answers without end, of a source that holds to it.
    """

    source: Source
    workspace: Workspace | None = None
    jobs: Callable[[], Sequence[int]] | None = None
    ceiling: int = 100


@pytest.fixture(params=["embedded", "inline", "links", pytest.param("spark", marks=SPARK_MARKS)])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The same tests for the embedded engine, for a warehouse, whose rows come in two ways, and for Spark."""
    if request.param == "spark":
        spark = SparkSource(session())
        tracker = session().sparkContext.statusTracker()
        yield Subject(spark, jobs=tracker.getActiveJobsIds, ceiling=10**9)
        spark.close()
        return
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS system_tables; CREATE SCHEMA system_tables.access")
    if request.param == "embedded":
        source = EmbeddedSource(connection)
        yield Subject(source)
        source.close()
        return
    with Workspace(connection, zone="Europe/Lisbon") as workspace:
        workspace.rows_per_chunk = 1_000 if request.param == "links" else 50
        with pytest.MonkeyPatch.context() as patch:
            if request.param == "links":
                patch.setattr("sysmon_tui.limits.INLINE_MAX_ROWS", 0)
            warehouse = DatabricksSource(
                host=workspace.url, token=workspace.token, warehouse_id=workspace.warehouse_id
            )
            yield Subject(warehouse, workspace)
            warehouse.close()
    connection.close()


AWKWARD_TEXTS = [
    "plain",
    "",
    "null",
    'it\'s "quoted" and `ticked`',
    "100% _ ! sure",
    "back\\slash \\n \\",
    "line\nbreak\ttab\r",
    "Ünïcødé 漢字 🦆",
    ":name $1 ? {x} --comment /* c */",
    "'; DROP TABLE x; --",
]


@pytest.mark.parametrize("text", AWKWARD_TEXTS)
def test_a_text_comes_back_as_it_went(subject: Subject, text: str) -> None:
    """No character of a STRING parameter is read as syntax or lost, and '' is not NULL."""
    assert one(subject.source, "SELECT :p AS v", TEXT, p=("STRING", text)) == text


@pytest.mark.parametrize(
    ("kind", "value", "dtype"),
    [
        ("BIGINT", 2**63 - 1, COUNT),
        ("BIGINT", -(2**63), COUNT),
        ("BIGINT", 1_767_225_600_000_000, COUNT),
        ("INT", -7, COUNT),
        ("BOOLEAN", True, FLAG),
        ("BOOLEAN", False, FLAG),
        ("DATE", date(2024, 2, 29), pl.Date()),
        ("DOUBLE", 0.1, NUMBER),
    ],
)
def test_a_value_comes_back_as_it_went(subject: Subject, kind: str, value: Value, dtype: pl.DataType) -> None:
    """Every other parameter type carries its value exactly."""
    assert one(subject.source, "SELECT :p AS v", dtype, p=(kind, value)) == value


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("STRING", TEXT),
        ("BIGINT", COUNT),
        ("INT", COUNT),
        ("BOOLEAN", FLAG),
        ("DATE", pl.Date()),
        ("DOUBLE", NUMBER),
    ],
)
def test_no_value_is_null(subject: Subject, kind: str, dtype: pl.DataType) -> None:
    """None is SQL NULL of every type, in the answer and in a condition."""
    assert one(subject.source, "SELECT :p AS v", dtype, p=(kind, None)) is None
    assert one(subject.source, "SELECT (:p IS NULL) AS v", FLAG, p=(kind, None)) is True


def test_null_and_the_empty_text_differ(subject: Subject) -> None:
    """NULL, '' and 'null' are three values."""
    frame = subject.source.execute(
        request("SELECT v FROM VALUES (1, NULL), (2, ''), (3, 'null') AS t(n, v) ORDER BY n", {"v": TEXT})
    )
    assert frame.get_column("v").to_list() == [None, "", "null"]


def test_instants_are_the_same_at_the_change_of_the_clocks(subject: Subject) -> None:
    """Instants before, in and after the repeated hour of the session's zone stay apart and in UTC."""
    instants = [
        datetime(2026, 10, 24, 23, 59, 59, 999_000, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    ]
    rows = ", ".join(f"({n}, {int(instant.timestamp() * 1000)}000)" for n, instant in enumerate(instants))
    frame = subject.source.execute(
        request(
            f"SELECT timestamp_micros(us) AS v FROM VALUES {rows}, (9, NULL) AS t(n, us) ORDER BY n",
            {"v": INSTANT},
        )
    )
    assert frame.get_column("v").to_list() == [*instants, None]
    assert frame.schema == {"v": INSTANT}


def test_numbers_keep_their_value(subject: Subject) -> None:
    """Large integers, fractions and the numbers that are none arrive unchanged."""
    frame = subject.source.execute(
        request(
            "SELECT CAST(9007199254740993 AS BIGINT) AS big, CAST(1.0E-10 AS DOUBLE) AS small, "
            "CAST('Infinity' AS DOUBLE) AS huge, CAST('NaN' AS DOUBLE) AS none, CAST(2.5 AS DECIMAL(10, 2)) AS exact",
            {"big": COUNT, "small": NUMBER, "huge": NUMBER, "none": NUMBER, "exact": NUMBER},
        )
    )
    big, small, huge, none, exact = frame.row(0)
    assert (big, small, huge, exact) == (9007199254740993, 1e-10, float("inf"), 2.5)
    assert none != none  # noqa: PLR0124 (NaN alone differs from itself)


def test_no_rows_are_an_empty_frame_with_the_columns(subject: Subject) -> None:
    """An answer without rows has the declared columns and types."""
    wanted = {"a": COUNT, "b": TEXT, "at": INSTANT}
    frame = subject.source.execute(
        request("SELECT 1 AS a, 'x' AS b, timestamp_micros(0) AS at WHERE 1 = 0", wanted)
    )
    assert frame.height == 0
    assert frame.schema == wanted


def test_many_chunks_come_in_order(subject: Subject) -> None:
    """An answer in many pieces has every row once, in the statement's order."""
    frame = subject.source.execute(
        request("SELECT id AS n FROM range(2500) AS r(id) ORDER BY n", {"n": COUNT}, ceiling=10_000)
    )
    assert frame.get_column("n").to_list() == list(range(2500))


def test_a_large_answer_arrives_whole(subject: Subject) -> None:
    """Fifty thousand rows, which a warehouse gives by links."""
    frame = subject.source.execute(
        request(
            "SELECT id AS n, CONCAT('row ', CAST(id AS STRING)) AS t FROM range(50000) AS r(id) ORDER BY n",
            {"n": COUNT, "t": TEXT},
            ceiling=100_000,
        )
    )
    assert frame.height == 50_000
    assert frame.row(49_999) == (49_999, "row 49999")
    assert frame.get_column("n").is_sorted()


def test_an_extra_column_is_left_out(subject: Subject) -> None:
    """Tables gain columns at any time; the answer keeps the declared ones in the declared order."""
    frame = subject.source.execute(request("SELECT 'new' AS extra, 1 AS b, 2 AS a", {"a": COUNT, "b": COUNT}))
    assert frame.to_dicts() == [{"a": 2, "b": 1}]


def test_a_missing_column_is_named(subject: Subject) -> None:
    """A column that went away is SchemaDrift with its name, also when there are no rows."""
    for condition in ("1 = 1", "1 = 0"):
        wanted = request(f"SELECT 1 AS a WHERE {condition}", {"a": COUNT, "gone": TEXT})
        assert "gone" in failure(subject.source, wanted, SchemaDrift).message


def test_a_column_of_another_type_is_named(subject: Subject) -> None:
    """A column whose values do not fit the declared type is SchemaDrift with its name."""
    wanted = request("SELECT 'seven' AS amount", {"amount": COUNT})
    assert "amount" in failure(subject.source, wanted, SchemaDrift).message


def test_a_column_without_any_value_takes_the_declared_type(subject: Subject) -> None:
    """An all-NULL column is no drift."""
    frame = subject.source.execute(request("SELECT NULL AS a, NULL AS at", {"a": COUNT, "at": INSTANT}))
    assert frame.schema == {"a": COUNT, "at": INSTANT}


def test_a_broken_statement_is_a_failure_of_that_statement(subject: Subject) -> None:
    """SQL that cannot run ends in StatementFailed with one line of reason; the source stays usable."""
    error = failure(subject.source, request("SELECT CAST('x' AS INT) AS v", {"v": COUNT}), StatementFailed)
    assert "\n" not in error.sentence
    assert one(subject.source, "SELECT 1 AS v", COUNT) == 1


def test_a_column_that_is_not_there_is_named(subject: Subject) -> None:
    """A renamed column is told by its name, as a table that changed: no other statement suffers."""
    error = failure(subject.source, request("SELECT no_such_column AS v", {"v": COUNT}), SchemaDrift)
    assert "no_such_column" in error.message and "\n" not in error.sentence
    assert one(subject.source, "SELECT 1 AS v", COUNT) == 1


def test_a_table_that_is_not_there_is_denied(subject: Subject) -> None:
    """An absent table cannot be told from one that was not granted: AccessDenied, and it says which."""
    error = failure(
        subject.source, request("SELECT 1 AS v FROM system.access.audit_of_old", {"v": COUNT}), AccessDenied
    )
    assert "audit_of_old" in error.message and "SELECT 1" not in error.sentence


def _at_work(subject: Subject) -> bool:
    if subject.jobs is not None:
        return bool(subject.jobs())
    assert subject.workspace is not None
    return any(statement.state == "RUNNING" for statement in subject.workspace.statements)


def _wait_until(subject: Subject, *, at_work: bool) -> None:
    if subject.workspace is None and subject.jobs is None:
        time.sleep(0.3 if at_work else 0)
        return
    deadline = time.monotonic() + 10
    while _at_work(subject) is not at_work:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("text", [SLOW, STREAMED], ids=["one row", "rows"])
def test_a_cancelled_statement_ends_soon(subject: Subject, text: str) -> None:
    """cancel from another thread: execute raises StatementCanceled, and the engine is free again."""
    wanted = request(text, {"n": COUNT}, timeout_s=60, ceiling=subject.ceiling)
    attempt = Attempt(lambda: subject.source.execute(wanted))
    _wait_until(subject, at_work=True)
    subject.source.cancel(wanted.id)
    assert isinstance(attempt.result(within_s=4), StatementCanceled)
    if subject.workspace is not None:
        assert subject.workspace.statements[0].state == "CANCELED"
    _wait_until(subject, at_work=False)
    assert one(subject.source, "SELECT 1 AS v", COUNT) == 1


def test_closing_ends_what_runs(subject: Subject) -> None:
    """close cancels everything within three seconds; a second close and a later statement do no harm."""
    wanted = [request(SLOW, {"n": COUNT}, timeout_s=60) for _ in range(2)]
    attempts = [Attempt(lambda one=one: subject.source.execute(one)) for one in wanted]  # type: ignore[misc]
    _wait_until(subject, at_work=True)
    began = time.monotonic()
    subject.source.close()
    assert time.monotonic() - began < 3
    assert all(isinstance(attempt.result(within_s=3), StatementCanceled) for attempt in attempts)
    if subject.workspace is not None:
        assert [statement.state for statement in subject.workspace.statements] == ["CANCELED"] * 2
    _wait_until(subject, at_work=False)
    subject.source.close()
    failure(subject.source, request("SELECT 1 AS v", {"v": COUNT}), StatementCanceled)


def test_a_statement_over_its_time_is_ended(subject: Subject) -> None:
    """The time-out ends the statement where it runs and says how long was waited."""
    error = failure(subject.source, request(SLOW, {"n": COUNT}, timeout_s=1), StatementFailed)
    assert "1 s" in error.message
    if subject.workspace is not None:
        assert subject.workspace.statements[0].state == "CANCELED"
    _wait_until(subject, at_work=False)


def test_an_unknown_request_is_nothing_to_cancel(subject: Subject) -> None:
    """Cancelling what has ended, or never was, is silent."""
    subject.source.cancel("no such request")
    assert one(subject.source, "SELECT 1 AS v", COUNT) == 1
