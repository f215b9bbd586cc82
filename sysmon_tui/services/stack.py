"""A tenant's source, opened once, with what stands before it: the meter, the guard, the halving, the local copies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Final

from sysmon_tui import limits
from sysmon_tui.clock import Clock
from sysmon_tui.errors import SourceError
from sysmon_tui.services.counted import CountedSource
from sysmon_tui.services.guard import GuardedSource
from sysmon_tui.services.meter import Meter
from sysmon_tui.services.mirror import MirroredSource
from sysmon_tui.services.split import SplitSource
from sysmon_tui.services.tables import TableKnowledge
from sysmon_tui.sources.base import Source
from sysmon_tui.sources.inspection import HasInspection, Inspection
from sysmon_tui.sources.live import HasLive, Live
from sysmon_tui.threads import in_daemon_thread

# The questions of one refresh come one after another; so long after the first reading of a copy they share it.
_SHARE_S: Final = 15.0


class SourceStack:
    """`open_source` is called once, in a worker thread, at the first use. `physical` as for Statement.text_for.

    `copies_s` is how often local copies are brought up to date, None for none.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        tables: TableKnowledge,
        meter: Meter,
        clock: Clock,
        *,
        physical: Mapping[str, str],
        workspace_ids: str,
        copies_s: float | None,
    ) -> None:
        self._open_source = open_source
        self._tables = tables
        self._meter = meter
        self._clock = clock
        self._physical = physical
        self._workspace_ids = workspace_ids
        self._copies_s = copies_s
        self._opening = asyncio.Lock()
        self._bare: Source | None = None
        self._source: Source | None = None

    async def opened(self) -> Source:
        """The source to ask. Raises SourceError where it can't be opened."""
        async with self._opening:
            if self._source is None:
                self._bare = await in_daemon_thread(self._open_source)
                self._source = self._layered(self._bare)
            return self._source

    def _layered(self, bare: Source) -> Source:
        counted = CountedSource(bare, self._tables, self._meter, self._clock)
        source: Source = SplitSource(GuardedSource(counted, self._physical, self._clock), self._clock)
        if self._copies_s is None:
            return source
        share_s = min(_SHARE_S, self._copies_s / 3)
        return MirroredSource(source, self._physical, self._workspace_ids, self._clock, share_s=share_s)

    async def live(self) -> Live | None:
        """The API beside the statements, where there is one."""
        await self.opened()
        return self._bare.live if isinstance(self._bare, HasLive) else None

    async def inspection(self) -> Inspection | None:
        """What the doctor asks of the workspace; None where the source is none."""
        await self.opened()
        return self._bare.inspection if isinstance(self._bare, HasInspection) else None

    def cancel(self, request_id: str) -> None:
        if self._source is not None:
            self._source.cancel(request_id)

    async def close(self) -> None:
        """Bounded: a source that hangs is left to its daemon threads."""
        source, self._source = self._source, None
        if source is not None:
            with contextlib.suppress(asyncio.TimeoutError, SourceError):
                await asyncio.wait_for(in_daemon_thread(source.close), timeout=limits.CLOSE_S)
