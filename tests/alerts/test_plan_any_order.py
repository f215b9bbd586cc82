"""Plans in any order of beginnings, ends, acknowledgements and silences."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sysmon_tui.alerts.life import Life
from sysmon_tui.alerts.plan import Planned
from sysmon_tui.config import RouteConfig
from tests.alerts.judging import MINUTE
from tests.alerts.planning import Told, life, over


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
