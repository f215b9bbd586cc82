"""What each warehouse did in a window, and the sums over all of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from sysmon_tui.clock import to_micros
from sysmon_tui.views.links import url, with_host

FIELDS = (
    "workspace_id",
    "warehouse_id",
    "warehouse_name",
    "warehouse_size",
    "warehouse_type",
    "state",
    "cluster_count",
    "starts",
    "stops",
    "failures",
    "scale_ups",
    "scale_downs",
    "uptime_seconds",
    "cluster_seconds",
    "queries",
    "failed_queries",
    "busy_seconds",
    "idle_seconds",
    "utilization",
    "start_latency_p50_seconds",
    "queued_seconds",
    "url",
)
_SUMMED = (
    "starts",
    "stops",
    "failures",
    "scale_ups",
    "scale_downs",
    "uptime_seconds",
    "cluster_seconds",
    "queries",
    "failed_queries",
    "busy_seconds",
    "idle_seconds",
    "queued_seconds",
)


def statements(intervals: pl.DataFrame, since: datetime) -> pl.DataFrame:
    """Per warehouse what its statements did: counts, the seconds in which at least one ran, the seconds they queued.

    `intervals` are busy times in which statements ended (begin_us, end_us, queries, failed_queries, queued_ms); they
    may overlap, and may have begun before `since`, which is when the window begins.
    """
    warehouse = ["workspace_id", "warehouse_id"]
    begin, end = pl.max_horizontal("begin_us", pl.lit(to_micros(since))), pl.col("end_us")
    busy_until = end.cum_max().shift(1).over(warehouse)
    return (
        intervals.with_columns(begin.alias("begin_us"))
        .sort(*warehouse, "begin_us", "end_us")
        .with_columns((end - pl.max_horizontal("begin_us", busy_until)).clip(lower_bound=0).alias("busy_us"))
        .group_by(warehouse, maintain_order=True)
        .agg(
            pl.col("queries").sum(),
            pl.col("failed_queries").sum(),
            (pl.col("busy_us").sum() / 1_000_000).alias("busy_seconds"),
            (pl.col("queued_ms").sum() / 1_000).alias("queued_seconds"),
        )
    )


def warehouses(metrics: pl.DataFrame, statements: pl.DataFrame | None, hosts: pl.DataFrame) -> pl.DataFrame:
    """`statements` is what query history says per warehouse; None when it could not be read.

    Then what comes from it is null, which is not zero. A warehouse can't be busier than it was up: where the two
    tables disagree at the edges, idle is 0 and utilization 1.
    """
    counted = ("queries", "failed_queries", "busy_seconds", "queued_seconds")
    if statements is None:
        joined = metrics.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in counted)
    else:
        joined = metrics.join(
            statements, on=["workspace_id", "warehouse_id"], how="left", maintain_order="left"
        ).with_columns(pl.col(name).fill_null(0) for name in counted)
    uptime, busy = pl.col("uptime_seconds"), pl.col("busy_seconds")
    return (
        with_host(joined, hosts)
        .with_columns(
            pl.when(busy.is_not_null()).then((uptime - busy).clip(lower_bound=0)).alias("idle_seconds"),
            pl.when(uptime > 0).then((busy / uptime).clip(upper_bound=1)).alias("utilization"),
            url("/sql/warehouses/{}?o={}", "warehouse_id", "workspace_id"),
        )
        .select(FIELDS)
    )


def totals(rows: pl.DataFrame, *, known: bool = True) -> dict[str, Any]:
    """The sums over all warehouses, and busy over uptime; null where a summand, or all of it, is not known."""
    if not known:
        return dict.fromkeys((*_SUMMED, "utilization"))
    sums: dict[str, Any] = {}
    for name in _SUMMED:
        column = rows.get_column(name)
        sums[name] = None if column.null_count() else column.sum()
    uptime, busy = sums["uptime_seconds"], sums["busy_seconds"]
    sums["utilization"] = min(1.0, busy / uptime) if uptime and busy is not None else None
    return sums
