"""Which rows of a frame a table shows and in which order. Knows no widget; works in a thread where there are many rows.

Over a million rows a filter takes a tenth of a second, and somebody types faster: letters that only narrow what was
kept are looked for there alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sysmon_tui.tui.columns import Column

if TYPE_CHECKING:
    import polars as pl

# From a frame's schema to the rows that are kept: true or false, never null.
Keep = Callable[[Mapping[str, "pl.DataType"]], "pl.Expr"]

# Rows are gathered to be looked at again: of more than this part of them that takes longer than looking at all.
_FEW = 0.25


@dataclass(frozen=True)
class Shape:
    """What is shown of a frame, besides the rows themselves. `keep` keeps no row that one of `within` does not keep."""

    keep: Keep | None = None
    within: tuple[Keep, ...] = ()
    by: Column | None = None
    descending: bool = False

    @property
    def is_plain(self) -> bool:
        return self.keep is None and self.by is None


class Arranging:
    """Remembers the rows of the last filter: for the next one that narrows it, and for another order."""

    def __init__(self) -> None:
        self._last: tuple[pl.DataFrame, Keep, pl.Series] | None = None

    def rows(self, frame: pl.DataFrame, shape: Shape) -> pl.Series | None:
        """Row numbers in the order in which they are shown; None for all of them as they are."""
        from sysmon_tui.tui import cells  # noqa: PLC0415 (polars, only once there are rows)

        kept = self._kept(frame, shape)
        return kept if shape.by is None else cells.ordered(frame, kept, shape.by, shape.descending)

    def _kept(self, frame: pl.DataFrame, shape: Shape) -> pl.Series | None:
        from sysmon_tui.tui import cells  # noqa: PLC0415 (polars, only once there are rows)

        if shape.keep is None:
            self._last = None
            return None
        among = None
        if self._last is not None and self._last[0] is frame:
            _, keep, rows = self._last
            if keep is shape.keep:
                return rows
            if len(rows) <= _FEW * frame.height and any(keep is one for one in shape.within):
                among = rows
        kept = cells.kept(frame, shape.keep(frame.schema), among)
        self._last = (frame, shape.keep, kept)
        return kept
