"""PagerDuty by its Events API v2: all notices of an incident are one there too, by their dedup_key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sysmon_tui.alerts.notify.http import post_json
from sysmon_tui.alerts.notify.notice import Kind, Notice
from sysmon_tui.alerts.notify.secret import read_secret
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import Clock
from sysmon_tui.config import PagerDutyChannel
from sysmon_tui.text import one_line

_SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning"}
_MAX_SUMMARY_CHARS = 1024


_ACTIONS: Mapping[Kind, str] = {
    "firing": "trigger",
    "repeat": "trigger",
    "summary": "trigger",
    "acknowledged": "acknowledge",
    "resolved": "resolve",
}


def send(notice: Notice, channel: PagerDutyChannel, clock: Clock, _receipt: str | None) -> Sent:
    """One event. Raises DeliveryError."""
    key = read_secret("routing key", channel.routing_key_env, channel.routing_key_file)
    post_json(channel.url, payload(notice, key), allow_hosts=channel.allow_hosts, secrets=[key], clock=clock)
    return Sent()


def payload(notice: Notice, routing_key: str) -> dict[str, Any]:
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "dedup_key": notice.incident_key,
        "event_action": _ACTIONS[notice.kind],
    }
    if event["event_action"] != "trigger":  # the others take the key alone
        return event
    alert = notice.alert
    event["client"] = "sysmon_tui"
    event["payload"] = {
        "summary": one_line(notice.headline, _MAX_SUMMARY_CHARS),
        "source": notice.tenant,
        "severity": _SEVERITIES[notice.severity],
        "timestamp": notice.started_at,
        "class": one_line(str(alert.get("rule", ""))),
        "group": one_line(str(alert.get("category", ""))),
        "custom_details": {"Message": notice.message, **dict(notice.facts)},
    }
    if notice.runbook_url is not None:
        event["links"] = [{"href": notice.runbook_url, "text": "Runbook"}]
    return event
