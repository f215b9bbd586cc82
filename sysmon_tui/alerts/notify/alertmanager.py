"""Prometheus Alertmanager by its API v2: it gets each alert by itself, and groups, routes and silences them.

An alert there is its labels: firing, told again and resolved are one only if all labels are equal each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sysmon_tui.alerts.notify.http import post_json
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import Clock, rfc3339
from sysmon_tui.config import AlertmanagerChannel
from sysmon_tui.text import one_line

# Alertmanager resolves by itself what it was not told again by `endsAt`; so long it must do without. The configuration
# holds repeats to half of it (config/meaning.py): one that fails must not look like an end.
_LASTS = timedelta(hours=24)
_MAX_LABEL_CHARS = 200


def send(notice: Notice, channel: AlertmanagerChannel, clock: Clock, _receipt: str | None) -> Sent:
    """One request with all the alerts. Raises DeliveryError."""
    url = f"{channel.url.rstrip('/')}/api/v2/alerts"
    post_json(url, payload(notice), allow_hosts=channel.allow_hosts, secrets=[], clock=clock)
    return Sent()


def payload(notice: Notice) -> list[dict[str, Any]]:
    return [_told(replace(notice, alerts=(alert,))) for alert in notice.alerts]


def _told(notice: Notice) -> dict[str, Any]:
    alert = notice.alert
    starts_at = datetime.fromisoformat(alert["started_at"])
    if notice.resolved or alert.get("state") == "resolved":
        resolved_at = alert.get("resolved_at")
        ended_at = datetime.fromisoformat(resolved_at) if resolved_at else notice.sent_at
        # An end that is still to come would be none, and one before the start is refused.
        ends_at = min(ended_at, notice.sent_at)
        starts_at = min(starts_at, ends_at)
    else:
        ends_at = notice.sent_at + _LASTS
    return {
        "labels": dict(_labels(notice)),
        "annotations": dict(_annotations(notice)),
        "startsAt": rfc3339(starts_at),
        "endsAt": rfc3339(ends_at),
    }


def _labels(notice: Notice) -> Iterator[tuple[str, str]]:
    """Of the entity only ids: what it is called may be another tomorrow, and then the alert would be another."""
    alert = notice.alert
    for name, value in _entity(notice):
        if _is_id(name):
            yield name, value
    fixed = {
        "alertname": alert.get("rule"),
        "severity": alert.get("severity"),
        "category": alert.get("category"),
        "tenant": notice.tenant,
        "environment": notice.environment,
        "alert_id": alert.get("id"),
        "demo": "true" if notice.demo else None,
    }
    for name, known in fixed.items():
        if known is not None:
            yield name, one_line(str(known), _MAX_LABEL_CHARS)


def _annotations(notice: Notice) -> Iterator[tuple[str, str]]:
    alert = notice.alert
    for name, value in _entity(notice):
        if not _is_id(name):
            yield name, value
    yield "summary", ("DEMO DATA, " if notice.demo else "") + notice.title
    yield "description", notice.message
    for name in ("value", "threshold", "as_of"):
        if alert.get(name) is not None:
            yield name, one_line(str(alert[name]), _MAX_LABEL_CHARS)
    if notice.runbook_url is not None:
        yield "runbook_url", notice.runbook_url


def _entity(notice: Notice) -> Iterator[tuple[str, str]]:
    entity = notice.alert.get("entity")
    for name, value in entity.items() if isinstance(entity, dict) else ():
        # A label's name as Prometheus wants it.
        safe = re.sub(r"[^a-zA-Z0-9_]", "_", str(name))
        if isinstance(value, str | int) and re.match("[a-zA-Z]", safe):
            yield safe, one_line(str(value), _MAX_LABEL_CHARS)


def _is_id(name: str) -> bool:
    return name.endswith("_id")
