"""Which channel hears of which alert, and which alerts are told together. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sysmon_tui.alerts.silences import like, matches
from sysmon_tui.config import NotificationsConfig, RouteConfig

_EVERYTHING = RouteConfig(channels=())


@dataclass(frozen=True)
class Routed:
    """`incident` is the key of what is told together; `repeat` None for never again."""

    channel: str
    incident: str
    repeat: timedelta | None


class Routes:
    """One tenant's: `tenant` and `environment` are what routes may ask for."""

    def __init__(self, config: NotificationsConfig, tenant: str, environment: str | None) -> None:
        self._config = config
        self._tenant = tenant
        self._environment = environment

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(self._config.channels)

    def of(self, alert: Mapping[str, Any]) -> list[Routed]:
        """By channel, each by the first route that leads there."""
        found = []
        for channel in self._config.channels:
            route = self._to(channel, alert)
            if route is not None:
                repeat = timedelta(minutes=route.repeat_minutes) if route.repeat_minutes else None
                found.append(Routed(channel, _incident(route, alert), repeat))
        return found

    def _to(self, channel: str, alert: Mapping[str, Any]) -> RouteConfig | None:
        if not self._config.routes:
            return _EVERYTHING
        leading = (route for route in self._config.routes if channel in route.channels)
        return next((route for route in leading if self._matches(route, alert)), None)

    def _matches(self, route: RouteConfig, alert: Mapping[str, Any]) -> bool:
        pairs: tuple[tuple[tuple[str, ...], Any], ...] = (
            (route.severities, alert.get("severity")),
            (route.categories, alert.get("category")),
            (route.tenants, self._tenant),
            (route.environments, self._environment),
        )
        rule = str(alert.get("rule", ""))
        return (
            all(not wanted or value in wanted for wanted, value in pairs)
            and (not route.rules or any(like(wanted, rule) for wanted in route.rules))
            and matches(route.entities, alert)
        )


def _incident(route: RouteConfig, alert: Mapping[str, Any]) -> str:
    if not route.group_by:
        return str(alert["id"])
    labels = {name: alert.get(name) for name in route.group_by}
    # With the route: what two of them group is told apart.
    text = json.dumps([repr(route), labels], sort_keys=True, default=str)
    return "group-" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
