"""Three notices (one fires, one is over, one is a group) and the words every channel has for them."""

from __future__ import annotations

from tests.alerts.receivers import alert, notice, resolved

WIKI = "https://wiki.example.com/x"
MESSAGE = "12 failed queries in the hour up to 2026-11-22 02:41 UTC (threshold 10)."
FIRING = "[FIRING] high: 12 failed queries within an hour (prod)"
RESOLVED = "[RESOLVED] high: 12 failed queries within an hour (prod)"
GROUP = "[SUMMARY] critical: 12 failed queries within an hour, and 1 more (prod)"
GROUP_LINES = ("firing high: 12 failed queries within an hour", "firing critical: second")
TOLD = {
    "Tenant": "prod",
    "Environment": "production",
    "Rule": "query.failed_per_hour",
    "Workspace id": "1",
    "Value": "12",
    "Threshold": "10",
    "Started": "2026-11-22T02:30:00Z",
    "Data until": "2026-11-22T02:41:00Z",
    "Runbook": WIKI,
}
TOLD_AT_THE_END = {
    "Tenant": "prod",
    "Environment": "production",
    "Rule": "query.failed_per_hour",
    "Value": "12",
    "Threshold": "10",
    "Started": "2026-11-22T02:30:00Z",
    "Resolved": "2026-11-22T02:50:00Z",
    "Data until": "2026-11-22T02:41:00Z",
    "Acknowledged by": "anna",
}
TOLD_OF_A_GROUP = {
    "Tenant": "prod",
    "Environment": "production",
    "Rule": "query.failed_per_hour",
    "Threshold": "10",
    "Started": "2026-11-22T02:00:00Z",
    "Data until": "2026-11-22T02:41:00Z",
}
FIRES = notice(alert(entity={"workspace_id": "1"}, runbook_url=WIKI))
ENDS = notice(resolved(acknowledged_by="anna", severity="medium"))
TOGETHER = notice(
    alert(),
    alert(id="b", title="second", severity="critical", started_at="2026-11-22T02:00:00Z", runbook_url=WIKI),
    kind="summary",
)
