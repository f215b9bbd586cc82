"""The timeline of an alert: what failed, what it ran on and what was changed, likely causes first. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from sysmon_tui import limits
from sysmon_tui.views.answer import Answer
from sysmon_tui.views.incident_causes import HOUR, Scene, causes
from sysmon_tui.views.incident_changes import SYMPTOMS, Change, change, grouped
from sysmon_tui.views.incident_rows import (
    SCHEMA,
    alert_row,
    change_row,
    event_row,
    failed_start,
    is_shown,
    query_row,
    related_runs,
    run_row,
    warehouse_events,
)
from sysmon_tui.views.incident_scene import Incident, Row, in_order, scene


@dataclass(frozen=True)
class Timeline(Answer):
    """`details` are the rows behind those of the frame, in the columns of their own dataset: run, query, audit."""

    details: Mapping[str, pl.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Parts:
    """What was read, each in its statement's columns; empty where it could not be. `warehouses` are their names."""

    runs: pl.DataFrame
    queries: pl.DataFrame
    events: pl.DataFrame
    changes: pl.DataFrame
    warehouses: pl.DataFrame


@dataclass(frozen=True)
class Story:
    """`frame` has the columns of SCHEMA. `verdict` is what to say where no cause is likely, else empty."""

    frame: pl.DataFrame
    verdict: str


def story(incident: Incident, parts: Parts, since: datetime, until: datetime) -> Story:
    """What lies between the two, likely causes first and then in time order."""
    queries = [
        one for one in in_order(parts.queries, "end_time", "statement_id") if one["end_time"] is not None
    ]
    runs = related_runs(incident, parts.runs, queries)
    events = warehouse_events(incident, parts.events, parts.warehouses, queries)
    found = grouped(change(one) for one in parts.changes.to_dicts())
    what_failed = scene(incident, parts.runs, runs, queries, found)
    rows = [alert_row(incident), *map(run_row, runs), *map(query_row, queries)]
    starts = [one for one in events if one["failed_at"] is not None and incident.category != "warehouse"]
    candidates = [*map(failed_start, starts), *(one for one in found if _may_cause(one, incident, found))]
    ranked = causes(candidates, what_failed)
    reasons = {cause.index: (rank, cause.why) for rank, cause in enumerate(ranked, start=1)}
    said = [_ranked(event_row(one), reasons.get(index)) for index, one in enumerate(starts)]
    said += [event_row(one) for one in events if one not in starts]
    by_change = {id(one): reasons.get(index) for index, one in enumerate(candidates)}
    for one in found:
        reason = by_change.get(id(one))
        if reason or is_shown(one, incident, what_failed):
            said.append(_ranked(change_row(one), reason))
    inside = [one for one in rows + said if _lies_between(one, since, until)]
    inside.sort(key=_place)
    return Story(
        pl.DataFrame(inside, schema=SCHEMA, orient="row"),
        "" if ranked else _no_cause(found, what_failed),
    )


def _may_cause(one: Change, incident: Incident, found: list[Change]) -> bool:
    """Nothing causes itself, a refusal is what a cause leads to, and a login is one only after refused ones."""
    if incident.is_security:
        if one.kind == "login" and not any(_led_to(refused, one) for refused in found):
            return False
        return one.kind != "denied" and not one.ids & incident.row_ids
    return one.kind not in (*SYMPTOMS, "other")


def _led_to(refused: Change, login: Change) -> bool:
    """Whether a login came within an hour of refused ones of its user or from its address."""
    if refused.kind != "failed_login" or not refused.at <= login.at <= (refused.until or refused.at) + HOUR:
        return False
    return login.who in refused.named or (bool(login.address) and login.address == refused.address)


def _ranked(row: Row, reason: tuple[int, str] | None) -> Row:
    return row if reason is None else {**row, "likely": reason[0], "why": reason[1]}


def _lies_between(row: Row, since: datetime, until: datetime) -> bool:
    return row["time"] is not None and (row["end_time"] or row["time"]) >= since and row["time"] <= until


def _place(row: Row) -> tuple[object, ...]:
    """What is of one kind and instant stays as its own order has it."""
    return row["likely"] is None, row["likely"] or 0, row["time"], row["kind"]


def _no_cause(found: list[Change], what_failed: Scene) -> str:
    before = [one for one in found if one.kind not in SYMPTOMS and one.at <= what_failed.anchor]
    hours = f"{limits.INCIDENT_LEAD_HOURS:g} hours"
    if not before:
        return f"No change was seen in the {hours} before."
    seen, them = ("1 change was", "it") if len(before) == 1 else (f"{len(before)} changes were", "them")
    return f"{seen} seen in the {hours} before; nothing ties {them} to what failed."
