"""A row's fields by name, for detail views: a grid of plain texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import STYLES, tone

if TYPE_CHECKING:
    import polars as pl


class Fields(Static):
    """Two fields to a line; those with `flex` have one to themselves, those without a value are left out."""

    def __init__(self, row: pl.DataFrame, columns: Sequence[Column], zone: str) -> None:
        from sysmon_tui.tui import cells  # noqa: PLC0415 (polars, only once there are rows)

        texts = cells.shown(row, columns, zone)[0]
        pairs = [pair for pair in zip(columns, texts, strict=True) if pair[1] != cells.NO_VALUE]
        short = [pair for pair in pairs if not pair[0].flex]
        long = [pair for pair in pairs if pair[0].flex]
        super().__init__(Group(_grid(short, 2), _grid(long, 1)), classes="fields")


def _grid(pairs: Sequence[tuple[Column, str]], per_line: int) -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    for _ in range(per_line):
        grid.add_column(no_wrap=True)
        grid.add_column(ratio=1, overflow="fold")
    cells = []
    for column, text in pairs:
        style = STYLES[tone(text)] if column.kind == "status" else ""
        cells += [Text(f" {column.title}", style=STYLES["dim"]), Text(text, style=style)]
    for start in range(0, len(cells), 2 * per_line):
        grid.add_row(*cells[start : start + 2 * per_line])
    return grid
