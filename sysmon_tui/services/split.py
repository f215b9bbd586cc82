"""Windows that a table refuses to answer whole are read in parts.

Databricks refuses statements on system tables that would read too much and asks for narrower predicates. A statement
whose rows each belong to one moment can be asked for the newer and for the older half of its window, and the two
answers stand together: spans of time add up, the newest rows come first.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, cast

import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import EPOCH
from sysmon_tui.datasets.statement import Value
from sysmon_tui.errors import TooMuchData
from sysmon_tui.sources.base import Request, Source

_HOUR_US: Final = 3_600_000_000


class SplitSource:
    """`inner`, asked again in halves, and halves of halves, where it wants narrower predicates."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner
        self._parts: dict[str, list[str]] = {}  # ids of parts at work, by the request they belong to
        self._most_us: dict[str, int] = {}  # what a statement was refused, so that it is not tried each time

    def execute(self, request: Request) -> pl.DataFrame:
        if not request.statement.incremental:
            return self._inner.execute(request)
        self._parts[request.id] = []
        try:
            return self._read(request, request.id)
        finally:
            del self._parts[request.id]

    def _read(self, request: Request, whole_id: str) -> pl.DataFrame:
        name = request.statement.name
        since_us, end_us = _bounds(request)
        # A half ends where a span does, so its width differs a little from one refresh to the next.
        least_us = 2 * cast(int, request.values["span_us"])
        if end_us - since_us + least_us < self._most_us.get(name, 2 * end_us):
            try:
                return self._inner.execute(request)
            except TooMuchData as refusal:
                if end_us - since_us <= limits.NARROWEST_HOURS * _HOUR_US:
                    raise TooMuchData(
                        f"The system table refused to return so much data, even for {limits.NARROWEST_HOURS:g} h.",
                        "Narrow it: name workspace_ids in the tenant, or filter by user or status.",
                    ) from refusal
                self._most_us[name] = end_us - since_us
        middle_us = _middle(request, since_us, end_us)
        newer = self._part(request, whole_id, middle_us, end_us)
        older = self._part(request, whole_id, since_us, middle_us)
        return _joined(newer, older, request)

    def _part(self, request: Request, whole_id: str, since_us: int, end_us: int) -> pl.DataFrame:
        part = Request(
            request.statement,
            request.text,
            _values_between(request, since_us, end_us),
            request.timeout_s,
            panel=request.panel,
            fresh=request.fresh,
        )
        self._parts[whole_id].append(part.id)
        return self._read(part, whole_id)

    def cancel(self, request_id: str) -> None:
        for part_id in self._parts.get(request_id, ()):
            self._inner.cancel(part_id)
        self._inner.cancel(request_id)

    def close(self) -> None:
        self._inner.close()


def _bounds(request: Request) -> tuple[int, int]:
    return cast(int, request.values["since_us"]), cast(int, request.values["window_end_us"])


def _middle(request: Request, since_us: int, end_us: int) -> int:
    """Where a span of time begins, so that none is in both halves."""
    span_us = cast(int, request.values["span_us"])
    middle_us = (since_us + end_us) // 2
    aligned_us = middle_us // span_us * span_us
    return aligned_us if aligned_us > since_us else middle_us


def _values_between(request: Request, since_us: int, end_us: int) -> dict[str, Value]:
    lookback_us = int(request.statement.lookback_hours * _HOUR_US)
    bounds: dict[str, Value] = {
        "since_us": since_us,
        "window_end_us": end_us,
        "scan_start_us": since_us - lookback_us,
        "first_date": (EPOCH + timedelta(microseconds=since_us)).date(),
        "last_date": (EPOCH + timedelta(microseconds=end_us)).date(),
    }
    return {name: bounds.get(name, value) for name, value in request.values.items()}


def _joined(newer: pl.DataFrame, older: pl.DataFrame, request: Request) -> pl.DataFrame:
    """Of a listing at most as many rows as it was asked for; all counts."""
    both = pl.concat([newer, older])
    row_limit = request.values.get("row_limit")
    if not isinstance(row_limit, int):
        return both
    rows = both.filter(pl.col("row_key").is_not_null()).head(row_limit)
    return pl.concat([rows, both.filter(pl.col("row_key").is_null())])
