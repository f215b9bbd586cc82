"""A table over a polars frame that formats only the rows in sight.

Textual's DataTable takes 22 seconds for a hundred thousand rows; the line API over slices scrolls a million.
Cells are segments of plain text, so nothing in them is ever parsed as markup.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import work
from textual.binding import BindingType
from textual.events import Blur, Click, Focus, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sysmon_tui.tui.actions import bindings
from sysmon_tui.tui.columns import Column, fit
from sysmon_tui.tui.marks import STYLES, tone

if TYPE_CHECKING:
    import polars as pl

# Rows formatted at a time: a screen and a bit, so that single steps seldom format anything.
_BLOCK_ROWS = 64
_BLOCKS_KEPT = 8
# Up to here a filter or a sort takes no longer than a frame; above, a thread does it and keys stay live.
_QUICK_ROWS = 50_000
_WIDE_SCREEN = 100
_GUTTER = 2
_SENTENCE_CELLS = 90


@dataclass(frozen=True)
class _Shape:
    """What is shown of the frame, besides the rows themselves."""

    containing: str = ""
    by: int | None = None
    descending: bool = False


class FrameTable(ScrollView, can_focus=True):
    """`key` names the columns that identify a row: the cursor stays on it whatever comes."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = bindings("table")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "frame-table--header",
        "frame-table--cursor",
        "frame-table--cursor-away",
    }

    DEFAULT_CSS = """
    FrameTable {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        background: $background;
    }
    FrameTable > .frame-table--header { text-style: bold; color: $foreground-muted; background: $surface; }
    FrameTable > .frame-table--cursor { background: $primary; color: $text; text-style: bold; }
    FrameTable > .frame-table--cursor-away { background: $boost; }
    """

    class Opened(Message):
        """Enter or a double click on a row: `row` is a frame of one row."""

        def __init__(self, table: FrameTable, row: pl.DataFrame) -> None:
            super().__init__()
            self.table = table
            self.row = row

        @property
        def control(self) -> FrameTable:
            return self.table

    class Arranged(Message):
        """Other rows are shown than before."""

    def __init__(
        self, columns: Sequence[Column], key: Sequence[str], *, zone: str, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._key = tuple(key)
        self._zone = zone
        self._frame: pl.DataFrame | None = None
        self._order: pl.Series | None = None
        self._shape = _Shape()
        self._said = Text()
        self._cursor = 0
        self._blocks: dict[int, list[tuple[str, ...]]] = {}

    # What is shown

    @property
    def shown(self) -> int:
        """Rows that pass the filter."""
        if self._order is not None:
            return len(self._order)
        return 0 if self._frame is None else self._frame.height

    @property
    def loaded(self) -> int:
        return 0 if self._frame is None else self._frame.height

    @property
    def containing(self) -> str:
        return self._shape.containing

    @property
    def sorted_by(self) -> str | None:
        return None if self._shape.by is None else self._columns[self._shape.by].title

    def show(self, frame: pl.DataFrame) -> None:
        """Show this frame; nothing is repainted when it holds what is there already."""
        old = self._frame
        if old is not None and (frame is old or (frame.schema == old.schema and frame.equals(old))):
            self._frame = frame
            return
        self._arrange(frame)

    def say(self, title: str = "", sentence: str = "", style: str = "") -> None:
        """Words in the place of the rows; without any, the rows."""
        text = Text(justify="center")
        if title:
            text.append(title, f"bold {style}".strip()).append(f"\n{sentence}")
        if text.plain != self._said.plain:
            self._said = text
            self.refresh()

    def forget(self) -> None:
        """Show nothing, as before the first frame."""
        self.workers.cancel_group(self, "arrange")
        self._frame = self._order = None
        self._cursor = 0
        self._blocks.clear()
        self.virtual_size = Size(self._width, 1)
        self.refresh()

    def filter(self, containing: str) -> None:
        """Keep the rows that show this text in any column, literally and without regard to case."""
        if containing != self._shape.containing:
            self._reshape(_Shape(containing, self._shape.by, self._shape.descending))

    def sort_by_next(self) -> None:
        """By the next column in sight, largest or latest first where it is no text; at the end as it came."""
        in_sight = [self._columns.index(column) for column, _ in self._fitted()]
        after = [number for number in in_sight if self._shape.by is None or number > self._shape.by]
        by = after[0] if after else None
        descending = by is not None and self._columns[by].kind not in ("text", "status")
        self._reshape(_Shape(self._shape.containing, by, descending))

    def reverse(self) -> None:
        by = 0 if self._shape.by is None else self._shape.by
        self._reshape(_Shape(self._shape.containing, by, not self._shape.descending))

    @property
    def row(self) -> pl.DataFrame | None:
        """The cursor's row as a frame of one row."""
        if self._frame is None or not 0 <= self._cursor < self.shown:
            return None
        return self._slice(self._frame, self._cursor, 1)

    # Arranging: which rows in which order

    def _reshape(self, shape: _Shape) -> None:
        self._shape = shape
        self.refresh(Region(0, 0, self._width, 1))
        if self._frame is not None:
            self._arrange(self._frame)

    def _arrange(self, frame: pl.DataFrame) -> None:
        shape = self._shape
        if frame.height <= _QUICK_ROWS or shape == _Shape():
            self.workers.cancel_group(self, "arrange")
            self.put(frame, self._ordered(frame, shape))
        else:
            self._arrange_aside(frame, shape)

    @work(group="arrange", exclusive=True)
    async def _arrange_aside(self, frame: pl.DataFrame, shape: _Shape) -> None:
        order = await asyncio.to_thread(self._ordered, frame, shape)
        self.put(frame, order)

    def _ordered(self, frame: pl.DataFrame, shape: _Shape) -> pl.Series | None:
        from sysmon_tui.tui import cells  # noqa: PLC0415 (polars, only once there are rows)

        return cells.arranged(
            frame,
            self._columns,
            self._zone,
            containing=shape.containing,
            by=None if shape.by is None else self._columns[shape.by],
            descending=shape.descending,
        )

    def put(self, frame: pl.DataFrame, order: pl.Series | None) -> None:
        """Show the rows of `frame` in `order`, repainting only the lines that differ."""
        before = self._lines_in_sight()
        key, top = self._cursor_key(), self.scroll_offset.y
        self._frame, self._order = frame, order
        self._blocks.clear()
        self.virtual_size = Size(self._width, self.shown + 1)
        self._restore_cursor(key, top)
        after = self._lines_in_sight()
        if self.scroll_offset.y != top or len(before) != len(after):
            self.refresh()
        else:
            for line, (old, new) in enumerate(zip(before, after, strict=True), start=1):
                if old != new:
                    self.refresh(Region(0, line, self._width, 1))
        self.post_message(self.Arranged())

    def _cursor_key(self) -> tuple[object, ...] | None:
        row = self.row
        return None if row is None else row.select(self._key).row(0)

    def _restore_cursor(self, key: tuple[object, ...] | None, top: int) -> None:
        from sysmon_tui.tui import cells  # noqa: PLC0415 (polars, only once there are rows)

        place = None
        if key is not None and self._frame is not None:
            row = cells.row_number(self._frame, self._key, key)
            place = None if row is None else cells.place_of(self._order, row)
        line = self._cursor - top
        self._cursor = max(0, min(self._cursor if place is None else place, self.shown - 1))
        # At the top new rows are let in above the cursor, elsewhere its line stays where it is on the screen.
        if top > 0 or not 0 <= self._cursor < self._page_rows:
            self._scroll(self._cursor - max(0, min(line, self._page_rows - 1)))

    # The rows in sight

    @property
    def _width(self) -> int:
        """Without the scrollbar."""
        return self.scrollable_content_region.width

    @property
    def _page_rows(self) -> int:
        return max(1, self.size.height - 1)

    def _slice(self, frame: pl.DataFrame, start: int, length: int) -> pl.DataFrame:
        if self._order is None:
            return frame.slice(start, length)
        return frame[self._order.slice(start, length)]

    def _texts(self, frame: pl.DataFrame, row: int) -> tuple[str, ...]:
        number, within = divmod(row, _BLOCK_ROWS)
        block = self._blocks.get(number)
        if block is None:
            from sysmon_tui.tui import cells  # noqa: PLC0415 (polars, only once there are rows)

            while len(self._blocks) >= _BLOCKS_KEPT:
                self._blocks.pop(next(iter(self._blocks)))
            block = cells.shown(
                self._slice(frame, number * _BLOCK_ROWS, _BLOCK_ROWS), self._columns, self._zone
            )
            self._blocks[number] = block
        return block[within]

    def _lines_in_sight(self) -> list[tuple[bool, tuple[str, ...]]]:
        frame, top = self._frame, self.scroll_offset.y
        if frame is None:
            return []
        rows = range(top, min(self.shown, top + self._page_rows))
        return [(row == self._cursor, self._texts(frame, row)) for row in rows]

    def _fitted(self) -> list[tuple[Column, int]]:
        return fit(self._columns, self._width - _GUTTER, self._gap)

    @property
    def _gap(self) -> int:
        return 2 if self._width >= _WIDE_SCREEN else 1

    def render_line(self, y: int) -> Strip:
        width = self._width
        if self._said:
            return self._said_line(y, width)
        if y == 0:
            return self._header(width)
        frame, row = self._frame, self.scroll_offset.y + y - 1
        if frame is None or row >= self.shown:
            return Strip.blank(width, self.rich_style)
        at_cursor = row == self._cursor
        base = self.rich_style
        if at_cursor:
            name = "frame-table--cursor" if self.has_focus else "frame-table--cursor-away"
            base = self.get_component_rich_style(name)
        texts = self._texts(frame, row)
        segments = [Segment("▸ " if at_cursor else "  ", base)]
        for column, cell_width in self._fitted():
            text = texts[self._columns.index(column)]
            style = base
            if column.kind == "status" and not (at_cursor and self.has_focus):
                style += Style.parse(STYLES[tone(text)])
            segments += [
                Segment(_cell(text, cell_width, column.to_the_right), style),
                Segment(" " * self._gap, base),
            ]
        return Strip(segments).adjust_cell_length(width, base).crop(0, width)

    def _said_line(self, y: int, width: int) -> Strip:
        lines = self._said.wrap(self.app.console, max(1, min(width - 4, _SENTENCE_CELLS)))
        first = max(0, (self.size.height - len(lines)) // 3)
        if not first <= y < first + len(lines):
            return Strip.blank(width, self.rich_style)
        line = lines[y - first]
        line.align("center", width)
        segments = list(line.render(self.app.console))
        return Strip(Segment.apply_style(segments, self.rich_style)).adjust_cell_length(width).crop(0, width)

    def _header(self, width: int) -> Strip:
        style = self.get_component_rich_style("frame-table--header")
        parts = []
        for column, cell_width in self._fitted():
            title = column.title
            if self._shape.by is not None and self._columns[self._shape.by] is column:
                title = f"{title[: cell_width - 1]}{'▼' if self._shape.descending else '▲'}"
            parts.append(_cell(title, cell_width, column.to_the_right))
        line = "  " + (" " * self._gap).join(parts)
        return Strip([Segment(line, style)]).adjust_cell_length(width, style).crop(0, width)

    # Moving

    def _scroll(self, top: int) -> None:
        self.scroll_to(y=max(0, top), animate=False, force=True)

    def _move(self, row: int) -> None:
        row = max(0, min(row, self.shown - 1))
        old, top = self._cursor, self.scroll_offset.y
        self._cursor = row
        if row < top:
            self._scroll(row)
        elif row >= top + self._page_rows:
            self._scroll(row - self._page_rows + 1)
        for changed in (old, row):
            self.refresh(Region(0, changed - self.scroll_offset.y + 1, self._width, 1))

    def action_cursor(self, step: int) -> None:
        self._move(self._cursor + step)

    def action_page(self, step: int) -> None:
        self._move(self._cursor + step * self._page_rows)

    def action_first(self) -> None:
        self._move(0)

    def action_last(self) -> None:
        self._move(self.shown - 1)

    def action_open(self) -> None:
        row = self.row
        if row is not None:
            self.post_message(self.Opened(self, row))

    def on_click(self, event: Click) -> None:
        row = self.scroll_offset.y + event.y - 1
        if event.y > 0 and row < self.shown:
            self._move(row)
            if event.chain == 2:
                self.action_open()

    def on_focus(self, event: Focus) -> None:
        self._move(self._cursor)

    def on_blur(self, event: Blur) -> None:
        self._move(self._cursor)

    def on_resize(self, event: Resize) -> None:
        self.virtual_size = Size(self._width, self.shown + 1)
        self._move(self._cursor)
        self.refresh()


def _cell(text: str, width: int, to_the_right: bool) -> str:
    """The text in exactly `width` cells, cut with `…`; characters count as wide as they are drawn."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    padding = " " * (width - length)
    return padding + text if to_the_right else text + padding
