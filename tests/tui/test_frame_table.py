"""The virtual table: what it formats, where its cursor stays, how its columns stand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence

import polars as pl
import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Region

from sysmon_tui.tui import cells
from sysmon_tui.tui.arranging import Keep
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.widgets.frame_table import FrameTable
from tests.tui.driving import lines

COLUMNS = (
    Column("name", "name", 12, flex=1),
    Column("size", "size", 8, "count"),
    Column("status", "status", 11, "status", rank=3),
)


class Harness(App[None]):
    def compose(self) -> ComposeResult:
        self.table = FrameTable(COLUMNS, ("id",), zone="UTC")
        yield self.table


def rows(names: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"id{name}" for name in names],
            "name": list(names),
            "size": list(range(len(names))),
            "status": ["FAILED"] * len(names),
        }
    )


def having(text: str) -> Keep:
    """The rows whose name contains the text."""
    return lambda schema: pl.col("name").str.contains(text, literal=True)


def cursor_line(app: App[None]) -> str:
    return next(line for line in lines(app) if line.startswith("▸"))


async def test_a_million_rows_format_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scrolling through a million rows formats blocks in sight, never the whole."""
    formatted: list[int] = []
    real = cells.shown

    def counted(frame: pl.DataFrame, columns: Sequence[Column], zone: str) -> list[tuple[str, ...]]:
        formatted.append(frame.height)
        return real(frame, columns, zone)

    monkeypatch.setattr(cells, "shown", counted)
    number = pl.int_range(1_000_000, eager=True)
    frame = pl.DataFrame(
        {
            "id": number.cast(pl.String),
            "name": number.cast(pl.String),
            "size": number,
            "status": pl.repeat("FAILED", len(number), eager=True),
        }
    )
    app = Harness()
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.show(frame)
        await pilot.press("end", "pageup", "home", "pagedown", "down")
        await pilot.pause()
        assert "20" in cursor_line(app)
        await pilot.press("end")
        await pilot.pause()
        assert "999999" in cursor_line(app)
        assert sum(formatted) < 1000


async def test_filter_and_sort_of_many_rows_keep_keys_live() -> None:
    """Above the quick size a thread arranges; the rows come and the cursor stays on its row."""
    number = pl.int_range(60_000, eager=True)
    frame = pl.DataFrame(
        {"id": number.cast(pl.String), "name": number.cast(pl.String), "size": number, "status": "OK"}
    )
    app = Harness()
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.show(frame)
        await pilot.press("down", "down", "down")
        app.table.filter(having("3"))
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert 0 < app.table.shown < 60_000
        assert cursor_line(app).split()[1] == "3"
        app.table.filter(None)
        await app.workers.wait_for_complete()
        assert app.table.shown == 60_000


async def test_what_is_typed_meanwhile_is_worked_out_once() -> None:
    """While a thread looks through many rows, of all the filters that come only the last one is looked for."""
    looked: list[str] = []
    first_began, may_end = threading.Event(), threading.Event()

    def looking(text: str) -> Keep:
        def keep(schema: Mapping[str, pl.DataType]) -> pl.Expr:
            looked.append(text)
            first_began.set()
            assert may_end.wait(30)
            return pl.col("name").str.contains(text, literal=True)

        return keep

    number = pl.int_range(60_000, eager=True)
    frame = pl.DataFrame(
        {"id": number.cast(pl.String), "name": number.cast(pl.String), "size": number, "status": "OK"}
    )
    app = Harness()
    async with app.run_test(size=(60, 20)) as pilot:
        app.table.show(frame)
        app.table.filter(looking("1"))
        await asyncio.to_thread(first_began.wait, 30)
        for text in ("12", "123", "1234"):
            app.table.filter(looking(text), narrows=True)
            await pilot.pause()
        may_end.set()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert looked == ["1", "1234"]
        assert app.table.shown == frame.get_column("name").str.contains("1234", literal=True).sum()


async def test_a_changed_cell_is_repainted_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a line only the cells from the first that differs to the last; under the cursor the line."""
    app = Harness()
    async with app.run_test(size=(60, 12)) as pilot:
        before = rows(["a", "b", "c"])
        app.table.show(before)
        await pilot.pause()
        regions: list[Region] = []
        monkeypatch.setattr(app.table, "refresh", lambda *those, **_: regions.extend(those))
        app.table.show(before.with_columns(size=pl.Series([7, 1, 9])))
        assert [region.y for region in regions] == [1, 3]
        assert regions[0].width == app.table.size.width - 1
        size_begins = lines(app)[0].index("size") + len("size") - 8
        assert (regions[1].x, regions[1].width) == (size_begins, 8)


async def test_cursor_follows_its_row_through_sort_and_filter() -> None:
    """Sorting, reversing and filtering move the row, and the cursor with it."""
    app = Harness()
    async with app.run_test(size=(60, 12)) as pilot:
        app.table.show(rows(["d", "b", "a", "c"]))
        await pilot.press("down")
        for change in (app.table.sort_by_next, app.table.reverse, lambda: app.table.filter(having("b"))):
            change()
            await pilot.pause()
            assert cursor_line(app).split()[1] == "b"


async def test_sorting_walks_the_columns_in_sight() -> None:
    """Text goes up, numbers down first; the header shows by what; after the last column the order is as it came."""
    app = Harness()
    async with app.run_test(size=(60, 12)) as pilot:
        app.table.show(rows(["b", "a"]))
        app.table.sort_by_next()
        await pilot.pause()
        assert "name↑" in lines(app)[0]
        assert lines(app)[1].split()[-4] == "a"
        app.table.sort_by_next()
        await pilot.pause()
        assert "size↓" in lines(app)[0]
        app.table.sort_by_next()
        app.table.sort_by_next()
        await pilot.pause()
        assert app.table.sorted_by is None


async def test_a_row_that_is_gone_leaves_the_cursor_in_place() -> None:
    """When the cursor's row is no longer there, the cursor stays at its place, or on the last row."""
    app = Harness()
    async with app.run_test(size=(60, 12)) as pilot:
        app.table.show(rows(["a", "b", "c"]))
        await pilot.press("end")
        app.table.show(rows(["a", "b"]))
        await pilot.pause()
        assert cursor_line(app).split()[1] == "b"


WIDE = ["東京_乗継_最適化", "👩‍🚀 crew", "e\u0301clair", "plain", "[/x][bold", "a\x1b[2Jb", "nul\0"]


@pytest.mark.parametrize("width", [30, 60, 100])
async def test_columns_stay_aligned(width: int) -> None:
    """Wide, combining and joined characters take the cells that they are drawn in; every line is as wide."""
    app = Harness()
    async with app.run_test(size=(width, 12)) as pilot:
        app.table.show(rows(WIDE))
        await pilot.pause()
        table_lines = [app.table.render_line(y) for y in range(len(WIDE) + 1)]
        assert {strip.cell_length for strip in table_lines} == {width - 1}
        texts = [strip.text for strip in table_lines]
        assert not {"\x1b", "\0", "\n"} & set("".join(texts))
        header = texts[0]
        size_ends = header.index("size") + len("size")
        for number, text in enumerate(texts[1:]):
            before = text[: text.rindex(str(number)) + 1]
            assert cell_len(before) == size_ends


async def test_narrow_screens_drop_the_least_columns() -> None:
    """Columns of the largest rank go first; the others keep their place and nothing scrolls sideways."""
    app = Harness()
    async with app.run_test(size=(30, 8)) as pilot:
        app.table.show(rows(["a"]))
        await pilot.pause()
        assert "status" not in lines(app)[0]
        assert "size" in lines(app)[0]


async def test_enter_opens_the_cursors_row() -> None:
    """Enter and a double click hand over the row as a frame of one row."""
    opened: list[str] = []

    class Listening(Harness):
        def on_frame_table_opened(self, event: FrameTable.Opened) -> None:
            opened.append(event.row.item(0, "id"))

    app = Listening()
    async with app.run_test(size=(60, 12)) as pilot:
        app.table.show(rows(["a", "b", "c"]))
        await pilot.pause()
        await pilot.press("down", "enter")
        await pilot.click(FrameTable, offset=(5, 3), times=2)
        await pilot.pause()
        assert opened == ["idb", "idc"]


async def test_marking_shows_columns_that_the_width_had_no_room_for() -> None:
    """To the right the mark goes through all columns; a hidden one takes the room of another while it is marked."""
    app = Harness()
    async with app.run_test(size=(30, 8)) as pilot:
        app.table.show(rows(["a"]))
        await pilot.pause()
        assert "status" not in lines(app)[0]
        await pilot.press("right", "right", "right", "right")
        await pilot.pause()
        assert "status" in lines(app)[0]
        assert "name" in lines(app)[0]
        await pilot.press("left", "left", "left")
        await pilot.pause()
        assert "status" not in lines(app)[0]


async def test_sorting_takes_the_marked_column_first() -> None:
    """With a column marked, s sorts by it at once, and by nothing the next time."""
    app = Harness()
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.show(rows(["b", "a"]))
        await pilot.press("right", "right")
        app.table.sort_by_next()
        await pilot.pause()
        assert app.table.sorting == ("size", True)
        app.table.sort_by_next()
        assert app.table.sorting is None


async def test_all_rows_are_handed_over_as_shown() -> None:
    """What an export takes: the rows that pass, in their order, with every column of the frame."""
    app = Harness()
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.show(rows(["b", "ab", "c", "aab"]))
        app.table.filter(having("b"))
        app.table.sort("size", descending=True)
        await pilot.pause()
        shown = app.table.rows_shown
        assert shown is not None
        assert shown.get_column("name").to_list() == ["aab", "ab", "b"]
        assert shown.columns == ["id", "name", "size", "status"]


async def test_only_what_has_a_value_has_a_tone() -> None:
    """A column with a tone colours its values, but no zero and no absence."""

    class Toned(App[None]):
        def compose(self) -> ComposeResult:
            columns = (Column("name", "name", 8), Column("failures", "failed", 8, "count", tone="bad"))
            self.table = FrameTable(columns, ("name",), zone="UTC")
            yield self.table

    app = Toned()
    async with app.run_test(size=(40, 8)) as pilot:
        app.table.show(pl.DataFrame({"name": ["a", "b", "c", "d"], "failures": [None, 0, 7, 1]}))
        await pilot.pause()
        bold = [
            any(segment.style is not None and segment.style.bold for segment in app.table.render_line(line))
            for line in (2, 3, 4)
        ]
        assert bold == [False, True, True]


async def test_other_columns_come_with_other_rows() -> None:
    """A table that is told of other columns shows those, sorted by none."""
    app = Harness()
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.show(rows(["a"]))
        app.table.sort_by_next()
        app.table.forget()
        app.table.use((Column("tenant", "tenant", 10), *COLUMNS), ("tenant", "id"))
        app.table.show(rows(["a"]).with_columns(tenant=pl.lit("prod")))
        await pilot.pause()
        assert "tenant" in lines(app)[0]
        assert "prod" in lines(app)[1]
        assert app.table.sorting is None
