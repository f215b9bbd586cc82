"""What is not asked: a source that is down for all, a table that refuses us; and when it is asked again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from sysmon_tui import limits
from sysmon_tui.clock import HeldClock
from sysmon_tui.datasets import catalogue
from sysmon_tui.datasets.statement import TABLES, Statement, quoted
from sysmon_tui.errors import (
    AccessDenied,
    SignInRefused,
    SourceBusy,
    SourceError,
    SourceUnreachable,
    StatementCanceled,
    StatementFailed,
    TooMuchData,
    WarehouseMissing,
)
from sysmon_tui.services.guard import GuardedSource
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.statement_failures import of_message
from tests.estate import at
from tests.services.billed import Place, bare
from tests.workspace.engine import denied

RUNS, QUERIES, AUDIT, NAMES = (
    catalogue.RUNS,
    catalogue.QUERIES,
    catalogue.AUDIT_EVENTS,
    catalogue.WAREHOUSE_NAMES,
)


class Guarded:
    """A guard before a source that raises `error` while one is set; `asked` counts what reached the source."""

    def __init__(self, physical: dict[str, str] | None = None) -> None:
        self.clock = HeldClock(at("12:00"))
        self.place = Place(self.clock)
        self.guard = GuardedSource(self.place, physical or {}, self.clock)

    @property
    def asked(self) -> int:
        return len(self.place.requests)

    def ask(self, statement: Statement = QUERIES, *, fresh: bool = False) -> SourceError | None:
        try:
            self.guard.execute(bare(statement, fresh=fresh))
        except SourceError as error:
            return error
        return None

    def fail(self, error: SourceError, times: int = 1, statement: Statement = QUERIES) -> None:
        self.place.error = error
        for _ in range(times):
            assert self.ask(statement) is error
        self.place.error = None


DOWN = SourceUnreachable("No route.")


@pytest.mark.parametrize("error", [DOWN, SourceBusy("429"), WarehouseMissing("Gone.")])
def test_failures_that_concern_all_open_the_circuit(error: SourceError) -> None:
    """The third in a row: nothing is asked any more for CIRCUIT_OPEN_S, every statement fails at once with the last."""
    one = Guarded()
    one.fail(error, limits.CIRCUIT_FAILURES)
    assert one.guard.is_open
    assert {one.ask(statement) for statement in (QUERIES, RUNS, NAMES)} == {error}
    one.clock.advance(limits.CIRCUIT_OPEN_S - 1)
    assert one.ask() is error and one.asked == limits.CIRCUIT_FAILURES
    one.clock.advance(1)
    assert one.ask() is None and not one.guard.is_open
    assert one.ask(RUNS) is None and one.asked == limits.CIRCUIT_FAILURES + 2


def test_a_success_or_a_statements_own_failure_shows_that_the_source_lives() -> None:
    """Two failures, then an answer or a broken statement: counting begins anew, and an open circuit closes."""
    proofs: list[Callable[[Guarded], object]] = [
        lambda one: one.ask(fresh=True),
        lambda one: one.fail(StatementFailed("Syntax."), statement=AUDIT),
        lambda one: one.fail(TooMuchData("Too much."), statement=AUDIT),
        lambda one: one.fail(AccessDenied("No."), statement=AUDIT),
    ]
    for prove in proofs:
        one = Guarded()
        one.fail(DOWN, 2)
        prove(one)
        one.fail(DOWN, 2)
        assert not one.guard.is_open
        one.fail(DOWN)
        one.clock.advance(limits.CIRCUIT_OPEN_S)
        prove(one)
        assert not one.guard.is_open


def test_a_refused_sign_in_opens_it_at_once() -> None:
    """No credential gets better by asking: the next try comes after DENIED_RETRY_S, or with `fresh`."""
    one = Guarded()
    error = SignInRefused("Expired.")
    one.fail(error)
    one.clock.advance(limits.DENIED_RETRY_S - 1)
    assert one.ask(RUNS) is error and one.asked == 1
    assert one.ask(RUNS, fresh=True) is None and one.ask() is None


def test_probes_come_one_at_a_time_and_ever_farther_apart() -> None:
    """While it stays down: one request after 15 s, then after twice as long, up to the longest."""
    one = Guarded()
    one.fail(DOWN, limits.CIRCUIT_FAILURES)
    one.place.error = DOWN
    wait_s, seen = limits.CIRCUIT_OPEN_S, []
    for _ in range(6):
        one.clock.advance(wait_s - 1)
        asked = one.asked
        assert one.ask() is DOWN and one.asked == asked
        one.clock.advance(1)
        for _ in range(5):
            assert one.ask() is DOWN
        assert one.asked == asked + 1
        seen.append(wait_s)
        wait_s = min(wait_s * 2, limits.CIRCUIT_LONGEST_S)
    assert seen == [15, 30, 60, 120, 120, 120]


class Together(Place):
    """Every statement waits until `count` are at work."""

    def __init__(self, clock: HeldClock, count: int) -> None:
        super().__init__(clock)
        self.barrier = threading.Barrier(count)

    def execute(self, request: Request) -> pl.DataFrame:
        self.barrier.wait(10)
        return super().execute(request)


def test_statements_that_fail_together_are_no_probes() -> None:
    """Eight are under way when the network goes: the first probe comes after CIRCUIT_OPEN_S all the same."""
    clock = HeldClock(at("12:00"))
    place = Together(clock, limits.STATEMENTS_AT_ONCE)
    place.error = DOWN
    guard = GuardedSource(place, {}, clock)

    def attempt(number: int) -> bool:
        with pytest.raises(SourceUnreachable):
            guard.execute(bare(QUERIES))
        return True

    with ThreadPoolExecutor(limits.STATEMENTS_AT_ONCE) as pool:
        assert all(pool.map(attempt, range(limits.STATEMENTS_AT_ONCE)))
    place.error, place.barrier = None, threading.Barrier(1)
    clock.advance(limits.CIRCUIT_OPEN_S)
    assert guard.execute(bare(QUERIES)).height == 1


def test_a_cancelled_probe_leaves_the_circuit_to_the_next() -> None:
    """Cancelled statements count for nothing: not as failures, and a probe among them is followed by another."""
    one = Guarded()
    one.fail(StatementCanceled("Nobody waits."), 5)
    assert not one.guard.is_open
    one.fail(DOWN, limits.CIRCUIT_FAILURES)
    one.clock.advance(limits.CIRCUIT_OPEN_S)
    one.fail(StatementCanceled("Nobody waits."))
    one.clock.advance(limits.CIRCUIT_OPEN_S)
    assert one.ask() is None and not one.guard.is_open


NAMES_OF_JOBS = [None, "ops.monitoring.jobs", "my-catalog.ops.jobs", "monitoring.jobs", "jobs"]


@pytest.mark.parametrize("name", NAMES_OF_JOBS)
def test_a_refused_table_is_refused_alone(name: str | None) -> None:
    """By whatever name: the statements that read it fail without being asked, all others go on."""
    physical = {} if name is None else {"jobs": quoted(name)}
    one = Guarded(physical)
    words = f"[INSUFFICIENT_PERMISSIONS] User does not have SELECT on Table '{name or TABLES['jobs']}'."
    error = of_message(words, "42501", RUNS.text_for(physical))
    assert isinstance(error, AccessDenied) and error.table == (name or TABLES["jobs"])
    one.fail(error, statement=RUNS)
    assert one.ask(RUNS) is error and one.ask(catalogue.FAILURE_STREAKS) is error and one.asked == 1
    for statement in (QUERIES, NAMES, catalogue.HEADS["job_run_timeline"], catalogue.RUN_TASKS):
        assert one.ask(statement) is None
    assert one.ask(RUNS) is error


def test_a_schema_that_is_refused_is_its_table() -> None:
    """Databricks names the schema alone: the table of that schema which the statement reads is meant."""
    one = Guarded()
    error = denied(TABLES["audit"])
    refused = of_message(error.message, error.sql_state, AUDIT.text)
    assert isinstance(refused, AccessDenied)
    one.fail(refused, statement=AUDIT)
    assert one.ask(AUDIT) is refused and one.ask(catalogue.WORKSPACES) is None


@pytest.mark.parametrize("how", ["a while later", "fresh", "with another statement's success"])
def test_a_refusal_is_forgotten(how: str) -> None:
    """After DENIED_RETRY_S, or when `fresh` shows that it can be read, by any statement that reads it."""
    one = Guarded()
    error = AccessDenied("No.", table=TABLES["query_history"])
    one.fail(error)
    assert one.ask() is error
    if how == "a while later":
        one.clock.advance(limits.DENIED_RETRY_S)
    elif how == "fresh":
        assert one.ask(fresh=True) is None
    else:
        assert one.ask(catalogue.QUERY_ERRORS, fresh=True) is None
    assert one.ask() is None


def test_a_refused_table_does_not_take_the_probe() -> None:
    """The circuit may be tried again, and a refused table is asked for first: the next request is the probe."""
    one = Guarded()
    error = AccessDenied("No.", table=TABLES["audit"])
    one.fail(error, statement=AUDIT)
    one.fail(DOWN, limits.CIRCUIT_FAILURES)
    one.clock.advance(limits.CIRCUIT_OPEN_S)
    assert one.ask(AUDIT) is error
    assert one.ask(QUERIES) is None
