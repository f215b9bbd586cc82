"""Values as texts, as polars expressions: what is shown, searched and sorted comes from the same place.

Imported only once there are rows, because polars takes a fifth of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import polars as pl

from sysmon_tui.clock import rfc3339
from sysmon_tui.text import one_line
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import GLYPHS

NO_VALUE = "-"
# More than any screen is wide; the rest of a long text is in the detail view.
_CELL_CHARS = 512

# The code of a run that went well: no reason for anything.
_NO_REASON = "SUCCESS"

_BINARY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def _two_digits(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.Int64).cast(pl.String).str.zfill(2)


def _duration(seconds: pl.Expr) -> pl.Expr:
    """`350 ms`, `4.2 s`, `21m 03s`, `5h 02m`, `2d 03h`; nothing sensible for negative or endless ones."""
    seconds = seconds.cast(pl.Float64)
    whole = seconds.clip(0, 1e12).fill_nan(None).cast(pl.Int64)
    return (
        pl.when(seconds.is_null() | ~seconds.is_finite() | (seconds < 0))
        .then(None)
        .when(seconds == 0)
        .then(pl.lit("0 s"))
        .when(seconds < 0.9995)
        .then(pl.format("{} ms", (seconds.fill_nan(0).clip(0, 1) * 1000).round(0).cast(pl.Int64)))
        .when(seconds < 59.95)
        .then(pl.format("{} s", seconds.round(1)))
        .when(whole < 3600)
        .then(pl.format("{}m {}s", whole // 60, _two_digits(whole % 60)))
        .when(whole < 86_400)
        .then(pl.format("{}h {}m", whole // 3600, _two_digits(whole % 3600 // 60)))
        .otherwise(pl.format("{}d {}h", whole // 86_400, _two_digits(whole % 86_400 // 3600)))
    )


def _bytes(value: pl.Expr) -> pl.Expr:
    size = value.cast(pl.Float64)
    text: pl.Expr = pl.lit("> 1024 PiB")
    for power, unit in reversed(list(enumerate(_BINARY_UNITS))):
        scaled = pl.format("{} " + unit, (size / 1024.0**power).round(1) if power else size.cast(pl.Int64))
        text = pl.when(size < 1024.0 ** (power + 1)).then(scaled).otherwise(text)
    return pl.when(size.is_finite() & (size >= 0)).then(text)


def _share(value: pl.Expr) -> pl.Expr:
    value = value.cast(pl.Float64)
    percent = (value.fill_nan(None).clip(0, 1e6) * 100).round(1)
    return pl.when(value.is_finite()).then(pl.format("{} %", percent))


def _count(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.String)


def _status(word: pl.Expr) -> pl.Expr:
    marks = [f"{glyph} {known}" for known, glyph in GLYPHS.items()]
    return word.replace_strict(list(GLYPHS), marks, default=pl.format("· {}", word), return_dtype=pl.String)


def _instant(pattern: str, zone: str) -> Callable[[pl.Expr], pl.Expr]:
    return lambda value: value.dt.convert_time_zone(zone).dt.strftime(pattern)


def text_of(column: Column, zone: str) -> pl.Expr:
    """The column's whole text, null where there is no value."""
    writers: dict[str, Callable[[pl.Expr], pl.Expr]] = {
        "text": lambda value: value.cast(pl.String),
        "reason": lambda value: value.cast(pl.String).replace(_NO_REASON, None),
        "status": _status,
        "minute": _instant("%m-%d %H:%M", zone),
        "second": _instant("%m-%d %H:%M:%S", zone),
        "instant": _instant("%Y-%m-%d %H:%M:%S %Z", zone),
        "duration_s": _duration,
        "duration_ms": lambda value: _duration(value.cast(pl.Float64) / 1000),
        "count": _count,
        "bytes": _bytes,
        "share": _share,
    }
    return writers[column.kind](_value_of(column)).alias(column.name)


def _value_of(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    if column.fallback is None:
        return value
    return (
        pl.when(value.is_null() | (value.cast(pl.String) == ""))
        .then(pl.col(column.fallback))
        .otherwise(value)
    )


def shown(frame: pl.DataFrame, columns: Sequence[Column], zone: str) -> list[tuple[str, ...]]:
    """A text for each cell of a small frame: harmless, on one line, `-` where there is no value."""
    texts = frame.select(text_of(column, zone) for column in columns)
    return [
        tuple(NO_VALUE if text is None or text == "" else one_line(text, _CELL_CHARS) for text in row)
        for row in texts.iter_rows()
    ]


def kept(frame: pl.DataFrame, keep: pl.Expr, among: pl.Series | None = None) -> pl.Series:
    """Numbers of the rows that `keep` keeps, in their order; with `among` of those rows alone. `keep` is never null."""
    names = list(dict.fromkeys(keep.meta.root_names()))
    if among is None or not names:
        return frame.select(keep.arg_true().alias("row")).to_series()
    return among.gather(frame.select(names)[among].select(keep.arg_true().alias("row")).to_series())


def ordered(frame: pl.DataFrame, rows: pl.Series | None, by: Column, descending: bool) -> pl.Series:
    """The row numbers, None for all, by a column's value; rows without one come last."""
    values = frame.select(_value_of(by).alias("value"))
    if rows is not None:
        values = values[rows]
    places = values.select(
        pl.arg_sort_by("value", descending=descending, nulls_last=True, maintain_order=True)
    ).to_series()
    return places if rows is None else rows.gather(places)


def row_number(frame: pl.DataFrame, key: Sequence[str], values: Sequence[object]) -> int | None:
    """Where the row with this key stands in the frame."""
    same = pl.all_horizontal(
        pl.col(name).eq_missing(pl.lit(value)) for name, value in zip(key, values, strict=True)
    )
    found = frame.select(same.arg_true().alias("row")).to_series()
    return int(found[0]) if len(found) else None


def place_of(order: pl.Series | None, row: int) -> int | None:
    """Where a row number stands in the arranged order."""
    if order is None:
        return row
    found = (order == row).arg_true()
    return int(found[0]) if len(found) else None


def whole(row: pl.DataFrame, column: Column) -> str:
    """The value of a one-row frame in full, for the clipboard: as it is, instants in RFC 3339; empty without one."""
    value = row.select(_value_of(column)).item()
    return whole_text(value)


def whole_text(value: object) -> str:
    """As `whole`, of any value."""
    if isinstance(value, datetime):
        return rfc3339(value) or ""
    return "" if value is None else str(value)
