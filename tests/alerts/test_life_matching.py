"""Lives and the verdicts that go on with them: which touches which, to the instant, and what becomes of the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sysmon_tui.alerts.episodes import HOUR, Episode
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.clock import to_micros
from tests.alerts.judging import MINUTE, RULE, Lives, judged, seen
from tests.estate import at

KEEPS = replace(RULE, keep=HOUR)
WAITS = replace(RULE, keep=HOUR, wait=30 * MINUTE)


@pytest.fixture
def lives() -> Lives:
    return Lives()


def look(lives: Lives, head: str, *episodes: tuple[str, str | None], rule: Rule = RULE) -> None:
    """An evaluation ten minutes after the newest row."""
    found = [Episode(at(start), None if end is None else at(end), 5) for start, end in episodes]
    lives.see(judged(seen(at(head)), *found, rule=rule), now=at(head) + 10 * MINUTE)


def times(lives: Lives) -> list[tuple[str, str, str]]:
    """State, start and how far each has held, by their names."""
    return [
        (life.state, f"{life.started_at:%H:%M}", f"{life.met_until:%H:%M}")
        for life in sorted(lives.all, key=lambda life: life.incident)
    ]


@pytest.mark.parametrize(("start", "goes_on"), [("10:10", True), ("10:11", False), ("10:40", False)])
def test_what_only_waited_lends_its_time_to_nothing_that_follows(
    lives: Lives, start: str, goes_on: bool
) -> None:
    """It was seen to hold up to 10:10, and never fired: what begins later is detected later."""
    look(lives, "10:10", ("10:00", None), rule=WAITS)
    waited = lives.one.incident
    look(lives, "11:20", (start, None), rule=WAITS)
    assert times(lives) == [("firing", start, "11:20")]
    assert (lives.one.incident == waited) is goes_on


@pytest.mark.parametrize(
    ("episode", "found"),
    [
        (("08:30", "09:00"), [("resolved", "08:30", "09:00")]),
        (("08:30", "08:59"), [("resolved", "10:00", "11:00"), ("resolved", "08:30", "08:59")]),
        (("12:00", "12:10"), [("resolved", "12:00", "12:10")]),
        (("12:01", "12:10"), [("resolved", "10:00", "11:00"), ("resolved", "12:01", "12:10")]),
    ],
)
def test_a_time_is_touched_up_to_the_hold_before_and_after_it(
    lives: Lives, episode: tuple[str, str], found: list[tuple[str, str, str]]
) -> None:
    """The rule keeps firing for an hour: what lies farther from it is another time."""
    look(lives, "14:00", ("10:00", "11:00"), rule=KEEPS)
    look(lives, "15:00", episode, rule=KEEPS)
    assert times(lives) == found


@pytest.mark.parametrize("turned", [False, True])
def test_of_several_that_are_over_the_newest_goes_on(lives: Lives, turned: bool) -> None:
    """The older stays as it was told, whatever order they are read in."""
    look(lives, "14:00", ("08:00", "09:00"), ("10:00", "11:00"))
    if turned:
        lives.all.reverse()
    look(lives, "15:00", ("08:30", "10:30"))
    assert times(lives) == [("resolved", "08:00", "09:00"), ("resolved", "08:30", "10:30")]


@pytest.mark.parametrize("turned", [False, True])
def test_of_several_that_are_open_the_oldest_goes_on(lives: Lives, turned: bool) -> None:
    """They were one all along: the others are dropped."""
    look(lives, "10:30", ("10:00", "10:05"), ("10:20", None))
    oldest = min(life.incident for life in lives.all)
    if turned:
        lives.all.reverse()
    look(lives, "10:31", ("10:00", None))
    assert times(lives) == [("firing", "10:00", "10:31")]
    assert lives.one.incident == oldest


def test_what_was_dropped_is_touched_by_nothing_else(lives: Lives) -> None:
    """Rows that came late made one of two times, and rows that were repaired ended it: what follows is new."""
    look(lives, "10:40", ("10:00", "10:05"), ("10:20", None))
    _, dropped = sorted(life.incident for life in lives.all)
    look(lives, "10:50", ("10:00", "10:30"), ("10:35", None))
    assert times(lives) == [("firing", "10:00", "10:30"), ("firing", "10:35", "10:50")]
    assert dropped not in [life.incident for life in lives.all]


def test_times_that_are_seen_at_once_have_names_one_after_the_other(lives: Lives) -> None:
    """The first is called by the instant of the evaluation."""
    look(lives, "14:00", ("08:00", "09:00"), ("10:00", "11:00"), ("13:55", None))
    first = to_micros(at("14:10"))
    assert sorted(life.incident for life in lives.all) == [first, first + 1, first + 2]


def test_what_ended_untold_does_not_hide_what_fires(lives: Lives) -> None:
    """On a table that is not trusted: the end waits, what holds begins."""
    table = seen(at("12:30"), state="stale", reason="Late.")
    ended, holds = Episode(at("08:00"), at("09:00"), 5), Episode(at("12:20"), None, 5)
    lives.see(judged(table, ended, holds), now=at("12:40"))
    assert times(lives) == [("firing", "12:20", "12:30")]


@pytest.mark.parametrize(("later", "fires"), [(timedelta(0), True), (timedelta(microseconds=1), False)])
def test_what_begins_as_the_other_was_seen_to_hold_is_the_same(
    lives: Lives, later: timedelta, fires: bool
) -> None:
    """Without a hold they touch in an instant, or not at all."""
    look(lives, "10:05", ("10:00", None))
    start = at("10:05") + later
    lives.see(judged(seen(at("10:30")), Episode(start, None, 5)), now=at("10:40"))
    assert (len(lives.all) == 1) is fires
