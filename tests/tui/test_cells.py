"""How values are written, found and laid out."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_tui.tui import cells
from sysmon_tui.tui.columns import Column, Kind, fit
from sysmon_tui.tui.words import age_words, counted_words, is_production


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


def test_rows_are_kept_and_ordered() -> None:
    """Rows that pass, of all or of some; by a column, without a value last either way."""
    frame = pl.DataFrame({"x": [3, None, 1, 2], "keep": [True, True, False, True]})
    by = Column("x", "x", 5)
    kept = cells.kept(frame, pl.col("keep"))
    assert kept.to_list() == [0, 1, 3]
    assert cells.kept(frame, pl.col("keep"), pl.Series([1, 2])).to_list() == [1]
    assert cells.ordered(frame, kept, by, False).to_list() == [3, 0, 1]
    assert cells.ordered(frame, None, by, True).to_list() == [0, 3, 2, 1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\nb\x1b", "a\nb\x1b"),
        (0.25, "0.25"),
        (None, ""),
        (datetime(2026, 3, 10, 12, 0, 5, tzinfo=UTC), "2026-03-10T12:00:05Z"),
    ],
)
def test_whole_values_are_for_the_clipboard(value: object, text: str) -> None:
    """A copy has the value itself, not its short spelling; the clipboard's own gate makes it harmless."""
    assert cells.whole(pl.DataFrame({"x": [value]}), Column("x", "x", 5)) == text


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
    assert columns[2] in [column for column, _ in fit(columns, width, gap, marked=columns[2])]
    assert sum(cell for _, cell in fitted) + gap * (len(fitted) - 1) == width


@pytest.mark.parametrize(
    ("number", "things", "words"),
    [
        (0, "runs", "0 runs"),
        (1, "runs", "1 run"),
        (1, "queries", "1 query"),
        (1234, "warehouses", "1,234 warehouses"),
    ],
)
def test_one_is_not_many(number: int, things: str, words: str) -> None:
    """One run is no `1 runs`."""
    assert counted_words(number, things) == words


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
