"""A source that counts: which statements really ran, how long they took, how many failed, what they cost."""

from __future__ import annotations

import polars as pl

from sysmon_tui.clock import Clock
from sysmon_tui.errors import SourceError, StatementCanceled
from sysmon_tui.services.meter import Meter
from sysmon_tui.services.tables import TableKnowledge
from sysmon_tui.sources.base import Request, Source


class CountedSource:
    """`inner`, with what it did told to `tables` and to the meter."""

    def __init__(self, inner: Source, tables: TableKnowledge, meter: Meter, clock: Clock) -> None:
        self._inner = inner
        self._tables = tables
        self._meter = meter
        self._clock = clock

    def execute(self, request: Request) -> pl.DataFrame:
        started_s = self._clock.monotonic_s()
        rows, reached = 0, True
        self._meter.began(request)
        try:
            frame = self._inner.execute(request)
            rows = frame.height
        except StatementCanceled:
            raise  # nobody waited for it any more: it did not fail
        except SourceError as error:
            reached = request.progress.accepted or not error.of_all
            self._tables.failed(request.statement, error)
            raise
        finally:
            self._meter.ended(request, rows, reached=reached)
        self._tables.answered(request.statement, self._clock.monotonic_s() - started_s)
        return frame

    def cancel(self, request_id: str) -> None:
        self._inner.cancel(request_id)

    def close(self) -> None:
        self._inner.close()
