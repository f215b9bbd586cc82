"""Episodes of a count within a sliding hour."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_tui.alerts.episodes import HOUR, Episode, episodes
from tests.estate import at

_minutes = st.lists(st.integers(0, 400), max_size=40)


def times(*clocks: str) -> list[datetime]:
    return [at(clock) for clock in clocks]


@pytest.mark.parametrize(("count", "fires"), [(4, False), (5, True), (6, True)])
def test_a_threshold_is_met_at_its_number(count: int, fires: bool) -> None:
    """N-1 does not fire; N and N+1 do, from the N-th event on."""
    events = [at(f"10:{minute:02}") for minute in range(count)]
    found = episodes(events, 5, at("10:30"))
    assert [(episode.started_at, episode.value) for episode in found] == (
        [(at("10:04"), count)] if fires else []
    )


def test_an_event_an_hour_old_is_outside() -> None:
    """Half-open: two events exactly an hour apart never stand in one window."""
    assert episodes(times("10:00", "11:00"), 2, at("11:00")) == []
    assert episodes(times("10:00:01", "11:00"), 2, at("11:00")) == [Episode(at("11:00"), None, 2)]


def test_it_ends_when_the_count_falls() -> None:
    """Three within an hour from 10:20; at 11:00 the first leaves; later a second episode that holds."""
    found = episodes(times("10:00", "10:10", "10:20", "13:00", "13:01", "13:02"), 3, at("13:30"))
    assert found == [Episode(at("10:20"), at("11:00"), 3), Episode(at("13:02"), None, 3)]


def test_one_that_comes_as_another_leaves_keeps_it_going() -> None:
    """The count never falls below the threshold, so it is one episode, since its own start."""
    found = episodes(times("10:00", "10:10", "11:00", "11:05"), 2, at("11:05"))
    assert found == [Episode(at("10:10"), None, 3)]


def test_rows_after_the_head_do_not_count() -> None:
    """The head is where knowledge ends."""
    assert episodes(times("10:00", "10:50"), 2, at("10:30")) == []


@given(_minutes, st.integers(1, 6), st.integers(0, 500), st.randoms(use_true_random=False))
def test_it_says_what_counting_every_minute_says(
    minutes: list[int], threshold: int, head_minute: int, shuffled: object
) -> None:
    """For every minute up to the head: inside an episode exactly when the count in (t - 1 h, t] is at the threshold."""
    base = at("00:00")
    events = [base + timedelta(minutes=minute) for minute in minutes]
    head = base + timedelta(minutes=head_minute)
    shuffled.shuffle(events)  # type: ignore[attr-defined]
    found = episodes(events, threshold, head)
    for minute in range(head_minute + 1):
        now = base + timedelta(minutes=minute)
        count = sum(1 for event in events if now - HOUR < event <= now)
        inside = [
            episode
            for episode in found
            if episode.started_at <= now and (episode.ended_at is None or now < episode.ended_at)
        ]
        assert (count >= threshold) == bool(inside)
        if now == head and inside:
            assert inside[0].value == count
