"""What a filter can name: the columns of each dataset's rows, and short names for those that are typed most.

Imports no polars: a filter is read before anything is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sysmon_tui.datasets.states import FAILED_RUN_STATES

# `link` is text that a bare word does not look into: every link holds words like `jobs`. `status` is text with words
# that stand for others.
Kind = Literal[
    "text", "status", "link", "number", "share", "seconds", "milliseconds", "bytes", "instant", "flag"
]
TEXTS: frozenset[Kind] = frozenset(("text", "status", "link"))


@dataclass(frozen=True)
class Field:
    """Any of `columns`, or with `is_first` the first of them that has a value.

    `nothing` is a word of the table that the screen shows as no value.
    """

    name: str
    kind: Kind
    columns: tuple[str, ...]
    is_first: bool = False
    nothing: str | None = None


def _columns(**names: str) -> dict[str, Kind]:
    return {name: kind for kind, line in names.items() for name in line.split()}  # type: ignore[misc]


COLUMNS: dict[str, dict[str, Kind]] = {
    "workflows": _columns(
        text="workspace_id job_id run_id workflow_name run_type trigger_type termination_code termination_type"
        " error_message error_source run_as",
        status="status",
        instant="start_time end_time",
        seconds="duration_seconds",
        number="attempts",
        link="url",
    ),
    "queries": _columns(
        text="workspace_id statement_id user_email warehouse_id warehouse_name statement_type statement_text"
        " error_class error_message client_application",
        status="status",
        instant="start_time end_time",
        milliseconds="total_duration_ms waiting_for_compute_duration_ms waiting_at_capacity_duration_ms"
        " compilation_duration_ms execution_duration_ms",
        number="read_rows produced_rows",
        bytes="read_bytes spilled_local_bytes",
        flag="from_result_cache",
        link="url",
    ),
    "warehouses": _columns(
        text="workspace_id warehouse_id warehouse_name warehouse_size warehouse_type state live_state",
        number="cluster_count starts stops failures scale_ups scale_downs queries failed_queries",
        seconds="uptime_seconds cluster_seconds busy_seconds idle_seconds start_latency_p50_seconds queued_seconds",
        share="utilization",
        link="url",
    ),
    "audit": _columns(
        text="event_id workspace_id user_email service_name action_name error_message source_ip user_agent"
        " request_params",
        status="status",
        instant="event_time",
        number="status_code",
    ),
    "alerts": _columns(
        text="id rule category severity state title message entity acknowledged_by evidence",
        number="value threshold",
        instant="started_at detected_at resolved_at as_of silenced_until",
        link="runbook_url",
    ),
}
_ERRORS = ("error_class", "error_message")
_RUN_ERRORS = ("termination_code", "error_message")
_WAREHOUSE = ("warehouse_name", "warehouse_id")
_SHORT: dict[str, dict[str, str | tuple[str, ...]]] = {
    "workflows": {
        "status": "status",
        "name": "workflow_name",
        "job": "workflow_name",
        "dur": "duration_seconds",
        "err": _RUN_ERRORS,
        "error": _RUN_ERRORS,
        "code": "termination_code",
        "user": "run_as",
        "start": "start_time",
        "end": "end_time",
        "time": "start_time",
        "type": "run_type",
        "trigger": "trigger_type",
        "tries": "attempts",
        "id": "run_id",
        "ws": "workspace_id",
    },
    "queries": {
        "status": "status",
        "user": "user_email",
        "dur": "total_duration_ms",
        "wh": _WAREHOUSE,
        "text": "statement_text",
        "type": "statement_type",
        "err": _ERRORS,
        "error": _ERRORS,
        "app": "client_application",
        "start": "start_time",
        "end": "end_time",
        "time": "end_time",
        "queued": "waiting_at_capacity_duration_ms",
        "read": "read_bytes",
        "spilled": "spilled_local_bytes",
        "cached": "from_result_cache",
        "id": "statement_id",
        "ws": "workspace_id",
    },
    "warehouses": {
        "status": "state",
        "wh": _WAREHOUSE,
        "name": _WAREHOUSE,
        "size": "warehouse_size",
        "type": "warehouse_type",
        "clusters": "cluster_count",
        "up": "uptime_seconds",
        "busy": "utilization",
        "idle": "idle_seconds",
        "queued": "queued_seconds",
        "id": "warehouse_id",
        "ws": "workspace_id",
    },
    "audit": {
        # As on HTTP: success, failure, or a code.
        "status": ("status", "status_code"),
        "code": "status_code",
        "user": "user_email",
        "action": "action_name",
        "service": "service_name",
        "ip": "source_ip",
        "err": "error_message",
        "error": "error_message",
        "agent": "user_agent",
        "time": "event_time",
        "id": "event_id",
        "ws": "workspace_id",
    },
    "alerts": {
        "status": "state",
        "severity": "severity",
        "name": "title",
        "text": "message",
        "rule": "rule",
        "type": "category",
        "user": "acknowledged_by",
        "start": "started_at",
        "end": "resolved_at",
        "time": "started_at",
        "id": "id",
    },
}
_CANCELED = ("CANCELED", "CANCELLED")
_SPELLINGS: dict[str, tuple[str, ...]] = dict.fromkeys(("canceled", "cancelled"), _CANCELED)
# What a word asks for where the field is a status, as on HTTP.
STATUS_WORDS: dict[str, Mapping[str, tuple[str, ...]]] = {
    "workflows": {**_SPELLINGS, "failed": FAILED_RUN_STATES},
    "queries": _SPELLINGS,
    "audit": {"failed": ("failure",)},
}


def fields(dataset: str) -> tuple[str, ...]:
    """The short names of a dataset's fields."""
    return tuple(_SHORT[dataset])


def field(dataset: str, name: str) -> Field | None:
    """The field of that name, short or full, in any case."""
    name = name.lower()
    if name == "tenant":  # of the rows of all tenants in one table; those of one have none
        return Field(name, "text", (name,))
    meant = _SHORT[dataset].get(name, name)
    columns = (meant,) if isinstance(meant, str) else meant
    kind = COLUMNS[dataset].get(columns[0])
    if kind is None:
        return None
    nothing = "SUCCESS" if columns == _RUN_ERRORS else None  # the code of a run that went well is no error
    return Field(name, kind, columns, is_first=columns == _WAREHOUSE, nothing=nothing)


def nearest(dataset: str, name: str) -> str | None:
    """The known name that begins like a wrong one, else the one that comes nearest to it."""
    from difflib import get_close_matches  # noqa: PLC0415 (only for an error)

    known = [*_SHORT[dataset], *COLUMNS[dataset]]
    longer = [one for one in known if one.startswith(name.lower())]
    found = longer or get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return found[0] if found else None
