"""Rows late by up to what is allowed: nothing resolves, or is called clear, that is not; nothing is found late."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sysmon_tui import limits
from sysmon_tui.alerts.store import AlertStore, Telling
from sysmon_tui.alerts.store_file import StoreFile
from sysmon_tui.config.rules import RuleConfig
from tests.alerts.lateness import (
    FAR,
    MINUTE,
    ROUTES,
    TENANT,
    Kind,
    Row,
    Schedule,
    Shape,
    faults,
    instant,
    judged,
    schedule,
    seen_of,
)
from tests.estate import Estate, at

# How many of each: together 10,000 and some.
SCHEDULES: dict[Shape, int] = {
    "all": 2_500,
    "each": 1_400,
    "distinct": 1_000,
    "happened": 1_300,
    "few": 1_700,
    "streak": 2_200,
}


@pytest.mark.long
@pytest.mark.parametrize("shape", SCHEDULES)
def test_rows_up_to_three_hours_late(shape: Shape) -> None:
    """Whatever order rows come in and whenever somebody looks: see `faults` for what must not be."""
    found: dict[str, list[str]] = {}
    for seed in range(SCHEDULES[shape]):
        one = schedule(seed, shape)
        for name, what in faults(one).items():
            found.setdefault(name, []).append(f"{what}\n  {one}")
    told = {name: f"{len(of)}, the shortest: {min(of, key=len)}" for name, of in found.items()}
    assert not found, told


def of(kind: Kind, rows: str, *looks: int) -> Schedule:
    """`10+5 a` is a row of a at minute 10 that comes 5 minutes later, `240` one that only moves the head."""
    made = []
    for text in rows.split(", "):
        time, _, who = text.partition(" ")
        at, _, delay = time.partition("+")
        name, _, what = who.partition(":")
        made.append(Row(int(at), int(at) + int(delay or 0), name, what))
    return Schedule(0, kind, (*made, Row(FAR, FAR, "")), (*looks, FAR))


# By what went wrong once, or does so now, the smallest schedule that leads to it.
REPRODUCTIONS = {
    "an episode within the wait of an end that was told is lost": of(
        Kind("all", 1), "0 a, 240, 200+180 a, 440", 0, 240, 445
    ),
    "an event within the wait of one that was told is lost": of(
        Kind("happened", 1), "0 a, 180, 170+180 a, 360", 0, 180, 360
    ),
    "an end that was told is taken back by a second life with the same start": of(
        Kind("all", 1), "0 a, 240, 239+180 a", 0, 240, 419
    ),
    "what keeps firing for a while does not wait for late rows besides": of(
        Kind("happened", 1, keep=300), "0 a, 300, 290+20 a", 1, 300, 310
    ),
    "fewer than, kept firing: it resolves where it holds again": of(
        Kind("few", 1, window=30, keep=60), "180 a, 215, 245", 216, 246
    ),
    "fewer than, for a while: time in which rows may still come counts": of(
        Kind("few", 1, wait=60), "30 a, 270, 100+180 a", 271
    ),
    "fewer than, for a while: so does such time before a row that is there": of(
        Kind("few", 1, window=30, wait=60), "0 a, 200 a, 220, 80+180 a, 120+180 a", 220, 300
    ),
    "fewer than: its end moves, and the life does not": of(Kind("few", 1), "240 a, 225+100 a", 241),
    "a stretch too short to fire lends its start to the next": of(
        Kind("all", 2, wait=60), "0 a, 15 a, 150 a, 150 a, 20, 400", 20, 400
    ),
    "what fires now is told after what is over": of(Kind("all", 1), "0 a, 300 a", 300),
    "failures in a row: the start moves, and the life does not": of(
        Kind("streak", 1), "10 a:FAILED, 20 a:SUCCEEDED, 5+20 a:FAILED", 20
    ),
    "failures in a row: what a late success takes back fires on": of(
        Kind("streak", 2), "10 a:FAILED, 20 a:FAILED, 15+20 a:SUCCEEDED", 20
    ),
    "of two lives that a late row makes one the first stays beside it": of(
        Kind("all", 1), "0 a, 70 a, 30+60 a", 70, 90
    ),
    "of two lives that a late row makes one, and that ends, the other ends too": of(
        Kind("happened", 1, keep=30), "0 a, 47 a, 23+100 a, 280, 380", 0, 47, 124, 280
    ),
    "of two lives that a late row makes one, and that has ended, a dropped one is told": of(
        Kind("happened", 1, keep=30), "0 a, 47 a, 23+100 a, 280, 380", 47, 280
    ),
}


@pytest.mark.parametrize("name", REPRODUCTIONS)
def test_smallest_schedule(name: str) -> None:
    """A schedule that leads to no fault."""
    assert faults(REPRODUCTIONS[name]) == {}


def test_what_is_over_is_told_once(tmp_path: Path) -> None:
    """An hour of one failure, over and told; evaluations that follow see it still, and tell nothing."""
    kind, file = Kind("each", 1), StoreFile(tmp_path / "alerts.sqlite")
    store, telling, found = AlertStore(file, TENANT), Telling(ROUTES, timedelta(days=1), 1000), []
    for minute in (0, 10, 300, 301, 302):
        rows = [Row(at, at, "a" if at == 10 else "") for at in (0, 10, 300, 301, 302) if at <= minute]
        evaluated = judged(kind, seen_of(kind, rows, minute))
        store.apply([evaluated], frozenset([kind.rule.id]), instant(minute), telling, {kind.rule.id: {}})
        with file.transaction() as connection:
            found.append([row["kind"] for row in connection.execute("SELECT kind FROM notice ORDER BY id")])
    told = ["firing", "resolved"]
    assert found == [[], told[:1], told, told, told]


async def test_a_rule_that_saw_a_part_of_its_rows_is_not_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are read up to a ceiling, and filtered after that: what was left out may be what the rule counts."""
    monkeypatch.setattr(limits, "ALERT_ROWS", 3)
    estate = Estate(at("12:00"))
    for minutes in range(1, 7):
        estate.event(f"e{minutes}", estate.clock.now() - minutes * MINUTE, "export")
    rules = {"own.many": RuleConfig(dataset="audit", filter={"service_name": "nobody"}, value=2)}
    answer = await estate.monitor(rules=rules).desk.answer()
    (told,) = [one for one in answer.extra["rules"] if one["rule"] == "own.many"]
    assert (told["state"], told["clear_until"]) == ("unknown", None)
