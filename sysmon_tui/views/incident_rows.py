"""What belongs to an incident, each as a row of its timeline. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from sysmon_tui.datasets.states import FAILED_RUN_STATES
from sysmon_tui.text import one_line
from sysmon_tui.views.incident_causes import Scene, age, names, touches
from sysmon_tui.views.incident_changes import SYMPTOMS, Change
from sysmon_tui.views.incident_scene import Incident, Row, in_order, last_success, streak

_INSTANT = pl.Datetime("us", "UTC")
SCHEMA: dict[str, pl.DataType] = {
    "time": _INSTANT,
    "end_time": _INSTANT,
    **dict.fromkeys(("kind", "status", "what", "who", "why"), pl.String()),
    "likely": pl.Int64(),
    "workspace_id": pl.String(),
    "id": pl.String(),
}
# Of these, what is tied to nothing that failed is somebody else's day.
_OF_THEIR_OWN = frozenset({"job", "pipeline", "warehouse", "catalog", "other"})
# At one instant a warehouse goes through its events in this order.
_STEPS = ("STARTING", "RUNNING", "SCALING_UP", "SCALED_UP", "SCALED_DOWN", "STOPPING", "STOPPED")
_TEXT_CHARS = 300


def row(kind: str, values: Mapping[str, Any]) -> Row:
    """A row with nothing but what is said of it."""
    return {**dict.fromkeys(SCHEMA), "why": "", "who": "", "kind": kind, **values}


def alert_row(incident: Incident) -> Row:
    values = {"status": incident.state, "what": incident.title, "id": incident.id}
    where = incident.entity.get("workspace_id")
    return row("alert", {"time": incident.began, "end_time": incident.ended, "workspace_id": where, **values})


def related_runs(incident: Incident, runs: pl.DataFrame, queries: list[Row]) -> list[Row]:
    """Of a job those that failed, and the last one that went well before; else those that have to do with the alert."""
    rows = in_order(runs, "start_time", "run_id")
    if incident.is_of_a_job:
        first = min((one["start_time"] for one in streak(incident, runs)), default=incident.began)
        well = last_success(runs, first)
        about = incident.row_ids | ({well["run_id"]} if well else set())
        return [one for one in rows if one["status"] in FAILED_RUN_STATES or one["run_id"] in about]
    if incident.category == "workflow":
        name = incident.entity.get("workflow_name")
        return [one for one in rows if name in (None, one["workflow_name"])]
    if incident.is_security:
        return [one for one in rows if names([one["run_as"]]) & incident.users]
    linked = {(one["workspace_id"], one["job_run_id"]) for one in queries}
    return [one for one in rows if (one["workspace_id"], one["run_id"]) in linked]


def run_row(one: Row) -> Row:
    code = one["termination_code"]
    what = one["workflow_name"] or f"run {one['run_id']}"
    return row(
        "run",
        {
            "time": one["start_time"] or one["end_time"],
            "end_time": one["end_time"],
            "status": one["status"],
            "what": f"{what}: {code}" if code and code != "SUCCESS" else what,
            "who": one["run_as"],
            "workspace_id": one["workspace_id"],
            "id": one["run_id"],
        },
    )


def query_row(one: Row) -> Row:
    of = f" of run {one['job_run_id']}" if one["job_run_id"] else ""
    error = one_line(one["error_message"] or one["error_class"] or "", _TEXT_CHARS)
    return row(
        "query",
        {
            "time": one["start_time"] or one["end_time"],
            "end_time": one["end_time"],
            "status": one["status"],
            "what": f"{one['statement_type'] or 'statement'}{of}" + (f": {error}" if error else ""),
            "who": one["user_email"],
            "workspace_id": one["workspace_id"],
            "id": one["statement_id"],
        },
    )


def warehouse_events(
    incident: Incident, events: pl.DataFrame, warehouses: pl.DataFrame, queries: list[Row]
) -> list[Row]:
    """Of the warehouses that it is about, oldest first, with their names; `failed_at` is when a start came to nothing,
    `mended_at` when it was next up."""
    wanted = {(one["workspace_id"], one["warehouse_id"]) for one in queries if one["warehouse_id"]}
    known = {
        (one["workspace_id"], one["warehouse_id"]): one["warehouse_name"] for one in warehouses.to_dicts()
    }
    rows = [
        one
        for one in events.to_dicts()
        if (one["workspace_id"], one["warehouse_id"]) in wanted
        or one["warehouse_id"] == incident.entity.get("warehouse_id")
    ]
    of_each: dict[tuple[str, str], list[Row]] = {}
    for one in sorted(rows, key=_moment):
        key = (one["workspace_id"], one["warehouse_id"])
        before = of_each.setdefault(key, [])
        if before and before[-1]["event_type"] == "STARTING" and one["event_type"] in ("STOPPING", "STOPPED"):
            before[-1]["failed_at"] = one["event_time"]
        if one["event_type"] == "RUNNING":
            for earlier in before:
                earlier["mended_at"] = earlier["mended_at"] or one["event_time"]
        name = known.get(key) or f"warehouse {one['warehouse_id']}"
        before.append({**one, "failed_at": None, "mended_at": None, "name": name})
    told = [
        one for part in of_each.values() for one in _news(part, with_scaling=incident.category == "warehouse")
    ]
    return sorted(told, key=_moment)


def _news(events: list[Row], *, with_scaling: bool) -> Iterable[Row]:
    """Without what only says again that it is up; of its clusters only where it is about the warehouse itself."""
    up = False
    for one in events:
        word = one["event_type"]
        if word in ("RUNNING", "STARTING", "STOPPING", "STOPPED"):
            if not (up and word == "RUNNING"):
                yield one
            up = word == "RUNNING"
        elif with_scaling:
            yield one


def _moment(one: Row) -> tuple[Any, ...]:
    word = one["event_type"]
    step = _STEPS.index(word) if word in _STEPS else len(_STEPS)
    return one["event_time"], step, one["workspace_id"] or "", one["warehouse_id"] or ""


def failed_start(one: Row) -> Change:
    """As the change that it is for those who use the warehouse."""
    return Change(
        id=f"{one['warehouse_id']}",
        at=one["event_time"],
        workspace_id=one["workspace_id"],
        kind="warehouse",
        noun=f"warehouse {one_line(one['name'], 60)}",
        past="failed to start",
        effect="removed",
        target=one["warehouse_id"] or "",
        who="",
        address="",
        mended_at=one["mended_at"],
    )


def event_row(one: Row) -> Row:
    clusters = one["cluster_count"]
    said = one["event_type"] + (
        "" if clusters is None else f", {clusters} cluster{'' if clusters == 1 else 's'}"
    )
    if one["failed_at"] is not None:
        said = f"failed to start, stopped {age(one['failed_at'] - one['event_time'])} later"
    return row(
        "warehouse",
        {
            "time": one["event_time"],
            "end_time": one["failed_at"],
            "status": "FAILED" if one["failed_at"] is not None else one["event_type"],
            "what": f"{one['name']}: {said}",
            "workspace_id": one["workspace_id"],
            "id": one["warehouse_id"],
        },
    )


def is_shown(one: Change, incident: Incident, scene: Scene) -> bool:
    """Whether it belongs on the timeline when it is no likely cause."""
    about = touches(one, scene)
    if incident.is_security:
        anybody = not incident.users and not incident.entity.get("source_ip")
        return (
            about or one.kind not in (*_OF_THEIR_OWN, *SYMPTOMS) or (anybody and one.kind == "failed_login")
        )
    if one.kind in SYMPTOMS:
        people = frozenset().union(*(failure.principals for failure in scene.failures))
        return one.kind != "login" and (about or one.who in people)
    return about or one.kind not in _OF_THEIR_OWN


def change_row(one: Change) -> Row:
    kind = one.kind if one.kind == "denied" else "login" if one.kind in SYMPTOMS else "change"
    return row(
        kind,
        {
            "time": one.at,
            "end_time": one.until if one.count > 1 else None,
            "status": "failed_login" if one.kind == "failed_login" else one.status,
            "what": one.said,
            "who": one.who or _people(one.named),
            "workspace_id": one.workspace_id,
            "id": one.id,
        },
    )


def _people(named: Iterable[str]) -> str:
    """`ann@example.com and 17 others`."""
    people = sorted(filter(None, named))
    if len(people) < 2:
        return "".join(people)
    return f"{people[0]} and {len(people) - 1} other{'s' if len(people) > 2 else ''}"
