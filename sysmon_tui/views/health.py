"""The state of a tenant in one word, and what stands behind it."""

from __future__ import annotations

from typing import Any, Literal

import polars as pl

_DAY_US = 24 * 3_600_000_000

Status = Literal["healthy", "degraded", "unhealthy", "unknown"]


def status(alerts: list[dict[str, Any]], source_states: list[str]) -> Status:
    """A critical alert is unhealthy, another one degraded; what is not known is never healthy.

    An alert about a table's freshness says that something is not known. `empty` is a table that has shown nothing at
    all: there is nothing to be healthy about.
    """
    firing = {
        alert["severity"]
        for alert in alerts
        if alert["state"] == "firing" and alert["category"] != "freshness"
    }
    if "critical" in firing:
        return "unhealthy"
    if firing:
        return "degraded"
    if any(state != "fresh" for state in source_states):
        return "unknown"
    return "healthy"


def tally(total: int | None, failed: int | None) -> dict[str, Any]:
    """`success_rate` is the share that did not fail, from 0 to 1; null without a total."""
    rate = (total - failed) / total if total and failed is not None else None
    return {"total": total, "failed": failed, "success_rate": rate}


def tally_of(counts: pl.DataFrame, failed_states: tuple[str, ...]) -> dict[str, Any]:
    """From counts by status over time."""
    failed = counts.filter(pl.col("status").is_in(failed_states))
    return tally(int(counts.get_column("count").sum()), int(failed.get_column("count").sum()))


def day_before(
    today: pl.DataFrame, both: pl.DataFrame, *, today_us: int, both_us: int, width_us: int
) -> pl.DataFrame:
    """Counts by status of the 24 hours before `today_us`, where the window of `today` begins.

    `both` (span_us, status, count) are counts of two days from `both_us` on, read some minutes before `today` perhaps.
    One of its spans, all `width_us` wide there, may straddle `today_us`: what of it is today's, the narrower spans of
    `today` say exactly, because a whole number of them makes one of `both`.
    """
    cut_us = (today_us // width_us + 1) * width_us
    day_ago_us = today_us - _DAY_US
    span_us = pl.col("span_us")
    of_both = both.filter((span_us < cut_us) & ((span_us >= day_ago_us) | (both_us >= day_ago_us)))
    of_today = today.filter(span_us < cut_us).with_columns(-pl.col("count"))
    sums = pl.concat([of_both, of_today]).group_by("status").agg(pl.col("count").sum())
    # A row that came after the two days were read is in today's counts alone.
    return sums.with_columns(pl.col("count").clip(lower_bound=0))


UNKNOWN_TALLY: dict[str, Any] = tally(None, None)
