"""The statements, by name."""

from __future__ import annotations

import polars as pl

from sysmon_tui import limits
from sysmon_tui.datasets.backtests import BACKTESTS
from sysmon_tui.datasets.statement import Statement

_TEXT = pl.String()
_COUNT = pl.Int64()
_NUMBER = pl.Float64()
_FLAG = pl.Boolean()
_INSTANT = pl.Datetime("us", "UTC")

# Names and hosts change rarely; a renamed warehouse is seen after this.
_DIMENSION_S = 900.0
# What is usual for a job, over a month of its runs.
_BASELINE_S = 3600.0
# Before a login, how far back refused ones make it a brute force; security_signals.sql has the same in microseconds.
_BRUTE_FORCE_HOURS = 0.25

_WINDOW = {"window_start_us": "BIGINT", "window_end_us": "BIGINT", "workspace_ids": "STRING"}
_SCAN = {**_WINDOW, "scan_start_us": "BIGINT"}
# Statements whose rows each belong to one moment: of a window that was read before, only what may have changed since
# (:since_us) is read again. services/increments.py puts the two together.
_SINCE = {"since_us": "BIGINT", "window_end_us": "BIGINT", "workspace_ids": "STRING"}
_SINCE_SCAN = {**_SINCE, "scan_start_us": "BIGINT"}
_SPANS = {"span_us": "BIGINT", "fine_until_us": "BIGINT"}
_PAGE = {**_SPANS, "after_us": "BIGINT", "after_key": "STRING", "row_limit": "INT"}
_RUN_FILTER = {"job_id": "STRING", "run_id": "STRING", "silent_us": "BIGINT"}
_DATES = {"first_date": "DATE", "last_date": "DATE"}
# Columns that page, count and date every listing; the query service takes them off. The time that a page ends at is a
# number, because instants come as text with milliseconds and the next page begins at the microsecond.
_PAGE_COLUMNS = {
    "sort_us": _COUNT,
    "row_key": _TEXT,
    "span_us": _COUNT,
    "counted_status": _TEXT,
    "span_count": _COUNT,
    "as_of": _INSTANT,
}
_COUNT_COLUMNS = {"bucket_start": _INSTANT, "status": _TEXT, "count": _COUNT, "as_of": _INSTANT}

# The parts of a statement's time, the whole first; query_times.sql has figures of each.
_QUERY_PARTS = ("total", "waiting_for_compute", "waiting_at_capacity", "compilation", "execution")

RUNS = Statement(
    "runs",
    {
        **_SCAN,
        **_RUN_FILTER,
        **_PAGE,
        "name_like": "STRING",
        "statuses": "STRING",
        "newest_by_end": "BOOLEAN",
    },
    {
        "workspace_id": _TEXT,
        "job_id": _TEXT,
        "run_id": _TEXT,
        "workflow_name": _TEXT,
        "run_type": _TEXT,
        "trigger_type": _TEXT,
        "status": _TEXT,
        "start_time": _INSTANT,
        "end_time": _INSTANT,
        "duration_seconds": _NUMBER,
        "attempts": _COUNT,
        "termination_code": _TEXT,
        "termination_type": _TEXT,
        "run_as": _TEXT,
        **_PAGE_COLUMNS,
    },
    table="job_run_timeline",
    lookback_hours=limits.RUN_LOOKBACK_HOURS,
    ceiling=limits.MAX_TABLE_ROWS,
)
RUN_TASKS = Statement(
    "run_tasks",
    {
        "scan_start_us": "BIGINT",
        "window_end_us": "BIGINT",
        "workspace_id": "STRING",
        "run_id": "STRING",
        "row_limit": "INT",
    },
    {
        "workspace_id": _TEXT,
        "run_id": _TEXT,
        "job_run_id": _TEXT,
        "task_key": _TEXT,
        "status": _TEXT,
        "start_time": _INSTANT,
        "end_time": _INSTANT,
        "duration_seconds": _NUMBER,
        "execution_seconds": _NUMBER,
        "termination_code": _TEXT,
        "termination_type": _TEXT,
    },
    lookback_hours=limits.RUN_LOOKBACK_HOURS,
)
RUN_STARTS = Statement(
    "run_starts",
    {**_WINDOW, "run_ids": "STRING", "row_limit": "INT"},
    {"workspace_id": _TEXT, "run_id": _TEXT, "start_time": _INSTANT},
)
FAILURE_STREAKS = Statement(
    "failure_streaks",
    {**_SCAN, "recent_us": "BIGINT", "threshold": "BIGINT", "row_limit": "INT"},
    {
        "workspace_id": _TEXT,
        "job_id": _TEXT,
        "workflow_name": _TEXT,
        "failures": _COUNT,
        "first_failure": _INSTANT,
        "last_failure": _INSTANT,
        "crossed_at": _INSTANT,
        "last_runs": _TEXT,
        "resolved_at": _INSTANT,
        "as_of": _INSTANT,
    },
    table="job_run_timeline",
    lookback_hours=limits.STREAK_LOOKBACK_HOURS,
)
LONG_RUNS = Statement(
    "long_runs",
    {**_SCAN, **_RUN_FILTER, "min_us": "BIGINT", "row_limit": "INT"},
    {
        "workspace_id": _TEXT,
        "job_id": _TEXT,
        "run_id": _TEXT,
        "workflow_name": _TEXT,
        "status": _TEXT,
        "start_time": _INSTANT,
        "end_time": _INSTANT,
        "duration_seconds": _NUMBER,
        "last_seen": _INSTANT,
        "as_of": _INSTANT,
    },
    table="job_run_timeline",
    lookback_hours=limits.RUN_LOOKBACK_HOURS,
    ceiling=limits.ALERT_ROWS,
)
RUN_BASELINES = Statement(
    "run_baselines",
    {**_SCAN, **_RUN_FILTER, "row_limit": "INT"},
    {
        "workspace_id": _TEXT,
        "job_id": _TEXT,
        "runs": _COUNT,
        "median_seconds": _NUMBER,
        "mad_seconds": _NUMBER,
    },
    lookback_hours=limits.RUN_LOOKBACK_HOURS,
    ceiling=100_000,
    keep_s=_BASELINE_S,
)
QUERIES = Statement(
    "queries",
    {
        **_SINCE_SCAN,
        **_PAGE,
        "statuses": "STRING",
        "user_like": "STRING",
        "warehouse_id": "STRING",
        "text_chars": "INT",
    },
    {
        "workspace_id": _TEXT,
        "statement_id": _TEXT,
        "status": _TEXT,
        "user_email": _TEXT,
        "warehouse_id": _TEXT,
        "statement_type": _TEXT,
        "statement_text": _TEXT,
        "error_class": _TEXT,
        "error_message": _TEXT,
        "client_application": _TEXT,
        "start_time": _INSTANT,
        "end_time": _INSTANT,
        "total_duration_ms": _COUNT,
        "waiting_for_compute_duration_ms": _COUNT,
        "waiting_at_capacity_duration_ms": _COUNT,
        "compilation_duration_ms": _COUNT,
        "execution_duration_ms": _COUNT,
        "read_rows": _COUNT,
        "read_bytes": _COUNT,
        "produced_rows": _COUNT,
        "spilled_local_bytes": _COUNT,
        "from_result_cache": _FLAG,
        **_PAGE_COLUMNS,
    },
    table="query_history",
    lookback_hours=limits.QUERY_LOOKBACK_HOURS,
    ceiling=limits.MAX_TABLE_ROWS,
)
QUERY_SIGNALS = Statement(
    "query_signals",
    {**_SINCE_SCAN, **_PAGE, "slow_ms": "BIGINT", "queued_ms": "BIGINT", "text_chars": "INT"},
    QUERIES.schema,
    table="query_history",
    lookback_hours=limits.QUERY_LOOKBACK_HOURS,
    ceiling=limits.MAX_TABLE_ROWS,
)
QUERY_ERRORS = Statement(
    "query_errors",
    {**_SINCE_SCAN, "row_limit": "INT"},
    {
        "error_class": _TEXT,
        "failures": _COUNT,
        "users": _COUNT,
        "first_failure": _INSTANT,
        "last_failure": _INSTANT,
        "last_message": _TEXT,
        "as_of": _INSTANT,
    },
    table="query_history",
    lookback_hours=limits.QUERY_LOOKBACK_HOURS,
)
QUERY_TIMES = Statement(
    "query_times",
    _SINCE_SCAN,
    {
        "statements": _COUNT,
        **{f"{part}_{figure}_ms": _COUNT for part in _QUERY_PARTS for figure in ("sum", "p95")},
        "as_of": _INSTANT,
    },
    table="query_history",
    lookback_hours=limits.QUERY_LOOKBACK_HOURS,
)
SLOWEST_QUERIES = Statement(
    "slowest_queries",
    {**_SINCE_SCAN, "row_limit": "INT", "text_chars": "INT"},
    {**{name: kind for name, kind in QUERIES.schema.items() if name not in _PAGE_COLUMNS}, "as_of": _INSTANT},
    table="query_history",
    lookback_hours=limits.QUERY_LOOKBACK_HOURS,
)
WAREHOUSE_NAMES = Statement(
    "warehouse_names",
    {"workspace_ids": "STRING", "row_limit": "INT"},
    {"workspace_id": _TEXT, "warehouse_id": _TEXT, "warehouse_name": _TEXT},
    ceiling=100_000,
    keep_s=_DIMENSION_S,
)
WORKSPACES = Statement(
    "workspaces",
    {"row_limit": "INT"},
    {"workspace_id": _TEXT, "workspace_name": _TEXT, "workspace_url": _TEXT},
    ceiling=100_000,
    keep_s=_DIMENSION_S,
)
WAREHOUSE_METRICS = Statement(
    "warehouse_metrics",
    {**_SCAN, "warehouse_id": "STRING", "row_limit": "INT"},
    {
        "workspace_id": _TEXT,
        "warehouse_id": _TEXT,
        "warehouse_name": _TEXT,
        "warehouse_size": _TEXT,
        "warehouse_type": _TEXT,
        "auto_stop_minutes": _COUNT,
        "state": _TEXT,
        "cluster_count": _COUNT,
        "last_event_time": _INSTANT,
        "starts": _COUNT,
        "stops": _COUNT,
        "failures": _COUNT,
        "scale_ups": _COUNT,
        "scale_downs": _COUNT,
        "uptime_seconds": _NUMBER,
        "cluster_seconds": _NUMBER,
        "start_latency_p50_seconds": _NUMBER,
        "as_of": _INSTANT,
    },
    table="warehouse_events",
    lookback_hours=limits.WAREHOUSE_LOOKBACK_HOURS,
)
WAREHOUSE_QUERIES = Statement(
    "warehouse_queries",
    {**_SINCE_SCAN, **_SPANS, "warehouse_id": "STRING"},
    {
        "workspace_id": _TEXT,
        "warehouse_id": _TEXT,
        "span_us": _COUNT,
        "queries": _COUNT,
        "failed_queries": _COUNT,
        "queued_ms": _COUNT,
        "busy": _TEXT,
        "as_of": _INSTANT,
    },
    table="query_history",
    lookback_hours=limits.QUERY_LOOKBACK_HOURS,
    ceiling=limits.MAX_TABLE_ROWS,
)
WAREHOUSE_EVENTS = Statement(
    "warehouse_events",
    {
        "scan_start_us": "BIGINT",
        "window_end_us": "BIGINT",
        "workspace_ids": "STRING",
        "warehouse_id": "STRING",
        "row_limit": "INT",
    },
    {
        "workspace_id": _TEXT,
        "warehouse_id": _TEXT,
        "event_type": _TEXT,
        "cluster_count": _COUNT,
        "event_time": _INSTANT,
    },
    table="warehouse_events",
    lookback_hours=limits.WAREHOUSE_LOOKBACK_HOURS,
)
FAILED_STARTS = Statement(
    "failed_starts",
    {**_SCAN, "row_limit": "INT"},
    {
        "workspace_id": _TEXT,
        "warehouse_id": _TEXT,
        "warehouse_name": _TEXT,
        "started_at": _INSTANT,
        "failed_at": _INSTANT,
        "recovered_at": _INSTANT,
        "as_of": _INSTANT,
    },
    table="warehouse_events",
    lookback_hours=limits.WAREHOUSE_LOOKBACK_HOURS,
)
WAREHOUSE_EVENT_COUNTS = Statement(
    "warehouse_event_counts", {**_WINDOW, "bucket_us": "BIGINT"}, _COUNT_COLUMNS, table="warehouse_events"
)
AUDIT_EVENTS = Statement(
    "audit_events",
    {
        **_SINCE_SCAN,
        **_DATES,
        **_PAGE,
        "failed_logins": "BOOLEAN",
        "logins": "BOOLEAN",
        "outcome": "STRING",
        "status_code": "INT",
        "action_like": "STRING",
        "user_like": "STRING",
        "text_chars": "INT",
        "params_chars": "INT",
    },
    {
        "event_id": _TEXT,
        "event_time": _INSTANT,
        "workspace_id": _TEXT,
        "user_email": _TEXT,
        "service_name": _TEXT,
        "action_name": _TEXT,
        "status": _TEXT,
        "status_code": _COUNT,
        "error_message": _TEXT,
        "source_ip": _TEXT,
        "user_agent": _TEXT,
        "request_params": _TEXT,
        **_PAGE_COLUMNS,
    },
    table="audit",
    ceiling=limits.MAX_TABLE_ROWS,
)
SECURITY_SIGNALS = Statement(
    "security_signals",
    {
        **_SINCE_SCAN,
        **_DATES,
        **_PAGE,
        "brute_force_failures": "BIGINT",
        "token_lifetime_ms": "BIGINT",
        "target_chars": "INT",
        "grave_only": "BOOLEAN",
    },
    {
        "event_id": _TEXT,
        "event_time": _INSTANT,
        "workspace_id": _TEXT,
        "user_email": _TEXT,
        "address": _TEXT,
        "service_name": _TEXT,
        "action_name": _TEXT,
        "status_code": _COUNT,
        "signal": _TEXT,
        "target": _TEXT,
        "failures": _COUNT,
        "matched_by": _TEXT,
        **_PAGE_COLUMNS,
    },
    table="audit",
    lookback_hours=_BRUTE_FORCE_HOURS,
    ceiling=limits.MAX_TABLE_ROWS,
)
LOGIN_FAILURES = Statement(
    "login_failures",
    {**_SINCE_SCAN, **_DATES, "row_limit": "INT"},
    {
        "counted_by": _TEXT,
        "name": _TEXT,
        "failures": _COUNT,
        "others": _COUNT,
        "first_failure": _INSTANT,
        "last_failure": _INSTANT,
        "let_in_at": _INSTANT,
        "names": _COUNT,
        "as_of": _INSTANT,
    },
    table="audit",
)

# What an incident's timeline is made of: bounded by the incident, not by the window, so they date nothing themselves.
INCIDENT_QUERIES = Statement(
    "incident_queries",
    {
        **_SINCE_SCAN,
        "near_us": "BIGINT",
        "statement_ids": "STRING",
        "of_jobs": "BOOLEAN",
        "job_id": "STRING",
        "warehouse_id": "STRING",
        "user_email": "STRING",
        "row_limit": "INT",
        "text_chars": "INT",
    },
    {
        **{name: kind for name, kind in QUERIES.schema.items() if name not in _PAGE_COLUMNS},
        "job_id": _TEXT,
        "job_run_id": _TEXT,
    },
    table="query_history",
    lookback_hours=limits.QUERY_LOOKBACK_HOURS,
)
INCIDENT_CHANGES = Statement(
    "incident_changes",
    {
        **_SINCE_SCAN,
        **_DATES,
        "near_us": "BIGINT",
        "subjects": "STRING",
        "class_rows": "INT",
        "text_chars": "INT",
        "params_chars": "INT",
    },
    {
        **{name: kind for name, kind in AUDIT_EVENTS.schema.items() if name not in _PAGE_COLUMNS},
        "class": _TEXT,
        "target": _TEXT,
        "address": _TEXT,
    },
    table="audit",
)

# What the local copy of services/mirror is made of.
_COPY = {"row_limit": "INT", "workspace_ids": "STRING"}
RUN_SLICES = Statement(
    "run_slices",
    {
        **_COPY,
        "scan_start_us": "BIGINT",
        "since_us": "BIGINT",
        "window_end_us": "BIGINT",
        "whole_runs": "BOOLEAN",
        "silent_us": "BIGINT",
        "run_keys": "STRING",
    },
    {
        "workspace_id": _TEXT,
        "job_id": _TEXT,
        "run_id": _TEXT,
        "period_start_time": _INSTANT,
        "period_end_time": _INSTANT,
        "result_state": _TEXT,
        "run_name": _TEXT,
        "run_type": _TEXT,
        "trigger_type": _TEXT,
        "termination_code": _TEXT,
        "termination_type": _TEXT,
        "run_duration_seconds": _COUNT,
    },
    table="job_run_timeline",
    ceiling=limits.MIRROR_ROWS,
)
RUN_IDS = Statement(
    "run_ids",
    {**_COPY, "scan_start_us": "BIGINT", "window_end_us": "BIGINT"},
    {"run_key": _TEXT},
    table="job_run_timeline",
    ceiling=limits.MIRROR_IDS,
)
FAILING_RUNS = Statement(
    "failing_runs",
    {
        **_COPY,
        "scan_start_us": "BIGINT",
        "since_us": "BIGINT",
        "window_end_us": "BIGINT",
        "run_keys": "STRING",
    },
    {
        "workspace_id": _TEXT,
        "job_id": _TEXT,
        "run_id": _TEXT,
        "run_name": _TEXT,
        "end_time": _INSTANT,
        "result_state": _TEXT,
    },
    table="job_run_timeline",
    ceiling=limits.MIRROR_ROWS,
)
CHANGED_JOBS = Statement(
    "changed_jobs",
    {**_COPY, "since_us": "BIGINT"},
    {
        "workspace_id": _TEXT,
        "job_id": _TEXT,
        "name": _TEXT,
        "run_as": _TEXT,
        "run_as_user_name": _TEXT,
        "change_time": _INSTANT,
        "delete_time": _INSTANT,
    },
    ceiling=limits.MIRROR_ROWS,
)
CARRIED_EVENTS = Statement(
    "carried_events",
    {**_COPY, "scan_start_us": "BIGINT", "since_us": "BIGINT", "window_end_us": "BIGINT"},
    {
        "workspace_id": _TEXT,
        "warehouse_id": _TEXT,
        "event_type": _TEXT,
        "cluster_count": _COUNT,
        "event_time": _INSTANT,
    },
    table="warehouse_events",
    ceiling=limits.MIRROR_ROWS,
)
CHANGED_WAREHOUSES = Statement(
    "changed_warehouses",
    {**_COPY, "since_us": "BIGINT"},
    {
        "workspace_id": _TEXT,
        "warehouse_id": _TEXT,
        "warehouse_name": _TEXT,
        "warehouse_size": _TEXT,
        "warehouse_type": _TEXT,
        "auto_stop_minutes": _COUNT,
        "change_time": _INSTANT,
        "delete_time": _INSTANT,
    },
    ceiling=limits.MIRROR_ROWS,
)

# Whether texts are kept back from us.
REDACTION = Statement(
    "redaction",
    _WINDOW,
    {"statements": _COUNT, "without_text": _COUNT, "failed": _COUNT, "without_message": _COUNT},
)

_HEAD = {"head": _INSTANT}
_HEAD_SCAN = {"scan_start_us": "BIGINT", "window_end_us": "BIGINT", "workspace_ids": "STRING"}
HEADS: dict[str, Statement] = {
    "job_run_timeline": Statement("head_job_run_timeline", _HEAD_SCAN, _HEAD),
    "query_history": Statement("head_query_history", _HEAD_SCAN, _HEAD),
    "warehouse_events": Statement("head_warehouse_events", _HEAD_SCAN, _HEAD),
    "audit": Statement(
        "head_audit", {"first_date": "DATE", "window_end_us": "BIGINT", "workspace_ids": "STRING"}, _HEAD
    ),
}

STATEMENTS: dict[str, Statement] = {
    statement.name: statement
    for statement in (
        RUNS,
        RUN_TASKS,
        RUN_STARTS,
        FAILURE_STREAKS,
        LONG_RUNS,
        RUN_BASELINES,
        QUERIES,
        QUERY_SIGNALS,
        QUERY_ERRORS,
        QUERY_TIMES,
        SLOWEST_QUERIES,
        WAREHOUSE_NAMES,
        WORKSPACES,
        WAREHOUSE_METRICS,
        WAREHOUSE_QUERIES,
        WAREHOUSE_EVENTS,
        WAREHOUSE_EVENT_COUNTS,
        FAILED_STARTS,
        AUDIT_EVENTS,
        SECURITY_SIGNALS,
        LOGIN_FAILURES,
        INCIDENT_QUERIES,
        INCIDENT_CHANGES,
        RUN_SLICES,
        RUN_IDS,
        FAILING_RUNS,
        CHANGED_JOBS,
        CARRIED_EVENTS,
        CHANGED_WAREHOUSES,
        REDACTION,
        *HEADS.values(),
    )
}
STATEMENTS |= {statement.name: statement for statement in BACKTESTS}
