"""The state of a tenant in one word, and what stands behind it."""

from __future__ import annotations

from typing import Any, Literal

import polars as pl

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


UNKNOWN_TALLY: dict[str, Any] = tally(None, None)
