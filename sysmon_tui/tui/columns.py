"""What a table's columns are, and which of them a width has room for. Pure; loads no polars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sysmon_tui.tui.marks import Tone

Kind = Literal[
    "text",
    "reason",
    "status",
    "minute",
    "second",
    "instant",
    "duration_s",
    "duration_ms",
    "count",
    "bytes",
    "share",
]

_TO_THE_RIGHT = frozenset({"duration_s", "duration_ms", "count", "bytes", "share"})


@dataclass(frozen=True)
class Column:
    """`name` is the frame's column, `kind` how its values are written (see cells.py).

    `width` is in cells, the least one where `flex` gives a share of the spare room. Columns with the largest
    `rank` go first when the screen is narrow. `fallback` is the column shown where this one has no value. `tone` is
    that of every value but zero; a status has that of its word.
    """

    name: str
    title: str
    width: int
    kind: Kind = "text"
    flex: int = 0
    rank: int = 1
    fallback: str | None = None
    tone: Tone = ""

    @property
    def to_the_right(self) -> bool:
        return self.kind in _TO_THE_RIGHT


# Before all others where rows of several tenants stand in one table.
TENANT = Column("tenant", "tenant", 12)
# What identifies an alert: a rule that fires again at the same thing is another.
ALERT_KEY = ("id", "state", "started_at")


def fit(
    columns: Sequence[Column], width: int, gap: int, marked: Column | None = None
) -> list[tuple[Column, int]]:
    """The columns that fit into `width` cells in their order, each with its width.

    The first always stays, and the marked one before all others.
    """
    kept = list(columns)
    while len(kept) > 1 and _least(kept, gap) > width:
        loose = [column for column in kept if column is not marked]
        kept.remove(max(loose, key=lambda column: (column.rank, kept.index(column))))
    spare = max(0, width - _least(kept, gap))
    shares = sum(column.flex for column in kept)
    fitted = []
    for column in kept:
        extra = spare * column.flex // shares if shares else 0
        spare, shares = spare - extra, shares - column.flex
        fitted.append((column, max(1, min(width, column.width + extra))))
    return fitted


def _least(columns: Sequence[Column], gap: int) -> int:
    return sum(column.width for column in columns) + gap * (len(columns) - 1)
