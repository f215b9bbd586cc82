"""Monitor: one tenant's answers, in the shapes of the contract. The app, HTTP, the command line and Python ask it.

It composes: which statements an answer needs, which view makes rows of them. It never raises for a source that is
down (the Answer says so) and raises RequestError for arguments that are wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from sysmon_tui import limits
from sysmon_tui.config import Thresholds
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.services import overview
from sysmon_tui.services.evaluation import Evaluation
from sysmon_tui.services.query import QueryService, Result
from sysmon_tui.services.starts import RunStarts
from sysmon_tui.views import audit, counts, queries, warehouses, workflows
from sysmon_tui.views.answer import Answer

_ASK_HOURS = limits.DEFAULT_HOURS
_PAGE = limits.DEFAULT_PAGE_ROWS


class Monitor:
    """Ask it; every method answers from the cache until the next refresh is due, or anew with `fresh`."""

    def __init__(self, service: QueryService, thresholds: Thresholds) -> None:
        self.service = service
        self._starts = RunStarts(service)
        self._evaluation = Evaluation(service, thresholds)

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
        runs = await self._starts.completed(result)
        return _answer("workflows", result, workflows.workflows(runs, hosts))

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
        known = None
        if statements.as_of is not None:
            known = warehouses.statements(statements.frame, statements.window.start)
        frame = warehouses.warehouses(metrics.frame, known, hosts)
        totals = warehouses.totals(frame, known=metrics.state not in ("denied", "failed"))
        answer = _answer("warehouses", metrics, frame, extra={"totals": totals})
        refused = (metrics.fetched_at - statements.fetched_at).total_seconds() >= self.service.refresh_s
        if answer.state == "fresh" and statements.reason and (known is None or refused):
            what = "missing" if known is None else "old"
            return replace(answer, state="stale", reason=f"Query figures are {what}: {statements.reason}")
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
            hours=hours,
            action_name=action_name,
            user_email=user_email,
            status=status,
            limit=limit,
            cursor=cursor,
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

    async def counts(self, kind: str, *, hours: float = _ASK_HOURS, fresh: bool = False) -> Answer:
        """Counts by status over time of workflows, queries, warehouses (events) or audit."""
        ask = asks.counts(kind, hours=hours)
        result = await self.service.answer(ask, fresh=fresh)
        if kind == "warehouses":
            return _answer("counts", result, result.frame)
        return _answer("counts", result, counts.buckets(result.counts, asks.bucket_us(ask.hours)))

    # Alerts and health ---------------------------------------------------------------------------------------

    async def alerts(
        self, *, hours: float | None = None, category: str | None = None, fresh: bool = False
    ) -> Answer:
        """What fires now, or can't be known; with `hours` also what fired and resolved within them."""
        return await self._evaluation.run(hours=hours, category=category, fresh=fresh)

    async def health(self, *, fresh: bool = False) -> dict[str, Any]:
        """`/api/monitoring/health`: one word, and what stands behind it."""
        return await overview.overview(self, fresh=fresh)

    async def detailed_health(self) -> dict[str, Any]:
        """`/health/detailed`: health, and per table how its statements went."""
        return await overview.detailed(self)

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
