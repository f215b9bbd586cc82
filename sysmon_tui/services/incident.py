"""What an incident's timeline asks: the runs, then the statements, then what they lead to in audit and warehouses.

One after another, because each tells what to look for next: the runs when it began, the statements which warehouses
and tables. What can't be read is missing by name, and the rest is there.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from sysmon_tui import limits
from sysmon_tui.alerts.finding import minute
from sysmon_tui.clock import rfc3339
from sysmon_tui.datasets import asks, catalogue
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.services.query import QueryService
from sysmon_tui.services.result import Result
from sysmon_tui.views import audit, queries, workflows
from sysmon_tui.views.answer import State, Window, worst
from sysmon_tui.views.incident import Parts, Timeline, story
from sysmon_tui.views.incident_causes import tables_in
from sysmon_tui.views.incident_scene import Incident, starts_at

# What each part is called on the screen, and what is missing without it.
_PARTS = {
    "runs": "failed runs",
    "queries": "failed queries",
    "warehouse": "warehouse events",
    "audit": "changes and logins",
}


async def timeline(service: QueryService, alert: Mapping[str, Any], *, fresh: bool) -> Timeline:
    """`alert` is its document or its row. Raises RequestError for one that names no time."""
    incident = Incident.of(alert)
    return await _Asking(service, incident, fresh).timeline()


class _Asking:
    def __init__(self, service: QueryService, incident: Incident, fresh: bool) -> None:
        self._service = service
        self._incident = incident
        self._fresh = fresh
        self._now = service.clock.now().replace(microsecond=0)
        self._until = incident.until(self._now)
        # Up to now is no bound: then the answer of a moment ago still holds.
        self._bound = None if self._until >= self._now else self._until
        self._results: dict[str, Result] = {}

    async def timeline(self) -> Timeline:
        incident = self._incident
        runs = await self._part("runs", self._runs_ask(), catalogue.RUNS.schema)
        since = starts_at(incident, runs)
        found = await self._part("queries", self._queries_ask(since), catalogue.INCIDENT_QUERIES.schema)
        changes, events, names, hosts = await asyncio.gather(
            self._part("audit", self._changes_ask(since, runs, found), catalogue.INCIDENT_CHANGES.schema),
            self._part("warehouse", self._events_ask(since, found), catalogue.WAREHOUSE_EVENTS.schema),
            self._service.answer(asks.warehouse_names()),
            self._service.answer(asks.workspaces()),
        )
        told = story(incident, Parts(runs, found, events, changes, names.frame), since, self._until)
        details = {
            "run": workflows.workflows(runs, hosts.frame),
            "query": queries.queries(found, names.frame, hosts.frame),
            "audit": audit.events(changes),
        }
        return self._answer(told.frame, told.verdict, since, details)

    async def _part(self, name: str, ask: Ask | None, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
        """The rows; none where there is nothing to ask or nothing came."""
        if ask is None:
            return pl.DataFrame(schema=schema)
        result = await self._service.answer(ask, fresh=self._fresh)
        self._results[name] = result
        return result.frame

    def _hours(self, since: datetime) -> float:
        """From now back to then, in whole hours: the same question for an hour."""
        hours = math.ceil((self._now - since) / timedelta(hours=1))
        return float(min(max(1, hours), limits.MAX_HOURS))

    def _runs_ask(self) -> Ask | None:
        incident, entity = self._incident, self._incident.entity
        if incident.category == "freshness" or (incident.is_security and not incident.users):
            return None
        back = limits.INCIDENT_BACK_HOURS if incident.is_of_a_job else limits.INCIDENT_LEAD_HOURS
        return asks.incident_runs(
            hours=self._hours(incident.began - timedelta(hours=back)),
            until=self._bound,
            workspace_id=entity.get("workspace_id") if incident.is_of_a_job else None,
            job_id=entity.get("job_id"),
            workflow_name=entity.get("workflow_name"),
        )

    def _queries_ask(self, since: datetime) -> Ask | None:
        incident, entity = self._incident, self._incident.entity
        if incident.category == "freshness" or (incident.is_security and not incident.users):
            return None
        return asks.incident_queries(
            hours=self._hours(since),
            since=since,
            until=self._bound,
            near=incident.began,
            statement_ids=incident.row_ids if incident.category in ("query", "warehouse") else (),
            of_jobs=incident.category == "workflow",
            workspace_id=entity.get("workspace_id"),
            job_id=entity.get("job_id"),
            warehouse_id=entity.get("warehouse_id"),
            user_email=entity.get("user_email"),
        )

    def _changes_ask(self, since: datetime, runs: pl.DataFrame, found: pl.DataFrame) -> Ask:
        named = [
            *(
                self._incident.entity.get(name)
                for name in ("job_id", "warehouse_id", "user_email", "source_ip")
            ),
            *runs.get_column("run_as").to_list(),
            *runs.get_column("job_id").to_list(),
            *found.get_column("user_email").to_list(),
            *found.get_column("warehouse_id").to_list(),
        ]
        for text in (*found.get_column("statement_text"), *found.get_column("error_message")):
            for table in tables_in(text):
                # A grant may be on the schema or the catalog that holds it.
                named += [table, table.rpartition(".")[0], table.partition(".")[0]]
        return asks.incident_changes(
            hours=self._hours(since),
            since=since,
            until=self._bound,
            near=self._incident.began,
            subjects=[name for name in named if name],
        )

    def _events_ask(self, since: datetime, found: pl.DataFrame) -> Ask | None:
        """Of no warehouse where none is known to have to do with it."""
        ids = {one for one in found.get_column("warehouse_id").to_list() if one}
        ids |= {one for one in [self._incident.entity.get("warehouse_id")] if one}
        if not ids:
            return None
        one = next(iter(ids)) if len(ids) == 1 else None
        return asks.incident_warehouse_events(
            hours=self._hours(since), since=since, until=self._bound, warehouse_id=one
        )

    def _answer(
        self, frame: pl.DataFrame, verdict: str, since: datetime, details: Mapping[str, pl.DataFrame]
    ) -> Timeline:
        missing = {
            name: result.reason or f"No reason is known ({result.state})."
            for name, result in self._results.items()
            if result.as_of is None and result.state in ("denied", "failed")
        }
        state, reason = self._state(missing)
        if len(missing) == len(self._results):
            frame, verdict = frame.clear(), ""
        elif "audit" in missing:
            verdict = ""
        heads = [result.as_of for result in self._results.values() if result.as_of is not None]
        first = next(iter(self._results.values()))
        return Timeline(
            "timeline",
            frame,
            frame.height,
            Window.before(self._until, (self._until - since) / timedelta(hours=1)),
            min(heads, default=None),
            min(result.fetched_at for result in self._results.values()),
            state,
            reason,
            extra={
                "start": rfc3339(since),
                "end": rfc3339(self._until),
                "began": rfc3339(self._incident.began),
                "data_until": {name: rfc3339(result.as_of) for name, result in self._results.items()},
                "missing": missing,
                "verdict": verdict,
            },
            code=first.code if len(missing) == len(self._results) else None,
            details=details,
        )

    def _state(self, missing: Mapping[str, str]) -> tuple[State, str | None]:
        """Denied or failed only where nothing came; a part that is missing or behind makes the whole stale."""
        results = self._results
        if len(missing) == len(results):
            state = worst(result.state for result in results.values())
            return state, next(result.reason for result in results.values() if result.state == state)
        said = [f"{_PARTS[name]} are missing: {why}" for name, why in missing.items()]
        for name, result in results.items():
            if result.as_of is not None and result.as_of < self._incident.began:
                said.append(f"{name} until {minute(result.as_of)}: later {_PARTS[name]} are not here yet.")
            elif result.code is not None and name not in missing:
                said.append(
                    f"{_PARTS[name]} are as they were at {minute(result.fetched_at)}: {result.reason}"
                )
        if not said:
            return "fresh", None
        return "stale", " ".join(one[0].upper() + one[1:] for one in said)
