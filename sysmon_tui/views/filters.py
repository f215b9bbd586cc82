"""A filter as one polars expression, the same for the app, HTTP and the command line."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from zoneinfo import ZoneInfo

import polars as pl

from sysmon_tui.views.filter_fields import COLUMNS, TEXTS, Field
from sysmon_tui.views.filter_language import Filter, Pattern, Term
from sysmon_tui.views.filter_values import Age, ClockTime, Moment, When

# From so many rows on it pays to look through parts of them side by side: polars works through one expression of texts
# on one core.
_MANY_ROWS = 50_000
_PARTS = 8

_COMPARE: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def matching(wanted: Filter, schema: Mapping[str, pl.DataType], now: datetime, zone: ZoneInfo) -> pl.Expr:
    """Which rows of a frame with this schema the filter keeps: true or false for each, never null.

    Fields that are not in the schema count as without value. Ages and times of day are told from `now`, times without
    an offset in `zone`.
    """
    terms = [_term(term, wanted.dataset, schema, now, zone) for term in wanted.terms]
    return _side_by_side(_all_of(terms))


def _term(
    term: Term, dataset: str, schema: Mapping[str, pl.DataType], now: datetime, zone: ZoneInfo
) -> pl.Expr:
    if term.field is None:
        texts = [name for name, kind in COLUMNS[dataset].items() if kind in ("text", "status")]
        field = Field("", "text", tuple(texts))
    else:
        field = term.field
    columns = _columns(field, schema)
    some = _any_of([present for _, present in columns])
    holds = _holds(term, now, zone)
    tests = [(holds(value).fill_null(False), present) for value, present in columns]
    # A text that must hold something is a value: to look for one costs 2 ms a column of a million rows.
    found = _any_of([test if _needs_text(term, field) else test & present for test, present in tests])
    if None in term.values:
        found = found | ~some
    if term.operator == "!=":
        found = some & ~found
    return ~found if term.is_turned else found


def _needs_text(term: Term, field: Field) -> bool:
    return field.nothing is None and all(isinstance(one, Pattern) and any(one.parts) for one in term.values)


def _holds(term: Term, now: datetime, zone: ZoneInfo) -> Callable[[pl.Expr], pl.Expr]:
    """The test of one column's value against any of the term's."""
    patterns = [one for one in term.values if isinstance(one, Pattern)]
    if patterns:
        return lambda value: _like(value, patterns)
    order = "=" if term.operator == "!=" else term.operator
    known = [one for one in term.values if one is not None and not isinstance(one, Pattern)]
    return lambda value: _any_of([_compared(value, order, one, now, zone) for one in known])


def _columns(field: Field, schema: Mapping[str, pl.DataType]) -> list[tuple[pl.Expr, pl.Expr]]:
    """(value, whether there is one) of each column of the field that the frame has."""
    found = [
        _column(name, schema[name], field)
        for name in field.columns
        if schema.get(name, pl.Null()) != pl.Null()
    ]
    if not field.is_first or not found:
        return found
    first = reduce(
        lambda later, one: pl.when(one[1]).then(one[0]).otherwise(later), found[::-1], pl.lit(None)
    )
    return [(first, _any_of([present for _, present in found]))]


def _column(name: str, dtype: pl.DataType, field: Field) -> tuple[pl.Expr, pl.Expr]:
    value = pl.col(name)
    if field.kind in TEXTS:
        value = value if dtype == pl.String() else value.cast(pl.String)
        nothing = ["", field.nothing] if field.nothing else [""]
        return value, reduce(operator.and_, [(value != word).fill_null(False) for word in nothing])
    if field.kind in ("instant", "flag"):
        return value, value.is_not_null()
    if not dtype.is_numeric():
        value = value.cast(pl.Float64, strict=False)
    # NaN is greater than everything, and shown as no value.
    return value, value.is_finite().fill_null(False) if not dtype.is_integer() else value.is_not_null()


def _compared(
    value: pl.Expr, order: str, wanted: float | bool | When, now: datetime, zone: ZoneInfo
) -> pl.Expr:
    if isinstance(wanted, Age):
        # The older, the less.
        turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}[order]
        return _COMPARE[turned](value, pl.lit(now - timedelta(seconds=wanted.seconds)))
    if isinstance(wanted, ClockTime | Moment):
        begin, end = (pl.lit(instant.astimezone(UTC)) for instant in span(wanted, now, zone))
        if order == "=":
            return (value >= begin) & (value < end)
        return {"<": value < begin, "<=": value < end, ">": value >= end, ">=": value >= begin}[order]
    return _COMPARE[order](value, pl.lit(wanted))


def span(wanted: ClockTime | Moment, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When the day, minute or second begins and when it ends."""
    if isinstance(wanted, ClockTime):
        today = now.astimezone(zone).date()
        begin = datetime.combine(today, wanted.at, zone)
        if begin.astimezone(UTC) > now:
            begin = datetime.combine(today - timedelta(days=1), wanted.at, zone)
    else:
        begin = wanted.at if wanted.at.tzinfo else wanted.at.replace(tzinfo=zone)
    if wanted.width >= timedelta(days=1):
        return begin, begin + wanted.width  # a day of the calendar has 23 to 25 hours
    return begin, begin.astimezone(UTC) + wanted.width


def _like(value: pl.Expr, patterns: Sequence[Pattern]) -> pl.Expr:
    """Whether a text is like any of the patterns, without regard to case."""
    needles = [one.parts[1] for one in patterns if len(one.parts) == 3 and not one.parts[0] + one.parts[2]]
    if len(needles) == len(patterns) and all(needle and needle.isascii() for needle in needles):
        # Measured against a regular expression: half the time where texts begin as the needle does, never much more.
        return value.str.contains_any(needles, ascii_case_insensitive=True)
    return value.str.contains(rf"\A(?:{'|'.join(map(_expression, patterns))})\z")


def _expression(pattern: Pattern) -> str:
    # ASCII letters mean themselves alone: with Unicode's folding `k` would find the sign for Kelvin too.
    parts = (rf"(?i{'-u' if part.isascii() else ''}:{pl.escape_regex(part)})" for part in pattern.parts)
    return "(?s:.*)".join(parts)


def _any_of(tests: Sequence[pl.Expr]) -> pl.Expr:
    return reduce(operator.or_, tests) if tests else _constant(False)


def _all_of(tests: Sequence[pl.Expr]) -> pl.Expr:
    return reduce(operator.and_, tests) if tests else _constant(True)


def _constant(value: bool) -> pl.Expr:
    """As long as the frame: a literal alone would be one row."""
    return pl.repeat(value, pl.len(), dtype=pl.Boolean)


def _side_by_side(keep: pl.Expr) -> pl.Expr:
    """The same, worked out for parts of many rows on all cores."""
    names = keep.meta.root_names()
    if not names:
        return keep

    def work(columns: Sequence[pl.Series]) -> pl.Series:
        frame = pl.DataFrame(columns)
        rows = -(-frame.height // _PARTS) if frame.height >= _MANY_ROWS else max(1, frame.height)
        parts = [
            frame.slice(begin, rows).lazy().select(keep=keep)
            for begin in range(0, max(1, frame.height), rows)
        ]
        return pl.concat(pl.collect_all(parts)).to_series()

    return pl.map_batches(list(dict.fromkeys(names)), work, return_dtype=pl.Boolean())
