"""A window that is read again: what of it to ask for, and how that and what is known make one answer.

Rows come late and out of order, so a refresh reads back from the newest event it has seen by an overlap and replaces
what it knew of that time; older rows and counts stay as they are. Rows later than the overlap would go unseen, so
everything is read anew every limits.FULL_READ_S, and the overlap then follows the latest rows that came meanwhile.

Pure: frames in, frames out. Rejected: counting on with what is new (an error would stay for ever), and a digest of
the whole window at each refresh (it reads what the refresh should spare).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import to_micros
from sysmon_tui.views.answer import Window

_SECOND_US = 1_000_000
_OVERLAP_US = int(limits.OVERLAP_HOURS * 3600) * _SECOND_US
_WIDEST_OVERLAP_US = int(limits.WIDEST_OVERLAP_HOURS * 3600) * _SECOND_US
_FULL_READ_US = int(limits.FULL_READ_S) * _SECOND_US


_NO_COUNTS = pl.DataFrame(schema={"span_us": pl.Int64(), "status": pl.String(), "count": pl.Int64()})


@dataclass(frozen=True)
class Reading:
    """A window as far as it was read.

    `rows` have `sort_us` (the newest rows of a listing, one more than is shown) or `span_us` (figures of a span of
    time). `counts` are span_us, status, count. Spans are whole seconds from the window's start to `fine_until_us`, so
    that they add up exactly for a window that begins in between, and `width_us` wide after it.
    """

    rows: pl.DataFrame
    counts: pl.DataFrame
    window: Window
    seen: datetime | None
    whole_at: datetime
    fine_until_us: int
    width_us: int
    overlap_us: int = _OVERLAP_US
    late_us: int = 0  # how far behind the newest event rows have come since the whole reading

    @property
    def total(self) -> int:
        return int(self.counts.get_column("count").sum())


def reading(
    answer: pl.DataFrame,
    window: Window,
    fine_until_us: int,
    width_us: int,
    overlap_hours: float = limits.OVERLAP_HOURS,
) -> Reading:
    """The answer to a statement in its parts. `overlap_hours` is how far back its refreshes read at least."""
    dated = answer.get_column("as_of").max() if "as_of" in answer.columns else None
    seen = dated if isinstance(dated, datetime) else None
    if "row_key" in answer.columns:
        rows = answer.filter(pl.col("row_key").is_not_null()).drop(
            "span_us", "counted_status", "span_count", "as_of"
        )
        spans = answer.filter(pl.col("span_count").is_not_null())
        counts = spans.select("span_us", status="counted_status", count="span_count")
    else:
        # A LEFT JOIN keeps one row for the date of an answer that has no rows.
        rows = answer.drop("as_of", strict=False).filter(
            ~pl.all_horizontal(pl.exclude("count", "failures", "users").is_null())
        )
        counts = _NO_COUNTS
        if "span_us" in rows.columns:
            by_span = rows.group_by("span_us").agg(count=pl.col("queries").sum())
            counts = by_span.select("span_us", pl.lit(None, pl.String).alias("status"), "count")
    overlap_us = max(_OVERLAP_US, int(overlap_hours * 3600) * _SECOND_US)
    return Reading(rows, counts, window, seen, window.end, fine_until_us, width_us, overlap_us)


def fine_until_us(window: Window) -> int:
    """Up to where a whole reading counts by seconds: as far as the window moves before the next whole one."""
    return to_micros(window.start.replace(microsecond=0)) + _FULL_READ_US + _SECOND_US


def read_since_us(known: Reading, window: Window) -> int | None:
    """From when on to read again; None where the whole window must be."""
    if known.seen is None or (window.hours * 3600) % 1 or window.start.microsecond:
        return None
    moved = window.end - known.whole_at
    if moved.total_seconds() < 0 or moved.total_seconds() >= limits.FULL_READ_S:
        return None
    since = _floor(to_micros(known.seen) - known.overlap_us, known.width_us)
    return since if since > known.fine_until_us > to_micros(window.start) else None


def joined(known: Reading, news: Reading, since_us: int, row_limit: int | None) -> Reading | None:
    """`news` from `since_us` on, and before it what was known; None where the whole window must be read.

    `row_limit` is how many rows a listing keeps.
    """
    start_us = to_micros(news.window.start)
    order = "sort_us" if row_limit is not None else "span_us"
    rows = pl.concat([news.rows, _between(known.rows, order, start_us, since_us)])
    both = replace(
        known,
        rows=rows if row_limit is None else rows.head(row_limit),
        counts=pl.concat([news.counts, _between(known.counts, "span_us", start_us, since_us)]),
        window=news.window,
        seen=max((one for one in (known.seen, news.seen) if one is not None), default=None),
        late_us=max(known.late_us, _lateness_us(known, news, since_us)),
    )
    if row_limit is not None and rows.height < min(row_limit, both.total):
        return None  # rows that were known are gone from the table: what stood behind them was never read
    return both


def anew(known: Reading, whole: Reading) -> Reading:
    """A whole reading that knows from the one before it how late rows come."""
    late_us = max(known.late_us, _lateness_us(known, whole, whole.fine_until_us))
    widened_us = min(late_us * 5 // 4, _WIDEST_OVERLAP_US)
    return replace(whole, overlap_us=max(whole.overlap_us, widened_us))


def _lateness_us(known: Reading, news: Reading, since_us: int) -> int:
    """How far behind the newest known event the oldest span lies that has other counts than it had."""
    if known.seen is None:
        return 0
    seen_us = to_micros(known.seen)
    before, after = (
        _between(one.counts, "span_us", since_us, seen_us).with_columns(pl.col("status").fill_null(""))
        for one in (known, news)
    )
    keys = ["span_us", "status", "count"]
    changed = pl.concat([before.join(after, on=keys, how="anti"), after.join(before, on=keys, how="anti")])
    oldest = changed.get_column("span_us").min()
    return seen_us - oldest if isinstance(oldest, int) else 0


def _between(frame: pl.DataFrame, column: str, from_us: int, until_us: int) -> pl.DataFrame:
    return frame.filter(pl.col(column).is_between(from_us, until_us, closed="left"))


def _floor(instant_us: int, width_us: int) -> int:
    return instant_us // width_us * width_us
