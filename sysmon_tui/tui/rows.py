"""The rows of a table in the order in which they are shown, formatted a block at a time. Knows no widget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sysmon_tui.tui.columns import Column

if TYPE_CHECKING:
    import polars as pl

# Rows formatted at a time: a screen and a bit, so that single steps seldom format anything.
_BLOCK_ROWS = 64
_BLOCKS_KEPT = 8


class Rows:
    """`key` names the columns that identify a row. Without a frame there are no rows."""

    def __init__(self, columns: Sequence[Column], key: Sequence[str], zone: str) -> None:
        self.columns = tuple(columns)
        self.frame: pl.DataFrame | None = None
        self._key = tuple(key)
        self._zone = zone
        self._order: pl.Series | None = None
        self._blocks: dict[int, list[tuple[str, ...]]] = {}

    def put(self, frame: pl.DataFrame | None, order: pl.Series | None) -> None:
        """`order` are row numbers of the frame, None for all as they are."""
        self.frame, self._order = frame, order
        self._blocks.clear()

    @property
    def shown(self) -> int:
        """How many pass the filter."""
        if self._order is not None:
            return len(self._order)
        return self.loaded

    @property
    def loaded(self) -> int:
        return 0 if self.frame is None else self.frame.height

    def slice(self, start: int, length: int) -> pl.DataFrame:
        """Rows as they are shown, as a frame. Only where there is one."""
        assert self.frame is not None  # noqa: S101 (callers ask for rows that are shown)
        if self._order is None:
            return self.frame.slice(start, length)
        return self.frame[self._order.slice(start, length)]

    def key(self, row: int) -> tuple[object, ...] | None:
        """What identifies a shown row."""
        if not 0 <= row < self.shown:
            return None
        return self.slice(row, 1).select(self._key).row(0)

    def place(self, key: tuple[object, ...] | None) -> int | None:
        """Where the row with that key is shown, if it is."""
        if key is None or self.frame is None:
            return None
        from sysmon_tui.tui import cells  # noqa: PLC0415 (polars, only once there are rows)

        number = cells.row_number(self.frame, self._key, key)
        return None if number is None else cells.place_of(self._order, number)

    def texts(self, row: int) -> tuple[str, ...]:
        """The row's cells as they are shown."""
        number, within = divmod(row, _BLOCK_ROWS)
        block = self._blocks.get(number)
        if block is None:
            from sysmon_tui.tui import cells  # noqa: PLC0415 (polars, only once there are rows)

            while len(self._blocks) >= _BLOCKS_KEPT:
                self._blocks.pop(next(iter(self._blocks)))
            block = cells.shown(self.slice(number * _BLOCK_ROWS, _BLOCK_ROWS), self.columns, self._zone)
            self._blocks[number] = block
        return block[within]
