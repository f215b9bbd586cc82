"""Rows late by up to what is allowed: nothing resolves, or is called clear, that is not; nothing is found late."""

from __future__ import annotations

import pytest

from sysmon_tui.alerts.own_rules import own_rules
from sysmon_tui.alerts.verdict import verdicts
from sysmon_tui.config.rules import RuleConfig
from tests.alerts.lateness import BEGIN, FAR, Kind, Row, Schedule, Shape, faults, schedule, seen_of

SHAPES: tuple[Shape, ...] = ("all", "each", "distinct", "happened", "few", "streak")
# Together 10,000 and some.
SCHEDULES = 1_700
# The faults that are there now, see REPRODUCTIONS; one that is mended goes from here too.
KNOWN: dict[Shape, set[str]] = {
    "all": {"order", "false clear", "late", "false alert", "told"},
    "each": {"order", "false alert", "told"},
    "distinct": {"order", "false alert", "told"},
    "happened": {"order", "false clear", "late", "told"},
    "few": {"order", "false clear", "late", "false resolve", "false alert", "told"},
    "streak": {"order", "false alert", "told"},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_up_to_three_hours_late(shape: Shape) -> None:
    """Whatever order rows come in and whenever somebody looks: see `faults` for what must not be."""
    found: dict[str, list[str]] = {}
    for seed in range(SCHEDULES):
        one = schedule(seed, shape)
        for name, what in faults(one).items():
            found.setdefault(name, []).append(f"{what}\n  {one}")
    told = {name: f"{len(of)}, the shortest: {min(of, key=len)}" for name, of in found.items()}
    assert set(found) == KNOWN[shape], told


def of(kind: Kind, rows: str, *looks: int) -> Schedule:
    """`10+5 a` is a row of a at minute 10 that comes 5 minutes later, `240` one that only moves the head."""
    made = []
    for text in rows.split(", "):
        time, _, who = text.partition(" ")
        at, _, delay = time.partition("+")
        name, _, what = who.partition(":")
        made.append(Row(int(at), int(at) + int(delay or 0), name, what))
    return Schedule(0, kind, (*made, Row(FAR, FAR, "")), (*looks, FAR))


# By what goes wrong, the smallest schedule that leads to it.
REPRODUCTIONS = {
    # An episode is over once the head is past its end by the lateness, and one that begins within the lateness of
    # that end is merged with it: rows that begin one may still come then. Somebody who looks then loses it for ever.
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
    "fewer than: its end moves, and the life does not": of(Kind("few", 1), "240 a, 225+100 a", 241),
    "a stretch too short to fire lends its start to the next": of(
        Kind("all", 2, wait=60), "0 a, 15 a, 150 a, 150 a, 20, 400", 20, 400
    ),
    "what fires now is told after what is over": of(Kind("all", 1), "0 a, 300 a", 300),
    "failures in a row: the start moves, and the life does not": of(
        Kind("streak", 1), "10 a:FAILED, 20 a:SUCCEEDED, 5+20 a:FAILED", 20
    ),
    "failures in a row: a success that comes late takes back an alert": of(
        Kind("streak", 2), "10 a:FAILED, 20 a:FAILED, 15+20 a:SUCCEEDED", 20
    ),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.xfail(reason=name, strict=True)) for name in REPRODUCTIONS],
)
def test_smallest_schedule(name: str) -> None:
    """A schedule that leads to no fault."""
    assert faults(REPRODUCTIONS[name]) == {}


@pytest.mark.xfail(
    reason="rows beyond the ceiling count as none: the rule is clear up to settled", strict=True
)
def test_a_rule_that_saw_a_part_of_its_rows_is_not_clear() -> None:
    """Rows are read up to a ceiling, and filtered after that: what was left out may be what the rule counts."""
    config = RuleConfig(dataset="audit", filter={"user_email": "nobody"}, value=2)
    (own,) = own_rules({"own.many": config})
    seen = seen_of(Kind("few", 1), [Row(600, 600, "a"), Row(601, 601, "a")], 602)
    cut = type(seen)(**{**seen.__dict__, "total": 40_000})
    found = [verdict for finding in own.findings(cut, BEGIN) for verdict in verdicts(finding, "t")]
    assert found, "nothing says that it can't be told"
