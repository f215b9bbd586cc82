"""What the query service answers: a frame with its window, its age and the state of what is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from sysmon_tui.views.answer import State, Window


@dataclass(frozen=True)
class Result:
    """`frame` in the statement's own columns, without those that page, count and date it.

    `counts` of a listing are span_us, status, count; they add up to `total`. `code` is the reason for programs.
    """

    frame: pl.DataFrame
    total: int
    window: Window
    as_of: datetime | None
    fetched_at: datetime
    state: State
    reason: str | None = None
    next_cursor: str | None = None
    counts: pl.DataFrame = field(default_factory=pl.DataFrame)
    code: str | None = None
