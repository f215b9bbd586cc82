"""Plans made of lives that a test makes up, evaluation after evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

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
