"""Rows up to three hours late, read by refreshes: nothing is found later than by somebody who reads all anew."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from sysmon_tui.config import Thresholds
from sysmon_tui.config.rules import RuleConfig
from sysmon_tui.services.monitor import Monitor
from tests.estate import Estate, at

THRESHOLDS = Thresholds(
    failed_workflows_per_hour=2,
    failed_queries_per_hour=2,
    failed_logins_per_hour=2,
    consecutive_failures=2,
    denied_requests_per_hour=2,
    deletes_per_day=2,
    queued_queries_per_hour=2,
    brute_force_failures=1,
)
LATENESS = timedelta(hours=3)


# What rows concern a category, and which calm ones move its table's head.
_KINDS = {"workflow": (0,), "query": (1,), "security": (2, 3), "warehouse": (4, 5)}
_CALM = {"workflow": 0, "query": 1, "security": 2, "warehouse": 3}


def row(estate: Estate, chance: Random, late: timedelta, kinds: tuple[int, ...]) -> None:
    """One of these kinds that ends `late` before now."""
    end = estate.clock.now() - late
    start, number = end - timedelta(minutes=1), f"x{estate.rows_added}"
    match chance.choice(kinds):
        case 0:
            result = chance.choice(("FAILED", "FAILED", "SUCCEEDED"))
            estate.slice(number, start, end, result, job_id=chance.choice("ab"))
        case 1:
            estate.query(number, start, end, chance.choice(("FAILED", "FINISHED")))
        case 2:
            estate.event(number, end, "login", chance.choice((401, 200)), source_ip_address="10.0.0.1")
        case 3:
            estate.event(number, end, "export", service_name="notebook")
        case 4:
            estate.warehouse_event(chance.choice(("SCALED_UP", "RUNNING", "STARTING", "STOPPED")), end)
        case _:
            waited = chance.choice((0, 120_000))
            estate.query(number, start, end, waiting_at_capacity_duration_ms=waited)


async def said(monitor: Monitor, category: str) -> set[tuple[str, str, str, str]]:
    """What an evaluation makes of the rows, without what was known before."""
    found = await monitor.desk.evaluation.judged(hours=24, category=category, fresh=False)
    return {
        (one.rule.id, verdict.id, verdict.state, str(verdict.started_at))
        for one in found
        for verdict in one.verdicts
    }


def estate_of_a_day() -> Estate:
    """All tables have calm rows of the last day, up to now."""
    estate = Estate(at("12:00"))
    for minutes in range(1, 1700, 50):
        for kind in range(4):
            _quiet(estate, kind, timedelta(minutes=minutes))
    return estate


def _quiet(estate: Estate, kind: int, ago: timedelta) -> None:
    """A row that concerns no rule and moves the head."""
    end = estate.clock.now() - ago
    start, number = end - timedelta(minutes=1), f"q{estate.rows_added}"
    match kind:
        case 0:
            estate.slice(number, start, end, "SUCCEEDED", job_id="calm")
        case 1:
            estate.query(number, start, end)
        case 2:
            estate.event(number, end, "calm")
        case _:
            estate.warehouse_event("RUNNING", end)


@pytest.mark.parametrize("seed", range(4))
async def test_refreshes_find_what_reading_anew_finds(seed: int) -> None:
    """The built-in rules: the same alerts, in the same states, since the same time."""
    chance, category = Random(seed), ("workflow", "query", "security", "warehouse")[seed % 4]  # noqa: S311
    estate = estate_of_a_day()
    refreshing = estate.monitor(thresholds=THRESHOLDS, incremental=True)
    await said(refreshing, category)
    for step in range(6):
        for _ in range(chance.choice((1, 2, 4))):
            late = chance.choice((0.0, 0.1, chance.random(), 0.6, 0.999))
            row(estate, chance, LATENESS * late, _KINDS[category])
        if chance.random() < 0.7:
            _quiet(estate, _CALM[category], timedelta(0))
        estate.clock.advance(chance.choice((61, 61, 61, 601)))
        mine = await said(refreshing, category)
        if step % 2:
            theirs = await said(estate.monitor(thresholds=THRESHOLDS), category)
            assert mine == theirs, f"step {step}: late {theirs - mine}, false {mine - theirs}"


async def test_an_own_rule_sees_a_late_row_at_once() -> None:
    """Two exports that come two and a half hours late fire at the next evaluation."""
    estate = estate_of_a_day()
    rules = {"own.exports": RuleConfig(dataset="audit", filter={"action_name": "export"}, value=2)}
    monitor = estate.monitor(incremental=True, rules=rules)
    assert await said(monitor, "security") == set()
    for number in range(2):
        estate.event(f"e{number}", estate.clock.now() - timedelta(minutes=150), "export")
    estate.clock.advance(61)
    assert {(rule, state) for rule, _, state, _ in await said(monitor, "security")} == {
        ("own.exports", "firing")
    }


async def test_too_few_rows_are_counted_with_the_late_ones() -> None:
    """A query of 09:59 that comes at 12:58 keeps "fewer than one within half an hour" from firing for 10:00."""
    estate = Estate(at("12:50"))
    for minutes in (*range(1, 170, 20), *range(200, 1900, 20)):  # nothing between 09:30 and 10:08
        _quiet(estate, 1, timedelta(minutes=minutes))
    rules = {"own.few": RuleConfig(dataset="queries", window_minutes=30, comparison="<", value=1)}
    monitor = estate.monitor(incremental=True, rules=rules)
    assert await said(monitor, "query") == set()
    estate.clock.advance(8 * 60)
    estate.query("late", at("09:58"), at("09:59"))
    for _ in range(4):
        estate.clock.advance(61)
        _quiet(estate, 1, timedelta(seconds=1))
        assert await said(estate.monitor(rules=rules), "query") == set()
        assert await said(monitor, "query") == set()
