"""Counts by status over time."""

from __future__ import annotations

import polars as pl


def buckets(spans: pl.DataFrame, bucket_us: int) -> pl.DataFrame:
    """bucket_start, status, count from counts of narrower spans (span_us, status, count)."""
    start = pl.col("span_us") // bucket_us * bucket_us
    return (
        spans.group_by(start.cast(pl.Datetime("us", "UTC")).alias("bucket_start"), "status")
        .agg(pl.col("count").sum())
        .sort("bucket_start", "status")
    )
