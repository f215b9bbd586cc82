"""An incident written down: an alert, and the frames that the statements would have answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from sysmon_tui.datasets import catalogue
from sysmon_tui.views.incident import Parts, Story, story
from sysmon_tui.views.incident_scene import Incident, starts_at

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
WORKSPACE = "1"
JOB = "7"
JOB_ALERT: dict[str, Any] = {
    "id": "a1",
    "category": "workflow",
    "state": "firing",
    "title": "nightly: 3 failed runs in a row",
    "entity": {"workspace_id": WORKSPACE, "job_id": JOB, "workflow_name": "nightly"},
    "started_at": "2026-03-10T11:00:00Z",
    "resolved_at": None,
    "evidence": {"ids": ["r3", "r2", "r1"]},
}


def at(minutes: float) -> datetime:
    """So many minutes before NOW."""
    return NOW - timedelta(minutes=minutes)


def run(run_id: str, ended: float, status: str = "FAILED", **values: Any) -> dict[str, Any]:
    """A run of ten minutes that ended so many minutes before NOW."""
    return {
        "workspace_id": WORKSPACE,
        "job_id": JOB,
        "run_id": run_id,
        "workflow_name": "nightly",
        "status": status,
        "start_time": at(ended + 10),
        "end_time": at(ended),
        "run_as": "robot@example.com",
        **values,
    }


def query(statement_id: str, ended: float, **values: Any) -> dict[str, Any]:
    return {
        "workspace_id": WORKSPACE,
        "statement_id": statement_id,
        "status": "FAILED",
        "user_email": "robot@example.com",
        "warehouse_id": "w1",
        "statement_type": "MERGE",
        "statement_text": "MERGE INTO main.sales.orders AS t USING main.sales.raw AS s ON t.id = s.id",
        "error_class": "TABLE_OR_VIEW_NOT_FOUND",
        "error_message": "[TABLE_OR_VIEW_NOT_FOUND] The table `main`.`sales`.`raw` cannot be found.",
        "start_time": at(ended + 1),
        "end_time": at(ended),
        "job_id": JOB,
        "job_run_id": "r1",
        **values,
    }


def event(
    event_id: str, ago: float, kind: str, action: str, target: str = "", **values: Any
) -> dict[str, Any]:
    """An audit event as incident_changes answers it."""
    parameters = values.pop("parameters", {})
    return {
        "event_id": event_id,
        "event_time": at(ago),
        "workspace_id": WORKSPACE,
        "user_email": "ann@example.com",
        "service_name": {"job": "jobs", "grant": "unityCatalog", "catalog": "unityCatalog"}.get(
            kind, "accounts"
        ),
        "action_name": action,
        "status": "success",
        "class": kind,
        "target": target,
        "request_params": json.dumps(parameters),
        **values,
    }


def revoked(event_id: str, ago: float, table: str, **values: Any) -> dict[str, Any]:
    changes = json.dumps([{"principal": "readers", "remove": ["SELECT"]}])
    return event(
        event_id, ago, "grant", "updatePermissions", table, **{"parameters": {"changes": changes}, **values}
    )


def warehouse_event(word: str, ago: float, warehouse_id: str = "w1") -> dict[str, Any]:
    return {
        "workspace_id": WORKSPACE,
        "warehouse_id": warehouse_id,
        "event_type": word,
        "cluster_count": 1,
        "event_time": at(ago),
    }


THREE_FAILED = [run("r0", 130, "SUCCEEDED"), run("r1", 100), run("r2", 80), run("r3", 60)]


def told(
    alert: dict[str, Any] = JOB_ALERT,
    *,
    runs: list[dict[str, Any]] = THREE_FAILED,
    queries: list[dict[str, Any]] | None = None,
    events: list[dict[str, Any]] | None = None,
    changes: list[dict[str, Any]] | None = None,
) -> Story:
    incident = Incident.of(alert)
    parts = Parts(
        _frame(catalogue.RUNS.schema, runs),
        _frame(catalogue.INCIDENT_QUERIES.schema, queries or []),
        _frame(catalogue.WAREHOUSE_EVENTS.schema, events or []),
        _frame(catalogue.INCIDENT_CHANGES.schema, changes or []),
        _frame(
            catalogue.WAREHOUSE_NAMES.schema,
            [{"workspace_id": WORKSPACE, "warehouse_id": "w1", "warehouse_name": "etl"}],
        ),
    )
    return story(incident, parts, starts_at(incident, parts.runs), incident.until(NOW))


def _frame(schema: Any, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(
        [{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row"
    )


def likely(found: Story) -> list[tuple[str, str]]:
    """(id, why) of the likely causes, likeliest first."""
    ranked = found.frame.filter(pl.col("likely").is_not_null()).sort("likely")
    return list(ranked.select("id", "why").iter_rows())


def ids(found: Story, kind: str) -> list[str]:
    return found.frame.filter(kind=kind).get_column("id").to_list()
