"""Which lives are worth a page: old ones, those that flap, and those beyond the limit of pages an hour."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sysmon_tui.config import RouteConfig
from tests.alerts.judging import routes
from tests.alerts.planning import GROUPED, HOUR, Told, life, over
from tests.alerts.receivers import NOW


@pytest.fixture
def told() -> Told:
    return Told()


# What is told at all ---------------------------------------------------------------------------------------


def test_what_ended_long_ago_is_no_page(told: Told) -> None:
    """Six hours are configured: by the end of its condition, not by its start."""
    old = life(started_at=NOW - 9 * HOUR, met_until=NOW - 6 * HOUR)
    assert told.hear(old) == []
    assert told.hear(life("b", started_at=NOW - 9 * HOUR)) == [("firing", "b")]


def test_the_end_of_what_was_told_has_no_age(told: Told) -> None:
    """A table that was blind for days comes back: the incident is closed."""
    told.hear(life())
    assert told.hear(over(life()), after=timedelta(days=3)) == [("resolved", "a")]


def test_what_is_over_and_no_news_is_told_to_nobody(told: Told) -> None:
    """History that the first evaluation finds; what fires needs to be no news."""
    none: frozenset[tuple[str, int]] = frozenset()
    assert told.hear(over(life()), life("b"), news=none) == [("firing", "b")]
    assert told.hear(over(life()), over(life("b")), news=none) == [("resolved", "b")]
    assert told.hear(over(life()), over(life("a", 2)), news=frozenset({("a", 2)})) == [
        ("firing", "a"),
        ("resolved", "a"),
    ]


# Flapping --------------------------------------------------------------------------------------------------


def test_what_flaps_is_told_once(told: Told) -> None:
    """It fires again before it is known that the first time is over: no second page, and one end, of both."""
    assert told.hear(life()) == [("firing", "a")]
    assert told.hear(life(), life("a", 2)) == []
    assert told.hear(over(life()), life("a", 2)) == []
    assert told.hear(over(life()), life("a", 2), life("a", 3)) == []
    assert told.hear(over(life("a", 2)), life("a", 3)) == []
    assert told.hear(over(life("a", 3))) == [("resolved", "a")]
    assert told.open == []


def test_what_flaps_is_told_once_in_a_group() -> None:
    """With another one that joins it is told with it."""
    told = Told(GROUPED)
    told.hear(life("a"))
    assert told.hear(life("a"), life("a", 2)) == []
    assert told.hear(life("a"), life("a", 2), life("b")) == [("firing", "a", "b")]
    assert told.hear(over(life("a")), over(life("a", 2)), over(life("b"))) == [("resolved", "a", "b")]


def test_what_fires_again_after_its_end_was_known_is_told_again(told: Told) -> None:
    """Both in one evaluation: the first time ended, and there is another."""
    told.hear(life())
    assert told.hear(over(life()), life("a", 2)) == [("firing", "a")]
    assert told.hear(over(life("a", 2))) == [("resolved", "a")]


def test_without_openings_only_what_was_told_goes_on(told: Told) -> None:
    """A script that looks tells nobody of anything new."""
    told.hear(life("a"))
    assert told.hear(life("a"), life("b"), openings=False) == []
    assert told.hear(over(life("a")), over(life("b")), openings=False) == [("resolved", "a")]
    assert told.hear(life("b")) == [("firing", "b")]


def test_only_one_alert_may_be_meant() -> None:
    """And its group with it; nothing is told of others."""
    told = Told(GROUPED)
    lives = [life("a"), life("b"), life("c", category="security")]
    assert told.hear(*lives, only="c") == [("firing", "c")]
    assert told.hear(*lives, only="a") == [("firing", "a", "b")]
    assert told.hear(*lives) == []


def test_a_route_that_is_gone_ends_what_it_began(told: Told) -> None:
    """Nothing is repeated there, but the end is told; what is new goes where the routes lead now."""
    told.hear(life("a"))
    told.routes = routes(RouteConfig(channels=("mail",), repeat_minutes=0), channels=("ops", "mail"))
    found = told.notices(life("a"), after=9 * HOUR, openings=False)
    assert found == []
    assert [(one.channel, one.kind) for one in told.notices(life("a", met_until=told.now))] == [
        ("mail", "firing")
    ]
    assert sorted((one.channel, one.kind) for one in told.notices(over(life("a")))) == [
        ("mail", "resolved"),
        ("ops", "resolved"),
    ]


def test_a_route_that_groups_now_ends_what_was_told_alone(told: Told) -> None:
    """Both incidents end, each under the key under which it was opened."""
    told.hear(life("a"))
    told.routes = routes(GROUPED)
    told.hear(life("a"), life("b"))
    ended = told.notices(over(life("a")), over(life("b")))
    assert {one.kind for one in ended} == {"resolved"}
    assert {one.key for one in ended} == {one.key for one in told.incidents.values()}
    assert told.open == []


# The limit of pages ----------------------------------------------------------------------------------------


def test_beyond_the_limit_there_is_one_summary(told: Told) -> None:
    """Two pages an hour: the gravest two; then one summary of the rest, and each of them in it."""
    told.max_pages = 2
    lives = [life(name, severity="medium") for name in "cde"] + [life("a"), life("b")]
    assert told.hear(*lives) == [("firing", "a"), ("firing", "b"), ("summary", "c", "d", "e")]
    assert told.hear(*lives) == []


def test_the_limit_holds_back_nothing_critical(told: Told) -> None:
    """It counts as a page all the same."""
    told.max_pages = 1
    lives = [life("a", severity="critical"), life("b", severity="critical"), life("c")]
    assert told.hear(*lives) == [("firing", "a"), ("firing", "b"), ("summary", "c")]
    assert told.hear(*lives, life("d", severity="critical")) == [("firing", "d")]


def test_the_limit_holds_back_no_group_with_a_critical_one() -> None:
    """What joins with it is told with it; what joins later without one is not."""
    told = Told(GROUPED)
    told.max_pages = 0
    joined = [life("a", severity="critical"), life("b")]
    assert told.hear(*joined) == [("firing", "a", "b")]
    assert told.hear(*joined, life("c")) == [("summary", "c")]


def test_what_was_held_back_is_not_told_again(told: Told) -> None:
    """It stood in the summary: neither a page later, nor its end."""
    told.max_pages = 1
    told.hear(life("a"), life("b"))
    assert told.hear(life("a"), life("b"), after=2 * HOUR) == []
    assert told.hear(over(life("a")), over(life("b"))) == [("resolved", "a")]
    assert told.open == []


def test_the_limit_is_a_channels_own() -> None:
    """One that is told everything does not use up another's pages."""
    told = Told(
        RouteConfig(channels=("ops",)),
        RouteConfig(channels=("pager",), severities=("critical",)),
        channels=("ops", "pager"),
    )
    told.max_pages = 1
    found = told.notices(life("a"), life("b", severity="critical"), life("c"))
    assert [(one.channel, one.kind) for one in found] == [
        ("ops", "firing"),
        ("pager", "firing"),
        ("ops", "summary"),
    ]


def test_pages_come_again_after_an_hour(told: Told) -> None:
    """Of what is new."""
    told.max_pages = 1
    told.hear(life("a"))
    assert told.hear(life("a"), life("b")) == [("summary", "b")]
    assert told.hear(life("a"), life("b"), life("c", met_until=NOW + HOUR), after=HOUR) == [("firing", "c")]


def test_one_that_is_held_back_in_a_group_ends_with_it() -> None:
    """The group was told, this one stood in the summary: the end names both."""
    told = Told(GROUPED)
    told.max_pages = 1
    told.hear(life("a"))
    assert told.hear(life("a"), life("b")) == [("summary", "b")]
    assert told.hear(over(life("a")), life("b")) == []
    assert told.hear(over(life("a")), over(life("b"))) == [("resolved", "a", "b")]


def test_one_that_comes_back_beyond_the_limit_is_held_back_once() -> None:
    """It was told, ended, and fires again: it stands in one summary, and the group is not over before it is."""
    told = Told(GROUPED)
    told.hear(life("a"), life("b"))
    told.max_pages = 1
    assert told.hear(life("a"), over(life("b")), life("b", 2)) == [("summary", "b")]
    assert told.hear(life("a"), over(life("b")), life("b", 2)) == []
    assert told.hear(over(life("a")), over(life("b")), life("b", 2)) == []


def test_a_summary_says_what_ended_meanwhile(told: Told) -> None:
    """And leaves nothing open."""
    told.max_pages = 0
    (summary,) = told.notices(over(life("a")))
    assert [one["state"] for one in summary.alerts] == ["resolved"]
    assert told.open == []
