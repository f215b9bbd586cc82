"""A source that keeps what it was asked."""

from __future__ import annotations

from typing import cast

import polars as pl

from sysmon_tui.errors import TooMuchData
from sysmon_tui.sources.base import Request, Source


class Watched:
    """`inner`, with the requests that reached it; windows wider than `hours` are refused, as too much data."""

    def __init__(self, inner: Source, hours: float | None = None) -> None:
        self.inner, self.hours = inner, hours
        self.requests: list[Request] = []

    def execute(self, request: Request) -> pl.DataFrame:
        if self.hours is not None and request.statement.incremental:
            since_us, end_us = (cast(int, request.values[name]) for name in ("since_us", "window_end_us"))
            if end_us - since_us > self.hours * 3.6e9:
                raise TooMuchData("Too much.")
        self.requests.append(request)
        return self.inner.execute(request)

    def names(self) -> list[str]:
        return [request.statement.name for request in self.requests]

    def cancel(self, request_id: str) -> None:
        self.inner.cancel(request_id)

    def close(self) -> None:
        self.inner.close()
