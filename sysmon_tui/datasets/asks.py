"""From filters as people write them to a statement and its values: the one gate for HTTP, command line, app, Python.

Everything that can be wrong with a filter is a RequestError that names the parameter, before any statement runs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sysmon_tui import limits
from sysmon_tui.clock import to_micros
from sysmon_tui.datasets import catalogue, states
from sysmon_tui.datasets.statement import Statement, Value
from sysmon_tui.errors import RequestError

FAILED_RUN_STATES, RUN_STATES, QUERY_STATES = states.FAILED_RUN_STATES, states.RUN_STATES, states.QUERY_STATES

_HOUR_US = 3_600_000_000
_SILENT_US = int(limits.RUN_SILENT_HOURS * _HOUR_US)
_MAX_FILTER_CHARS = 512
_TARGET_CHARS = 200
# A job that runs once a week has four runs in it, one that runs daily thirty.
_BASELINE_HOURS = 24.0 * 30

_LISTED = ("filter", "hours", "limit", "cursor")
# Which parameters each dataset takes; HTTP routes, `query` and their documents are made from it.
DATASETS: dict[str, tuple[str, ...]] = {
    "workflows": ("workflow_name", "status", *_LISTED),
    "workflows/failed": _LISTED,
    "workflows/active": (),
    "queries": ("status", "user_email", *_LISTED),
    "queries/failed": _LISTED,
    "warehouses": ("warehouse_id", "filter", "hours"),
    "audit": ("action_name", "user_email", "status", *_LISTED),
    "alerts": ("filter",),
    "alerts/workflows": ("filter", "hours"),
    "alerts/security": ("filter", "hours"),
}


@dataclass(frozen=True)
class Ask:
    """A statement, the window it looks back from the moment it runs, and the values of its own filters.

    `overlap_hours` is how far behind the newest row a refresh reads again at least, where rows come that late.
    """

    statement: Statement
    hours: float
    values: tuple[tuple[str, Value], ...] = ()
    cursor: str | None = None
    overlap_hours: float = limits.OVERLAP_HOURS


def typed(dataset: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Text parameters of a dataset as the keyword arguments of the Monitor's method for it."""
    known = DATASETS.get(dataset)
    if known is None:
        raise RequestError(
            f"There is no dataset of that name; there are {', '.join(DATASETS)}.",
            parameter="dataset",
            status=404,
        )
    arguments: dict[str, Any] = {}
    for name, text in parameters.items():
        check_named(dataset, name, text, known)
        arguments[name] = _FROM_TEXT.get(name, _as_is)(text)
    return arguments


def check_named(asked: str, name: str, text: str, known: tuple[str, ...]) -> None:
    """Raises RequestError for a parameter that what was asked does not take, and for one without a value."""
    if name not in known:
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        raise RequestError(f"{asked} has no such parameter; {takes}.", parameter=name)
    if not text:
        raise RequestError(f"{name} is empty; leave it out or give it a value.", parameter=name)


def _as_is(text: str) -> str:
    return text


def _hours(text: str) -> float:
    # A pattern, because float() takes 1_0, fullwidth digits, nan and inf.
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text, re.ASCII):
        raise RequestError(_HOURS_RANGE, parameter="hours")
    return checked_hours(float(text))


def _limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        raise RequestError(_LIMIT_RANGE, parameter="limit")
    return _page_rows(int(text))


_FROM_TEXT: dict[str, Callable[[str], object]] = {"hours": _hours, "limit": _limit}
_HOURS_RANGE = f"hours is a number greater than 0 and at most {limits.MAX_HOURS:.0f}."
_LIMIT_RANGE = f"limit is a whole number from 1 to {limits.MAX_PAGE_ROWS}."


def checked_hours(hours: float) -> float:
    if not (math.isfinite(hours) and 0 < hours <= limits.MAX_HOURS):
        raise RequestError(_HOURS_RANGE, parameter="hours")
    return float(hours)


def _page_rows(limit: int) -> int:
    if not 1 <= limit <= limits.MAX_PAGE_ROWS:
        raise RequestError(_LIMIT_RANGE, parameter="limit")
    return limit


def pattern(text: str | None, parameter: str) -> str | None:
    """A LIKE pattern (escape `!`): `*` matches any run of characters, every other character itself."""
    if text is None:
        return None
    if not 1 <= len(text) <= _MAX_FILTER_CHARS:
        raise RequestError(f"{parameter} has 1 to {_MAX_FILTER_CHARS} characters.", parameter=parameter)
    return re.sub(r"([!%_])", r"!\1", text).replace("*", "%")


def run_statuses(status: str | None) -> tuple[str, ...]:
    """The states that a word stands for; `failed`, in any case, is the failed group."""
    if status is None:
        return ()
    word = status.upper()
    if word == "FAILED":
        return FAILED_RUN_STATES
    if word in ("CANCELED", "CANCELLED"):
        return ("CANCELLED",)
    if word in RUN_STATES:
        return (word,)
    raise RequestError(f"status is one of {', '.join(RUN_STATES)} or failed.", parameter="status")


def query_status(status: str | None) -> str:
    if status is None:
        return ""
    word = "CANCELED" if status.upper() == "CANCELLED" else status.upper()
    if word not in QUERY_STATES:
        raise RequestError(f"status is one of {', '.join(QUERY_STATES)}.", parameter="status")
    return word


def audit_status(status: str | None) -> tuple[str | None, int | None]:
    """(outcome, status code), one of which is set."""
    if status is None:
        return None, None
    if status.lower() in ("success", "failure"):
        return status.lower(), None
    if re.fullmatch(r"[1-5][0-9]{2}", status, re.ASCII):
        return None, int(status)
    raise RequestError("status is success, failure or a status code such as 403.", parameter="status")


def runs(
    *,
    hours: float = limits.DEFAULT_HOURS,
    workflow_name: str | None = None,
    status: str | None = None,
    limit: int = limits.DEFAULT_PAGE_ROWS,
    cursor: str | None = None,
    workspace_id: str | None = None,
    job_id: str | None = None,
    run_id: str | None = None,
) -> Ask:
    """Runs of a window. Failed ones come by their end, which puts them into the window; others by their start."""
    states = run_statuses(status)
    values: dict[str, Value] = {
        "name_like": pattern(workflow_name, "workflow_name"),
        "statuses": ",".join(states),
        "newest_by_end": states == FAILED_RUN_STATES,
        "row_limit": limit,
        "job_id": job_id,
        "run_id": run_id,
        "silent_us": _SILENT_US,
    }
    if workspace_id is not None:
        values["workspace_ids"] = workspace_id
    return Ask(catalogue.RUNS, checked_hours(hours), tuple(values.items()), cursor)


def run_tasks(workspace_id: str, run_id: str) -> Ask:
    return Ask(
        catalogue.RUN_TASKS,
        limits.DEFAULT_HOURS,
        (("workspace_id", workspace_id), ("run_id", run_id), ("row_limit", catalogue.RUN_TASKS.ceiling)),
    )


def run_starts(run_ids: list[str]) -> Ask:
    """When these runs began, over all that the table keeps; ids that no list of ids can hold are left out."""
    values: tuple[tuple[str, Value], ...] = (
        ("run_ids", _id_list(run_ids)),
        ("row_limit", catalogue.RUN_STARTS.ceiling),
    )
    return Ask(catalogue.RUN_STARTS, limits.MAX_HOURS, values)


def failure_streaks(*, hours: float, threshold: int) -> Ask:
    return Ask(
        catalogue.FAILURE_STREAKS,
        checked_hours(hours),
        (("threshold", threshold), ("row_limit", catalogue.FAILURE_STREAKS.ceiling)),
    )


def long_runs(*, hours: float, min_seconds: float) -> Ask:
    """Runs that took so long at least, and those that go on and have taken as long by their last slice."""
    return Ask(
        catalogue.LONG_RUNS,
        checked_hours(hours),
        (
            ("min_us", round(min_seconds * 1_000_000)),
            ("silent_us", _SILENT_US),
            ("row_limit", catalogue.LONG_RUNS.ceiling),
        ),
    )


def run_baselines() -> Ask:
    """How long the last successes of each job took, over a month."""
    return Ask(
        catalogue.RUN_BASELINES,
        _BASELINE_HOURS,
        (("silent_us", _SILENT_US), ("row_limit", catalogue.RUN_BASELINES.ceiling)),
    )


def queries(
    *,
    hours: float = limits.DEFAULT_HOURS,
    status: str | None = None,
    user_email: str | None = None,
    warehouse_id: str | None = None,
    limit: int = limits.DEFAULT_PAGE_ROWS,
    cursor: str | None = None,
) -> Ask:
    values: tuple[tuple[str, Value], ...] = (
        ("statuses", query_status(status)),
        ("user_like", pattern(user_email, "user_email")),
        ("warehouse_id", warehouse_id),
        ("row_limit", limit),
        ("text_chars", limits.MAX_TEXT_CHARS),
    )
    return Ask(catalogue.QUERIES, checked_hours(hours), values, cursor)


def query_signals(
    *,
    hours: float,
    limit: int = limits.ALERT_ROWS,
    slow_query_seconds: float,
    queued_query_seconds: float,
) -> Ask:
    """Statements that failed, took so long at least, or waited so long at least for a place."""
    values: tuple[tuple[str, Value], ...] = (
        ("slow_ms", round(slow_query_seconds * 1000)),
        ("queued_ms", round(queued_query_seconds * 1000)),
        ("row_limit", limit),
        ("text_chars", limits.MAX_TEXT_CHARS),
    )
    return Ask(catalogue.QUERY_SIGNALS, checked_hours(hours), values)


def query_errors(*, hours: float) -> Ask:
    return Ask(catalogue.QUERY_ERRORS, checked_hours(hours), (("row_limit", 500),))


def query_times(*, hours: float) -> Ask:
    return Ask(catalogue.QUERY_TIMES, checked_hours(hours))


def slowest_queries(*, hours: float, limit: int) -> Ask:
    values: tuple[tuple[str, Value], ...] = (
        ("row_limit", _page_rows(limit)),
        ("text_chars", limits.MAX_TEXT_CHARS),
    )
    return Ask(catalogue.SLOWEST_QUERIES, checked_hours(hours), values)


def login_failures(*, hours: float) -> Ask:
    """Of users and of addresses each the most refused ones."""
    return Ask(catalogue.LOGIN_FAILURES, checked_hours(hours), (("row_limit", 500),))


def warehouse_metrics(*, hours: float, warehouse_id: str | None = None) -> tuple[Ask, Ask]:
    """What its events say, and what its statements say: two tables, granted separately."""
    if warehouse_id is not None:
        pattern(warehouse_id, "warehouse_id")
    hours, metrics = checked_hours(hours), catalogue.WAREHOUSE_METRICS
    return (
        Ask(metrics, hours, (("warehouse_id", warehouse_id), ("row_limit", metrics.ceiling))),
        Ask(catalogue.WAREHOUSE_QUERIES, hours, (("warehouse_id", warehouse_id),)),
    )


def warehouse_events(warehouse_id: str | None, *, hours: float) -> Ask:
    statement = catalogue.WAREHOUSE_EVENTS
    return Ask(
        statement, checked_hours(hours), (("warehouse_id", warehouse_id), ("row_limit", statement.ceiling))
    )


def failed_starts(*, hours: float) -> Ask:
    """Starts of warehouses that came to nothing in the window."""
    statement = catalogue.FAILED_STARTS
    return Ask(statement, checked_hours(hours), (("row_limit", statement.ceiling),))


def audit_events(
    *,
    hours: float = limits.DEFAULT_HOURS,
    action_name: str | None = None,
    user_email: str | None = None,
    status: str | None = None,
    failed_logins: bool = False,
    logins: bool = False,
    limit: int = limits.DEFAULT_PAGE_ROWS,
    cursor: str | None = None,
) -> Ask:
    outcome, status_code = audit_status(status)
    values: tuple[tuple[str, Value], ...] = (
        ("failed_logins", failed_logins),
        ("logins", logins),
        ("outcome", outcome),
        ("status_code", status_code),
        ("action_like", pattern(action_name, "action_name")),
        ("user_like", pattern(user_email, "user_email")),
        ("row_limit", limit),
        ("text_chars", limits.MAX_TEXT_CHARS),
        ("params_chars", limits.MAX_PARAMS_CHARS),
    )
    return Ask(catalogue.AUDIT_EVENTS, checked_hours(hours), values, cursor)


def security_signals(
    *,
    hours: float,
    limit: int = limits.ALERT_ROWS,
    brute_force_failures: int,
    token_lifetime_hours: float,
    grave_only: bool = False,
) -> Ask:
    """The audit events that security rules count, each with its signal; those that are counted only in crowds left out
    with `grave_only`."""
    values: tuple[tuple[str, Value], ...] = (
        ("brute_force_failures", brute_force_failures),
        ("token_lifetime_ms", round(token_lifetime_hours * 3_600_000)),
        ("row_limit", limit),
        ("target_chars", _TARGET_CHARS),
        ("grave_only", grave_only),
    )
    return Ask(catalogue.SECURITY_SIGNALS, checked_hours(hours), values)


def incident_runs(
    *,
    hours: float,
    until: datetime | None,
    workspace_id: str | None = None,
    job_id: str | None = None,
    workflow_name: str | None = None,
) -> Ask:
    """All runs of one job, or the failed ones of the jobs of a name, or of all; those up to `until`, None for now."""
    ask = runs(
        hours=hours,
        workspace_id=workspace_id,
        job_id=job_id,
        workflow_name=None if job_id else workflow_name,
        status=None if job_id else "failed",
        limit=limits.INCIDENT_RUNS,
    )
    # As a page that begins there: the local copy of runs is of now, and is not read anew for an incident that is over.
    end: tuple[tuple[str, Value], ...] = (
        () if until is None else (("after_us", to_micros(until)), ("after_key", ""))
    )
    return replace(ask, values=ask.values + end)


def incident_queries(
    *,
    hours: float,
    since: datetime,
    until: datetime | None,
    near: datetime,
    statement_ids: Iterable[str] = (),
    of_jobs: bool = False,
    workspace_id: str | None = None,
    job_id: str | None = None,
    warehouse_id: str | None = None,
    user_email: str | None = None,
) -> Ask:
    """Statements that failed, and the named ones, each with its job run; `of_jobs` keeps those that have one.

    The nearest to `near` come.
    """
    statement = catalogue.INCIDENT_QUERIES
    values: dict[str, Value] = {
        **_bounds(statement, since, until),
        "near_us": to_micros(near),
        "statement_ids": _id_list(statement_ids),
        "of_jobs": of_jobs,
        "job_id": job_id,
        "warehouse_id": warehouse_id,
        "user_email": user_email,
        "row_limit": limits.INCIDENT_ROWS,
        "text_chars": limits.MAX_TEXT_CHARS,
    }
    if workspace_id is not None:
        values["workspace_ids"] = workspace_id
    return Ask(statement, checked_hours(hours), tuple(values.items()))


def incident_changes(
    *, hours: float, since: datetime, until: datetime | None, near: datetime, subjects: Iterable[str]
) -> Ask:
    """Changes, logins and refusals. `subjects` are users, addresses, names and ids: what is about them comes first."""
    statement = catalogue.INCIDENT_CHANGES
    values: dict[str, Value] = {
        **_bounds(statement, since, until),
        "near_us": to_micros(near),
        "subjects": _id_list(subject.lower() for subject in subjects),
        "class_rows": limits.INCIDENT_ROWS,
        "text_chars": limits.MAX_TEXT_CHARS,
        "params_chars": limits.MAX_TEXT_CHARS,
    }
    return Ask(statement, checked_hours(hours), tuple(values.items()))


def incident_warehouse_events(
    *, hours: float, since: datetime, until: datetime | None, warehouse_id: str | None
) -> Ask:
    """The events of one warehouse, or of all, newest first, without the state that was there before."""
    ask = warehouse_events(warehouse_id, hours=hours)
    bounds = _bounds(ask.statement, since, until)
    return replace(ask, values=ask.values + tuple(bounds.items()))


def _bounds(statement: Statement, since: datetime, until: datetime | None) -> dict[str, Value]:
    """The values that bound a statement by times of its own instead of a window up to now, which is None."""
    scan_start_us = to_micros(since) - int(statement.lookback_hours * _HOUR_US)
    values: dict[str, Value] = {"since_us": to_micros(since), "scan_start_us": scan_start_us}
    if statement is catalogue.WAREHOUSE_EVENTS:
        values["scan_start_us"] = to_micros(since)
    if until is not None:
        values |= {"window_end_us": to_micros(until), "last_date": until.date()}
    return {name: value for name, value in values.items() if name in statement.parameters}


def _id_list(ids: Iterable[str]) -> str:
    """What no list of ids can hold is left out."""
    return ",".join(sorted({one for one in ids if one and "," not in one}))


def counts(kind: str, *, hours: float) -> Ask:
    """What the counts by status and time are made of: the listing that is asked for by default, logins, or events of
    warehouses."""
    listings: dict[str, Callable[..., Ask]] = {
        "workflows": runs,
        "queries": queries,
        "audit": audit_events,
        "logins": partial(audit_events, logins=True),
    }
    if kind in listings:
        return listings[kind](hours=hours)
    hours = checked_hours(hours)
    return Ask(catalogue.WAREHOUSE_EVENT_COUNTS, hours, (("bucket_us", bucket_us(hours)),))


def bucket_us(hours: float) -> int:
    return limits.count_bucket_s(hours) * 1_000_000


def span_us(ask: Ask) -> int:
    """The width in which a window is counted: whole seconds, and a whole number of them makes a bucket where it can."""
    bucket_s = limits.count_bucket_s(ask.hours)
    if ask.statement is catalogue.WAREHOUSE_QUERIES:
        return max(bucket_s, limits.WAREHOUSE_SPAN_S) * 1_000_000
    parts = limits.SPANS_A_BUCKET if bucket_s % limits.SPANS_A_BUCKET == 0 else 1
    return bucket_s // parts * 1_000_000


def warehouse_names() -> Ask:
    return Ask(catalogue.WAREHOUSE_NAMES, limits.MAX_HOURS, (("row_limit", 100_000),))


def workspaces() -> Ask:
    return Ask(catalogue.WORKSPACES, limits.MAX_HOURS, (("row_limit", 100_000),))


def head(table: str) -> Ask:
    """The newest event time of a fact table, looked for over thirty days."""
    return Ask(catalogue.HEADS[table], 24.0 * 30)


def probe(table: str) -> Ask:
    """As little as shows that a table (a key of TABLES) can be read; of a fact table its newest event time."""
    if table in catalogue.HEADS:
        return head(table)
    if table == "job_task_run_timeline":
        nobody: tuple[tuple[str, Value], ...] = (("workspace_id", ""), ("run_id", ""), ("row_limit", 1))
        return Ask(catalogue.RUN_TASKS, 1.0, nobody)
    dimensions = {
        "jobs": catalogue.CHANGED_JOBS,
        "warehouses": catalogue.WAREHOUSE_NAMES,
        "workspaces": catalogue.WORKSPACES,
    }
    return Ask(dimensions[table], 1.0, (("row_limit", 1),))


def redaction() -> Ask:
    """How many statements of the last day have lost their texts."""
    return Ask(catalogue.REDACTION, limits.DEFAULT_HOURS)
