"""Bars, their axis, and the chart of all and failed over the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Region

from sysmon_tui.tui.app import SysmonApp
from sysmon_tui.tui.bars import bars, buckets, span_words, standing, time_axis
from sysmon_tui.tui.faces import Face
from sysmon_tui.tui.widgets.count_chart import CountChart
from tests.fakes import NOW, FakeMonitor, FakeRuntime, answer, run
from tests.tui.driving import app_over, lines, press, running, screen

_START = datetime(2026, 3, 10, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_VALUES = st.lists(st.none() | st.integers(0, 10**9), min_size=1, max_size=60)


@given(st.integers(1, 120), st.lists(st.tuples(st.integers(0, 95), st.integers(1, 50)), max_size=40))
def test_charts_lose_no_count(columns: int, counted: list[tuple[int, int]]) -> None:
    """However narrow the chart, its columns together hold every count, there are no more than fit, all equally long."""
    quarter = timedelta(minutes=15)
    sums = buckets(
        [(_START + number * quarter, count) for number, count in counted],
        start=_START,
        end=_START + timedelta(hours=24),
        bucket=quarter,
        arrived=None,
        columns=columns,
    )
    assert len(sums.values) <= columns
    assert sums.total == sum(count for _, count in counted)
    assert (
        (len(sums.values) - 1) * sums.span <= timedelta(hours=24, minutes=15) <= len(sums.values) * sums.span
    )


def test_charts_tell_nothing_from_not_arrived() -> None:
    """No event is a dot; time that the table has not shown yet is shaded; the highest is a full block."""
    sums = buckets(
        [(_START, 8), (_START + _HOUR, 1), (None, 0)],
        start=_START,
        end=_START + 4 * _HOUR,
        bucket=_HOUR,
        arrived=_START + timedelta(hours=2, minutes=30),
        columns=10,
    )
    assert bars(sums.values) == "█▁·░░"
    assert (sums.top, sums.span) == (8, _HOUR)


@given(_VALUES, st.integers(1, 6), st.sampled_from(["blocks", "braille", "ascii"]))
def test_bars_of_every_face_are_a_rectangle(values: list[int | None], height: int, face: Face) -> None:
    """As many lines as asked for, each as wide; in braille two values share a cell."""
    drawn = standing(values, height, face)
    assert len(drawn) == height
    assert {len(line) for line in drawn} == {-(-len(values) // 2) if face == "braille" else len(values)}


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=40), st.integers(1, 6))
def test_higher_bars_are_higher(values: list[int], height: int) -> None:
    """The largest takes the whole height, what is not zero is seen, and no smaller value stands higher."""
    drawn = standing(values, height)
    filled = [
        sum(" ·▁▂▃▄▅▆▇█".index(line[column]) - 1 for line in drawn if line[column] not in " ·")
        for column in range(len(values))
    ]
    assert all((level > 0) == (value > 0) for level, value in zip(filled, values, strict=True))
    if max(values):
        assert filled[values.index(max(values))] == 8 * height
    by_value = sorted(zip(values, filled, strict=True))
    assert [level for _, level in by_value] == sorted(level for _, level in by_value)


def test_braille_has_two_values_a_cell() -> None:
    """Left and right column of dots from the bottom up; nothing and not arrived stay what they are in blocks."""
    assert standing([4, 1, 0, 0, None, None], 1, "braille") == ["⣇·░"]
    assert standing([8, 8, 4, 0], 2, "braille") == ["⣿⠀", "⣿⡇"]
    assert standing([4, 0, 4], 1, "braille") == ["⢸⢸"]  # an odd one: the newest stays at the right edge


@pytest.mark.parametrize(
    ("hours", "cells", "axis"),
    [
        (6, 40, "02:00             05:00        08:00 CET"),
        (24, 48, "03-10 02:00        03-10 14:00   03-11 02:00 CET"),
        (6, 18, "02:00    08:00 CET"),
        (6, 4, "02:00 08:00 CET"),
    ],
)
def test_the_axis_tells_the_persons_time(hours: int, cells: int, axis: str) -> None:
    """Start, middle and end in the person's zone, as wide as the bar; a narrow one has no middle, a day has dates."""
    start = _START + _HOUR
    assert time_axis(start, start + hours * _HOUR, cells, ZoneInfo("Europe/Paris")) == axis


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(37, "37 s"), (225, "3 min 45 s"), (1800, "30 min"), (6300, "1 h 45 min"), (27_000, "7 h 30 min")],
)
def test_spans_in_words(seconds: int, words: str) -> None:
    """Exactly, because a column's sum is of exactly that time."""
    assert span_words(timedelta(seconds=seconds)) == words


def _counts(**changes: Any) -> FakeMonitor:
    rows = [
        {"bucket_start": NOW - timedelta(hours=hours), "status": "SUCCEEDED", "count": 7}
        for hours in range(1, 24)
    ]
    rows.append({"bucket_start": NOW - timedelta(hours=1), "status": "TIMED_OUT", "count": 3})
    return FakeMonitor(
        {"workflows": answer("workflows", [run(1)]), "counts": answer("counts", rows, **changes)}
    )


async def test_a_low_screen_has_a_line_each() -> None:
    """All and failed with exact sums; the highest column says of which time it is the sum."""
    app = app_over(_counts())
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "2")
        runs, failed = next(
            pair for pair in zip(lines(app), lines(app)[1:], strict=False) if " runs " in pair[0]
        )
        assert runs.rstrip().endswith("164, top 10")
        assert failed.rstrip().endswith("3, top 3 in 30 min")
        assert "█" in runs and "█" in failed


async def test_large_sums_take_from_the_bars() -> None:
    """Sums are never cut: the bars make room."""
    rows = [{"bucket_start": NOW - timedelta(hours=1), "status": "FAILED", "count": 1_234_567_890}]
    app = app_over(FakeMonitor({"counts": answer("counts", rows)}))
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "2")
        assert "1,234,567,890, top 1,234,567,890 in" in screen(app)
        assert "…" not in "".join(line for line in lines(app) if "1,234,567,890" in line)


@pytest.mark.parametrize("face", ["blocks", "braille"])
async def test_a_high_screen_has_several_lines_and_an_axis(face: Face) -> None:
    """More height, the time under the bars, and the same sums."""
    app = SysmonApp(FakeRuntime(_counts()).as_runtime, row_limit=10, face=face)
    async with running(app, size=(120, 40)) as pilot:
        await press(pilot, "2")
        chart = app.query_one("#workflows CountChart", CountChart)
        assert chart.size.height == 6
        text = screen(app)
        assert "failed 3" in text and "top 10" in text and "in 15 min" in text
        assert "03-09 12:00" in text and "03-10 00:00" in text and "03-10 12:00 UTC" in text
        assert any("\u2801" <= glyph <= "\u28ff" for glyph in text) == (face == "braille")


async def test_time_that_has_not_arrived_is_told() -> None:
    """A table that is hours behind shows no zero where it shows nothing yet."""
    app = app_over(_counts(as_of=NOW - timedelta(hours=6)))
    async with running(app, size=(160, 40)) as pilot:
        await press(pilot, "2")
        assert "░░░" in screen(app)
        assert "░ not arrived" in screen(app)


async def test_a_table_without_access_has_no_chart() -> None:
    """The reason stands in its place, harmless."""
    app = app_over(_counts(state="denied", reason="No [/x] grant.\x1b[2J"))
    async with running(app) as pilot:
        await press(pilot, "2")
        assert "No chart: No [/x] grant.␛[2J" in screen(app)


async def test_the_same_counts_repaint_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refresh that changes no figure sends no chart again; one that does, does."""
    monitor = _counts()
    app = app_over(monitor)
    async with running(app) as pilot:
        await press(pilot, "2")
        chart = app.query_one("#workflows CountChart", CountChart)
        repainted: list[tuple[Region, ...]] = []
        real = chart.refresh

        def refresh(*regions: Region, **arguments: Any) -> CountChart:
            repainted.append(regions)
            return real(*regions, **arguments)

        monkeypatch.setattr(chart, "refresh", refresh)
        await press(pilot, "r")
        assert repainted == []
        rows = [{"bucket_start": NOW - timedelta(hours=2), "status": "FAILED", "count": 1}]
        monitor.answers["counts"] = answer("counts", rows)
        await press(pilot, "r")
        assert len(repainted) == 1
