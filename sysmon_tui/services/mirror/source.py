"""MirroredSource: local copies before a source, and when each is read again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import cast

import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import Clock
from sysmon_tui.datasets.statement import Statement, Value
from sysmon_tui.errors import SourceError, StatementCanceled, StatementFailed
from sysmon_tui.services.mirror.copy import Asker, Copy, TooWide
from sysmon_tui.services.mirror.events import EventsCopy
from sysmon_tui.services.mirror.runs import RunsCopy
from sysmon_tui.sources.base import Request, Source

_log = logging.getLogger(__name__)

_SECOND_US = 1_000_000
_HOUR_US = 3_600 * _SECOND_US
_FULL_READ_US = int(limits.FULL_READ_S) * _SECOND_US
# What is asked for anew shares a reading with what was asked for anew just before it.
_SAME_READING_S = 1.0


class MirroredSource:
    """`inner` with local copies before it.

    `physical` are the tenant's tables as for Statement.text_for, `workspace_ids` what its statements are bound to.
    Questions of one refresh share a reading: those that come within `share_s` of it.
    """

    def __init__(
        self,
        inner: Source,
        physical: Mapping[str, str],
        workspace_ids: str,
        clock: Clock,
        *,
        share_s: float = _SAME_READING_S,
    ) -> None:
        self._inner = inner
        self._physical = physical
        self._workspace_ids = workspace_ids
        self._mirrors = [_Mirror(kind, clock, share_s) for kind in (RunsCopy, EventsCopy)]
        self._asked: dict[str, list[str]] = {}  # our statements at work, by the request that waits for them
        self._canceled: set[str] = set()

    def execute(self, request: Request) -> pl.DataFrame:
        mirror = next((one for one in self._mirrors if request.statement in one.kind.answers), None)
        if mirror is None or not self._is_of_all(request):
            return self._inner.execute(request)
        self._asked[request.id] = []
        try:
            copy = mirror.up_to_date(request, self._asker(request))
            if copy is not None and copy.knows(request.statement):
                try:
                    return copy.execute(request)
                except StatementFailed as error:  # of our engine: the source can still answer
                    _log.warning("the local copy could not answer: %s", error.sentence)
            return self._inner.execute(request)
        finally:
            del self._asked[request.id]
            self._canceled.discard(request.id)

    def _is_of_all(self, request: Request) -> bool:
        """Whether it is about all of the tenant's rows: the history of one job is not worth a copy of its month."""
        one = (request.values.get("job_id"), request.values.get("run_id"))
        return one == (None, None) and request.values["workspace_ids"] == self._workspace_ids

    def _asker(self, request: Request) -> Asker:
        def ask(statement: Statement, values: Mapping[str, Value]) -> pl.DataFrame:
            own = Request(
                statement,
                statement.text_for(self._physical),
                {"workspace_ids": self._workspace_ids, **values},
                request.timeout_s,
                panel=request.panel,
                fresh=request.fresh,
            )
            if request.id in self._canceled:  # while it waited for another's reading
                raise StatementCanceled("The statement was cancelled.")
            self._asked[request.id].append(own.id)
            return self._inner.execute(own)

        return ask

    def cancel(self, request_id: str) -> None:
        if request_id in self._asked:
            self._canceled.add(request_id)
        for own_id in self._asked.get(request_id, ()):
            self._inner.cancel(own_id)
        self._inner.cancel(request_id)
        for mirror in self._mirrors:
            if mirror.copy is not None:
                mirror.copy.cancel(request_id)

    def close(self) -> None:
        self._inner.close()
        for mirror in self._mirrors:
            if mirror.copy is not None:
                mirror.copy.close()


class _Mirror:
    """One kind of copy, and when to read it again."""

    def __init__(self, kind: type[Copy], clock: Clock, share_s: float) -> None:
        self.kind = kind
        self._share_s = share_s
        self._clock = clock
        self._read_s = 0.0  # when the copy was last read, by the clock that never jumps
        self.copy: Copy | None = None
        self._lock = threading.Lock()
        self._widest_us = 0  # the widest window answered since the last whole reading
        self._too_wide: tuple[int, int] | None = None  # (width of the window that was, when)
        self._failure: tuple[int, SourceError] | None = None  # (width of the window that failed last, why)

    def up_to_date(self, request: Request, ask: Asker) -> Copy | None:
        """The copy with what was there at the end of the request's window; None where the source has to answer.

        Questions that come together share a reading. Who comes while another reads waits for that reading. A window
        that can't be had takes no narrower one along.
        """
        start_us = cast(int, request.values["window_start_us"])
        end_us = cast(int, request.values["window_end_us"])
        width_us = max(end_us - start_us, int(limits.MIRROR_HOURS * _HOUR_US))
        failure = self._failure
        with self._lock:
            if self._failure is not None and self._failure is not failure and width_us >= self._failure[0]:
                raise self._failure[1]  # who waits for a reading that fails has its answer
            if not self._may_hold(width_us, end_us):
                return None
            copy = self.copy
            if copy is not None and end_us < copy.whole_us and start_us < copy.start_us:
                return None  # a page of a window from before the copy
            wider = copy is not None and start_us < copy.start_us
            try:
                if copy is None or wider or self._due(copy, request, end_us):
                    if not wider:
                        self.copy = None  # before the next is read: two at once are twice the memory
                    self.copy = copy = self._whole(ask, width_us, end_us)
                    self._widest_us = 0
                    self._read_s = self._clock.monotonic_s()
                elif not self._is_page(request) and self._clock.monotonic_s() - self._read_s > self._share_s:
                    copy.read_news(ask, end_us)
                    self._read_s = self._clock.monotonic_s()
            except TooWide:
                if not wider:
                    self.copy = None
                self._too_wide = (width_us, end_us)
                return None
            except StatementCanceled:
                raise  # of the one who asked; who waits after it reads anew
            except SourceError as error:
                self._failure = (width_us, error)
                raise
            self._widest_us = max(self._widest_us, width_us)
            return copy

    def _whole(self, ask: Asker, width_us: int, end_us: int) -> Copy:
        """As wide as the windows in use, or where that is too much at once, as wide as this one."""
        if self._widest_us > width_us:
            try:
                return self.kind.whole(ask, end_us - self._widest_us, end_us)
            except (StatementFailed, TooWide):
                self._widest_us = 0
        return self.kind.whole(ask, end_us - width_us, end_us)

    def _may_hold(self, width_us: int, now_us: int) -> bool:
        if self._too_wide is None:
            return True
        width_then_us, then_us = self._too_wide
        return width_us < width_then_us or now_us - then_us > 4 * _FULL_READ_US

    @staticmethod
    def _is_page(request: Request) -> bool:
        """Whether it goes on where a page ended: its window is of the past."""
        return request.values.get("after_us") is not None

    def _due(self, copy: Copy, request: Request, end_us: int) -> bool:
        """Whether to read all anew: after a while, when asked to, and when the clock has stepped back."""
        if self._is_page(request):
            return False
        since_us = end_us - copy.whole_us
        stepped_back = end_us < copy.read_us - _SECOND_US
        again = request.fresh and self._clock.monotonic_s() - self._read_s > _SAME_READING_S
        return since_us >= _FULL_READ_US or stepped_back or again
