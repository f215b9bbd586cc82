"""Episodes of a count within a sliding window."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_tui.alerts.episodes import HOUR, Episode, at_least, below, held_for, merged
from tests.estate import at

MINUTE = timedelta(minutes=1)

_minutes = st.lists(st.integers(0, 400), max_size=40)
_windows = st.sampled_from([1, 7, 60, 180])


def times(*clocks: str) -> list[datetime]:
    return [at(clock) for clock in clocks]


def moment(minute: int) -> datetime:
    return at("00:00") + minute * MINUTE


def held_at(found: Sequence[Episode], now: datetime) -> Episode | None:
    """The episode that this moment is in: there is one at most."""
    inside = [one for one in found if one.started_at <= now and (one.ended_at is None or now < one.ended_at)]
    assert len(inside) <= 1
    return inside[0] if inside else None


def in_order(found: Sequence[Episode]) -> bool:
    """One after the other, none empty, only the last without an end."""
    ends = [one.ended_at for one in found]
    return (
        all(end is not None for end in ends[:-1])
        and all(one.ended_at is None or one.started_at < one.ended_at for one in found)
        and all(end is not None and end <= one.started_at for end, one in zip(ends, found[1:], strict=False))
    )


# At least --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "fires"), [(4, False), (5, True), (6, True)])
def test_a_threshold_is_met_at_its_number(count: int, fires: bool) -> None:
    """N-1 does not fire; N and N+1 do, from the N-th event on."""
    events = [at(f"10:{minute:02}") for minute in range(count)]
    found = at_least(events, 5, at("10:30"))
    assert [(episode.started_at, episode.value) for episode in found] == (
        [(at("10:04"), count)] if fires else []
    )


def test_an_event_an_hour_old_is_outside() -> None:
    """Half-open: two events exactly an hour apart never stand in one window."""
    assert at_least(times("10:00", "11:00"), 2, at("11:00")) == []
    assert at_least(times("10:00:01", "11:00"), 2, at("11:00")) == [Episode(at("11:00"), None, 2)]


def test_it_ends_when_the_count_falls() -> None:
    """Three within an hour from 10:20; at 11:00 the first leaves; later a second episode that holds."""
    found = at_least(times("10:00", "10:10", "10:20", "13:00", "13:01", "13:02"), 3, at("13:30"))
    assert found == [Episode(at("10:20"), at("11:00"), 3), Episode(at("13:02"), None, 3)]


def test_it_ends_at_the_head_too() -> None:
    """The head comes to where the last window closes: it no longer holds there, though no row says so."""
    assert at_least(times("10:00"), 1, at("10:59:59")) == [Episode(at("10:00"), None, 1)]
    assert at_least(times("10:00"), 1, at("11:00")) == [Episode(at("10:00"), at("11:00"), 1)]


def test_one_that_comes_as_another_leaves_keeps_it_going() -> None:
    """The count never falls below the threshold, so it is one episode, since its own start."""
    found = at_least(times("10:00", "10:10", "11:00", "11:05"), 2, at("11:05"))
    assert found == [Episode(at("10:10"), None, 3)]


def test_rows_after_the_head_do_not_count() -> None:
    """The head is where knowledge ends."""
    assert at_least(times("10:00", "10:50"), 2, at("10:30")) == []


def test_another_window() -> None:
    """Two within ten minutes; within an hour it would have begun earlier and ended later."""
    events = times("10:00", "10:15", "10:20")
    assert at_least(events, 2, at("11:30"), 10 * MINUTE) == [Episode(at("10:20"), at("10:25"), 2)]
    assert at_least(events, 2, at("11:30")) == [Episode(at("10:15"), at("11:15"), 3)]


def test_different_ones_are_counted_once() -> None:
    """A user who is refused ten times is one user; it ends when the last event of one of the two leaves."""
    events = times("10:00", "10:01", "10:02", "10:30", "10:40")
    found = at_least(events, 2, at("12:00"), who=["ann", "ann", "ann", "bob", "ann"])
    assert found == [Episode(at("10:30"), at("11:30"), 2)]
    assert at_least(events, 2, at("12:00"), who=["ann"] * 5) == []


def test_order_does_not_matter_to_who() -> None:
    """Each name stays with its event however they are handed over."""
    events, who = times("10:40", "10:00", "10:30"), ["c", "a", None]
    assert at_least(events, 3, at("10:45"), who=who) == [Episode(at("10:40"), None, 3)]


@given(_minutes, st.integers(1, 6), st.integers(0, 500), _windows, st.randoms(use_true_random=False))
def test_it_says_what_counting_every_minute_says(
    minutes: list[int], threshold: int, head: int, window: int, shuffled: random.Random
) -> None:
    """For every minute up to the head: inside an episode exactly when the count in the window is at the threshold."""
    events = [moment(minute) for minute in minutes]
    shuffled.shuffle(events)
    found = at_least(events, threshold, moment(head), window * MINUTE)
    assert in_order(found)
    highest: dict[Episode, int] = {}
    for minute in range(head + 1):
        count = sum(1 for event in minutes if minute - window < event <= minute)
        inside = held_at(found, moment(minute))
        assert (count >= threshold) == (inside is not None)
        if inside is not None:
            highest[inside] = max(highest.get(inside, 0), count)
            assert minute < head or inside.value == count
    assert all(one.value == highest[one] for one in found if one.ended_at is not None)


@given(
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["a", "b", "c", None])), max_size=30),
    st.integers(1, 4),
    st.integers(0, 400),
    _windows,
)
def test_different_ones_counted_every_minute(
    events: list[tuple[int, str | None]], threshold: int, head: int, window: int
) -> None:
    """The same for different ones: a set of those in the window, minute by minute."""
    found = at_least(
        [moment(minute) for minute, _ in events],
        threshold,
        moment(head),
        window * MINUTE,
        [who for _, who in events],
    )
    assert in_order(found)
    for minute in range(head + 1):
        inside = {who for event, who in events if minute - window < event <= minute}
        assert (len(inside) >= threshold) == (held_at(found, moment(minute)) is not None)


# Below -----------------------------------------------------------------------------------------------------


def test_too_few_since_the_last_event_left() -> None:
    """One run an hour is wanted; the last was at 10:00, so from 11:00 on there are too few."""
    found = below(times("09:00", "10:00"), 1, since=at("08:00"), settled=at("12:00"), head=at("13:00"))
    assert found == [Episode(at("08:00"), at("09:00"), 0), Episode(at("11:00"), None, 0)]


def test_too_few_begins_only_where_no_more_rows_come() -> None:
    """At 11:00 the count fell, but a row may still come up to there: nothing is said until it is settled."""
    rows = times("10:00")
    assert below(rows, 1, since=at("10:00"), settled=at("10:59"), head=at("13:00")) == []
    found = below(rows, 1, since=at("10:00"), settled=at("11:00"), head=at("13:00"))
    assert found == [Episode(at("11:00"), None, 0)]


def test_a_row_beyond_what_is_settled_ends_it() -> None:
    """A row that is there is there for good: it ends the episode at once, however new it is."""
    rows = times("10:00", "12:50")
    found = below(rows, 1, since=at("10:00"), settled=at("11:30"), head=at("13:00"))
    assert found == [Episode(at("11:00"), at("12:50"), 0)]


def test_the_least_is_its_value() -> None:
    """Three an hour are wanted: there were two for a while; later two, then one."""
    rows = times("10:00", "10:30", "10:40", "11:20")
    found = below(rows, 3, since=at("10:40"), settled=at("11:45"), head=at("11:45"))
    assert found == [Episode(at("11:00"), at("11:20"), 2), Episode(at("11:30"), None, 1)]


@given(
    _minutes,
    st.integers(1, 5),
    st.tuples(st.integers(0, 60), st.integers(0, 400), st.integers(0, 120)),
    _windows,
)
def test_below_says_what_counting_every_minute_says(
    minutes: list[int], threshold: int, span: tuple[int, int, int], window: int
) -> None:
    """Up to where it is settled: inside exactly when fewer are counted; beyond it none begins."""
    since, head, late = span
    settled = head - late
    found = below(
        [moment(minute) for minute in minutes],
        threshold,
        since=moment(since),
        settled=moment(settled),
        head=moment(head),
        window=window * MINUTE,
    )
    assert in_order(found)
    assert all(moment(since) <= one.started_at <= moment(settled) for one in found)
    for minute in range(since, head + 1):
        count = sum(1 for event in minutes if event <= head and minute - window < event <= minute)
        inside = held_at(found, moment(minute))
        if minute <= settled:
            assert (count < threshold) == (inside is not None)
        elif inside is not None:
            assert count < threshold
        if inside is not None and minute <= settled:
            assert inside.value <= count


@given(_minutes, st.lists(st.integers(0, 400), max_size=10), st.integers(1, 4), st.integers(60, 400))
def test_what_comes_late_only_ends_what_was_not_settled(
    minutes: list[int], more: list[int], threshold: int, head: int
) -> None:
    """Rows that come after `settled` undo no minute of "too few" up to it."""
    settled = head - 60
    late = [minute for minute in more if minute > settled]

    def at_each(rows: list[int]) -> list[bool]:
        found = below(
            [moment(minute) for minute in rows],
            threshold,
            since=moment(0),
            settled=moment(settled),
            head=moment(head),
        )
        return [held_at(found, moment(minute)) is not None for minute in range(settled + 1)]

    assert at_each(minutes) == at_each(minutes + late)


# Held and merged -------------------------------------------------------------------------------------------


def test_what_did_not_hold_for_long_enough() -> None:
    """Ten minutes are wanted: nine that ended are nothing, ten count, nine that still hold are waited for."""
    short = Episode(at("10:00"), at("10:09"), 5)
    long = Episode(at("11:00"), at("11:10"), 5)
    holds = Episode(at("12:00"), None, 5)
    assert held_for([short, long, holds], 10 * MINUTE, at("12:09")) == ([long], holds)
    assert held_for([short, long, holds], 10 * MINUTE, at("12:10")) == ([long, holds], None)


def test_without_a_wait_each_counts_at_once() -> None:
    """Also one that begins at the head."""
    begins = Episode(at("12:00"), None, 5)
    assert held_for([begins], timedelta(0), at("12:00")) == ([begins], None)


def test_flapping_is_one_episode() -> None:
    """What begins again no later than the hold after an end is the same; its value is the most, or what is now."""
    found = [
        Episode(at("10:00"), at("10:10"), 9),
        Episode(at("10:40"), at("10:50"), 6),
        Episode(at("11:21"), None, 5),
    ]
    assert merged(found, 30 * MINUTE) == [Episode(at("10:00"), at("10:50"), 9), found[2]]
    assert merged(found, 31 * MINUTE) == [Episode(at("10:00"), None, 5)]
    assert merged(found, timedelta(0)) == found


@pytest.mark.parametrize("first_ends", [None, "14:00"])
def test_episodes_that_overlap_end_with_the_last_of_them(first_ends: str | None) -> None:
    """Two slow runs of one job at once: it is not over when the shorter one is."""
    end = at(first_ends) if first_ends else None
    found = merged([Episode(at("10:00"), end, 60), Episode(at("10:10"), at("10:40"), 30)], HOUR)
    assert [(one.started_at, one.ended_at) for one in found] == [(at("10:00"), end)]


@given(_minutes, st.integers(1, 4), st.integers(0, 500), st.integers(0, 120))
def test_merging_joins_exactly_the_gaps_up_to_the_hold(
    minutes: list[int], threshold: int, head: int, hold: int
) -> None:
    """For every minute: inside when the condition holds, or in a gap no longer than the hold."""
    plain = at_least([moment(minute) for minute in minutes], threshold, moment(head))
    joined = merged(plain, hold * MINUTE)
    assert in_order(joined)
    for minute in range(head + 1):
        now = moment(minute)
        gap = any(
            one.ended_at is not None
            and one.ended_at <= now < following.started_at <= one.ended_at + hold * MINUTE
            for one, following in pairwise(plain)
        )
        assert (held_at(joined, now) is not None) == (held_at(plain, now) is not None or gap)
