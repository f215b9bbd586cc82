"""What is to be told, and what has been: from lives and incidents to notices. Pure.

An incident is what one channel knows as one thing: an alert, or the alerts that a route groups. It opens with the first
alert of which the channel is told, grows with each that joins it, and ends when none of them fires any more. Planning
compares what is with what was told, so an evaluation that is made twice tells nothing twice.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sysmon_tui.alerts.life import Life
from sysmon_tui.alerts.notify.notice import Kind
from sysmon_tui.alerts.routes import Routed, Routes
from sysmon_tui.alerts.rules import SEVERITIES
from sysmon_tui.alerts.silences import Silence, silenced_until
from sysmon_tui.alerts.verdict import Alert, in_order
from sysmon_tui.clock import to_micros


@dataclass(frozen=True)
class Incident:
    """`told` are the alerts that the channel has heard of (id → life); `held` those that the limit of pages held back.

    `opened` tells it from earlier incidents of the same key.
    """

    channel: str
    key: str
    opened: int
    told: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    told_at: datetime | None = None
    repeats: int = 0
    acknowledged: bool = False
    is_open: bool = True

    @property
    def heard_of(self) -> dict[str, int]:
        """The latest time of each alert that was told or held back."""
        return {
            name: max(self.told.get(name, -1), self.held.get(name, -1)) for name in (*self.held, *self.told)
        }


@dataclass(frozen=True)
class Planned:
    """A notice for the outbox."""

    channel: str
    key: str
    opened: int
    kind: Kind
    number: str
    alerts: tuple[Alert, ...]


@dataclass(frozen=True)
class Plan:
    incidents: list[Incident]
    notices: list[Planned]


@dataclass
class Limits:
    """`pages`: openings of each channel within the last hour, counted on as more are planned."""

    max_page_age: timedelta
    max_pages_per_hour: int
    pages: dict[str, int] = field(default_factory=dict)


def plan(
    lives: Iterable[Life],
    incidents: Iterable[Incident],
    routes: Routes,
    *,
    silences: Sequence[Silence],
    limits: Limits,
    now: datetime,
    news: frozenset[tuple[str, int]] = frozenset(),
    openings: bool = True,
    only: str | None = None,
) -> Plan:
    """`lives` are those that are open, and those that have ended since they were told. Of those that are over, only
    `news` is told to whom has not heard of them.

    Without `openings` nothing is told for the first time. `only` is the id of the one alert that it is about.
    """
    known = {(one.channel, one.key): one for one in incidents if one.is_open}
    groups: dict[tuple[str, str], list[Life]] = defaultdict(list)
    repeats: dict[tuple[str, str], timedelta | None] = {}
    by_life = {(life.id, life.incident): life for life in lives if life.state != "dropped"}
    for life in by_life.values():
        for routed in routes.of(life.alert):
            groups[routed.channel, routed.incident].append(life)
            repeats[routed.channel, routed.incident] = routed.repeat
    for place, incident in known.items():  # a route that leads elsewhere by now ends what it began
        members = groups[place]
        for id_and_life in incident.told.items():
            told = by_life.get(id_and_life)
            if told is not None and told not in members:
                members.append(told)
    made = Plan([], [])
    held: dict[str, list[Life]] = defaultdict(list)
    moment = _Moment(silences, limits, now, news, openings, made, held)
    for place, members in sorted(groups.items(), key=lambda one: _gravity(one[1])):
        if only is None or any(life.id == only for life in members):
            _one(known.get(place), Routed(*place, repeats.get(place)), members, moment)
    for channel, lives_held in held.items():
        made.notices.append(_summary(channel, lives_held, now))
    return made


@dataclass(frozen=True)
class _Moment:
    silences: Sequence[Silence]
    limits: Limits
    now: datetime
    news: frozenset[tuple[str, int]]
    openings: bool
    made: Plan
    held: dict[str, list[Life]]

    def may_be_told(self, life: Life) -> bool:
        return (
            self.openings
            and (
                life.state == "firing" or (life.state == "resolved" and (life.id, life.incident) in self.news)
            )
            and self.now - life.met_until <= self.limits.max_page_age
            and silenced_until(self.silences, life.alert, self.now) is None
        )


def _one(incident: Incident | None, routed: Routed, members: list[Life], moment: _Moment) -> None:
    """One incident of one channel."""
    told = {} if incident is None else dict(incident.told)
    heard_of = {} if incident is None else incident.heard_of
    # Later times of an alert have later names: of two that are new the later one counts.
    new = sorted(
        (life for life in members if life.incident > heard_of.get(life.id, -1) and moment.may_be_told(life)),
        key=lambda life: life.incident,
    )
    # What began and ended between two evaluations opens an incident, but does not join one.
    if incident is not None or any(life.state == "firing" for life in new):
        new = [life for life in new if life.state == "firing"]
    if incident is None and not new:
        return
    before = incident or Incident(routed.channel, routed.incident, to_micros(moment.now))
    after = before
    if new and all(_goes_on(life, told, members) for life in new):
        after = replace(before, told=told | {life.id: life.incident for life in new})
    elif new:
        pages = moment.limits.pages.get(routed.channel, 0)
        grave = any(life.alert.get("severity") == "critical" for life in new)
        if pages >= moment.limits.max_pages_per_hour and not grave:
            moment.held[routed.channel].extend(new)
            after = replace(after, held={**after.held, **{life.id: life.incident for life in new}})
        else:
            moment.limits.pages[routed.channel] = pages + 1
            told |= {life.id: life.incident for life in new}
            shown = [life for life in members if told.get(life.id) == life.incident]
            moment.made.notices.append(_notice(after, "firing", _digest(told), shown))
            after = replace(after, told=told, told_at=moment.now, acknowledged=False)
    after = _gone_on(after, routed, members, moment)
    if after != incident:
        moment.made.incidents.append(after)


def _goes_on(life: Life, told: Mapping[str, int], members: Iterable[Life]) -> bool:
    """Whether an earlier time of the alert, of which the channel has heard, is not over yet: then it flaps."""
    return any(
        other.id == life.id and other.incident <= told.get(life.id, -1) and other.state == "firing"
        for other in members
    )


def _gone_on(incident: Incident, routed: Routed, members: list[Life], moment: _Moment) -> Incident:
    """Of what the channel was told before: its end, that somebody has it, or that it still fires."""
    mine = incident.heard_of
    # Of two times that late rows have joined the earlier one is left.
    of_it = {
        life.id: life
        for life in sorted(members, key=lambda one: one.incident)
        if life.incident <= mine.get(life.id, -1)
    }
    firing = [life for life in members if life.id in mine and life.state == "firing"]
    if not firing:
        if len(of_it) < len(mine):  # it is not known of all of them how they are
            return incident
        if incident.told:
            moment.made.notices.append(_notice(incident, "resolved", "1", of_it.values()))
        return replace(incident, is_open=False)
    if not incident.told or incident.told_at is None:
        return incident
    if all(life.acknowledged_by for life in firing):
        if not incident.acknowledged:
            number = _digest({**incident.told, "acknowledged": to_micros(moment.now)})
            moment.made.notices.append(_notice(incident, "acknowledged", number, firing))
        return replace(incident, acknowledged=True)
    waits_for_nobody = [
        life
        for life in firing
        if not life.acknowledged_by and silenced_until(moment.silences, life.alert, moment.now) is None
    ]
    if routed.repeat is not None and moment.now - incident.told_at >= routed.repeat and waits_for_nobody:
        number = str(incident.repeats + 1)
        moment.made.notices.append(_notice(incident, "repeat", number, firing))
        return replace(incident, told_at=moment.now, repeats=incident.repeats + 1, acknowledged=False)
    return replace(incident, acknowledged=False)


def _notice(incident: Incident, kind: Kind, number: str, lives: Iterable[Life]) -> Planned:
    alerts = tuple(in_order(life.document() for life in lives))
    return Planned(incident.channel, incident.key, incident.opened, kind, number, alerts)


def _digest(told: Mapping[str, int]) -> str:
    """What tells the notices of an incident apart: each life is told once, so none has the same twice."""
    return hashlib.blake2b(json.dumps(sorted(told.items())).encode(), digest_size=8).hexdigest()


def _summary(channel: str, lives: Iterable[Life], now: datetime) -> Planned:
    """The store sees to it that there is one an hour."""
    unique = {(life.id, life.incident): life for life in lives}
    alerts = tuple(in_order(life.document() for life in unique.values()))
    opened = to_micros(now)
    return Planned(channel, f"summary-{opened}", opened, "summary", "1", alerts)


def _gravity(members: list[Life]) -> tuple[int, str]:
    gravest = min((SEVERITIES.index(life.alert["severity"]) for life in members), default=len(SEVERITIES))
    return gravest, min((life.id for life in members), default="")
