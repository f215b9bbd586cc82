"""Rules on the audit log: refused logins, attacks on them, and what an intruder does next. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from sysmon_tui.alerts import rules
from sysmon_tui.alerts.counted import happened, in_all, of_each
from sysmon_tui.alerts.finding import Finding, Seen
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.config import Thresholds

_TIME = "event_time"


def findings(
    seen: Seen, grave: Seen, wanted: dict[str, Rule], thresholds: Thresholds
) -> dict[str, list[Finding]]:
    """By rule, of those that are on (by id). The frames' `signal` says what an event is to them.

    `grave` has the events that are an alert each, also where `seen` was cut off in a flood of others.
    """
    return {
        rule.id: _findings(rule, seen if rule.id in _COUNTED else grave, thresholds)
        for rule in wanted.values()
    }


def shown_threshold(rule: Rule, thresholds: Thresholds) -> int | None:
    """What an alert's value is compared with; None where it counts what happened."""
    return rule.threshold(thresholds) if rule.id in (*_COUNTED, rules.BRUTE_FORCE.id) else None


def _findings(rule: Rule, seen: Seen, thresholds: Thresholds) -> list[Finding]:
    at = rule.threshold(thresholds)
    of = _only(seen, _SIGNAL[rule.id])
    if rule.id == rules.FAILED_LOGINS.id:
        return in_all(rule, of, at, time=_TIME, who="user_email")
    if rule.id == rules.PASSWORD_SPRAY.id:
        return of_each(rule, of, at, time=_TIME, by=["source_ip"], named="source_ip", distinct="user_email")
    if rule.id in _COUNTED:
        return of_each(rule, of, at, time=_TIME, by=["user_email"], named="user_email")
    if rule.id == rules.BRUTE_FORCE.id:
        by = ["user_email"]
        return happened(rule, of, at, time=_TIME, by=by, said=_brute_force, measured="failures")
    return happened(rule, of, None, time=_TIME, by=["user_email"], said=_SAID[rule.id])


def _only(seen: Seen, signal: str) -> Seen:
    return seen.with_rows(seen.frame.filter(pl.col("signal") == signal).rename({"address": "source_ip"}))


def _who(row: dict[str, Any]) -> str:
    return row["user_email"] or "somebody"


def _target(row: dict[str, Any]) -> str:
    return f" {row['target']}" if row["target"] else ""


def _brute_force(row: dict[str, Any]) -> str:
    where = f" from {row['source_ip']}" if row["source_ip"] else ""
    return f"{_who(row)} logged in{where} after {row['failures']} refused logins within 15 minutes"


_SIGNAL = {
    rules.FAILED_LOGINS.id: "failed_login",
    rules.PASSWORD_SPRAY.id: "failed_login",
    rules.BRUTE_FORCE.id: "brute_force",
    rules.ADMIN_GRANTED.id: "admin_granted",
    rules.ACCESS_LIST_CHANGED.id: "access_list_changed",
    rules.VENDOR_ACCESS.id: "vendor_access",
    rules.LONG_LIVED_TOKEN.id: "long_lived_token",
    rules.DENIED_BURST.id: "denied",
    rules.MASS_DELETE.id: "deleted",
}
_COUNTED = (
    rules.FAILED_LOGINS.id,
    rules.PASSWORD_SPRAY.id,
    rules.DENIED_BURST.id,
    rules.MASS_DELETE.id,
)
_SAID: dict[str, Callable[[dict[str, Any]], str]] = {
    rules.ADMIN_GRANTED.id: lambda row: (
        f"{_who(row)} granted administration ({row['action_name']}){_to(row)}"
    ),
    rules.ACCESS_LIST_CHANGED.id: lambda row: (
        f"{_who(row)} changed an IP access list ({row['action_name']}){_target(row)}"
    ),
    rules.VENDOR_ACCESS.id: lambda row: f"{_who(row)} of Databricks was given access{_target(row)}",
    rules.LONG_LIVED_TOKEN.id: lambda row: f"{_who(row)} made a token that lives long{_target(row)}",
}


def _to(row: dict[str, Any]) -> str:
    return f" to {row['target']}" if row["target"] else ""
