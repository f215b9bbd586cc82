"""The fields of the contract, written out: what a client's code may name."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


ENVELOPE = _words(
    "tenant window as_of lag_seconds fetched_at state reason reason_code count total truncated next_cursor"
)
WORKFLOWS = _words(
    "workspace_id job_id run_id workflow_name run_type trigger_type status start_time end_time "
    "duration_seconds attempts termination_code termination_type error_message error_source run_as url"
)
QUERIES = _words(
    "workspace_id statement_id status user_email warehouse_id warehouse_name statement_type statement_text "
    "error_class error_message client_application start_time end_time total_duration_ms "
    "waiting_for_compute_duration_ms waiting_at_capacity_duration_ms compilation_duration_ms "
    "execution_duration_ms read_rows read_bytes produced_rows spilled_local_bytes from_result_cache url"
)
WAREHOUSES = _words(
    "workspace_id warehouse_id warehouse_name warehouse_size warehouse_type state cluster_count starts stops "
    "failures scale_ups scale_downs uptime_seconds cluster_seconds queries failed_queries busy_seconds "
    "idle_seconds utilization start_latency_p50_seconds queued_seconds live_state url"
)
EVENTS = _words(
    "event_id event_time workspace_id user_email service_name action_name status status_code error_message "
    "source_ip user_agent request_params"
)
ALERTS = _words(
    "id rule category severity state title message value threshold entity started_at detected_at resolved_at "
    "as_of acknowledged_by silenced_until runbook_url evidence incident"
)

API = "/api/monitoring"
_BESIDE_ALERTS = ["total_alerts", "by_severity", "rules", "store_reason", "notifications"]
# path: (list key, fields of a row, fields beside the list)
LISTINGS: dict[str, tuple[str, list[str], list[str]]] = {
    f"{API}/workflows": ("workflows", WORKFLOWS, []),
    f"{API}/workflows/failed": ("workflows", WORKFLOWS, []),
    f"{API}/queries": ("queries", QUERIES, []),
    f"{API}/queries/failed": ("queries", QUERIES, []),
    f"{API}/warehouse/metrics": ("warehouses", WAREHOUSES, ["totals", "live"]),
    f"{API}/audit": ("events", EVENTS, []),
    f"{API}/alerts": ("alerts", ALERTS, _BESIDE_ALERTS),
    f"{API}/alerts/workflows": ("alerts", ALERTS, _BESIDE_ALERTS),
    f"{API}/alerts/security": ("alerts", ALERTS, _BESIDE_ALERTS),
}
PAGED = {
    f"{API}/workflows": ("workspace_id", "run_id"),
    f"{API}/workflows/failed": ("workspace_id", "run_id"),
    f"{API}/queries": ("workspace_id", "statement_id"),
    f"{API}/queries/failed": ("workspace_id", "statement_id"),
    f"{API}/audit": ("event_id",),
}
ROUTES = [
    *LISTINGS,
    f"{API}/workflows/active",
    f"{API}/health",
    "/health/detailed",
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
]
