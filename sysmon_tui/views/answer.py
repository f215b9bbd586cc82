"""An answer about data: rows with their window, their age and the state of what is known.

The app, HTTP, the command line and Python all show this one thing, so they can't disagree.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import rfc3339

State = Literal["fresh", "stale", "empty", "denied", "failed"]
STATES: tuple[State, ...] = ("fresh", "empty", "stale", "denied", "failed")  # from the best to the worst


def worst(states: Iterable[State]) -> State:
    """The state of what rests on several tables."""
    return max(states, key=STATES.index, default="failed")


@dataclass(frozen=True)
class Window:
    """Half-open: start <= t < end."""

    hours: float
    start: datetime
    end: datetime

    @classmethod
    def before(cls, end: datetime, hours: float) -> Window:
        return cls(hours, end - timedelta(hours=hours), end)

    def document(self) -> dict[str, Any]:
        hours = int(self.hours) if self.hours == int(self.hours) else self.hours
        return {"hours": hours, "start": rfc3339(self.start), "end": rfc3339(self.end)}


@dataclass(frozen=True)
class Answer:
    """`frame` has the contract's columns in its order; `records` stand in for it where rows nest (alerts).

    `code` is the reason for programs, such as `warehouse_starting`.
    """

    key: str
    frame: pl.DataFrame
    total: int
    window: Window
    as_of: datetime | None
    fetched_at: datetime
    state: State
    reason: str | None = None
    next_cursor: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    records: list[dict[str, Any]] | None = None
    code: str | None = None

    @property
    def lag_seconds(self) -> int | None:
        """How old the newest known event was when the rows were read; never negative."""
        if self.as_of is None:
            return None
        return max(0, int((self.fetched_at - self.as_of).total_seconds()))

    @property
    def truncated(self) -> bool:
        """Rows match that neither this page nor an earlier one has let through."""
        return self.next_cursor is not None

    def rows(self) -> list[dict[str, Any]]:
        """Plain JSON rows."""
        return self.records if self.records is not None else plain_rows(self.frame)

    def document(self, tenant: str) -> dict[str, Any]:
        """The whole answer of contract/http.md."""
        rows = self.rows()
        return {
            "tenant": tenant,
            "window": self.window.document(),
            "as_of": rfc3339(self.as_of),
            "lag_seconds": self.lag_seconds,
            "fetched_at": rfc3339(self.fetched_at),
            "state": self.state,
            "reason": self.reason,
            "reason_code": self.code,
            "count": len(rows),
            "total": self.total,
            "truncated": self.truncated,
            "next_cursor": self.next_cursor,
            **self.extra,
            self.key: rows,
        }


def plain_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows that JSON can carry: instants in RFC 3339, no NaN, long texts cut, request_params as an object."""
    rows = frame.to_dicts()
    for row in rows:
        for name, value in row.items():
            if isinstance(value, datetime):
                row[name] = rfc3339(value)
            elif isinstance(value, float) and not math.isfinite(value):
                row[name] = None
            elif name == "request_params":
                row[name] = _parameters(value)
    return rows


def _parameters(text: str | None) -> dict[str, Any] | None:
    """The object again; one that was cut comes as its beginning under `truncated_json`."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return {"truncated_json": text}
    return value if isinstance(value, dict) else {"value": value}


def cut_text(frame: pl.DataFrame, *columns: str, max_chars: int = limits.MAX_TEXT_CHARS) -> pl.DataFrame:
    """Texts of at most `max_chars`, with `…` where something was left out."""
    return frame.with_columns(
        pl.when(pl.col(name).str.len_chars() > max_chars)
        .then(pl.col(name).str.head(max_chars - 1) + "…")
        .otherwise(pl.col(name))
        .alias(name)
        for name in columns
    )
