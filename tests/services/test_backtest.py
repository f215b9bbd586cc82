"""What a backtest suggests, and what it says of tables that can't be read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_tui.alerts import rules
from sysmon_tui.alerts.verdict import settles_after
from sysmon_tui.clock import rfc3339
from sysmon_tui.config import Thresholds
from sysmon_tui.datasets.backtests import BACKTESTS
from sysmon_tui.errors import SchemaDrift, SourceError, TooMuchData
from sysmon_tui.services.backtest_rules import NOT_TRIED, parts
from sysmon_tui.services.split import SplitSource
from sysmon_tui.services.suggestion import raised
from sysmon_tui.sources.base import Request, Source
from sysmon_tui.sources.demo import DemoEstate
from sysmon_tui.sources.embedded import EmbeddedSource
from tests.backtesting import by_rule, settings, tried
from tests.estate import Estate, at
from tests.sources.values import NOW

SQL = Path(__file__).parents[2] / "sysmon_tui" / "datasets" / "sql"


@pytest.fixture
def estate() -> Estate:
    return Estate(at("12:00"))


def burst(estate: Estate, day: int, count: int, clock: str = "03:00") -> None:
    """So many failed statements within some minutes."""
    for number in range(count):
        when = at(clock, day) + timedelta(seconds=10 * number)
        estate.query(f"{day}/{clock}/{number}", when, when, "FAILED")


async def test_a_suggestion_is_counted_anew(estate: Estate) -> None:
    """The loudest rule is raised until the pages fit; with what is suggested a run has just so many pages."""
    for day in range(-13, 0):
        burst(estate, day, 10 - day)
    estate.event("x", at("01:00"), "setAccountAdmin")
    service = estate.monitor().service
    report = await tried(service, days=14, pages_per_week=2)
    made = report.suggestion
    assert made is not None
    assert (made.allowed, made.before, made.is_met) == (4, 14, True)
    assert made.after <= 4
    assert [change.setting for change in made.changes] == ["failed_queries_per_hour"]
    assert made.changes[0].after == 21  # bursts of 21, 22 and 23 stay, and the grant
    again = await tried(
        service, settings(changes={made.changes[0].setting: made.changes[0].after}), days=14, pages_per_week=2
    )
    assert again.total == made.after == 4
    assert again.suggestion is not None
    assert (again.suggestion.changes, again.suggestion.is_met) == ((), True)
    assert again.changed == {"failed_queries_per_hour": 10}


async def test_pages_that_come_apart(estate: Estate) -> None:
    """Where a higher threshold makes three pages of one, the count anew sees it and raises further."""
    burst(estate, -3, 15)
    for hour in range(0, 21, 3):  # each within three hours of the end of the last: one page
        burst(estate, -1, 20 if hour % 9 == 0 else 10, f"{hour:02}:00")
    service = estate.monitor().service
    report = await tried(service, days=7, pages_per_week=1)
    assert [page.peak for page in by_rule(report)["query.failed_per_hour"].pages] == [20, 15]
    apart = await tried(service, settings(Thresholds(failed_queries_per_hour=16)), days=7)
    assert by_rule(apart)["query.failed_per_hour"].total == 3
    made = report.suggestion
    assert made is not None
    assert ([change.after for change in made.changes], made.after, made.is_met) == ([21], 0, True)


async def test_what_has_no_threshold(estate: Estate) -> None:
    """Pages of rules that page for each event can't be raised away: that is said, with what can be kept to."""
    for day in range(-6, 0):
        estate.event(f"x{day}", at("01:00", day), "setAccountAdmin", email=f"admin{day}@example.com")
    report = await tried(estate.monitor().service, days=7, pages_per_week=3)
    made = report.suggestion
    assert made is not None
    assert (made.is_met, made.changes, made.after) == (False, (), 6)
    assert "--pages-per-week 6 or more" in made.said


async def test_under_the_target_nothing_is_suggested(estate: Estate) -> None:
    """Where the thresholds already keep to it, that is said and nothing is raised."""
    burst(estate, -1, 12)
    made = (await tried(estate.monitor().service, days=7)).suggestion
    assert made is not None
    assert (made.before, made.after, made.changes, made.is_met) == (1, 1, (), True)
    assert "nothing to raise" in made.said


@given(
    peaks=st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(5, 40), max_size=12)),
    fixed=st.integers(0, 5),
    allowed=st.integers(0, 12),
)
def test_raised_thresholds_leave_what_is_allowed(
    peaks: dict[str, list[int]], fixed: int, allowed: int
) -> None:
    """At most so many pages are left wherever that can be, and no rule is raised without need."""
    thresholds = dict.fromkeys(peaks, 5)
    higher = raised(peaks, thresholds, fixed, allowed)
    now = thresholds | higher
    left = {rule: sum(peak >= now[rule] for peak in counts) for rule, counts in peaks.items()}
    assert fixed + sum(left.values()) <= max(allowed, fixed)
    assert all(threshold > 5 for threshold in higher.values())
    if fixed + sum(map(len, peaks.values())) <= allowed:
        assert not higher


class Refusing:
    """A source that refuses statements on some tables."""

    def __init__(self, inner: Source, refused: dict[str, SourceError]) -> None:
        self.inner = inner
        self.refused = refused
        self.asked: list[str] = []

    def execute(self, request: Request) -> pl.DataFrame:
        self.asked.append(request.statement.name)
        for table, error in self.refused.items():
            if table in request.statement.tables:
                raise error
        return self.inner.execute(request)

    def cancel(self, request_id: str) -> None:
        self.inner.cancel(request_id)

    def close(self) -> None:
        self.inner.close()


async def test_a_table_that_fails_takes_its_rules_alone(estate: Estate) -> None:
    """Its rules are unknown, not quiet; the others are counted, and the suggestion is about them."""
    burst(estate, -1, 12)
    estate.query("head", at("11:00"), at("11:59"))
    source = Refusing(estate.source(), {"audit": SchemaDrift("It changed.")})
    report = await tried(estate.monitor(open_source=lambda: source).service, days=7)
    states = {table.table: (table.state, table.is_known) for table in report.tables}
    assert states["audit"] == ("failed", False)
    assert states["query_history"] == ("fresh", True)
    assert states["job_run_timeline"] == ("empty", False)  # no row at all: nothing is known of it
    found = by_rule(report)
    assert not found["security.admin_granted"].is_known
    assert (found["query.failed_per_hour"].is_known, found["query.failed_per_hour"].total) == (True, 1)
    assert report.exit_code == 0


async def test_a_window_that_is_too_much_is_not_read_in_halves(estate: Estate) -> None:
    """Episodes of two halves can't be put together: a refused window is refused, and says so."""
    refusal = TooMuchData("The system table refused to return so much data.")
    source = Refusing(estate.source(), dict.fromkeys(("job_run_timeline", "query_history", "audit"), refusal))
    split = SplitSource(source)
    report = await tried(estate.monitor(open_source=lambda: split).service, days=30)
    assert [source.asked.count(statement.name) for statement in BACKTESTS] == [1, 1, 1]
    assert {table.reason for table in report.tables} == {refusal.message}
    assert (report.exit_code, report.suggestion) == (3, None)
    assert not any(statement.incremental for statement in BACKTESTS)


async def test_a_stale_table_is_known_up_to_its_head(estate: Estate) -> None:
    """What it has shown is counted; that it may lack rows is said."""
    burst(estate, -3, 12)
    report = await tried(estate.monitor().service, days=7)
    (table,) = (table for table in report.tables if table.table == "query_history")
    assert (table.state, table.is_known) == ("stale", True)
    assert by_rule(report)["query.failed_per_hour"].total == 1


def test_pages_are_joined_as_alerts_are() -> None:
    """The hold of every rule is what alerts/verdict.py makes of it."""
    for part in parts({})[0]:
        for one in part.tried:
            hours = timedelta(hours=2)
            assert one.trial(Thresholds(), hours).hold == settles_after(one.rule, hours), one.rule.id


def test_every_rule_is_tried_or_named() -> None:
    """A built-in rule is tried out, or named as one that is not."""
    tried_out = {one.rule.id for part in parts({})[0] for one in part.tried}
    assert tried_out | set(NOT_TRIED) == set(rules.BUILT_IN)
    assert not tried_out & set(NOT_TRIED)


def test_events_are_judged_as_for_alerts() -> None:
    """What makes an audit event a signal is one text for alerts and for backtests."""
    for name in ("security_signals", "backtest_security"):
        assert "-- include: signal_rows\n" in (SQL / f"{name}.sql").read_text()


async def test_what_fires_is_a_page() -> None:
    """On the demo estate each alert that fires now is the page of its rule that began when the alert did."""
    with duckdb.connect() as connection:
        DemoEstate(connection, now=NOW)
        source = EmbeddedSource(connection)
        monitor = Estate(NOW).monitor(open_source=lambda: source)
        alerts = await monitor.alerts()
        report = await tried(monitor.service, days=2)
        firing = {
            (alert["rule"], alert["started_at"]) for alert in alerts.rows() if alert["state"] == "firing"
        }
        pages = {(rule.rule, rfc3339(page.started_at)) for rule in report.rules for page in rule.pages}
        assert {one for one in firing if one[0] not in NOT_TRIED} <= pages
        assert len({rule for rule, _ in firing if rule not in NOT_TRIED}) > 8
