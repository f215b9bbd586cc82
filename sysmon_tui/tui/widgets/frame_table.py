"""A table over a polars frame that formats only the rows in sight.

Textual's DataTable takes 22 seconds for a hundred thousand rows; the line API over slices scrolls a million.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import work
from textual.binding import BindingType
from textual.events import Blur, Click, Focus, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sysmon_tui.tui.actions import bindings
from sysmon_tui.tui.arranging import Arranging, Keep, Shape
from sysmon_tui.tui.columns import Column, fit
from sysmon_tui.tui.rows import Rows
from sysmon_tui.tui.widgets.row_strips import GUTTER, fill, header_strip, row_strip

if TYPE_CHECKING:
    import polars as pl

# Up to here a filter or a sort takes no longer than a frame; above, a thread does it and keys stay live.
_QUICK_ROWS = 50_000
_WIDE_SCREEN = 100
_SENTENCE_CELLS = 90

# Whether the cursor is on it, and the texts of all columns.
_Line = tuple[bool, tuple[str, ...]]


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
    FrameTable > .frame-table--cursor {
        background: $block-cursor-background;
        color: $block-cursor-foreground;
        text-style: bold;
    }
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
        self._zone = zone
        self._columns = tuple(columns)
        self._rows = Rows(columns, key, zone)
        self._shape = Shape()
        self._arranging = Arranging()
        self._one_at_a_time = threading.Lock()
        self._asked: tuple[pl.DataFrame, Shape] | None = None
        self._said = Text()
        self._cursor = 0
        self._mark: int | None = None

    # What is shown

    @property
    def shown(self) -> int:
        """Rows that pass the filter."""
        return self._rows.shown

    @property
    def loaded(self) -> int:
        return self._rows.loaded

    @property
    def sorted_by(self) -> str | None:
        return None if self._shape.by is None else self._shape.by.title

    @property
    def sorting(self) -> tuple[str, bool] | None:
        """The column's name and whether the largest comes first; None for the order in which the rows came."""
        return None if self._shape.by is None else (self._shape.by.name, self._shape.descending)

    def show(self, frame: pl.DataFrame) -> None:
        """Show this frame; nothing is repainted when it holds what is there already."""
        old = self._rows.frame
        if old is not None and (frame is old or (frame.schema == old.schema and frame.equals(old))):
            self._rows.frame = frame
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

    def use(self, columns: Sequence[Column], key: Sequence[str]) -> None:
        """Other columns for the frames to come; sorting and mark begin anew. Call it where nothing is shown."""
        self._columns = tuple(columns)
        self._rows = Rows(columns, key, self._zone)
        self._shape = Shape(self._shape.keep)
        self._mark = None

    def forget(self) -> None:
        """Show nothing, as before the first frame."""
        self.workers.cancel_group(self, "arrange")
        self._rows.put(None, None)
        self._arranging, self._asked = Arranging(), None
        self._cursor = 0
        self.virtual_size = Size(self._width, 1)
        self.refresh()

    def filter(self, keep: Keep | None, *, narrows: bool = False) -> None:
        """Keep the rows that this says, now and of every frame to come; None keeps all.

        `narrows` is known where it keeps no row that the filter before did not keep.
        """
        shape = self._shape
        within = (*shape.within, shape.keep) if narrows and shape.keep is not None else ()
        self._reshape(replace(shape, keep=keep, within=within))

    def sort(self, name: str, descending: bool) -> None:
        """By the column of that name, if there is one."""
        for column in self._columns:
            if column.name == name:
                self._reshape(replace(self._shape, by=column, descending=descending))

    def sort_by_next(self) -> None:
        """By the marked column, or the next in sight; at the end as it came. Numbers and times: largest first."""
        by = self._shape.by
        if self._mark is not None:
            chosen = None if by is self.marked else self.marked
        else:
            places = {column: self._columns.index(column) for column, _ in self._fitted()}
            after = -1 if by is None else self._columns.index(by)
            chosen = next((column for column, place in places.items() if place > after), None)
        descending = chosen is not None and chosen.kind not in ("text", "status")
        self._reshape(replace(self._shape, by=chosen, descending=descending))

    def reverse(self) -> None:
        by = self._shape.by or self._columns[0]
        self._reshape(replace(self._shape, by=by, descending=not self._shape.descending))

    @property
    def row(self) -> pl.DataFrame | None:
        """The cursor's row as a frame of one row."""
        if not 0 <= self._cursor < self.shown:
            return None
        return self._rows.slice(self._cursor, 1)

    @property
    def rows_shown(self) -> pl.DataFrame | None:
        """All rows that pass the filter in their order, whole."""
        return None if self._rows.frame is None else self._rows.slice(0, self.shown)

    @property
    def marked(self) -> Column:
        """The column that a copy takes: the first one when none is marked."""
        return self._columns[self._mark or 0]

    # Arranging: which rows in which order

    def _reshape(self, shape: Shape) -> None:
        self._shape = shape
        self.refresh(Region(0, 0, self._width, 1))
        if self._rows.frame is not None:
            self._arrange(self._rows.frame)

    def _arrange(self, frame: pl.DataFrame) -> None:
        self._asked = (frame, self._shape)
        if frame.height <= _QUICK_ROWS or self._shape.is_plain:
            self.workers.cancel_group(self, "arrange")
            self.put(frame, self._arranging.rows(frame, self._shape))
        else:
            self._arrange_aside(self._asked)

    @work(group="arrange", exclusive=True)
    async def _arrange_aside(self, asked: tuple[pl.DataFrame, Shape]) -> None:
        order = await asyncio.to_thread(self._arranged_aside, asked)
        self.put(asked[0], order)

    def _arranged_aside(self, asked: tuple[pl.DataFrame, Shape]) -> pl.Series | None:
        """In a thread, which ends in its own time when another is asked: side by side both would take twice as long."""
        with self._one_at_a_time:
            return self._arranging.rows(*asked) if asked is self._asked else None

    def put(self, frame: pl.DataFrame, order: pl.Series | None) -> None:
        """Show the rows of `frame` in `order`, repainting only the lines that differ."""
        before = self._lines_in_sight()
        key, top = self._rows.key(self._cursor), self.scroll_offset.y
        self._rows.put(frame, order)
        self.virtual_size = Size(self._width, self.shown + 1)
        self._restore_cursor(key, top)
        after = self._lines_in_sight()
        if self.scroll_offset.y != top or len(before) != len(after):
            self.refresh()
        else:
            for line, (old, new) in enumerate(zip(before, after, strict=True), start=1):
                self._refresh_changed(line, old, new)
        self.post_message(self.Arranged())

    def _refresh_changed(self, line: int, old: _Line, new: _Line) -> None:
        """Repaint the line from the first cell that differs to the last."""
        if old == new:
            return
        if old[0] or new[0]:
            self.refresh(Region(0, line, self._width, 1))
            return
        x, changed = GUTTER, []
        for column, width in self._fitted():
            number = self._columns.index(column)
            if old[1][number] != new[1][number]:
                changed.append((x, x + width))
            x += width + self._gap
        if changed:
            first, end = changed[0][0], min(changed[-1][1], self._width)
            self.refresh(Region(first, line, end - first, 1))

    def _restore_cursor(self, key: tuple[object, ...] | None, top: int) -> None:
        place = self._rows.place(key)
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

    def _lines_in_sight(self) -> list[_Line]:
        top = self.scroll_offset.y
        rows = range(top, min(self.shown, top + self._page_rows))
        return [(row == self._cursor, self._rows.texts(row)) for row in rows]

    def _fitted(self) -> list[tuple[Column, int]]:
        return fit(self._columns, self._width - GUTTER, self._gap, self._marked_column)

    @property
    def _marked_column(self) -> Column | None:
        return None if self._mark is None else self._columns[self._mark]

    @property
    def _gap(self) -> int:
        return 2 if self._width >= _WIDE_SCREEN else 1

    def render_line(self, y: int) -> Strip:
        width = self._width
        if self._said:
            return self._said_line(y, width)
        if y == 0:
            base = self.get_component_rich_style("frame-table--header")
            header = header_strip(
                self._fitted(),
                self._gap,
                base=base,
                by=self._shape.by,
                descending=self._shape.descending,
                marked=self._marked_column,
            )
            return fill(header, width, base)
        row = self.scroll_offset.y + y - 1
        if row >= self.shown:
            return Strip.blank(width, self.rich_style)
        at_cursor = row == self._cursor
        base = self.rich_style
        if at_cursor:
            name = "frame-table--cursor" if self.has_focus else "frame-table--cursor-away"
            base = self.get_component_rich_style(name)
        segments = row_strip(
            self._rows.texts(row),
            self._columns,
            self._fitted(),
            self._gap,
            base=base,
            at_cursor=at_cursor,
            loud=at_cursor and self.has_focus,
            marked=self._marked_column,
        )
        return fill(segments, width, base)

    def _said_line(self, y: int, width: int) -> Strip:
        lines = self._said.wrap(self.app.console, max(1, min(width - 4, _SENTENCE_CELLS)))
        first = max(0, (self.size.height - len(lines)) // 3)
        if not first <= y < first + len(lines):
            return Strip.blank(width, self.rich_style)
        line = lines[y - first]
        line.align("center", width)
        segments = list(line.render(self.app.console))
        return fill(list(Segment.apply_style(segments, self.rich_style)), width, self.rich_style)

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

    def action_mark(self, step: int) -> None:
        number = (-1 if self._mark is None else self._mark) + step
        mark = None if number < 0 else min(number, len(self._columns) - 1)
        if mark == self._mark:
            return
        before = self._fitted()
        self._mark = mark
        if self._fitted() != before:
            self.refresh()
            return
        for line in (0, self._cursor - self.scroll_offset.y + 1):
            self.refresh(Region(0, line, self._width, 1))

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
