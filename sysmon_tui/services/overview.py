"""Health: one word for a tenant, its figures, its newest failures, and what is known of each table."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import rfc3339
from sysmon_tui.datasets import asks
from sysmon_tui.services import rule_rows, run_errors
from sysmon_tui.services.result import Result
from sysmon_tui.views import health, queries, warehouses, workflows
from sysmon_tui.views.answer import Answer, plain_rows, worst

if TYPE_CHECKING:
    from sysmon_tui.services.monitor import Monitor

_RECENT_FAILURES = 10


async def overview(monitor: Monitor, *, fresh: bool) -> dict[str, Any]:
    """`/api/monitoring/health`."""
    service = monitor.service
    # Questions get their turn in this order: the figures are three statements, the alerts ten.
    runs, finished, events, metrics, alerts = await asyncio.gather(
        monitor.counts("workflows", fresh=fresh),
        monitor.counts("queries", fresh=fresh),
        monitor.counts("audit", fresh=fresh),
        monitor.warehouses(fresh=fresh),
        monitor.alerts(fresh=fresh),
    )
    metrics_ask, _ = asks.warehouse_metrics(hours=limits.DEFAULT_HOURS)
    sources = {
        "job_run_timeline": _source(runs),
        "query_history": _source(finished),
        "warehouse_events": _source(await service.answer(metrics_ask)),
        "audit": _source(events),
    }
    state = worst(source["state"] for source in sources.values())
    dated = [source for source in sources.values() if source["as_of"] is not None]
    oldest = min(dated, key=lambda source: source["as_of"], default={"as_of": None, "lag_seconds": None})
    return {
        "tenant": service.tenant,
        "status": health.status(alerts.rows(), [source["state"] for source in sources.values()]),
        "window": runs.window.document(),
        "as_of": oldest["as_of"],
        "lag_seconds": oldest["lag_seconds"],
        "fetched_at": rfc3339(runs.fetched_at),
        "state": state,
        "reason": next(source["reason"] for source in sources.values() if source["state"] == state),
        "summary": {
            "workflows": _tally(runs, asks.FAILED_RUN_STATES),
            "queries": _tally(finished, ("FAILED",)),
            "warehouses": _warehouse_tally(metrics),
            "audit": _tally(events, ("failure", "failed_login")),
        },
        "alerts": {
            "total_alerts": alerts.extra["total_alerts"],
            "by_severity": alerts.extra["by_severity"],
            "alerts": alerts.rows(),
        },
        "recent_failures": await recent_failures(monitor),
        "sources": sources,
    }


async def recent_failures(monitor: Monitor) -> dict[str, list[dict[str, Any]]]:
    """The newest failed runs and queries. The rows are those of the alert rules: no statement runs for them besides."""
    service = monitor.service
    runs, finished, failed_runs, failed_queries, names, hosts = await asyncio.gather(
        monitor.counts("workflows"),
        monitor.counts("queries"),
        service.answer(rule_rows.failed_runs(limits.DEFAULT_HOURS)),
        service.answer(monitor.desk.evaluation.query_signals_ask(limits.DEFAULT_HOURS)),
        service.answer(asks.warehouse_names()),
        service.answer(asks.workspaces()),
    )
    recent_runs = workflows.workflows(_recent(failed_runs, runs.window.start), hosts.frame)
    recent_runs = workflows.with_errors(recent_runs, await run_errors.of_runs(service.live, recent_runs))
    failed = replace(failed_queries, frame=failed_queries.frame.filter(pl.col("status") == "FAILED"))
    recent_queries = queries.queries(_recent(failed, finished.window.start), names.frame, hosts.frame)
    return {"workflows": plain_rows(recent_runs), "queries": plain_rows(recent_queries)}


async def detailed(monitor: Monitor) -> dict[str, Any]:
    """`/health/detailed`: health, and per table how its statements went."""
    summary = await overview(monitor, fresh=False)
    statistics = monitor.service.tables.statistics()
    nothing = {"statements": 0, "failures": 0, "p95_ms": None, "cache_hits": 0, "last_error": None}
    sources = {
        name: {**source, **statistics.get(name, nothing)} for name, source in summary["sources"].items()
    }
    service = monitor.service
    told = await service.live.warehouse()
    state, size = (None, None) if told.value is None else (told.value.state, told.value.size)
    return {
        **summary,
        "sources": sources,
        "tables": statistics,
        "warehouse": warehouses.live(state, size, told.read_at, told.reason),
        "cost": service.meter.document(),
        "pace": service.pace.document(),
    }


def _source(answer: Answer | Result) -> dict[str, Any]:
    """A table as these very figures saw it. One that shows nothing in a day is empty, were it known from before."""
    lag_s = None if answer.as_of is None else max(0, int((answer.fetched_at - answer.as_of).total_seconds()))
    state = "empty" if answer.as_of is None and answer.state == "fresh" else answer.state
    return {"state": state, "as_of": rfc3339(answer.as_of), "lag_seconds": lag_s, "reason": answer.reason}


def _recent(result: Result, since: datetime) -> pl.DataFrame:
    """The newest failures of a window, from the rows that the alert rules have read anyway."""
    return result.frame.filter(pl.col("end_time") >= since).head(_RECENT_FAILURES)


def _tally(answer: Answer, failed_states: tuple[str, ...]) -> dict[str, Any]:
    if answer.state in ("denied", "failed"):
        return health.UNKNOWN_TALLY
    return health.tally_of(answer.frame, failed_states)


def _warehouse_tally(answer: Answer) -> dict[str, Any]:
    """Warehouses, and those with a start that failed."""
    if answer.state in ("denied", "failed"):
        return health.UNKNOWN_TALLY
    return health.tally(answer.frame.height, answer.frame.filter(pl.col("failures") > 0).height)
