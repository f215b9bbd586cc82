"""Monitor: one tenant's answers, in the shapes of the contract. The app, HTTP, the command line and Python ask it.

It composes: which statements an answer needs, which view makes rows of them. It never raises for a source that is
down (the Answer says so) and raises RequestError for arguments that are wrong.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from sysmon_tui import limits
from sysmon_tui.alerts import evaluate, rules
from sysmon_tui.clock import rfc3339
from sysmon_tui.config import Thresholds
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.services.query import QueryService, Result
from sysmon_tui.views import audit, health, queries, warehouses, workflows
from sysmon_tui.views.answer import Answer, plain_rows

_ASK_HOURS = limits.DEFAULT_HOURS
_PAGE = limits.DEFAULT_PAGE_ROWS
# The fact tables that health needs, by key of TABLES.
HEALTH_TABLES = ("job_run_timeline", "query_history", "warehouse_events", "audit")
_RECENT_FAILURES = 10


class Monitor:
    """Ask it; every method answers from the cache until the next refresh is due, or anew with `fresh`."""

    def __init__(self, service: QueryService, thresholds: Thresholds) -> None:
        self.service = service
        self.thresholds = thresholds

    # Listings ------------------------------------------------------------------------------------------------

    async def workflows(
        self,
        *,
        hours: float = _ASK_HOURS,
        workflow_name: str | None = None,
        status: str | None = None,
        limit: int = _PAGE,
        cursor: str | None = None,
        fresh: bool = False,
    ) -> Answer:
        ask = asks.runs(hours=hours, workflow_name=workflow_name, status=status, limit=limit, cursor=cursor)
        return await self._runs(ask, fresh)

    async def failed_workflows(
        self, *, hours: float = _ASK_HOURS, limit: int = _PAGE, cursor: str | None = None, fresh: bool = False
    ) -> Answer:
        return await self.workflows(hours=hours, status="failed", limit=limit, cursor=cursor, fresh=fresh)

    async def job_history(
        self, workspace_id: str, job_id: str, *, limit: int = 30, fresh: bool = False
    ) -> Answer:
        """The newest runs of one job over the last thirty days."""
        ask = asks.runs(hours=24.0 * 30, workspace_id=workspace_id, job_id=job_id, limit=limit)
        return await self._runs(ask, fresh)

    async def _runs(self, ask: Ask, fresh: bool) -> Answer:
        result, hosts = await asyncio.gather(self.service.answer(ask, fresh=fresh), self._hosts())
        return _answer("workflows", result, workflows.workflows(result.frame, hosts))

    async def run_tasks(
        self, workspace_id: str, run_id: str, *, near: datetime, fresh: bool = False
    ) -> Answer:
        """The task runs of one job run. `near` is when the run began: the scan starts well before it."""
        age_hours = (self.service.clock.now() - near).total_seconds() / 3600
        hours = min(limits.MAX_HOURS, max(_ASK_HOURS, age_hours))
        ask = replace(asks.run_tasks(workspace_id, run_id), hours=float(round(hours + 0.5)))
        result = await self.service.answer(ask, fresh=fresh)
        return _answer("tasks", result, result.frame)

    async def queries(
        self,
        *,
        hours: float = _ASK_HOURS,
        status: str | None = None,
        user_email: str | None = None,
        limit: int = _PAGE,
        cursor: str | None = None,
        fresh: bool = False,
    ) -> Answer:
        ask = asks.queries(hours=hours, status=status, user_email=user_email, limit=limit, cursor=cursor)
        result, names, hosts = await asyncio.gather(
            self.service.answer(ask, fresh=fresh), self._warehouse_names(), self._hosts()
        )
        return _answer("queries", result, queries.queries(result.frame, names, hosts))

    async def failed_queries(
        self, *, hours: float = _ASK_HOURS, limit: int = _PAGE, cursor: str | None = None, fresh: bool = False
    ) -> Answer:
        return await self.queries(hours=hours, status="failed", limit=limit, cursor=cursor, fresh=fresh)

    async def query_errors(self, *, hours: float = _ASK_HOURS, fresh: bool = False) -> Answer:
        """Failed queries by error class, commonest first."""
        result = await self.service.answer(asks.query_errors(hours=hours), fresh=fresh)
        return _answer("errors", result, result.frame)

    async def warehouses(
        self, *, hours: float = _ASK_HOURS, warehouse_id: str | None = None, fresh: bool = False
    ) -> Answer:
        metrics_ask, statements_ask = asks.warehouse_metrics(hours=hours, warehouse_id=warehouse_id)
        metrics, statements, hosts = await asyncio.gather(
            self.service.answer(metrics_ask, fresh=fresh),
            self.service.answer(statements_ask, fresh=fresh),
            self._hosts(),
        )
        # Figures from two tables: the one that can't be read takes only its own figures along.
        known = statements.frame if statements.as_of is not None else None
        frame = warehouses.warehouses(metrics.frame, known, hosts)
        answer = _answer("warehouses", metrics, frame, extra={"totals": warehouses.totals(frame)})
        if known is None and answer.state == "fresh" and statements.reason:
            return replace(answer, state="stale", reason=f"Query figures are missing: {statements.reason}")
        return answer

    async def warehouse_events(
        self, warehouse_id: str, *, hours: float = _ASK_HOURS, fresh: bool = False
    ) -> Answer:
        """A warehouse's events, newest first, from before the window on: its state when the window began is there."""
        result = await self.service.answer(asks.warehouse_events(warehouse_id, hours=hours), fresh=fresh)
        return _answer("events", result, result.frame)

    async def audit(
        self,
        *,
        hours: float = _ASK_HOURS,
        action_name: str | None = None,
        user_email: str | None = None,
        status: str | None = None,
        limit: int = _PAGE,
        cursor: str | None = None,
        fresh: bool = False,
    ) -> Answer:
        ask = asks.audit_events(
            hours=hours, action_name=action_name, user_email=user_email, status=status, limit=limit, cursor=cursor
        )
        result = await self.service.answer(ask, fresh=fresh)
        return _answer("events", result, audit.events(result.frame))

    async def failed_logins(
        self, *, hours: float = _ASK_HOURS, limit: int = _PAGE, fresh: bool = False
    ) -> Answer:
        result = await self.service.answer(
            asks.audit_events(hours=hours, failed_logins=True, limit=limit), fresh=fresh
        )
        return _answer("events", result, audit.events(result.frame))

    async def counts(
        self, kind: str, *, hours: float = _ASK_HOURS, bucket_s: float | None = None, fresh: bool = False
    ) -> Answer:
        """Counts by status over time of workflows, queries, warehouses (events) or audit."""
        result = await self.service.answer(asks.counts(kind, hours=hours, bucket_s=bucket_s), fresh=fresh)
        return _answer("counts", result, result.frame)

    # Alerts and health ---------------------------------------------------------------------------------------

    async def alerts(
        self, *, hours: float | None = None, category: str | None = None, fresh: bool = False
    ) -> Answer:
        """What fires now, or can't be known; with `hours` also what fired and resolved within them."""
        look_back = asks.checked_hours(_ASK_HOURS if hours is None else hours)
        evaluated = await asyncio.gather(
            *(
                call(look_back, fresh)
                for rule_category, call in self._evaluations()
                if category in (None, rule_category)
            )
        )
        seen = [one for one, _ in evaluated]
        found = [alert for _, alerts in evaluated for alert in alerts]
        window = min((one.window for one in seen), key=lambda window: window.end)
        shown = evaluate.in_order(
            evaluate.worth_showing(found, since=None if hours is None else window.start)
        )
        severities = evaluate.by_severity(shown)
        worst = _worst(seen)
        return Answer(
            "alerts",
            _alert_frame(shown),
            len(shown),
            window,
            min((one.as_of for one in seen if one.as_of is not None), default=None),
            min(one.fetched_at for one in seen),
            worst.state,
            worst.reason,
            extra={"total_alerts": sum(severities.values()), "by_severity": severities},
            records=shown,
        )

    def _evaluations(self) -> list[tuple[str, Callable[[float, bool], Awaitable[tuple[Result, list[evaluate.Alert]]]]]]:
        return [
            ("workflow", self._consecutive),
            ("workflow", self._failed_runs_alerts),
            ("security", self._failed_logins_alerts),
            ("query", self._failed_queries_alerts),
        ]

    async def _consecutive(self, hours: float, fresh: bool) -> tuple[Result, list[evaluate.Alert]]:
        threshold = self.thresholds.consecutive_failures
        result = await self.service.answer(asks.failure_streaks(hours=hours, threshold=threshold), fresh=fresh)
        return result, evaluate.consecutive(_seen(result), threshold=threshold, tenant=self.service.tenant)

    async def _failed_runs_alerts(self, hours: float, fresh: bool) -> tuple[Result, list[evaluate.Alert]]:
        result = await self.service.answer(_failed_runs_ask(hours), fresh=fresh)
        return result, self._hourly(rules.FAILED_RUNS, result, "end_time", "workflow_name")

    async def _failed_queries_alerts(self, hours: float, fresh: bool) -> tuple[Result, list[evaluate.Alert]]:
        result = await self.service.answer(_failed_queries_ask(hours), fresh=fresh)
        return result, self._hourly(rules.FAILED_QUERIES, result, "end_time", "error_class")

    async def _failed_logins_alerts(self, hours: float, fresh: bool) -> tuple[Result, list[evaluate.Alert]]:
        ask = asks.audit_events(hours=_alert_hours(hours), failed_logins=True, limit=limits.ALERT_ROWS)
        result = await self.service.answer(ask, fresh=fresh)
        return result, self._hourly(rules.FAILED_LOGINS, result, "event_time", "user_email")

    def _hourly(self, rule: rules.Rule, result: Result, time_column: str, who: str) -> list[evaluate.Alert]:
        threshold: int = getattr(self.thresholds, rule.setting)
        return evaluate.hourly(
            rule,
            _seen(result),
            threshold=threshold,
            time_column=time_column,
            who=who,
            tenant=self.service.tenant,
        )

    async def health(self, *, fresh: bool = False) -> dict[str, Any]:
        """`/api/monitoring/health`: one word, and what stands behind it."""
        alerts, runs, finished, metrics, events, failed_runs, failed_queries, names, hosts = await asyncio.gather(
            self.alerts(fresh=fresh),
            self.counts("workflows", fresh=fresh),
            self.counts("queries", fresh=fresh),
            self.warehouses(fresh=fresh),
            self.counts("audit", fresh=fresh),
            self.service.answer(_failed_runs_ask(_ASK_HOURS), fresh=fresh),
            self.service.answer(_failed_queries_ask(_ASK_HOURS), fresh=fresh),
            self._warehouse_names(),
            self._hosts(),
        )
        sources = {name: self.service.tables.source(name) for name in HEALTH_TABLES}
        severities = alerts.extra["by_severity"]
        recent_runs = _recent(failed_runs, runs.window.start)
        recent_queries = _recent(failed_queries, finished.window.start)
        return {
            "tenant": self.service.tenant,
            "status": health.status(severities, [source["state"] for source in sources.values()]),
            "window": runs.window.document(),
            "fetched_at": rfc3339(runs.fetched_at),
            "summary": {
                "workflows": _tally(runs, asks.FAILED_RUN_STATES),
                "queries": _tally(finished, ("FAILED",)),
                "warehouses": _warehouse_tally(metrics),
                "audit": _tally(events, ("failure", "failed_login")),
            },
            "alerts": {**alerts.extra, "alerts": alerts.rows()},
            "recent_failures": {
                "workflows": plain_rows(workflows.workflows(recent_runs, hosts)),
                "queries": plain_rows(queries.queries(recent_queries, names, hosts)),
            },
            "sources": sources,
        }

    async def detailed_health(self) -> dict[str, Any]:
        """`/health/detailed`: health, and per table how its statements went."""
        summary = await self.health()
        statistics = self.service.tables.statistics()
        nothing = {"statements": 0, "failures": 0, "p95_ms": None, "cache_hits": 0, "last_error": None}
        sources = {
            name: {**source, **statistics.get(name, nothing)} for name, source in summary["sources"].items()
        }
        return {**summary, "sources": sources, "tables": statistics}

    # Text parameters ------------------------------------------------------------------------------------------

    async def ask(self, dataset: str, parameters: Mapping[str, str], *, fresh: bool = False) -> Answer:
        """A dataset of `asks.DATASETS` with text parameters as on HTTP. Raises RequestError naming the parameter."""
        arguments = asks.typed(dataset, parameters)
        methods: dict[str, Callable[..., Awaitable[Answer]]] = {
            "workflows": self.workflows,
            "workflows/failed": self.failed_workflows,
            "queries": self.queries,
            "queries/failed": self.failed_queries,
            "warehouses": self.warehouses,
            "audit": self.audit,
            "alerts": self.alerts,
            "alerts/workflows": self._workflow_alerts,
            "alerts/security": self._security_alerts,
        }
        return await methods[dataset](**arguments, fresh=fresh)

    async def _workflow_alerts(self, *, hours: float = _ASK_HOURS, fresh: bool = False) -> Answer:
        return await self.alerts(hours=hours, category="workflow", fresh=fresh)

    async def _security_alerts(self, *, hours: float = _ASK_HOURS, fresh: bool = False) -> Answer:
        return await self.alerts(hours=hours, category="security", fresh=fresh)

    # Dimensions -----------------------------------------------------------------------------------------------

    async def _hosts(self) -> pl.DataFrame:
        """Hosts of workspaces; where that table can't be read, links are absent and nothing else suffers."""
        return (await self.service.answer(asks.workspaces())).frame

    async def _warehouse_names(self) -> pl.DataFrame:
        return (await self.service.answer(asks.warehouse_names())).frame


def _answer(key: str, result: Result, frame: pl.DataFrame, extra: dict[str, Any] | None = None) -> Answer:
    return Answer(
        key,
        frame,
        result.total,
        result.window,
        result.as_of,
        result.fetched_at,
        result.state,
        result.reason,
        result.next_cursor,
        extra or {},
    )


def _alert_hours(hours: float) -> float:
    # One hour more, so that the first hour of the window is counted whole.
    return min(limits.MAX_HOURS, hours + 1)


def _failed_runs_ask(hours: float) -> Ask:
    return asks.runs(hours=_alert_hours(hours), status="failed", limit=limits.ALERT_ROWS)


def _failed_queries_ask(hours: float) -> Ask:
    return asks.queries(hours=_alert_hours(hours), status="failed", limit=limits.ALERT_ROWS)


def _seen(result: Result) -> evaluate.Seen:
    return evaluate.Seen(
        result.frame, result.total, result.as_of, result.fetched_at, result.state, result.reason
    )


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


def _worst(results: list[Result]) -> Result:
    order = ("failed", "denied", "stale", "empty", "fresh")
    return min(results, key=lambda result: order.index(result.state))


def _alert_frame(alerts: list[evaluate.Alert]) -> pl.DataFrame:
    """Alerts as columns for tables and exports; what nests stands as JSON text."""
    flat = [
        {
            name: json.dumps(value)
            if isinstance(value, dict)
            else datetime.fromisoformat(value)
            if name in _ALERT_TIMES and value is not None
            else value
            for name, value in alert.items()
        }
        for alert in alerts
    ]
    return pl.DataFrame(flat, schema=_ALERT_SCHEMA, orient="row")


_ALERT_TIMES = ("started_at", "detected_at", "resolved_at", "as_of", "silenced_until")
_INSTANT = pl.Datetime("us", "UTC")
_ALERT_SCHEMA: dict[str, pl.DataType] = {
    "id": pl.String(),
    "rule": pl.String(),
    "category": pl.String(),
    "severity": pl.String(),
    "state": pl.String(),
    "title": pl.String(),
    "message": pl.String(),
    "value": pl.Int64(),
    "threshold": pl.Int64(),
    "entity": pl.String(),
    "started_at": _INSTANT,
    "detected_at": _INSTANT,
    "resolved_at": _INSTANT,
    "as_of": _INSTANT,
    "acknowledged_by": pl.String(),
    "silenced_until": _INSTANT,
    "runbook_url": pl.String(),
    "evidence": pl.String(),
}
