"""Keeps every tenant's health warm, so that /metrics and /readyz answer from memory."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sysmon_tui import limits, text
from sysmon_tui.errors import SysmonError
from sysmon_tui.runtime import Runtime, Tenant
from sysmon_tui.services import asking
from sysmon_tui.views.answer import Answer

if TYPE_CHECKING:
    from sysmon_tui.services.query import QueryService

_log = logging.getLogger("sysmon_tui.server")

# The datasets whose rows by status stand in /metrics; warehouse events have no status.
COUNTED = ("workflows", "queries", "audit")
# How soon a refresh that has become due is noticed, and how often a warehouse that is starting is asked.
_LOOK_S = 5.0


@dataclass(frozen=True)
class Warmth:
    """What the last refresh of a tenant found. `health` is None where it could not be asked at all."""

    health: dict[str, Any] | None
    counts: dict[str, Answer] = field(default_factory=dict)
    spent: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None


class Warmer:
    """One background task a tenant, from `start` to `stop`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tasks: list[asyncio.Task[None]] = []
        self.latest: dict[str, Warmth] = {}

    @property
    def tenants(self) -> int:
        return len(self._runtime.config.tenants)

    def known_tenants(self) -> list[tuple[Tenant, tuple[str, ...]]]:
        """Those that were asked already, each with the channels that hear of its alerts."""
        channels = tuple(self._runtime.config.notifications.channels)
        return [(self._runtime.tenant(name), channels) for name, one in self.latest.items() if one.health]

    @property
    def waiting(self) -> int:
        """Tenants that have neither an answer nor a stated reason for none."""
        return self.tenants - len(self.latest)

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._keep_warm(name), name=f"warm {name}")
            for name in self._runtime.config.tenants
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep_warm(self, name: str) -> None:
        while True:
            try:
                tenant = self._runtime.tenant(name)
                self.latest[name] = await _asked(tenant)
                await self._until_due(tenant.monitor.service)
                continue
            except SysmonError as error:
                _log.error("tenant %s cannot be asked: %s", name, error.sentence)
                self.latest[name] = Warmth(None, reason=error.sentence)
            except Exception:  # a bug: the tenant stays as it was, and the next round may do better
                _log.exception("the refresh of tenant %s failed", text.one_line(name))
            await self._runtime.clock.sleep(self._runtime.config.refresh.seconds)

    async def _until_due(self, service: QueryService) -> None:
        """From the end of one refresh to the start of the next: its answers are due by then.

        Looked at again and again, because it comes sooner once somebody looks, or the warehouse has started.
        """
        clock, ended_s = self._runtime.clock, self._runtime.clock.monotonic_s()
        was_waiting = service.is_waiting
        while clock.monotonic_s() - ended_s < service.pace.spacing_s():
            await clock.sleep(min(_LOOK_S, service.pace.refresh_s))
            if was_waiting:
                return


async def _asked(tenant: Tenant) -> Warmth:
    monitor = tenant.monitor
    with asking.refreshing(), asking.of_panel("health"):
        health = await monitor.health()
        answers = await asyncio.gather(
            *(monitor.counts(kind, hours=limits.DEFAULT_HOURS) for kind in COUNTED)
        )
    return Warmth(health, dict(zip(COUNTED, answers, strict=True)), spent=monitor.service.meter.document())
