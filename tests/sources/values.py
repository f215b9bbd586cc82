"""Values for the parameters of any statement, for tests that ask several engines the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from sysmon_tui.clock import to_micros
from sysmon_tui.datasets.statement import Statement, Value
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.embedded import EmbeddedSource

NOW = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
# New York ended daylight saving the day before: both offsets stand in one answer.
WINDOW = timedelta(hours=48)
# Those of every table: a statement tries out its own.
RULES = (
    ",".join(
        f"{rule}/{threshold}/3600000000/10800000000/0"
        for rule, threshold in (
            ("workflow.failed_per_hour", 2),
            ("workflow.consecutive_failures", 2),
            ("query.failed_per_hour", 3),
            ("query.slow_per_hour", 1),
            ("warehouse.queueing", 1),
            ("security.failed_logins_per_hour", 5),
            ("security.password_spray", 2),
            ("security.mass_delete", 5),
            ("security.denied_burst", 5),
        )
    )
    + ",security.admin_granted/1/0/86400000000/0,security.brute_force/1/0/86400000000/0"
)


def values_for(statement: Statement, embedded: EmbeddedSource, row_limit: int) -> dict[str, Value]:
    """A value for each parameter, so that a demo estate of NOW has rows to answer; None for a filter that is off."""
    start = NOW - WINDOW
    lookback = min(max(timedelta(hours=statement.lookback_hours), WINDOW), timedelta(days=30))
    values: dict[str, Value] = {
        "window_start_us": to_micros(start),
        "window_end_us": to_micros(NOW),
        "scan_start_us": to_micros(start - lookback),
        # Dimensions change rarely: all that they ever were.
        "since_us": 0 if statement.table is None else to_micros(start),
        "recent_us": to_micros(NOW - timedelta(days=20)),
        "first_date": start.date(),
        "last_date": NOW.date(),
        "workspace_ids": "",
        "run_ids": "",
        "run_keys": "",
        "whole_runs": True,
        "silent_us": 3 * 3_600_000_000,
        "bucket_us": 3_600_000_000,
        "span_us": 3_600_000_000,
        "fine_until_us": to_micros(start),
        "row_limit": row_limit,
        "threshold": 3,
        "statuses": "",
        "newest_by_end": True,
        "failed_logins": False,
        "text_chars": 200,
        "params_chars": 500,
        "brute_force_failures": 10,
        "grave_only": False,
        "token_lifetime_ms": 72 * 3_600_000,
        "target_chars": 100,
        "slow_ms": 60_000,
        "queued_ms": 30_000,
        "min_us": 1_200_000_000,
        "lead_us": 8 * 3_600_000_000,
        "rules": RULES,
        "slow_query_seconds": 60,
        "queued_query_seconds": 30,
        "near_us": to_micros(NOW - WINDOW / 2),
        "subjects": "admins,ops.admin@halden-air.example,prod.journey.itinerary_events",
        "class_rows": 200,
        "statement_ids": "",
        "of_jobs": False,
    }
    if statement.name == "run_tasks":
        values["workspace_id"], values["run_id"] = _a_run_with_tasks(embedded, start)
    if statement.name == "run_starts":
        values["run_ids"] = _a_run_with_tasks(embedded, start)[1]
    return {name: values.get(name) for name in statement.parameters}


def _a_run_with_tasks(embedded: EmbeddedSource, start: datetime) -> tuple[str, str]:
    statement = Statement(
        "any_run", {"start_us": "BIGINT"}, {"workspace_id": pl.String(), "job_run_id": pl.String()}
    )
    text = (
        "SELECT workspace_id, job_run_id FROM system.lakeflow.job_task_run_timeline "
        "WHERE period_start_time >= timestamp_micros(:start_us) "
        "GROUP BY workspace_id, job_run_id ORDER BY COUNT(DISTINCT task_key) DESC, job_run_id LIMIT 1"
    )
    workspace_id, run_id = embedded.execute(Request(statement, text, {"start_us": to_micros(start)}, 30)).row(
        0
    )
    return workspace_id, run_id
