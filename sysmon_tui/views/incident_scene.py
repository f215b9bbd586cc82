"""From an alert and what was read to what failed: the alert itself, runs, statements, starts, refusals. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from sysmon_tui import limits
from sysmon_tui.datasets.states import FAILED_RUN_STATES
from sysmon_tui.errors import RequestError
from sysmon_tui.views.incident_causes import Failure, Scene, names, tables_in
from sysmon_tui.views.incident_changes import Change

Row = dict[str, Any]

_LEAD = timedelta(hours=limits.INCIDENT_LEAD_HOURS)
_BACK = timedelta(hours=limits.INCIDENT_BACK_HOURS)
_AFTER = timedelta(hours=limits.INCIDENT_AFTER_HOURS)


@dataclass(frozen=True)
class Incident:
    """What an alert says of itself. `ended` is None while it is open."""

    id: str
    category: str
    state: str
    title: str
    entity: Mapping[str, str]
    row_ids: frozenset[str]
    began: datetime
    ended: datetime | None

    @classmethod
    def of(cls, alert: Mapping[str, Any]) -> Incident:
        """From an alert's document or its row, where what nests is JSON text. Raises RequestError without a time."""
        began = _instant(alert.get("started_at")) or _instant(alert.get("detected_at"))
        if began is None:
            raise RequestError("This alert names no time, so it has no timeline.", parameter="alert")
        ids = _object(alert.get("evidence")).get("ids")
        entity = {name: str(value) for name, value in _object(alert.get("entity")).items() if value}
        return cls(
            id=str(alert.get("id") or ""),
            category=str(alert.get("category") or ""),
            state=str(alert.get("state") or ""),
            title=str(alert.get("title") or ""),
            entity=entity,
            row_ids=frozenset(str(one) for one in ids) if isinstance(ids, list) else frozenset(),
            began=began,
            ended=_instant(alert.get("resolved_at")),
        )

    def until(self, now: datetime) -> datetime:
        """Where the time axis ends: with the alert or now, and not for ever after it began."""
        end = min(self.ended or now, self.began + _AFTER, now)
        return max(end, self.began + timedelta(minutes=1))

    @property
    def is_of_a_job(self) -> bool:
        return "job_id" in self.entity

    @property
    def is_security(self) -> bool:
        return self.category == "security"

    @property
    def users(self) -> frozenset[str]:
        return names([self.entity.get("user_email")])


def starts_at(incident: Incident, runs: pl.DataFrame) -> datetime:
    """Where the time axis begins: well before the alert, and before the first of the runs that it is about."""
    first = [incident.began]
    if incident.is_of_a_job:
        named = [row for row in runs.to_dicts() if row["run_id"] in incident.row_ids]
        first += [
            row["start_time"] for row in [*streak(incident, runs), *named] if row["start_time"] is not None
        ]
    return max(min(first), incident.began - _BACK) - _LEAD


def streak(incident: Incident, runs: pl.DataFrame) -> list[Row]:
    """Of the runs of a job those that failed in a row around the alert's beginning, oldest first."""
    ended = [row for row in in_order(runs, "end_time", "run_id") if row["end_time"] is not None]
    before: list[Row] = []
    for row in reversed([row for row in ended if row["end_time"] <= incident.began]):
        if row["status"] == "SUCCEEDED":
            break
        before.append(row)
    after: list[Row] = []
    for row in (row for row in ended if row["end_time"] > incident.began):
        if row["status"] == "SUCCEEDED":
            break
        after.append(row)
    return [row for row in [*reversed(before), *after] if row["status"] in FAILED_RUN_STATES]


def last_success(runs: pl.DataFrame, before: datetime) -> Row | None:
    """The newest run that ended well by then."""
    rows = in_order(runs, "end_time", "run_id")
    well = [
        row for row in rows if row["status"] == "SUCCEEDED" and row["end_time"] and row["end_time"] <= before
    ]
    return well[-1] if well else None


def scene(
    incident: Incident, runs: pl.DataFrame, related: list[Row], queries: list[Row], found: Iterable[Change]
) -> Scene:
    """`runs` are all that were read, `related` and `queries` those that have to do with the alert."""
    itself = _itself(incident)
    if not incident.is_of_a_job:
        failures = [itself, *map(_run, _failed(related)), *map(_query, queries)]
        failures += [_refused(one) for one in found if one.kind == "denied" and one.who in incident.users]
        return Scene(
            failures,
            first=incident.began if incident.is_security else None,
            is_security=incident.is_security,
            only_tied=incident.category not in ("workflow", "query"),
        )
    in_a_row = streak(incident, runs)
    about = {(row["workspace_id"], row["run_id"]) for row in in_a_row}
    own = [row for row in queries if (row["workspace_id"], row["job_run_id"]) in about]
    failures = [itself, *map(_run, in_a_row), *map(_query, own)]
    # Who the job runs as is known from any of its runs.
    who = names(row["run_as"] for row in runs.to_dicts())
    failures.append(Failure(itself.at, "failing run", itself.workspace_id, itself.job_id, principals=who))
    first = min(failure.at for failure in failures)
    # What it was refused names tables too, where its statements are not known. Others may run as the same one, so that
    # says nothing of when the job began to fail.
    failures += [_refused(one) for one in found if one.kind == "denied" and one.who in who]
    success = last_success(runs, first)
    return Scene(failures, first, success["start_time"] if success else None)


def in_order(frame: pl.DataFrame, *columns: str) -> list[Row]:
    """The rows by time, those without one first; the same order whatever order they came in."""
    return frame.sort(*columns, "workspace_id", nulls_last=False).to_dicts()


def _failed(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["end_time"] and row["status"] in FAILED_RUN_STATES]


def _itself(incident: Incident) -> Failure:
    entity = incident.entity
    table = entity.get("table")
    return Failure(
        incident.began,
        "alert",
        entity.get("workspace_id"),
        entity.get("job_id"),
        entity.get("warehouse_id"),
        tables=frozenset({table.lower()} if table else ()),
        principals=incident.users,
        address=entity.get("source_ip", "").lower(),
    )


def _run(row: Row) -> Failure:
    return Failure(
        row["end_time"], "failing run", row["workspace_id"], row["job_id"], principals=names([row["run_as"]])
    )


def _query(row: Row) -> Failure:
    return Failure(
        row["end_time"],
        "failing query",
        row["workspace_id"],
        row["job_id"],
        row["warehouse_id"],
        # What only waited or took long has no quarrel with its tables.
        tables=tables_in(row["statement_text"]) | tables_in(row["error_message"])
        if row["status"] == "FAILED"
        else frozenset(),
        principals=names([row["user_email"]]),
        error=row["error_class"] or "",
    )


def _refused(one: Change) -> Failure:
    tables = frozenset({one.target} if one.target else ())
    return Failure(one.at, "refused request", one.workspace_id, tables=tables, principals=names([one.who]))


def _instant(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) else None


def _object(value: object) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, Mapping) else {}
