"""What the Spark source does beyond what every source does: types, sessions that are not ours, and their failures."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sysmon_tui.datasets.statement import Value
from sysmon_tui.errors import (
    AccessDenied,
    ResultTooLarge,
    SchemaDrift,
    SourceError,
    SourceUnreachable,
    StatementCanceled,
    StatementFailed,
    TooMuchData,
)
from sysmon_tui.sources.spark import SparkSource, active_session
from tests.sources.asking import COUNT, INSTANT, SLOW, TEXT, Attempt, failure, one, request
from tests.spark_engine import requires_spark, session


@pytest.fixture
def source() -> Iterator[SparkSource]:
    source = SparkSource(session())
    yield source
    source.close()


# Values ------------------------------------------------------------------------------------------------------


@requires_spark
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("BIGINT", 7),
        ("BIGINT", 2**40),
        ("BIGINT", None),
        ("INT", 7),
        ("INT", None),
        ("STRING", None),
        ("DATE", None),
        ("BOOLEAN", None),
        ("DOUBLE", 1.0),
    ],
)
def test_a_parameter_has_its_declared_type(source: SparkSource, kind: str, value: Value) -> None:
    """Not the type that Spark would guess from the value: products of small BIGINTs must not overflow as INT."""
    assert one(source, "SELECT typeof(:p) AS v", TEXT, p=(kind, value)).upper() == kind


@requires_spark
def test_a_limit_takes_a_parameter(source: SparkSource) -> None:
    """LIMIT :n with an INT."""
    text = "SELECT id AS n FROM range(10) AS r(id) ORDER BY id LIMIT :n"
    assert source.execute(request(text, {"n": COUNT}, {"n": ("INT", 3)})).height == 3


@requires_spark
def test_what_only_looks_like_a_marker_is_left_alone(source: SparkSource) -> None:
    """Texts, quoted names and comments with a colon in them."""
    text = "SELECT 'it\\'s :p' AS a, \":p\" AS b, 1 AS `:p` /* :p */, :p AS c -- :p"
    frame = source.execute(request(text, {"a": TEXT, "b": TEXT, "c": COUNT}, {"p": ("BIGINT", 5)}))
    assert frame.row(0) == ("it's :p", ":p", 5)


@requires_spark
def test_a_wall_clock_time_counts_as_utc(source: SparkSource) -> None:
    """A table that lost its time zone is read as on the other engines, also in the hour that a zone skips."""
    text = "SELECT TIMESTAMP_NTZ '2026-03-08 02:30:00.000001' AS v"
    assert str(one(source, text, INSTANT)) == "2026-03-08 02:30:00.000001+00:00"


@requires_spark
@pytest.mark.parametrize("instant", ["-62135596800000000", "253402300800000000"])
def test_an_instant_outside_our_years_is_null(source: SparkSource, instant: str) -> None:
    """Spark knows years that Python's datetime doesn't: nothing breaks."""
    assert one(source, f"SELECT timestamp_micros({instant}) AS v", INSTANT) is None


@requires_spark
def test_columns_of_one_name_are_told_apart(source: SparkSource) -> None:
    """A join may answer a name twice: the first counts."""
    assert one(source, "SELECT 1 AS v, 2 AS v", COUNT) == 1


@requires_spark
@pytest.mark.parametrize("value", ["array(1)", "named_struct('a', 1)", "map('a', 1)", "X'00FF'"])
def test_a_nested_column_is_drift(source: SparkSource, value: str) -> None:
    """Where a number is declared and the table has a structure, the column is named."""
    assert (
        "amount"
        in failure(source, request(f"SELECT {value} AS amount", {"amount": COUNT}), SchemaDrift).message
    )


@requires_spark
def test_more_rows_than_the_ceiling_are_refused(source: SparkSource) -> None:
    """An answer is whole or none: it is never cut without a word."""
    wanted = request("SELECT id AS n FROM range(101) AS r(id)", {"n": COUNT}, ceiling=100)
    assert "100 rows" in failure(source, wanted, ResultTooLarge).message


# Sessions ----------------------------------------------------------------------------------------------------


@requires_spark
def test_the_session_of_the_process_is_found_from_any_thread() -> None:
    """Where none is given the active one is meant, also in a thread that Spark has not seen."""
    expected, found = session(), []
    worker = threading.Thread(target=lambda: found.append(active_session()))
    worker.start()
    worker.join()
    assert found == [expected]
    assert one(SparkSource.open(), "SELECT 1 AS v", COUNT) == 1


def test_without_a_session_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """No session, or no PySpark at all: a sentence, not an ImportError."""
    monkeypatch.delitem(sys.modules, "pyspark.sql", raising=False)
    with pytest.raises(SourceUnreachable) as caught:
        SparkSource.open()
    assert "AlertingService(spark=...)" in caught.value.hint


@requires_spark
def test_the_callers_session_stays_as_it_was(source: SparkSource) -> None:
    """Neither the job group of the caller's thread nor the session itself is touched, by closing neither."""
    context = session().sparkContext
    context.setJobGroup("mine", "my own")
    try:
        assert one(source, "SELECT 1 AS v", COUNT) == 1
        source.close()
        assert context.getLocalProperty("spark.jobGroup.id") == "mine"
        assert session().sql("SELECT 1").collect()[0][0] == 1
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)
        context.setLocalProperty("spark.job.description", None)


@requires_spark
def test_a_cancel_reaches_one_statement_alone(source: SparkSource) -> None:
    """The other goes on, and answers."""
    doomed = request(SLOW, {"n": COUNT}, timeout_s=60)
    attempt = Attempt(lambda: source.execute(doomed))
    other: list[int] = []
    beside = Attempt(lambda: other.append(one(source, "SELECT COUNT(*) AS v FROM range(1000)", COUNT)))
    source.cancel(doomed.id)
    assert isinstance(attempt.result(within_s=4), StatementCanceled)
    assert beside.result(within_s=10) is None and other == [1000]


class Collecting(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@requires_spark
def test_a_refusal_leaves_no_java_in_the_log(source: SparkSource) -> None:
    """PySpark would log each with its stack; the caller's own statements are logged as before."""
    collecting = Collecting()
    logger = logging.getLogger("SQLQueryContextLogger")
    logger.addHandler(collecting)
    try:
        failure(source, request("SELECT gone AS v", {"v": COUNT}), SchemaDrift)
        assert collecting.records == []
        with pytest.raises(Exception, match="UNRESOLVED_COLUMN"):
            session().sql("SELECT gone AS v")
        assert len(collecting.records) == 1
    finally:
        logger.removeHandler(collecting)


# Failures ----------------------------------------------------------------------------------------------------


@requires_spark
def test_a_refused_scan_asks_for_a_narrower_one(source: SparkSource) -> None:
    """System tables refuse what would read too much."""
    text = "SELECT raise_error('System Table query returned too much data. Please repeat.') AS v"
    failure(source, request(text, {"v": COUNT}), TooMuchData)


@requires_spark
def test_a_failure_at_work_is_one_sentence(source: SparkSource) -> None:
    """An error of a row carries its reason and neither the statement nor a stack."""
    text = "SELECT CAST(IF(id = 7, 'seven', '1') AS INT) AS v FROM range(9) AS r(id)"
    error = failure(source, request(text, {"v": COUNT}), StatementFailed)
    assert "CAST_INVALID_INPUT" in error.sentence
    assert "\n" not in error.sentence and "range(9)" not in error.sentence and "\tat " not in error.sentence


class Connect:
    """A session as Spark Connect's: it has no SparkContext, tags belong to threads, and interrupting takes a while."""

    def __init__(self, error: Exception | None = None, deaf: int = 0) -> None:
        self.interrupts = 0
        self._error = error
        self._deaf = deaf
        self._tags = threading.local()
        self._ended = threading.Event()

    def addTag(self, tag: str) -> None:  # noqa: N802 (PySpark's name)
        self._tags.mine = tag

    def interruptTag(self, tag: str) -> None:  # noqa: N802 (PySpark's name)
        self.interrupts += 1
        if self.interrupts > self._deaf:
            self._ended.set()

    def sql(self, text: str, args: dict[str, Any]) -> Any:
        assert self._tags.mine.startswith("sysmon-")
        if self._error is not None:
            raise self._error
        assert self._ended.wait(20)
        raise RuntimeError("[OPERATION_CANCELED] Operation has been canceled. SQLSTATE: HY008")


@pytest.mark.parametrize("deaf", [0, 3])
def test_a_connect_session_is_interrupted_until_it_hears(deaf: int) -> None:
    """An interrupt that comes while Spark still plans meets nothing: it is repeated."""
    connect = Connect(deaf=deaf)
    source = SparkSource(connect)
    wanted = request("SELECT 1 AS v", {"v": COUNT}, timeout_s=60)
    attempt = Attempt(lambda: source.execute(wanted))
    source.cancel(wanted.id)
    while connect.interrupts == 0:  # cancelled before it was known: once more
        source.cancel(wanted.id)
    assert isinstance(attempt.result(within_s=4), StatementCanceled)
    assert connect.interrupts == deaf + 1


GRANT = "[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\nUser does not have USE SCHEMA on Schema 'system.access'."


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (GRANT, AccessDenied, "no permission to read system.access.audit"),
        (
            "[NO_SUCH_CATALOG_EXCEPTION] Catalog 'system' was not found.",
            AccessDenied,
            "system.access.audit is not there",
        ),
        (
            "[SCHEMA_NOT_FOUND] The schema `system`.`access` cannot be found.",
            AccessDenied,
            "access is not enabled",
        ),
        (
            "[REQUIRES_SINGLE_PART_NAMESPACE] spark_catalog requires a single-part namespace",
            AccessDenied,
            "system.access.audit is not there",
        ),
        (
            "Cannot call methods on a stopped SparkContext.\nThis was created at:",
            SourceUnreachable,
            "does not answer",
        ),
        ("'NoneType' object has no attribute 'setJobGroup'", SourceUnreachable, "does not answer"),
        (
            "Total size (1 GiB) is bigger than spark.driver.maxResultSize (1 GiB)",
            ResultTooLarge,
            "maxResultSize",
        ),
        ("", StatementFailed, "RuntimeError"),
        ("[INTERNAL_ERROR] dapi0123456789abcdef0123 in it\n== SQL ==\nSELECT 1", StatementFailed, "… in it"),
    ],
)
def test_what_a_session_says_is_told_as_a_warehouse_would(
    said: str, kind: type[SourceError], words: str
) -> None:
    """Grants, absent tables, a session that is gone, an answer too large: a kind and a sentence for each."""
    source = SparkSource(Connect(RuntimeError(said)))
    error = failure(source, request("SELECT 1 AS v FROM system.access.audit", {"v": COUNT}), kind)
    assert words in error.message
    assert "\n" not in error.sentence and "SELECT 1" not in error.sentence


def test_a_java_error_is_told_without_its_wrapping() -> None:
    """py4j puts a line and a class name before what Spark says."""

    class Py4JJavaError(Exception):
        pass

    said = "An error occurred while calling o1.sql.\n: org.apache.spark.SparkException: [X] no room.\n\tat a.b(C.scala)"
    source = SparkSource(Connect(Py4JJavaError(said)))
    error = failure(source, request("SELECT 1 AS v", {"v": COUNT}), StatementFailed)
    assert error.message == "Spark could not run probe: [X] no room."


def test_a_session_that_is_none_of_these_fails_in_a_sentence() -> None:
    """Whatever is handed over, the answer is a failure of that statement."""
    source = SparkSource(SimpleNamespace(addTag=lambda tag: None))
    assert "sql" in failure(source, request("SELECT 1 AS v", {"v": COUNT}), StatementFailed).message
