"""Rows that are late by up to what is allowed: nothing resolves, or is called clear, that is not; nothing is found late."""

from __future__ import annotations

import pytest

from tests.alerts.lateness import FAR, Kind, Row, Schedule, Shape, faults, schedule

SHAPES: tuple[Shape, ...] = ("all", "each", "distinct", "happened", "few", "streak")
# Together 10,000 and some.
SCHEDULES = 1_700


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_up_to_three_hours_late(shape: Shape) -> None:
    """Whatever order rows come in and whenever somebody looks: see `faults` for what must not be."""
    found: dict[str, list[str]] = {}
    for seed in range(SCHEDULES):
        one = schedule(seed, shape)
        for name, what in faults(one).items():
            found.setdefault(name, []).append(f"{what}\n  {one}")
    told = {name: (len(of), min(of, key=len)) for name, of in found.items()}
    assert not told, "\n".join(f"{name} ({count}): {first}" for name, (count, first) in told.items())


def of(kind: Kind, rows: str, *looks: int) -> Schedule:
    """`10+5 a` is a row of a at minute 10 that comes 5 minutes later, `240` one that only moves the head."""
    made = []
    for text in rows.split(", "):
        time, _, who = text.partition(" ")
        at, _, delay = time.partition("+")
        name, _, what = who.partition(":")
        made.append(Row(int(at), int(at) + int(delay or 0), name, what))
    return Schedule(0, kind, (*made, Row(FAR, FAR, "")), (*looks, FAR))


SINGLE = {
    "a row within the wait of an end that was told": of(
        Kind("all", 1), "0 a, 240, 239+180 a", 0, 240, 419
    ),
    "the same, seen when it is over": of(Kind("all", 1), "0 a, 240, 200+180 a, 440", 0, 240, 445),
    "an event within the wait of one that was told": of(
        Kind("happened", 1, keep=120), "0 a, 180, 170+180 a, 350", 0, 180, 350
    ),
}


@pytest.mark.parametrize("name", SINGLE)
def test_single(name: str) -> None:
    assert faults(SINGLE[name]) == {}
