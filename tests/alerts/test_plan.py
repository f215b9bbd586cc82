"""What is told of lives, and what was told: openings, growth, repeats, acknowledgements, ends, and the limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sysmon_tui.alerts.life import Life
from sysmon_tui.alerts.plan import Incident, Limits, Planned, plan
from sysmon_tui.alerts.routes import Routes
from sysmon_tui.alerts.silences import Silence
from sysmon_tui.config import RouteConfig
from tests.alerts.judging import MINUTE, routes
from tests.alerts.receivers import NOW, alert

HOUR = timedelta(hours=1)
GROUPED = RouteConfig(channels=("ops",), group_by=("category",))


def life(name: str = "a", incident: int = 1, **changes: Any) -> Life:
    """One that has begun a quarter of an hour ago and fires."""
    about = {key: changes.pop(key) for key in ("severity", "category") if key in changes}
    settings: dict[str, Any] = {
        "state": "firing",
        "alert": alert(id=name, title=name, **about),
        "started_at": NOW - 15 * MINUTE,
        "met_until": NOW - 5 * MINUTE,
        "detected_at": NOW,
        "head": NOW - 5 * MINUTE,
    }
    return Life(name, incident, "query.failed_per_hour", **settings | changes)


def over(one: Life) -> Life:
    return replace(one, state="resolved", resolved_at=one.met_until)


class Told:
    """The channels' incidents as evaluation follows evaluation, a minute apart.

    What is over is news where it was not over before.
    """

    def __init__(self, *config: RouteConfig, channels: Sequence[str] = ("ops",)) -> None:
        self.routes: Routes = routes(*config, channels=channels)
        self.incidents: dict[tuple[str, str, int], Incident] = {}
        self.now = NOW
        self.silences: list[Silence] = []
        self.max_pages = 30
        self.pages: list[tuple[str, datetime]] = []
        self.ended: set[tuple[str, int]] = set()

    def hear(self, *lives: Life, after: timedelta = MINUTE, **settings: Any) -> list[tuple[str, ...]]:
        """The notices' kinds, each with the titles of its alerts."""
        return [
            (notice.kind, *(str(one["title"]) for one in notice.alerts))
            for notice in self.notices(*lives, after=after, **settings)
        ]

    def notices(self, *lives: Life, after: timedelta = MINUTE, **settings: Any) -> list[Planned]:
        self.now += after
        hour = Counter(channel for channel, at in self.pages if at > self.now - HOUR)
        ended = {(one.id, one.incident) for one in lives if one.state == "resolved"}
        settings = {"news": frozenset(ended - self.ended)} | settings
        self.ended |= ended
        made = plan(
            lives,
            [one for one in self.incidents.values() if one.is_open],
            self.routes,
            silences=self.silences,
            limits=Limits(6 * HOUR, self.max_pages, dict(hour)),
            now=self.now,
            **settings,
        )
        for one in made.incidents:
            self.incidents[one.channel, one.key, one.opened] = one
        self.pages += [(one.channel, self.now) for one in made.notices if one.kind == "firing"]
        return made.notices

    def silence(self, hours: float = 1, **matchers: str) -> None:
        self.silences.append(Silence("s", matchers, self.now, self.now + hours * HOUR, "", ""))

    @property
    def open(self) -> list[Incident]:
        return [one for one in self.incidents.values() if one.is_open]


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


# Any order -------------------------------------------------------------------------------------------------


class Telling(RuleBasedStateMachine):
    """Alerts begin, end, are taken on and silenced in any order; channels of which one groups, one does not."""

    names = st.sampled_from("abc")

    def __init__(self) -> None:
        super().__init__()
        self.told = Told(
            RouteConfig(channels=("grouped",), group_by=("category",), repeat_minutes=30),
            channels=("grouped",),
        )
        self.lives: dict[int, Life] = {}
        self.firing: dict[str, list[int]] = {name: [] for name in "abc"}
        self.notices: list[Planned] = []
        self.number = 0

    @rule(name=names, severity=st.sampled_from(["critical", "high"]))
    def begin(self, name: str, severity: str) -> None:
        """Perhaps before it is known that the time before is over."""
        if len(self.firing[name]) < 2:
            self.number += 1
            self.firing[name].append(self.number)
            made = life(name, self.number, met_until=self.told.now, severity=severity)
            self.lives[self.number] = made

    @rule(name=names)
    def end(self, name: str) -> None:
        if self.firing[name]:
            number = self.firing[name].pop(0)
            self.lives[number] = over(self.lives[number])

    @rule(name=names, by=st.sampled_from([None, "ann"]))
    def acknowledge(self, name: str, by: str | None) -> None:
        for number in self.firing[name]:
            self.lives[number] = replace(self.lives[number], acknowledged_by=by)

    @rule(name=names)
    def silence(self, name: str) -> None:
        self.told.silence(hours=0.5, id=name)

    @rule(minutes=st.integers(1, 40), pages=st.sampled_from([0, 1, 30]))
    def evaluate(self, minutes: int, pages: int) -> None:
        self.told.max_pages = pages
        self.notices += self.told.notices(*self.lives.values(), after=minutes * MINUTE)
        # What has ended is handed over once, and for as long as an incident speaks of it.
        spoken_of = {pair for one in self.told.open for pair in (*one.told.items(), *one.held.items())}
        self.lives = {
            number: one
            for number, one in self.lives.items()
            if one.state == "firing" or (one.id, one.incident) in spoken_of
        }
        assert self.told.notices(*self.lives.values(), after=timedelta(0)) == []

    @precondition(lambda self: self.notices)
    @invariant()
    def no_notice_twice(self) -> None:
        """What the outbox tells apart notices by is different for each."""
        keys = Counter((one.channel, one.key, one.opened, one.kind, one.number) for one in self.notices)
        assert max(keys.values()) == 1

    @invariant()
    def an_incident_ends_once_and_nothing_follows(self) -> None:
        """And begins before anything else is told of it."""
        by_incident: dict[tuple[str, str, int], list[str]] = {}
        for one in self.notices:
            if one.kind != "summary":
                by_incident.setdefault((one.channel, one.key, one.opened), []).append(one.kind)
        for place, kinds in by_incident.items():
            assert kinds[0] == "firing"
            assert "resolved" not in kinds[:-1]
            assert (kinds[-1] == "resolved") is not self.told.incidents[place].is_open

    @invariant()
    def one_incident_of_a_key_is_open(self) -> None:
        """At most."""
        assert max(Counter((one.channel, one.key) for one in self.told.open).values(), default=0) <= 1

    def teardown(self) -> None:
        """In the end all is over and all is told: nothing stays open."""
        for number in (number for numbers in self.firing.values() for number in numbers):
            self.lives[number] = over(self.lives[number])
        self.told.notices(*self.lives.values())
        assert self.told.open == []


TestTelling = Telling.TestCase
TestTelling.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
