"""What each warehouse did in a window, and the sums over all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from sysmon_tui.clock import rfc3339, to_micros
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
    "live_state",
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


def statements(spans: pl.DataFrame, since: datetime) -> pl.DataFrame:
    """Per warehouse what its statements did: counts, the seconds in which at least one ran, the seconds they queued.

    `spans` are what ended in spans of time (span_us, queries, failed_queries, queued_ms, and `busy`: the intervals,
    `[begin,end,begin,end]` in microseconds from span_us on). Intervals of different spans may overlap, and may have
    begun before `since`, which is when the window begins.
    """
    warehouse = ["workspace_id", "warehouse_id"]
    figures = (
        spans.group_by(warehouse)
        .agg(
            pl.col("queries").sum(),
            pl.col("failed_queries").sum(),
            (pl.col("queued_ms").sum() / 1_000).alias("queued_seconds"),
            pl.col("span_us"),
            pl.col("busy"),
        )
        .sort(warehouse)
    )
    busy = [
        _busy_us(spans_us, texts, to_micros(since)) / 1_000_000
        for spans_us, texts in figures.select("span_us", "busy").iter_rows()
    ]
    return figures.drop("span_us", "busy").with_columns(pl.Series("busy_seconds", busy, pl.Float64()))


def _busy_us(spans_us: list[int], busy: list[str], since_us: int) -> int:
    """The length of the union of one warehouse's intervals after `since_us`.

    A warehouse at a time and in Python: over all of them in one frame it took most of the memory of a large estate.
    """
    intervals = []
    for span_us, text in zip(spans_us, busy, strict=True):
        times = json.loads(text)
        intervals += [
            (span_us + begin, span_us + end) for begin, end in zip(times[::2], times[1::2], strict=True)
        ]
    intervals.sort()
    length, reached = 0, since_us
    for begin, end in intervals:
        if end > reached:
            length += end - max(begin, reached)
            reached = end
    return length


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
            pl.lit(None, dtype=pl.String).alias("live_state"),
        )
        .select(FIELDS)
    )


def with_live(rows: pl.DataFrame, workspace_id: str | None, states: Mapping[str, str]) -> pl.DataFrame:
    """What the Warehouses API says now, by warehouse_id; null for all others, and outside of its workspace.

    Where it does not say which that is, `workspace_id` is None: an id belongs to one warehouse alone.
    """
    if not states:
        return rows
    known = pl.DataFrame(
        list(states.items()), schema=dict.fromkeys(("warehouse_id", "live_state"), pl.String()), orient="row"
    )
    joined = rows.drop("live_state").join(known, on="warehouse_id", how="left", maintain_order="left")
    if workspace_id is not None:
        own = pl.col("workspace_id") == workspace_id
        joined = joined.with_columns(pl.when(own).then(pl.col("live_state")))
    return joined.select(FIELDS)


def live(state: str | None, size: str | None, read_at: datetime | None, reason: str | None) -> dict[str, Any]:
    """The warehouse that the statements run on, as the API shows it; null and the reason where it can't be seen."""
    return {
        "source": "warehouses_api",
        "state": state,
        "size": size,
        "read_at": rfc3339(read_at),
        "reason": reason,
    }


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
