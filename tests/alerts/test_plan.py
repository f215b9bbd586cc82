"""What is told of lives, and what was told: openings, growth, repeats, acknowledgements, silences, ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sysmon_tui.config import RouteConfig
from tests.alerts.judging import MINUTE
from tests.alerts.planning import GROUPED, HOUR, Told, life, over


@pytest.fixture
def told() -> Told:
    return Told()


# Once ------------------------------------------------------------------------------------------------------


def test_a_life_is_told_once_and_its_end_once(told: Told) -> None:
    """However often it is seen while it fires."""
    assert told.hear(life()) == [("firing", "a")]
    assert told.hear(life()) == []
    assert told.hear(over(life())) == [("resolved", "a")]
    assert told.open == []


def test_each_channel_is_told() -> None:
    """Each once, in an incident of its own."""
    told = Told(channels=("ops", "mail"))
    assert [one.channel for one in told.notices(life())] == ["ops", "mail"]
    assert told.hear(life()) == []
    assert sorted(one.channel for one in told.notices(over(life()))) == ["mail", "ops"]


def test_planning_twice_with_the_same_state_plans_nothing(told: Told) -> None:
    """At the same instant, too."""
    lives = [life("a"), life("b", acknowledged_by="ann"), over(life("c"))]
    told.notices(*lives)
    assert told.hear(*lives[:2], after=timedelta(0)) == []


def test_what_is_pending_is_nobodys(told: Told) -> None:
    """Nor what was dropped."""
    assert told.hear(life(state="pending"), life("b", state="dropped")) == []
    assert told.open == []


def test_what_began_and_ended_meanwhile_is_told_with_its_end(told: Told) -> None:
    """Both at once: the receiver has its record, and nothing stays open."""
    assert told.hear(over(life())) == [("firing", "a"), ("resolved", "a")]
    assert told.open == []


def test_reopening_is_another_incident(told: Told) -> None:
    """After the end was told."""
    told.hear(life())
    told.hear(over(life()))
    first, second = told.notices(over(life("a", 2)))
    assert (first.kind, second.kind) == ("firing", "resolved")
    assert first.opened == second.opened == max(one.opened for one in told.incidents.values())
    assert len(told.incidents) == 2


def test_grave_before_light(told: Told) -> None:
    """In the order in which a limit leaves out."""
    heard = told.hear(
        life("a", severity="medium"), life("b", severity="critical"), life("c", severity="high")
    )
    assert heard == [("firing", "b"), ("firing", "c"), ("firing", "a")]


# Groups ----------------------------------------------------------------------------------------------------


def test_a_group_opens_once_grows_and_ends_once() -> None:
    """Who joins is told with all that fire or have fired in it; the end is told when none fires any more."""
    told = Told(GROUPED)
    assert told.hear(life("a"), life("b")) == [("firing", "a", "b")]
    assert told.hear(life("a"), life("b"), life("c")) == [("firing", "a", "b", "c")]
    assert told.hear(over(life("a")), life("b"), life("c")) == []
    assert told.hear(over(life("a")), over(life("b")), over(life("c"))) == [("resolved", "a", "b", "c")]
    assert told.open == []


def test_one_that_comes_back_joins_its_group_again() -> None:
    """It is told: nobody hears otherwise that it fires again."""
    told = Told(GROUPED)
    told.hear(life("a"), life("b"))
    told.hear(over(life("a")), life("b"))
    heard = told.notices(over(life("a")), life("a", 2), life("b"))
    assert [(one.kind, [(it["title"], it["state"]) for it in one.alerts]) for one in heard] == [
        ("firing", [("a", "firing"), ("b", "firing")])
    ]


def test_what_began_and_ended_meanwhile_joins_no_group() -> None:
    """There is nothing to do about it, and the group is told anyway."""
    told = Told(GROUPED)
    told.hear(life("a"))
    assert told.hear(life("a"), over(life("b"))) == []


def test_a_group_is_not_over_while_it_is_not_known_of_all() -> None:
    """One of its alerts is not handed over: then it may fire."""
    told = Told(GROUPED)
    told.hear(life("a"), life("b"))
    assert told.hear(over(life("a"))) == []
    assert len(told.open) == 1
    assert told.hear(over(life("a")), over(life("b"))) == [("resolved", "a", "b")]


def test_one_of_an_open_group_is_not_told_again_elsewhere() -> None:
    """It has ended, and was told on a channel without groups; the group goes on elsewhere. That is no news."""
    told = Told(GROUPED, RouteConfig(channels=("pager",)), channels=("ops", "pager"))
    told.hear(life("a"), life("b"))
    told.hear(over(life("a")), life("b"))
    assert told.hear(over(life("a")), life("b")) == []


# Repeats ---------------------------------------------------------------------------------------------------


def test_it_is_repeated_by_the_interval_and_never_before() -> None:
    """An hour is configured: from one notice to the next."""
    told = Told(RouteConfig(channels=("ops",), repeat_minutes=60))
    told.hear(life())
    assert told.hear(life(), after=59 * MINUTE) == []
    assert told.hear(life()) == [("repeat", "a")]
    assert told.hear(life(), after=59 * MINUTE) == []
    assert told.hear(life()) == [("repeat", "a")]
    assert told.hear(over(life())) == [("resolved", "a")]


def test_who_joins_begins_the_interval_anew() -> None:
    """The group was told just now."""
    told = Told(RouteConfig(channels=("ops",), group_by=("category",), repeat_minutes=60))
    told.hear(life("a"))
    told.hear(life("a"), life("b"), after=50 * MINUTE)
    assert told.hear(life("a"), life("b"), after=50 * MINUTE) == []
    assert told.hear(life("a"), over(life("b")), after=10 * MINUTE) == [("repeat", "a")]


def test_zero_is_never() -> None:
    """Told once."""
    told = Told(RouteConfig(channels=("ops",), repeat_minutes=0))
    told.hear(life())
    assert told.hear(life(), after=timedelta(days=30)) == []


def test_what_is_silenced_is_not_repeated() -> None:
    """While the silence lasts; then at once, as it is due."""
    told = Told(RouteConfig(channels=("ops",), repeat_minutes=60))
    told.hear(life())
    told.silence(hours=3, id="a")
    assert told.hear(life(), after=2 * HOUR) == []
    assert told.hear(life(), after=HOUR) == [("repeat", "a")]


def test_what_is_acknowledged_is_not_repeated() -> None:
    """Somebody has it; when nobody has it any more, it is due."""
    told = Told(RouteConfig(channels=("ops",), repeat_minutes=60))
    told.hear(life())
    assert told.hear(life(acknowledged_by="ann")) == [("acknowledged", "a")]
    assert told.hear(life(acknowledged_by="ann"), after=5 * HOUR) == []
    assert told.hear(life()) == [("repeat", "a")]


def test_a_group_in_which_each_is_acknowledged_or_silenced_is_not_repeated() -> None:
    """There is none of which somebody still has to hear."""
    told = Told(RouteConfig(channels=("ops",), group_by=("category",), repeat_minutes=60))
    told.hear(life("a"), life("b"))
    told.silence(hours=9, id="b")
    assert told.hear(life("a", acknowledged_by="ann"), life("b"), after=2 * HOUR) == []


# Acknowledged ----------------------------------------------------------------------------------------------


def test_that_somebody_has_it_is_told_once() -> None:
    """When he has all of them, with those that fire."""
    told = Told(GROUPED)
    told.hear(life("a"), life("b"))
    mine, other = life("a", acknowledged_by="ann"), life("b", acknowledged_by="bob")
    assert told.hear(mine, life("b")) == []
    assert told.hear(mine, other) == [("acknowledged", "a", "b")]
    assert told.hear(mine, other) == []


def test_who_joins_what_is_acknowledged_is_told_and_must_be_acknowledged() -> None:
    """The group is nobody's again, up to the next acknowledgement, which is told."""
    told = Told(GROUPED)
    mine = life("a", acknowledged_by="ann")
    told.hear(life("a"))
    told.hear(mine)
    assert told.hear(mine, life("b")) == [("firing", "a", "b")]
    assert told.hear(mine, life("b")) == []
    assert told.hear(mine, life("b", acknowledged_by="ann")) == [("acknowledged", "a", "b")]


def test_what_was_acknowledged_before_anybody_was_told(told: Told) -> None:
    """The receiver hears both, in this order."""
    assert told.hear(life(acknowledged_by="ann")) == [("firing", "a"), ("acknowledged", "a")]


def test_the_end_of_what_is_acknowledged_is_told(told: Told) -> None:
    """As of any other."""
    told.hear(life())
    told.hear(life(acknowledged_by="ann"))
    assert told.hear(over(life(acknowledged_by="ann"))) == [("resolved", "a")]


# Silences --------------------------------------------------------------------------------------------------


def test_what_is_silenced_opens_nothing_and_is_told_after(told: Told) -> None:
    """If it still fires when the silence is over."""
    told.silence(hours=1, id="a")
    assert told.hear(life(), life("b")) == [("firing", "b")]
    assert len(told.open) == 1
    told.silences.clear()
    assert told.hear(life(), life("b")) == [("firing", "a")]


def test_what_ends_in_silence_is_never_told(told: Told) -> None:
    """Neither its beginning nor its end."""
    told.silence(hours=1, id="a")
    told.hear(life())
    assert told.hear(over(life())) == []
    told.silences.clear()
    assert told.hear() == [] and told.hear(over(life())) == [] and told.incidents == {}


def test_the_end_of_what_was_told_is_told_in_silence_too(told: Told) -> None:
    """Or the receiver's incident would stay open."""
    told.hear(life())
    told.silence(hours=1, id="a")
    assert told.hear(over(life())) == [("resolved", "a")]


def test_one_that_is_silenced_does_not_join() -> None:
    """The group hears of it after the silence."""
    told = Told(GROUPED)
    told.hear(life("a"))
    told.silence(hours=1, id="b")
    assert told.hear(life("a"), life("b")) == []
    assert told.hear(life("a"), life("b"), after=HOUR) == [("firing", "a", "b")]
