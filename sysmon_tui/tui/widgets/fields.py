"""A row's fields by name, for detail views: a grid of plain texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import STYLES, tone

if TYPE_CHECKING:
    import polars as pl


class Fields(Static):
    """Two pairs of name and value to a line; fields without a value are left out."""

    def __init__(self, row: pl.DataFrame, columns: Sequence[Column], zone: str) -> None:
        from sysmon_tui.tui import cells  # noqa: PLC0415 (polars, only once there are rows)

        texts = cells.shown(row, columns, zone)[0]
        super().__init__(
            _grid(
                [
                    (column, text)
                    for column, text in zip(columns, texts, strict=True)
                    if text != cells.NO_VALUE
                ]
            ),
            classes="fields",
        )


def _grid(pairs: Sequence[tuple[Column, str]]) -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    for _ in range(2):
        grid.add_column(no_wrap=True)
        grid.add_column(ratio=1, overflow="fold")
    cells = []
    for column, text in pairs:
        style = STYLES[tone(text)] if column.kind == "status" else ""
        cells += [Text(f" {column.title}", style=STYLES["dim"]), Text(text, style=style)]
    for start in range(0, len(cells), 4):
        grid.add_row(*cells[start : start + 4])
    return grid
