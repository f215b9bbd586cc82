"""Episodes: what is measured in them, at the edges of a window."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sysmon_tui.alerts.episodes import HOUR, Episode, at_least, below, held_for, merged
from tests.estate import at

MINUTE = timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("clocks", "since", "settled", "value"),
    [
        (["10:00"], "10:00", "10:30", 1),
        (["10:00"], "10:00", "11:01", 0),
        (["10:00", "11:00"], "10:30", "11:30", 1),
        (["10:00", "11:10"], "10:30", "11:30", 0),
        (["10:00", "10:00"], "10:30", "10:50", 2),
        ([], "10:30", "11:30", 0),
    ],
)
def test_the_least_counts_a_row_from_its_own_instant(
    clocks: list[str], since: str, settled: str, value: int
) -> None:
    """Up to, and not at, an hour later: one that comes as another leaves keeps the count."""
    found = below([at(clock) for clock in clocks], 3, since=at(since), settled=at(settled), head=at("11:30"))
    assert found == [Episode(at(since), None, value)]


def test_the_least_of_an_episode_is_of_its_own_time() -> None:
    """What was less before it began, or is less after it ended, is not of it."""
    rows = [at(clock) for clock in ("09:00", "10:30", "10:40", "10:50", "12:00", "12:10", "12:20")]
    found = below(rows, 3, since=at("10:40"), settled=at("12:50"), head=at("13:00"))
    assert found == [
        Episode(at("10:40"), at("10:50"), 2),
        Episode(at("11:30"), at("12:20"), 0),
    ]


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        (("10:00", "10:10", 9), ("10:10", "10:20", 5), [("10:00", "10:20", 9)]),
        (("10:00", "10:10", 5), ("10:40", "10:50", 9), [("10:00", "10:50", 9)]),
        (("10:00", "10:10", 9), ("10:40", None, 5), [("10:00", None, 5)]),
        (("10:00", None, 5), ("10:40", "10:50", 9), [("10:00", None, 9)]),
        (("10:00", None, 9), ("10:40", None, 5), [("10:00", None, 5)]),
        (("10:00", "10:50", 9), ("10:10", "10:20", 5), [("10:00", "10:50", 9)]),
        (
            ("10:00", "10:10", 9),
            ("10:40:01", "10:50", 5),
            [("10:00", "10:10", 9), ("10:40:01", "10:50", 5)],
        ),
    ],
)
def test_two_that_are_joined_are_whole(
    first: tuple[str, str | None, int],
    second: tuple[str, str | None, int],
    joined: list[tuple[str, str | None, int]],
) -> None:
    """From the first start to the last end; its value is what is now, or the most where it is over."""
    assert merged([episode(first), episode(second)], 30 * MINUTE) == [episode(one) for one in joined]


def episode(of: tuple[str, str | None, int]) -> Episode:
    start, end, value = of
    return Episode(at(start), None if end is None else at(end), value)


@pytest.mark.parametrize(
    ("ended", "known", "kept", "pending"),
    [
        (None, at("10:10"), True, False),
        (None, at("10:10") - MOMENT, False, True),
        ("10:20", at("10:10"), True, False),
        ("10:20", at("10:10") - MOMENT, False, True),
        ("10:10", at("10:09"), False, True),
        ("10:09", at("10:09"), False, False),
        ("10:09", at("12:00"), False, False),
        ("10:10", at("12:00"), True, False),
    ],
)
def test_what_is_known_to_have_held(ended: str | None, known: datetime, kept: bool, pending: bool) -> None:
    """An end beyond what is known says nothing yet; ten minutes are wanted."""
    one = episode(("10:00", ended, 5))
    assert held_for([one], 10 * MINUTE, known) == ([one] if kept else [], one if pending else None)


def test_a_value_is_the_most_of_its_own_episode() -> None:
    """Four at its height, then three as it ended; the next has its own."""
    clocks = ["10:00", "10:01", "10:02", "10:50", "12:30", "12:31", "12:32"]
    found = at_least([at(clock) for clock in clocks], 3, at("14:00"))
    assert found == [Episode(at("10:02"), at("11:01"), 4), Episode(at("12:32"), at("13:30"), 3)]
    assert at_least([], 1, at("14:00")) == []
    assert at_least([at("10:00")], 1, at("10:00") + HOUR - MOMENT) == [Episode(at("10:00"), None, 1)]


def test_the_least_is_counted_at_the_last_settled_instant_too() -> None:
    """At eleven the row of ten has left the hour, and no more rows of eleven come."""
    (found,) = below([at("10:00"), at("10:30")], 3, since=at("10:30"), settled=at("11:00"), head=at("12:00"))
    assert found == Episode(at("10:30"), None, 1)
