"""The rows that alert rules read: which statement, how far back, what of a filter it can compare itself."""

from __future__ import annotations

from sysmon_tui import limits
from sysmon_tui.alerts.own_rules import OwnRule
from sysmon_tui.config import Thresholds
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.asks import Ask


def read_hours(hours: float) -> float:
    """What the rules read: a day and an hour at least, whatever was asked.

    Their last hour ends at the head of a table that may be hours late; `hours` only says which resolved alerts are
    shown. The hour more is for the first hour to be counted whole.
    """
    return min(limits.MAX_HOURS, max(limits.DEFAULT_HOURS, hours) + 1)


def failed_runs(hours: float) -> Ask:
    return asks.runs(hours=read_hours(hours), status="failed", limit=limits.ALERT_ROWS)


def query_signals(hours: float, thresholds: Thresholds) -> Ask:
    return asks.query_signals(
        hours=read_hours(hours),
        limit=limits.ALERT_ROWS,
        slow_query_seconds=thresholds.slow_query_seconds,
        queued_query_seconds=thresholds.queued_query_seconds,
    )


def security_signals(hours: float, thresholds: Thresholds, *, grave_only: bool) -> Ask:
    """With `grave_only` those that are an alert each: a flood of others must not hide them."""
    return asks.security_signals(
        hours=read_hours(hours),
        limit=limits.ALERT_ROWS,
        brute_force_failures=thresholds.brute_force_failures,
        token_lifetime_hours=thresholds.token_lifetime_hours,
        grave_only=grave_only,
    )


# What of a rule's filter the statements themselves can compare; the rest is left to the rule.
_ASKED = {
    "workflows": ("workflow_name", "status"),
    "queries": ("user_email", "status"),
    "audit": ("action_name", "user_email", "status"),
    "warehouse_events": (),
}


def of_own(own: OwnRule, hours: float) -> Ask:
    """The rows that a rule of the user's own looks at."""
    if own.dataset == "warehouse_events":
        return asks.warehouse_events(None, hours=hours)
    narrowing = {name: text for name, text in own.filter if name in _ASKED[own.dataset]}
    if own.dataset == "workflows":
        if narrowing.get("status") not in asks.RUN_STATES:
            narrowing.pop("status", None)
        elif narrowing["status"] in asks.FAILED_RUN_STATES:
            narrowing["status"] = "failed"  # as other rules ask
        return asks.runs(
            hours=hours,
            limit=limits.ALERT_ROWS,
            workflow_name=narrowing.get("workflow_name"),
            status=narrowing.get("status"),
        )
    if own.dataset == "queries":
        if narrowing.get("status") not in asks.QUERY_STATES:
            narrowing.pop("status", None)
        return asks.queries(
            hours=hours,
            limit=limits.ALERT_ROWS,
            user_email=narrowing.get("user_email"),
            status=narrowing.get("status"),
        )
    if narrowing.get("status") not in ("success", "failure"):
        narrowing.pop("status", None)
    return asks.audit_events(
        hours=hours,
        limit=limits.ALERT_ROWS,
        action_name=narrowing.get("action_name"),
        user_email=narrowing.get("user_email"),
        status=narrowing.get("status"),
    )
