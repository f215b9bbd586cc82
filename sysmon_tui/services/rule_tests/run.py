"""Runs a test: the program's own statements, rules and desk, on the rows that have arrived by a clock that is held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from sysmon_tui import limits
from sysmon_tui.clock import HeldClock
from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.services.desk import AlertDesk
from sysmon_tui.services.evaluation import Evaluation, RuleBook
from sysmon_tui.services.meter import Meter
from sysmon_tui.services.pace import Pace
from sysmon_tui.services.query import QueryService
from sysmon_tui.services.rule_tests.document import TABLES as TESTED_TABLES
from sysmon_tui.services.rule_tests.known import only
from sysmon_tui.services.rule_tests.plan import Alert, Outcome, RuleTest, Stray
from sysmon_tui.services.rule_tests.rows import Row, Schema
from sysmon_tui.services.rule_tests.timeline import Timeline
from sysmon_tui.sources.demo.blank import BlankEstate
from sysmon_tui.sources.embedded import EmbeddedSource

# A tenant of its own: no id of an alert here is one of the real tenant's.
_TENANT = "rule_tests"
_REFRESH_S = 60.0


def schema() -> Schema:
    """The columns of the tables that rows may be of, with their types."""
    connection = duckdb.connect()
    try:
        estate = BlankEstate(connection)
        return {table: estate.columns(table) for table in TESTED_TABLES}
    finally:
        connection.close()


async def run(test: RuleTest, book: RuleBook, *, timeout_s: float = 120.0) -> Outcome:
    """Nothing is stored and nobody is told. Without `others = false` only the rules that are expected are evaluated."""
    wanted = {expectation.rule for expectation in test.expectations}
    book = only(book, wanted) if test.others else book
    clock = HeldClock(test.instants[0])
    connection = duckdb.connect()
    connection.execute("SET threads = 1")  # a few rows: threads would cost more than they do
    estate = BlankEstate(connection)
    for table in TABLES:
        estate.add(table, _of(table, test.rows))
    meter = Meter(clock)
    service = QueryService(
        _TENANT,
        lambda: EmbeddedSource(connection),
        clock,
        pace=Pace(clock, meter, refresh_s=_REFRESH_S),
        meter=meter,
        timeout_s=timeout_s,
        stale_after=book.stale_after,
        live=False,
    )
    desk = AlertDesk(Evaluation(service, book), clock)
    timelines = [Timeline(expectation) for expectation in test.expectations]
    outcome = Outcome(test, [timeline.changes for timeline in timelines])
    try:
        for at in test.instants:
            clock.advance((at - clock.now()).total_seconds())
            estate.advance(at)
            answer = await desk.answer(hours=limits.DEFAULT_HOURS, fresh=True)
            for timeline in timelines:
                timeline.see(at, answer.records or [])
            if not test.others:
                outcome.strays += _strays(test, at, answer.records or [], outcome.strays)
    finally:
        await desk.close()
        await service.close()
    return outcome


def _of(table: str, rows: Sequence[Row]) -> list[tuple[dict[str, object], datetime]]:
    return [(row.columns, row.arrival) for row in rows if row.table == table]


def _strays(test: RuleTest, at: datetime, alerts: Sequence[Alert], known: Sequence[Stray]) -> list[Stray]:
    """What fires, once, and nothing expects it. That a table is late is told of rules, and mostly not meant."""
    told = {(stray.rule, repr(stray.entity)) for stray in known}
    return [
        Stray(at, alert["rule"], alert["entity"], alert["message"])
        for alert in alerts
        if alert["state"] == "firing"
        and alert["category"] != "freshness"
        and not any(expectation.is_about(alert) for expectation in test.expectations)
        and (alert["rule"], repr(alert["entity"])) not in told
    ]
