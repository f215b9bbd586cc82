"""The JSON Schemas of every answer, in the words of the HTTP contract. Every field named is always there."""

from __future__ import annotations

from typing import Any

from sysmon_tui.alerts.rules import SEVERITIES
from sysmon_tui.datasets.asks import QUERY_STATES, RUN_STATES
from sysmon_tui.views.answer import STATES

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer"}
_NUMBER: Schema = {"type": "number"}
_FLAG: Schema = {"type": "boolean"}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
_OBJECT: Schema = {"type": "object"}
_STATE: Schema = {"type": "string", "enum": list(STATES)}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _words(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def _open_words(*words: str) -> Schema:
    """The words of today: one that Databricks adds later comes as it is."""
    return {"type": "string", "examples": list(words)}


def _list_of(name: str) -> Schema:
    return {"type": "array", "items": _ref(name)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _record(fields: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": fields, "required": list(fields)}


def _fields(schema: Schema, names: str) -> dict[str, Schema]:
    return dict.fromkeys(names.split(), schema)


_MAYBE_TEXT, _MAYBE_COUNT, _MAYBE_NUMBER, _MAYBE_INSTANT = map(_or_null, (_TEXT, _COUNT, _NUMBER, _INSTANT))

_RUN = {
    **_fields(_MAYBE_TEXT, "workspace_id job_id run_id workflow_name run_type trigger_type"),
    "status": _open_words(*RUN_STATES),
    "start_time": _INSTANT,
    "end_time": _MAYBE_INSTANT,
    "duration_seconds": _MAYBE_NUMBER,
    "attempts": _COUNT,
    **_fields(_MAYBE_TEXT, "termination_code termination_type error_message error_source run_as url"),
}
_ACTIVE_RUN = {
    **_fields(_MAYBE_TEXT, "workspace_id job_id run_id workflow_name"),
    "status": _TEXT,
    "start_time": _MAYBE_INSTANT,
    "url": _MAYBE_TEXT,
    "source": _TEXT,
}
_QUERY = {
    **_fields(_MAYBE_TEXT, "workspace_id statement_id"),
    "status": _or_null(_open_words(*QUERY_STATES)),
    **_fields(_MAYBE_TEXT, "user_email warehouse_id warehouse_name statement_type statement_text"),
    **_fields(_MAYBE_TEXT, "error_class error_message client_application"),
    **_fields(_MAYBE_INSTANT, "start_time end_time"),
    **_fields(
        _MAYBE_COUNT, "total_duration_ms waiting_for_compute_duration_ms waiting_at_capacity_duration_ms"
    ),
    **_fields(_MAYBE_COUNT, "compilation_duration_ms execution_duration_ms"),
    **_fields(_MAYBE_COUNT, "read_rows read_bytes produced_rows spilled_local_bytes"),
    "from_result_cache": _or_null(_FLAG),
    "url": _MAYBE_TEXT,
}
_WAREHOUSE = {
    **_fields(_MAYBE_TEXT, "workspace_id warehouse_id warehouse_name warehouse_size warehouse_type state"),
    **_fields(_MAYBE_COUNT, "cluster_count starts stops failures scale_ups scale_downs"),
    **_fields(_MAYBE_NUMBER, "uptime_seconds cluster_seconds"),
    **_fields(_MAYBE_COUNT, "queries failed_queries"),
    **_fields(
        _MAYBE_NUMBER, "busy_seconds idle_seconds utilization start_latency_p50_seconds queued_seconds"
    ),
    **_fields(_MAYBE_TEXT, "live_state url"),
}
_AUDIT_EVENT = {
    "event_id": _MAYBE_TEXT,
    "event_time": _INSTANT,
    **_fields(_MAYBE_TEXT, "workspace_id user_email service_name action_name"),
    "status": _words("success", "failure"),
    "status_code": _MAYBE_COUNT,
    **_fields(_MAYBE_TEXT, "error_message source_ip user_agent"),
    "request_params": _or_null(_OBJECT),
}
_ALERT = {
    **_fields(_TEXT, "id rule"),
    "category": _words("workflow", "query", "security", "warehouse", "freshness"),
    "severity": _words(*SEVERITIES),
    "state": _words("pending", "firing", "unknown", "resolved"),
    **_fields(_TEXT, "title message"),
    **_fields(_MAYBE_NUMBER, "value threshold"),
    "entity": _OBJECT,
    "started_at": _MAYBE_INSTANT,
    "detected_at": _INSTANT,
    **_fields(_MAYBE_INSTANT, "resolved_at as_of"),
    "acknowledged_by": _MAYBE_TEXT,
    "silenced_until": _MAYBE_INSTANT,
    "runbook_url": _MAYBE_TEXT,
    "evidence": _OBJECT,
    "incident": _MAYBE_TEXT,
}
_KNOWLEDGE = {
    "tenant": _TEXT,
    "window": _record({"hours": _NUMBER, "start": _INSTANT, "end": _INSTANT}),
    "as_of": _MAYBE_INSTANT,
    "lag_seconds": _MAYBE_COUNT,
    "fetched_at": _INSTANT,
    "state": _STATE,
    "reason": _MAYBE_TEXT,
}
_ENVELOPE = {
    **_KNOWLEDGE,
    "reason_code": _MAYBE_TEXT,
    **_fields(_COUNT, "count total"),
    "truncated": _FLAG,
    "next_cursor": _MAYBE_TEXT,
}
_BY_SEVERITY = {"type": "object", "additionalProperties": _COUNT}
_ALERT_TOTALS = {"total_alerts": _COUNT, "by_severity": _BY_SEVERITY}
_RULE = {
    **_fields(_TEXT, "rule category"),
    "state": _words("firing", "unknown", "pending", "clear"),
    "threshold": _MAYBE_COUNT,
    "clear_until": _MAYBE_INSTANT,
}
_TALLY = _record({"total": _MAYBE_COUNT, "failed": _MAYBE_COUNT, "success_rate": _MAYBE_NUMBER})
_SOURCE = {"state": _STATE, "as_of": _MAYBE_INSTANT, "lag_seconds": _MAYBE_COUNT, "reason": _MAYBE_TEXT}
_HEALTH = {
    **_KNOWLEDGE,
    "status": _words("healthy", "degraded", "unhealthy", "unknown"),
    "summary": _record(_fields(_TALLY, "workflows queries warehouses audit")),
    "alerts": _record({**_ALERT_TOTALS, "alerts": _list_of("Alert")}),
    "recent_failures": _record({"workflows": _list_of("Run"), "queries": _list_of("Query")}),
    "sources": {"type": "object", "additionalProperties": _ref("Source")},
}

SCHEMAS: dict[str, Schema] = {
    "Run": _record(_RUN),
    "Query": _record(_QUERY),
    "Warehouse": _record(_WAREHOUSE),
    "AuditEvent": _record(_AUDIT_EVENT),
    "Alert": _record(_ALERT),
    "Source": _record(_SOURCE),
    "Workflows": _record({**_ENVELOPE, "workflows": _list_of("Run")}),
    "ActiveRun": _record(_ACTIVE_RUN),
    "ActiveRuns": _record({**_ENVELOPE, "workflows": _list_of("ActiveRun")}),
    "Queries": _record({**_ENVELOPE, "queries": _list_of("Query")}),
    "Warehouses": _record(
        {**_ENVELOPE, "totals": _OBJECT, "live": _OBJECT, "warehouses": _list_of("Warehouse")}
    ),
    "AuditEvents": _record({**_ENVELOPE, "events": _list_of("AuditEvent")}),
    "Rule": _record(_RULE),
    "Alerts": _record(
        {
            **_ENVELOPE,
            **_ALERT_TOTALS,
            "alerts": _list_of("Alert"),
            "rules": _list_of("Rule"),
            "store_reason": _MAYBE_TEXT,
            "notifications": _OBJECT,
        }
    ),
    "Health": _record(_HEALTH),
    "DetailedHealth": _record(
        {
            **_HEALTH,
            **dict.fromkeys(("notifications", "process", "warehouse", "cost", "pace", "tables"), _OBJECT),
        }
    ),
    "Liveness": _record({"status": _words("alive")}),
    "Readiness": _record({"status": _words("ready"), "tenants": _COUNT}),
    "OpenApi": _OBJECT,
    "Problem": {
        **_record(
            {
                "type": _TEXT,
                "title": _TEXT,
                "status": _COUNT,
                **_fields(_TEXT, "detail code request_id"),
                "parameter": _TEXT,
                "column": _COUNT,
            }
        ),
        "required": ["type", "title", "status", "detail", "code", "request_id"],
    },
}
