"""PagerDuty by its Events API v2: an alert and its resolution are one incident by their dedup_key."""

from __future__ import annotations

from typing import Any

from sysmon_tui.alerts.notify.http import post_json
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.secret import read_secret
from sysmon_tui.clock import Clock
from sysmon_tui.config import PagerDutyChannel
from sysmon_tui.text import one_line

_SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning"}
_MAX_SUMMARY_CHARS = 1024


def send(notice: Notice, channel: PagerDutyChannel, clock: Clock) -> None:
    """One event. Raises DeliveryError."""
    key = read_secret("routing key", channel.routing_key_env, channel.routing_key_file)
    post_json(channel.url, payload(notice, key), allow_hosts=channel.allow_hosts, secrets=[key], clock=clock)


def payload(notice: Notice, routing_key: str) -> dict[str, Any]:
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "dedup_key": notice.alert_key,
        "event_action": "resolve" if notice.resolved else "trigger",
    }
    if notice.resolved:
        return event
    alert = notice.alert
    event["client"] = "sysmon_tui"
    event["payload"] = {
        "summary": one_line(notice.headline, _MAX_SUMMARY_CHARS),
        "source": notice.tenant,
        "severity": _SEVERITIES.get(str(alert.get("severity")), "error"),
        "timestamp": alert["started_at"],
        "class": one_line(str(alert.get("rule", ""))),
        "group": one_line(str(alert.get("category", ""))),
        "custom_details": {"Message": notice.message, **dict(notice.facts)},
    }
    runbook_url = alert.get("runbook_url")
    if isinstance(runbook_url, str) and runbook_url.startswith("https://"):
        event["links"] = [{"href": one_line(runbook_url), "text": "Runbook"}]
    return event
