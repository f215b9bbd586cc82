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
from sysmon_tui.clock import EPOCH, Clock, SystemClock
from sysmon_tui.datasets.statement import Value
from sysmon_tui.errors import StatementCanceled, TooMuchData
from sysmon_tui.sources.base import Request, Source

_HOUR_US: Final = 3_600_000_000


class SplitSource:
    """`inner`, asked again in halves, and halves of halves, where it wants narrower predicates."""

    def __init__(self, inner: Source, clock: Clock | None = None) -> None:
        self._inner = inner
        self._clock = clock or SystemClock()
        self._parts: dict[str, list[str]] = {}  # ids of parts at work, by the request they belong to
        self._canceled: set[str] = set()
        # What a statement was refused, and when, so that it is not tried at each refresh.
        self._most_us: dict[str, tuple[int, float]] = {}

    def execute(self, request: Request) -> pl.DataFrame:
        if not request.statement.incremental:
            return self._inner.execute(request)
        self._parts[request.id] = []
        try:
            return self._read(request, request.id, self._clock.monotonic_s() + request.timeout_s)
        finally:
            del self._parts[request.id]
            self._canceled.discard(request.id)

    def _read(self, request: Request, whole_id: str, until_s: float) -> pl.DataFrame:
        name = request.statement.name
        since_us, end_us = _bounds(request)
        narrowest = end_us - since_us <= limits.NARROWEST_HOURS * _HOUR_US
        if narrowest or self._may_be_given(name, end_us - since_us):
            try:
                return self._inner.execute(request)
            except TooMuchData as refusal:
                if narrowest:
                    raise TooMuchData(
                        f"The system table refused to return so much data, even for {limits.NARROWEST_HOURS:g} h.",
                        "Narrow it: name workspace_ids in the tenant, or filter by user or status.",
                    ) from refusal
                self._most_us[name] = (end_us - since_us, self._clock.monotonic_s())
        middle_us = _middle(request, since_us, end_us)
        newer = self._part(request, whole_id, middle_us, end_us, until_s)
        older = self._part(request, whole_id, since_us, middle_us, until_s)
        return _joined(newer, older, request)

    def _may_be_given(self, name: str, width_us: int) -> bool:
        """Not what was refused lately, or nearly that: the widths of halves differ a little between refreshes."""
        most_us, refused_s = self._most_us.get(name, (0, 0.0))
        if not most_us or self._clock.monotonic_s() - refused_s > limits.REFUSED_WIDTH_S:
            return True
        return width_us < 0.75 * most_us

    def _part(
        self, request: Request, whole_id: str, since_us: int, end_us: int, until_s: float
    ) -> pl.DataFrame:
        left_s = until_s - self._clock.monotonic_s()
        if whole_id in self._canceled:
            raise StatementCanceled("The statement was cancelled.")
        if left_s <= 0:
            raise TooMuchData(
                "The system table gives only small parts of the window, and the time for all of them ran out.",
                "Choose a shorter window, or narrow it by user or status.",
            )
        part = Request(
            request.statement,
            request.text,
            _values_between(request, since_us, end_us),
            left_s,
            panel=request.panel,
            fresh=request.fresh,
        )
        self._parts[whole_id].append(part.id)
        return self._read(part, whole_id, until_s)

    def cancel(self, request_id: str) -> None:
        if request_id in self._parts:
            self._canceled.add(request_id)
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
    scan_start_us = since_us - int(request.statement.lookback_hours * _HOUR_US)
    bounds: dict[str, Value] = {
        "since_us": since_us,
        "window_end_us": end_us,
        "scan_start_us": scan_start_us,
        "first_date": (EPOCH + timedelta(microseconds=scan_start_us)).date(),
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
