"""How values are written, found and laid out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_tui.tui import cells
from sysmon_tui.tui.bars import bars, buckets
from sysmon_tui.tui.columns import Column, Kind, fit
from sysmon_tui.tui.words import age_words, is_production


def written(value: object, kind: Kind, dtype: pl.DataType | None = None) -> str:
    frame = pl.DataFrame({"x": [value]}, schema={"x": dtype} if dtype else None, strict=False)
    return cells.shown(frame, [Column("x", "x", 10, kind)], "UTC")[0][0]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.0, "duration_s", "0 s"),
        (0.35, "duration_s", "350 ms"),
        (4.21, "duration_s", "4.2 s"),
        (59.97, "duration_s", "0m 59s"),
        (1263.0, "duration_s", "21m 03s"),
        (18_120.0, "duration_s", "5h 02m"),
        (183_600.0, "duration_s", "2d 03h"),
        (-1.0, "duration_s", "-"),
        (float("nan"), "duration_s", "-"),
        (float("inf"), "duration_s", "-"),
        (None, "duration_s", "-"),
        (1200, "duration_ms", "1.2 s"),
        (0, "bytes", "0 B"),
        (1536, "bytes", "1.5 KiB"),
        (2**40, "bytes", "1.0 TiB"),
        (-5, "bytes", "-"),
        (0.104, "share", "10.4 %"),
        (float("nan"), "share", "-"),
        ("FAILED", "status", "✗ FAILED"),
        ("NEW_WORD", "status", "· NEW_WORD"),
        ("SUCCESS", "reason", "-"),
        ("", "text", "-"),
        (None, "text", "-"),
        ("a\nb\x1b", "text", "a b␛"),
        (datetime(2026, 3, 10, 12, 0, 5, tzinfo=UTC), "second", "03-10 12:00:05"),
    ],
)
def test_values_in_words(value: object, kind: Kind, text: str) -> None:
    """Each kind of value has one short spelling; what can't be said is a dash, never NaN or a crash."""
    assert written(value, kind, pl.Float64() if isinstance(value, float) else None) == text


@given(st.text(max_size=8), st.lists(st.text(max_size=12), max_size=8))
def test_filter_is_literal(needle: str, texts: list[str]) -> None:
    """A row is kept if its text contains the filter's, both in lower case; no sign has a meaning of its own."""
    frame = pl.DataFrame({"x": texts}, schema={"x": pl.String()})
    order = cells.arranged(frame, [Column("x", "x", 10)], "UTC", containing=needle)
    kept = range(len(texts)) if order is None else order.to_list()
    lower = pl.Series([needle, *texts]).str.to_lowercase().to_list()
    assert list(kept) == [number for number, text in enumerate(lower[1:]) if lower[0] in text]


def test_filter_finds_what_is_shown() -> None:
    """A duration, a time and a fallback are found by what stands in their cells."""
    frame = pl.DataFrame(
        {
            "took": [61.0, 4.0],
            "at": [datetime(2026, 3, 10, 12, 0, tzinfo=UTC), datetime(2026, 3, 11, 9, 30, tzinfo=UTC)],
            "why": [None, "x"],
            "other": ["spare", "spare"],
        }
    )
    columns = [
        Column("took", "", 8, "duration_s"),
        Column("at", "", 11, "minute"),
        Column("why", "", 8, fallback="other"),
    ]
    for needle, expected in (("1m 01s", [0]), ("15:00", [1]), ("SPARE", [0]), ("17:30", [0])):
        order = cells.arranged(frame, columns, "Asia/Kolkata", containing=needle)
        assert order is not None
        assert order.to_list() == expected


@given(st.integers(1, 200), st.sampled_from([1, 2]))
def test_columns_fill_the_width(width: int, gap: int) -> None:
    """The columns that stay fill the width exactly once one of them is flexible, and the first always stays."""
    columns = [
        Column("a", "a", 10, flex=2),
        Column("b", "b", 20, flex=1, rank=3),
        Column("c", "c", 5, rank=2),
    ]
    fitted = fit(columns, width, gap)
    assert fitted[0][0].name == "a"
    assert sum(cell for _, cell in fitted) + gap * (len(fitted) - 1) == width


_START = datetime(2026, 3, 10, tzinfo=UTC)


@given(st.integers(1, 120), st.lists(st.tuples(st.integers(0, 95), st.integers(1, 50)), max_size=40))
def test_charts_lose_no_count(columns: int, counted: list[tuple[int, int]]) -> None:
    """However narrow the chart, its columns together hold every count, and there are no more than fit."""
    quarter = timedelta(minutes=15)
    sums = buckets(
        [(_START + number * quarter, count) for number, count in counted],
        start=_START,
        end=_START + timedelta(hours=24),
        bucket=quarter,
        arrived=None,
        columns=columns,
    )
    assert len(sums) <= columns
    assert sum(value or 0 for value in sums) == sum(count for _, count in counted)


def test_charts_tell_nothing_from_not_arrived() -> None:
    """No event is a dot; time that the table has not shown yet is shaded; the highest is a full block."""
    sums = buckets(
        [(_START, 8), (_START + timedelta(hours=1), 1)],
        start=_START,
        end=_START + timedelta(hours=4),
        bucket=timedelta(hours=1),
        arrived=_START + timedelta(hours=2, minutes=30),
        columns=10,
    )
    assert bars(sums) == "█▁·░░"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "under 1 min"),
        (59, "under 1 min"),
        (1260, "21 min"),
        (11_100, "3 h 05 min"),
        (187_200, "2 d 4 h"),
    ],
)
def test_ages(seconds: float, words: str) -> None:
    """Ages are coarse; a clock that runs behind makes no negative one."""
    assert age_words(seconds) == words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("production", True),
        ("PROD", True),
        ("prod-eu", True),
        ("live", True),
        ("preprod", False),
        (None, False),
    ],
)
def test_production_by_name(name: str | None, expected: bool) -> None:
    """An environment is production when its name says so."""
    assert is_production(name) is expected
