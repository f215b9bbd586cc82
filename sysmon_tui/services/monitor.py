"""Monitor: one tenant's answers, in the shapes of the contract. The app, HTTP, the command line and Python ask it.

It composes: which statements an answer needs, which view makes rows of them. It never raises for a source that is
down (the Answer says so) and raises RequestError for arguments that are wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import rfc3339
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.services import filtered, incident, overview, run_errors
from sysmon_tui.services.asking import for_panel, of_panel
from sysmon_tui.services.desk import AlertDesk
from sysmon_tui.services.live import Told
from sysmon_tui.services.meter import Meter
from sysmon_tui.services.pace import Pace
from sysmon_tui.services.query import QueryService
from sysmon_tui.services.result import Result
from sysmon_tui.services.starts import RunStarts
from sysmon_tui.services.yesterday import Yesterday
from sysmon_tui.sources.live import ACTIVE_RUNS, TaskFailure, WarehouseNow
from sysmon_tui.threads import in_daemon_thread
from sysmon_tui.views import audit, breakdown, counts, queries, warehouses, workflows
from sysmon_tui.views.answer import Answer, State, Window
from sysmon_tui.views.filter_language import parsed
from sysmon_tui.views.incident import Timeline

T = TypeVar("T")

_ASK_HOURS = limits.DEFAULT_HOURS
_PAGE = limits.DEFAULT_PAGE_ROWS
# Readings of warehouses that are kept with the answers they belong to: the windows in use.
_SEEN = 16


class Monitor:
    """Ask it; every method answers from the cache until the next refresh is due, or anew with `fresh`."""

    def __init__(self, service: QueryService, desk: AlertDesk) -> None:
        self.service = service
        self.desk = desk
        self._starts = RunStarts(service)
        self._yesterday = Yesterday(service)
        self._seen: dict[datetime, Told[list[WarehouseNow]]] = {}

    @property
    def pace(self) -> Pace:
        return self.service.pace

    @property
    def meter(self) -> Meter:
        return self.service.meter

    @property
    def is_waiting(self) -> bool:
        """Whether statements wait for the warehouse to start."""
        return self.service.is_waiting

    # Listings ------------------------------------------------------------------------------------------------

    @for_panel("workflows")
    async def workflows(
        self,
        *,
        hours: float = _ASK_HOURS,
        workflow_name: str | None = None,
        status: str | None = None,
        filter: str | None = None,
        limit: int = _PAGE,
        cursor: str | None = None,
        fresh: bool = False,
    ) -> Answer:
        ask = asks.runs(hours=hours, workflow_name=workflow_name, status=status, limit=limit, cursor=cursor)
        return await self._listed("workflows", ask, filter, self._runs, fresh)

    @for_panel("workflows")
    async def failed_workflows(
        self,
        *,
        hours: float = _ASK_HOURS,
        filter: str | None = None,
        limit: int = _PAGE,
        cursor: str | None = None,
        fresh: bool = False,
    ) -> Answer:
        return await self.workflows(
            hours=hours, status="failed", filter=filter, limit=limit, cursor=cursor, fresh=fresh
        )

    @for_panel("workflows")
    async def job_history(
        self, workspace_id: str, job_id: str, *, limit: int = 30, fresh: bool = False
    ) -> Answer:
        """The newest runs of one job over the last thirty days."""
        ask = asks.runs(hours=24.0 * 30, workspace_id=workspace_id, job_id=job_id, limit=limit)
        return _answer("workflows", *await self._runs(ask, fresh))

    async def _runs(self, ask: Ask, fresh: bool) -> tuple[Result, pl.DataFrame]:
        result, hosts = await asyncio.gather(self.service.answer(ask, fresh=fresh), self._hosts())
        completed = await self._starts.completed(result)
        runs = await _made(result, lambda: workflows.workflows(completed, hosts))
        errors = await run_errors.of_runs(self.service.live, runs)
        return result, workflows.with_errors(runs, errors)

    async def _listed(
        self,
        dataset: str,
        ask: Ask,
        line: str | None,
        rows_of: Callable[[Ask, bool], Awaitable[tuple[Result, pl.DataFrame]]],
        fresh: bool,
    ) -> Answer:
        """A page of a listing, of the rows that the filter `line` keeps. `rows_of` makes rows for clients."""
        key = "events" if dataset == "audit" else dataset
        now = self.service.clock.now()
        narrowed = None if line is None else filtered.narrowed(line, dataset, ask, self.service.tenant, now)
        if narrowed is None:
            return _answer(key, *await rows_of(ask, fresh))
        result, rows = await rows_of(narrowed.ask, fresh)
        return _answer(key, *await _made(result, lambda: narrowed.page(result, rows)))

    @for_panel("workflows")
    async def active_runs(self, *, fresh: bool = False) -> Answer:
        """The runs under way now, as the Jobs API tells them: the tables show a run after its first hour or its end."""
        told = await self.service.live.active_runs()
        now = self.service.clock.now()
        state: State = "fresh" if told.reason is None else "denied" if told.denied else "failed"
        rows = pl.DataFrame(schema=ACTIVE_RUNS) if told.value is None else told.value
        if told.value is not None and told.reason is not None:
            state = "stale"
        rows = rows.with_columns(source=pl.lit(workflows.JOBS_API))
        read_at = told.read_at or now
        return Answer(
            "workflows",
            rows,
            rows.height,
            Window.before(read_at, 1),
            told.read_at,
            read_at,
            state,
            told.reason,
        )

    async def run_failures(
        self, workspace_id: str, run_id: str, ended: datetime | None
    ) -> Told[list[TaskFailure]]:
        """Why each failed task of a run failed, as the Jobs API tells it."""
        return await self.service.live.run_failures(workspace_id, run_id, ended)

    @for_panel("workflows")
    async def run_tasks(
        self, workspace_id: str, run_id: str, *, near: datetime, fresh: bool = False
    ) -> Answer:
        """The task runs of one job run. `near` is when the run began: the scan starts well before it."""
        age_hours = (self.service.clock.now() - near).total_seconds() / 3600
        hours = min(limits.MAX_HOURS, max(_ASK_HOURS, age_hours))
        ask = replace(asks.run_tasks(workspace_id, run_id), hours=float(round(hours + 0.5)))
        result = await self.service.answer(ask, fresh=fresh)
        return _answer("tasks", result, result.frame)

    @for_panel("queries")
    async def queries(
        self,
        *,
        hours: float = _ASK_HOURS,
        status: str | None = None,
        user_email: str | None = None,
        warehouse_id: str | None = None,
        filter: str | None = None,
        limit: int = _PAGE,
        cursor: str | None = None,
        fresh: bool = False,
    ) -> Answer:
        ask = asks.queries(
            hours=hours,
            status=status,
            user_email=user_email,
            warehouse_id=warehouse_id,
            limit=limit,
            cursor=cursor,
        )
        return await self._listed("queries", ask, filter, self._queries, fresh)

    async def _queries(self, ask: Ask, fresh: bool) -> tuple[Result, pl.DataFrame]:
        result, names, hosts = await asyncio.gather(
            self.service.answer(ask, fresh=fresh), self._warehouse_names(), self._hosts()
        )
        return result, await _made(result, lambda: queries.queries(result.frame, names, hosts))

    @for_panel("queries")
    async def failed_queries(
        self,
        *,
        hours: float = _ASK_HOURS,
        filter: str | None = None,
        limit: int = _PAGE,
        cursor: str | None = None,
        fresh: bool = False,
    ) -> Answer:
        return await self.queries(
            hours=hours, status="failed", filter=filter, limit=limit, cursor=cursor, fresh=fresh
        )

    @for_panel("queries")
    async def query_errors(self, *, hours: float = _ASK_HOURS, fresh: bool = False) -> Answer:
        """Failed queries by error class, commonest first."""
        result = await self.service.answer(asks.query_errors(hours=hours), fresh=fresh)
        return _answer("errors", result, result.frame)

    @for_panel("queries")
    async def query_times(self, *, hours: float = _ASK_HOURS, fresh: bool = False) -> Answer:
        """Where the time of the window's statements went, a part a row; none where there was no statement."""
        result = await self.service.answer(asks.query_times(hours=hours), fresh=fresh)
        rows = breakdown.time_parts(result.frame)
        return replace(_answer("times", result, rows), total=rows.height)

    @for_panel("queries")
    async def slowest_queries(
        self, *, hours: float = _ASK_HOURS, limit: int = _PAGE, fresh: bool = False
    ) -> Answer:
        """The statements of the window that took longest, in the shape of `queries`."""
        return _answer("queries", *await self._queries(asks.slowest_queries(hours=hours, limit=limit), fresh))

    @for_panel("warehouse")
    async def warehouses(
        self,
        *,
        hours: float = _ASK_HOURS,
        warehouse_id: str | None = None,
        filter: str | None = None,
        fresh: bool = False,
    ) -> Answer:
        wanted = parsed(filter or "", "warehouses")
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
        told = await self._warehouses_now(metrics.fetched_at)
        states = {one.warehouse_id: one.state for one in told.value or ()}
        frame = warehouses.with_live(frame, await self.service.live.workspace_id(), states)
        frame = frame.filter(filtered.matches(wanted, frame, metrics.window.end))
        totals = warehouses.totals(frame, known=metrics.state not in ("denied", "failed"))
        live = {"source": "warehouses_api", "read_at": rfc3339(told.read_at), "reason": told.reason}
        shown = replace(metrics, total=frame.height)
        answer = _answer("warehouses", shown, frame, extra={"totals": totals, "live": live})
        refused = (metrics.fetched_at - statements.fetched_at).total_seconds() >= self.service.pace.keep_s()
        if answer.state == "fresh" and statements.reason and (known is None or refused):
            what = "missing" if known is None else "old"
            return replace(answer, state="stale", reason=f"Query figures are {what}: {statements.reason}")
        return answer

    async def _warehouses_now(self, fetched_at: datetime) -> Told[list[WarehouseNow]]:
        """As they were when the figures were read: an answer stays the same until the next refresh."""
        told = self._seen.get(fetched_at)
        if told is None:
            told = await self.service.live.warehouses()
            if told.value is not None:
                self._seen = dict([*self._seen.items(), (fetched_at, told)][-_SEEN:])
        return told

    @for_panel("warehouse")
    async def warehouse_events(
        self, warehouse_id: str | None, *, hours: float = _ASK_HOURS, fresh: bool = False
    ) -> Answer:
        """The events of a warehouse, or of all, newest first; from before the window on, for the state it began in."""
        result = await self.service.answer(asks.warehouse_events(warehouse_id, hours=hours), fresh=fresh)
        return _answer("events", result, result.frame)

    @for_panel("audit")
    async def audit(
        self,
        *,
        hours: float = _ASK_HOURS,
        action_name: str | None = None,
        user_email: str | None = None,
        status: str | None = None,
        filter: str | None = None,
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
        return await self._listed("audit", ask, filter, self._events, fresh)

    async def _events(self, ask: Ask, fresh: bool) -> tuple[Result, pl.DataFrame]:
        result = await self.service.answer(ask, fresh=fresh)
        return result, await _made(result, lambda: audit.events(result.frame))

    @for_panel("audit")
    async def failed_logins(
        self, *, hours: float = _ASK_HOURS, limit: int = _PAGE, fresh: bool = False
    ) -> Answer:
        result = await self.service.answer(
            asks.audit_events(hours=hours, failed_logins=True, limit=limit), fresh=fresh
        )
        return _answer("events", result, audit.events(result.frame))

    @for_panel("audit")
    async def login_failures(
        self, *, by: breakdown.LoginKey, hours: float = _ASK_HOURS, fresh: bool = False
    ) -> Answer:
        """Refused logins by user or by address, most first; `total` is how many there are of those."""
        result = await self.service.answer(asks.login_failures(hours=hours), fresh=fresh)
        rows, total = breakdown.login_failures(result.frame, by)
        return replace(_answer("logins", result, rows), total=total)

    async def counts(self, kind: str, *, hours: float = _ASK_HOURS, fresh: bool = False) -> Answer:
        """Counts by status over time of workflows, queries, warehouses (events), audit or logins."""
        ask = asks.counts(kind, hours=hours)
        with of_panel({"warehouses": "warehouse", "logins": "audit"}.get(kind, kind)):
            result = await self.service.answer(ask, fresh=fresh)
        if kind == "warehouses":
            return _answer("counts", result, result.frame)
        return _answer("counts", result, counts.buckets(result.counts, asks.bucket_us(ask.hours)))

    # Alerts and health ---------------------------------------------------------------------------------------

    @for_panel("alerts")
    async def alerts(
        self,
        *,
        hours: float | None = None,
        category: str | None = None,
        filter: str | None = None,
        fresh: bool = False,
    ) -> Answer:
        """What fires now, or can't be known; with `hours` also what fired and resolved within them."""
        wanted = parsed(filter or "", "alerts")
        answer = await self.desk.answer(hours=hours, category=category, fresh=fresh)
        return answer if wanted.is_empty else filtered.alerts(wanted, answer)

    @for_panel("alerts")
    async def timeline(self, alert: Mapping[str, Any], *, fresh: bool = False) -> Timeline:
        """What happened around an alert (its document or its row), likely causes first."""
        return await incident.timeline(self.service, alert, fresh=fresh)

    @for_panel("health")
    async def health(self, *, fresh: bool = False) -> dict[str, Any]:
        """`/api/monitoring/health`: one word, and what stands behind it."""
        return await overview.overview(self, fresh=fresh)

    @for_panel("health")
    async def recent_failures(self) -> dict[str, list[dict[str, Any]]]:
        """`recent_failures` of `health`, which are there before all rules are evaluated."""
        return await overview.recent_failures(self)

    @for_panel("health")
    async def yesterday(self, kind: str) -> dict[str, int | None]:
        """`total` and `failed` of the same hours a day before, of what `counts` counts; None for what is not known."""
        return await self._yesterday.tally(kind)

    @for_panel("health")
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
            "workflows/active": self.active_runs,
            "queries": self.queries,
            "queries/failed": self.failed_queries,
            "warehouses": self.warehouses,
            "audit": self.audit,
            "alerts": self.alerts,
            "alerts/workflows": self._workflow_alerts,
            "alerts/security": self._security_alerts,
        }
        return await methods[dataset](**arguments, fresh=fresh)

    async def _workflow_alerts(
        self, *, hours: float = _ASK_HOURS, filter: str | None = None, fresh: bool = False
    ) -> Answer:
        return await self.alerts(hours=hours, category="workflow", filter=filter, fresh=fresh)

    async def _security_alerts(
        self, *, hours: float = _ASK_HOURS, filter: str | None = None, fresh: bool = False
    ) -> Answer:
        return await self.alerts(hours=hours, category="security", filter=filter, fresh=fresh)

    # Dimensions -----------------------------------------------------------------------------------------------

    async def _hosts(self) -> pl.DataFrame:
        """Hosts of workspaces; where that table can't be read, links are absent and nothing else suffers."""
        return (await self.service.answer(asks.workspaces())).frame

    async def _warehouse_names(self) -> pl.DataFrame:
        return (await self.service.answer(asks.warehouse_names())).frame


async def _made(result: Result, make: Callable[[], T]) -> T:
    """What is made of a result's rows; of many in a thread, so that whoever else asks need not wait for it."""
    return make() if result.frame.height <= limits.MAX_PAGE_ROWS else await in_daemon_thread(make)


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
        code=result.code,
    )
