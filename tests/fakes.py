"""A Monitor that answers what a test says, and remembers what it was asked; a Runtime around it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, cast

import polars as pl

from sysmon_tui.clock import HeldClock, rfc3339
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.errors import RequestError, SysmonError
from sysmon_tui.runtime import Runtime
from sysmon_tui.services.live import Told
from sysmon_tui.services.meter import Meter
from sysmon_tui.services.pace import Pace
from sysmon_tui.sources.live import TaskFailure
from sysmon_tui.views import audit, queries, warehouses, workflows
from sysmon_tui.views.alerts import alert_frame
from sysmon_tui.views.answer import Answer, State, Window

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

_INSTANT = pl.Datetime("us", "UTC")
_TYPES: dict[str, pl.DataType] = {
    **dict.fromkeys(("start_time", "end_time", "event_time", "bucket_start"), _INSTANT),
    **dict.fromkeys(("attempts", "status_code", "count", "cluster_count"), pl.Int64()),
    **dict.fromkeys(("starts", "stops", "failures", "queries", "failed_queries"), pl.Int64()),
    **dict.fromkeys(("users", "others", "statements"), pl.Int64()),
    **dict.fromkeys(("first_failure", "last_failure", "let_in_at"), _INSTANT),
    "share": pl.Float64(),
    **dict.fromkeys(("duration_seconds", "execution_seconds", "uptime_seconds", "utilization"), pl.Float64()),
    **dict.fromkeys(("idle_seconds", "busy_seconds", "queued_seconds", "cluster_seconds"), pl.Float64()),
    "from_result_cache": pl.Boolean(),
}
_FIELDS: dict[str, tuple[str, ...]] = {
    "workflows": workflows.FIELDS,
    "queries": queries.FIELDS,
    "warehouses": warehouses.FIELDS,
    "audit": audit.FIELDS,
    "active_runs": ("workspace_id", "run_id", "workflow_name", "start_time"),
    "counts": ("bucket_start", "status", "count"),
    "run_tasks": (
        "run_id",
        "task_key",
        "status",
        "start_time",
        "duration_seconds",
        "execution_seconds",
        "termination_code",
    ),
    "warehouse_events": ("workspace_id", "warehouse_id", "event_type", "cluster_count", "event_time"),
    "query_errors": ("error_class", "failures", "users", "first_failure", "last_failure", "last_message"),
    "query_times": ("part", "statements", "sum_ms", "share", "p95_ms"),
    "login_failures": (
        "name",
        "failures",
        "others",
        "first_failure",
        "last_failure",
        "followed",
        "let_in_at",
    ),
}


def _type(name: str) -> pl.DataType:
    if name in _TYPES:
        return _TYPES[name]
    return pl.Int64() if name.endswith(("_ms", "_bytes", "_rows", "_ups", "_downs")) else pl.String()


def frame(kind: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of a kind in its columns; what a row does not say is null."""
    if kind == "alerts":
        return alert_frame(rows)
    schema = {name: _type(name) for name in _FIELDS[kind]}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def run(number: int, **values: Any) -> dict[str, Any]:
    """A run that began `number` minutes before NOW."""
    start = NOW - timedelta(minutes=number)
    return {
        "workspace_id": "1",
        "job_id": "7",
        "run_id": str(number),
        "workflow_name": f"job_{number}",
        "status": "SUCCEEDED",
        "start_time": start,
        "end_time": start + timedelta(seconds=61),
        "duration_seconds": 61.0,
        "attempts": 1,
        **values,
    }


def alerts(rows: list[dict[str, Any]], **values: Any) -> Answer:
    """What the desk answers: with what stands beside the alerts."""
    firing = [row["severity"] for row in rows if row["state"] == "firing"]
    extra = {
        "total_alerts": len(firing),
        "by_severity": {severity: firing.count(severity) for severity in sorted(set(firing))},
        "rules": [],
        "store_reason": None,
        "notifications": {},
    }
    return replace(answer("alerts", rows, **values), records=rows, extra=extra)


def alert(alert_id: str, **values: Any) -> dict[str, Any]:
    """One that fires, as the contract has it."""
    return {
        "id": alert_id,
        "rule": "workflow.consecutive_failures",
        "category": "workflow",
        "severity": "critical",
        "state": "firing",
        "title": f"{alert_id} fires",
        "message": f"{alert_id} has failed.",
        "value": 3,
        "threshold": 3,
        "entity": {},
        "started_at": rfc3339(NOW - timedelta(minutes=30)),
        "detected_at": rfc3339(NOW - timedelta(minutes=29)),
        "resolved_at": None,
        "as_of": rfc3339(NOW),
        "acknowledged_by": None,
        "silenced_until": None,
        "runbook_url": None,
        "evidence": {},
        **values,
    }


def answer(
    kind: str,
    rows: list[dict[str, Any]],
    *,
    state: State = "fresh",
    reason: str | None = None,
    as_of: datetime | None = NOW - timedelta(minutes=21),
    hours: float = 24,
) -> Answer:
    return Answer(kind, frame(kind, rows), len(rows), Window.before(NOW, hours), as_of, NOW, state, reason)


_HEALTH: dict[str, Any] = {
    "status": "unknown",
    "fetched_at": rfc3339(NOW),
    "summary": {
        kind: {"total": None, "failed": None, "success_rate": None}
        for kind in ("workflows", "queries", "warehouses", "audit")
    },
    "alerts": {"total_alerts": 0, "by_severity": {}, "alerts": []},
    "recent_failures": {"workflows": [], "queries": []},
    "sources": {
        **{
            table: {"state": "fresh", "as_of": None, "lag_seconds": None, "reason": None}
            for table in ("job_run_timeline", "query_history", "warehouse_events")
        },
        "audit": {"state": "denied", "as_of": None, "lag_seconds": None, "reason": "No grant."},
    },
}


@dataclass
class FakeDesk:
    """Remembers who took what."""

    taken: list[tuple[str, str | None]] = field(default_factory=list)
    trouble: str | None = None

    async def acknowledge(self, alert_id: str, by: str | None) -> bool:
        self.taken.append((alert_id, by))
        return True


@dataclass
class FakeMonitor:
    """`answers` by method name; an error is raised, an Event is waited for first and for ever if it never comes."""

    answers: dict[str, Answer | SysmonError] = field(default_factory=dict)
    held: asyncio.Event | None = None
    health_document: dict[str, Any] = field(default_factory=lambda: dict(_HEALTH))
    of_yesterday: dict[str, dict[str, int | None]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    cancelled: int = 0
    is_waiting: bool = False
    meter: Meter = field(default_factory=lambda: Meter(HeldClock(NOW)))
    desk: FakeDesk = field(default_factory=FakeDesk)

    @cached_property
    def pace(self) -> Pace:
        return Pace(HeldClock(NOW), self.meter, refresh_s=60)

    async def active_runs(self, **arguments: Any) -> Answer:
        return await self._answer("active_runs", "active_runs", arguments)

    async def run_failures(self, *arguments: Any) -> Told[list[TaskFailure]]:
        self.asked.append(("run_failures", {}))
        return Told(None, reason="No API here.")

    async def _answer(self, method: str, kind: str, arguments: dict[str, Any]) -> Answer:
        self.asked.append((method, arguments))
        if self.held is not None:
            try:
                await self.held.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        found = self.answers.get(method, alerts([]) if kind == "alerts" else answer(kind, []))
        if isinstance(found, SysmonError):
            raise found
        hours = arguments.get("hours", 24.0)
        return replace(found, window=Window.before(found.fetched_at, hours))

    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]

    async def workflows(self, **arguments: Any) -> Answer:
        return await self._answer("workflows", "workflows", arguments)

    async def failed_workflows(self, **arguments: Any) -> Answer:
        return await self._answer("failed_workflows", "workflows", arguments)

    async def queries(self, **arguments: Any) -> Answer:
        return await self._answer("queries", "queries", arguments)

    async def failed_queries(self, **arguments: Any) -> Answer:
        return await self._answer("failed_queries", "queries", arguments)

    async def warehouses(self, **arguments: Any) -> Answer:
        return await self._answer("warehouses", "warehouses", arguments)

    async def audit(self, **arguments: Any) -> Answer:
        return await self._answer("audit", "audit", arguments)

    async def query_errors(self, **arguments: Any) -> Answer:
        return await self._answer("query_errors", "query_errors", arguments)

    async def query_times(self, **arguments: Any) -> Answer:
        return await self._answer("query_times", "query_times", arguments)

    async def slowest_queries(self, **arguments: Any) -> Answer:
        return await self._answer("slowest_queries", "queries", arguments)

    async def login_failures(self, *, by: str, **arguments: Any) -> Answer:
        """Those of `answers` are called logins_by_user and logins_by_address."""
        return await self._answer(f"logins_by_{by}", "login_failures", arguments)

    async def alerts(self, **arguments: Any) -> Answer:
        return await self._answer("alerts", "alerts", arguments)

    async def counts(self, kind: str, **arguments: Any) -> Answer:
        return await self._answer("counts", "counts", {"kind": kind, **arguments})

    async def run_tasks(self, workspace_id: str, run_id: str, **arguments: Any) -> Answer:
        return await self._answer("run_tasks", "run_tasks", {"run_id": run_id, **arguments})

    async def job_history(self, workspace_id: str, job_id: str, **arguments: Any) -> Answer:
        return await self._answer("job_history", "workflows", {"job_id": job_id, **arguments})

    async def warehouse_events(self, warehouse_id: str | None, **arguments: Any) -> Answer:
        arguments = {"warehouse_id": warehouse_id, **arguments}
        return await self._answer("warehouse_events", "warehouse_events", arguments)

    async def recent_failures(self) -> dict[str, list[dict[str, Any]]]:
        await self._answer("recent_failures", "counts", {})
        failures: dict[str, list[dict[str, Any]]] = self.health_document["recent_failures"]
        return failures

    async def yesterday(self, kind: str) -> dict[str, int | None]:
        await self._answer("yesterday", "counts", {"kind": kind})
        return self.of_yesterday.get(kind, {"total": None, "failed": None})

    async def health(self, **arguments: Any) -> dict[str, Any]:
        await self._answer("health", "counts", arguments)
        return self.health_document


@dataclass
class _Tenant:
    monitor: FakeMonitor


class FakeRuntime:
    """One fake monitor behind every configured tenant, but for those that have their own in `monitors`."""

    def __init__(
        self,
        monitor: FakeMonitor,
        config: Config | None = None,
        monitors: Mapping[str, FakeMonitor] | None = None,
    ) -> None:
        self.monitor = monitor
        self.monitors = monitors or {}
        self.clock = HeldClock(NOW)
        self.config = config or Config(
            tenants={"main": TenantConfig(source="databricks", warehouse_id="w", environment="production")}
        )
        self.taken: list[str | None] = []

    tells_somebody = False

    def start_courier(self) -> None:
        """Nobody is told."""

    def scope(self, name: str) -> str:
        return name

    def tenant(self, name: str | None) -> _Tenant:
        self.taken.append(name)
        if name is not None and name not in self.config.tenants:
            raise RequestError("There is no such tenant.")
        return _Tenant(self.monitors.get(name or "", self.monitor))

    @property
    def as_runtime(self) -> Runtime:
        return cast(Runtime, self)
