"""The live lane for coroutines: answers are kept for a while, and a lane that is closed to us is not asked each time.

Nothing here raises: what the API does not tell is absent, with the reason beside it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import Clock
from sysmon_tui.errors import SourceError, StatementFailed
from sysmon_tui.services.meter import Meter
from sysmon_tui.sources.live import Live, TaskFailure, TellsMany, WarehouseNow
from sysmon_tui.threads import in_daemon_thread

T = TypeVar("T")

_SLOW = "The workspace's API has not answered yet."
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told(Generic[T]):
    """`value` as of `read_at`, None where nothing is known; `reason` says why, `denied` that grants are missing."""

    value: T | None
    read_at: datetime | None = None
    reason: str | None = None
    denied: bool = False


@dataclass
class _Kept(Generic[T]):
    told: Told[T] = field(default_factory=lambda: Told(None))
    due_s: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class LiveLane:
    """One tenant's. `opened` gives the API, None where the source has none; `enabled` is the user's setting."""

    def __init__(
        self, opened: Callable[[], Awaitable[Live | None]], clock: Clock, meter: Meter, *, enabled: bool
    ) -> None:
        self._opened = opened
        self._clock = clock
        self._meter = meter
        self.enabled = enabled
        self._warehouse: _Kept[WarehouseNow] = _Kept()
        self._warehouses: _Kept[list[WarehouseNow]] = _Kept()
        self._active: _Kept[pl.DataFrame] = _Kept()
        self._failures: OrderedDict[tuple[str, datetime | None], _Kept[list[TaskFailure]]] = OrderedDict()
        self._slots = asyncio.Semaphore(limits.LIVE_AT_ONCE)
        # Their own, because there are many: the warehouse's state is not to wait for them.
        self._error_slots = asyncio.Semaphore(limits.LIVE_AT_ONCE)

    async def warehouse(self) -> Told[WarehouseNow]:
        """The warehouse that our statements run on; the meter hears of it."""
        told = await self._told(self._warehouse, lambda live: live.warehouse(), limits.LIVE_S)
        if told.value is not None:
            self._meter.warehouse = told.value
        return told

    async def warehouses(self) -> Told[list[WarehouseNow]]:
        """Waited for as long as a listing may be held up; what comes later stands in the next answer."""
        asked = asyncio.ensure_future(
            self._told(self._warehouses, lambda live: live.warehouses(), limits.LIVE_S)
        )
        done, _ = await asyncio.wait({asked}, timeout=limits.LIVE_PATIENCE_S)
        return asked.result() if done else replace(self._warehouses.told, reason=_SLOW)

    async def active_runs(self) -> Told[pl.DataFrame]:
        """In the columns of ACTIVE_RUNS."""
        return await self._told(self._active, lambda live: live.active_runs(), limits.LIVE_S)

    async def workspace_id(self) -> str | None:
        """The workspace that the API speaks for; None until it has answered anything."""
        try:
            live = await self._opened() if self.enabled else None
        except Exception:  # a source that can't be opened says so in its own answers
            return None
        return None if live is None else live.workspace_id()

    async def run_failures(
        self, workspace_id: str, run_id: str, ended: datetime | None
    ) -> Told[list[TaskFailure]]:
        """Why the tasks of a run failed. It is kept: a run that has ended says nothing new until it is repaired."""
        own = await self.workspace_id()
        if own is not None and own != workspace_id:
            return Told(
                None, reason=f"The run is in the workspace {workspace_id}; its errors can be read there."
            )
        kept = self._failures.setdefault((run_id, ended), _Kept())
        self._failures.move_to_end((run_id, ended))
        while len(self._failures) > limits.KNOWN_ERRORS:
            self._failures.popitem(last=False)
        keep_s = limits.LIVE_S if ended is None else float("inf")
        return await self._told(kept, lambda live: live.run_failures(run_id), keep_s, self._error_slots)

    async def many_failures(self, run_ids: Sequence[str]) -> dict[str, list[TaskFailure]] | None:
        """Why these runs failed, by run id; None where the API tells of one run at a time."""
        try:
            live = await self._opened() if self.enabled else None
            if not isinstance(live, TellsMany):
                return None
            return await in_daemon_thread(lambda: live.failures_of(run_ids))
        except SourceError:  # the rows themselves say it
            return None

    async def _told(
        self,
        kept: _Kept[T],
        ask: Callable[[Live], T],
        keep_s: float,
        slots: asyncio.Semaphore | None = None,
    ) -> Told[T]:
        if not self.enabled:
            return Told(None, reason="live.enabled is off.")
        async with kept.lock:
            if self._clock.monotonic_s() < kept.due_s:
                return kept.told
            try:
                live = await self._opened()
                if live is None:
                    return Told(None, reason="This source has no API beside its statements.")
                async with slots or self._slots:
                    value = await in_daemon_thread(lambda: ask(live))
            except Exception as error:  # whatever the API says oddly, an answer is not to suffer for it
                if not isinstance(error, SourceError):
                    _log.exception("what the workspace's API said could not be read")
                    error = StatementFailed(f"What the API said could not be read ({type(error).__name__}).")
                kept.told = Told(kept.told.value, kept.told.read_at, error.sentence, error.denied)
                retry_s = limits.DENIED_RETRY_S if error.denied else limits.FAILED_RETRY_S
                kept.due_s = self._clock.monotonic_s() + retry_s
            else:
                kept.told = Told(value, self._clock.now())
                kept.due_s = self._clock.monotonic_s() + keep_s
            return kept.told
