"""Keeps every tenant's health warm, so that /metrics and /readyz answer from memory."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

from sysmon_tui import limits, text
from sysmon_tui.errors import SysmonError
from sysmon_tui.runtime import Runtime, Tenant
from sysmon_tui.views.answer import Answer

_log = logging.getLogger("sysmon_tui.server")

# The datasets whose rows by status stand in /metrics; warehouse events have no status.
COUNTED = ("workflows", "queries", "audit")


@dataclass(frozen=True)
class Warmth:
    """What the last refresh of a tenant found. `health` is None where it could not be asked at all."""

    health: dict[str, Any] | None
    counts: dict[str, Answer] = field(default_factory=dict)
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
                self.latest[name] = await _asked(self._runtime.tenant(name))
            except SysmonError as error:
                _log.error("tenant %s cannot be asked: %s", name, error.sentence)
                self.latest[name] = Warmth(None, reason=error.sentence)
            except Exception:  # a bug: the tenant stays as it was, and the next round may do better
                _log.exception("the refresh of tenant %s failed", text.one_line(name))
            # From the end of one refresh to the start of the next: its answers are due by then.
            await asyncio.sleep(self._runtime.config.refresh.seconds)


async def _asked(tenant: Tenant) -> Warmth:
    health = await tenant.monitor.health()
    answers = await asyncio.gather(
        *(tenant.monitor.counts(kind, hours=limits.DEFAULT_HOURS) for kind in COUNTED)
    )
    return Warmth(health, dict(zip(COUNTED, answers, strict=True)))
