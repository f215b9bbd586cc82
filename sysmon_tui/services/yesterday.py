"""The same hours of the day before: what the figures of today are compared with.

Two days are read in one statement and today's spans are taken away, so that both days are counted by the same rules.
The two days are read once in limits.FULL_READ_S and not with each refresh: yesterday hardly changes, and a comparison
must not double what a refresh costs. Rejected: a window of its own that ends a day ago, because an answer is dated by
the end of its window, and ages, states and refreshes all rest on that.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import to_micros
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.states import FAILED_RUN_STATES
from sysmon_tui.views import health

if TYPE_CHECKING:
    from sysmon_tui.datasets.asks import Ask
    from sysmon_tui.services.query import QueryService
    from sysmon_tui.services.result import Result

_HOURS = limits.DEFAULT_HOURS
_FAILED = {
    "workflows": FAILED_RUN_STATES,
    "queries": ("FAILED",),
    "audit": ("failure", "failed_login"),
    "logins": ("failed_login",),
}
_UNKNOWN: dict[str, int | None] = {"total": None, "failed": None}


class Yesterday:
    """One tenant's."""

    def __init__(self, service: QueryService) -> None:
        self._service = service
        self._read: dict[Ask, tuple[float, Result]] = {}

    async def tally(self, kind: str) -> dict[str, int | None]:
        """`total` and `failed` of workflows, queries, warehouses, audit or logins; None for what is not known."""
        if kind == "warehouses":
            return await self._warehouses()
        two_days = asks.counts(kind, hours=2 * _HOURS)
        today, both = await asyncio.gather(
            self._service.answer(asks.counts(kind, hours=_HOURS)), self._two_days(two_days)
        )
        if today.state in ("denied", "failed") or not _covers(both, today.window.start):
            return _UNKNOWN
        counts = health.day_before(
            today.counts,
            both.counts,
            today_us=to_micros(today.window.start),
            both_us=to_micros(both.window.start),
            width_us=asks.span_us(two_days),
        )
        tally = health.tally_of(counts, _FAILED[kind])
        return {"total": tally["total"], "failed": tally["failed"]}

    async def _warehouses(self) -> dict[str, int | None]:
        """Warehouses with a start that failed. How many there were is nowhere kept."""
        both = await self._two_days(asks.failed_starts(hours=2 * _HOURS))
        day_ago = self._service.clock.now() - timedelta(hours=_HOURS)
        if not _covers(both, day_ago):
            return _UNKNOWN
        of_the_day = both.frame.filter(
            pl.col("started_at").is_between(day_ago - timedelta(hours=_HOURS), day_ago, closed="left")
        )
        return {"total": None, "failed": of_the_day.n_unique(["workspace_id", "warehouse_id"])}

    async def _two_days(self, ask: Ask) -> Result:
        now_s = self._service.clock.monotonic_s()
        read_s, known = self._read.get(ask, (float("-inf"), None))
        if known is not None and now_s - read_s < limits.FULL_READ_S:
            return known
        result = await self._service.answer(ask)
        if result.state not in ("denied", "failed"):
            self._read[ask] = (now_s, result)
        return result


def _covers(result: Result, until: datetime) -> bool:
    """Whether the table has shown what came until then: where it hasn't, a count would be too small, not zero."""
    return result.state not in ("denied", "failed") and result.as_of is not None and result.as_of >= until
