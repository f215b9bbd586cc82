"""Rows and headers of a table as strips. Cells are segments of plain text: nothing in them is ever parsed as markup."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import STYLES, Tone, tone

# Where a row begins; the cursor's stands in it.
GUTTER = 2
_CURSOR = "▸ "
_NOTHING = ("-", "0", "0 s", "0 B")
_MARKED = Style(underline=True, bold=True)

Fitted = Sequence[tuple[Column, int]]


def row_strip(
    texts: Sequence[str],
    columns: Sequence[Column],
    fitted: Fitted,
    gap: int,
    *,
    base: Style,
    at_cursor: bool,
    loud: bool,
    marked: Column | None,
) -> list[Segment]:
    """`loud` is a cursor whose colours stand above those of the cells."""
    segments = [Segment(_CURSOR if at_cursor else " " * GUTTER, base)]
    for column, width in fitted:
        text = texts[columns.index(column)]
        style = base if loud else base + Style.parse(STYLES[_tone(column, text)])
        if at_cursor and column is marked:
            style += Style(reverse=True)
        segments += [Segment(_cell(text, width, column.to_the_right), style), Segment(" " * gap, base)]
    return segments


def header_strip(
    fitted: Fitted, gap: int, *, base: Style, by: Column | None, descending: bool, marked: Column | None
) -> list[Segment]:
    segments = [Segment(" " * GUTTER, base)]
    for column, width in fitted:
        title = column.title
        if column is by:
            title = f"{title[: width - 1]}{'↓' if descending else '↑'}"
        style = base + _MARKED if column is marked else base
        segments += [Segment(_cell(title, width, column.to_the_right), style), Segment(" " * gap, base)]
    return segments


def fill(segments: list[Segment], width: int, style: Style) -> Strip:
    """In exactly this width; neighbours of one style become one segment: each costs some forty bytes of the link."""
    return Strip(segments).adjust_cell_length(width, style).crop(0, width).simplify()


def _tone(column: Column, text: str) -> Tone:
    if column.kind == "status":
        return tone(text)
    return "" if text in _NOTHING else column.tone


def _cell(text: str, width: int, to_the_right: bool) -> str:
    """The text in exactly `width` cells, cut with `…`; characters count as wide as they are drawn."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    padding = " " * (width - length)
    return padding + text if to_the_right else text + padding
