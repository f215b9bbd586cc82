"""A receiver of your own: the alerts as they are, in JSON, with a key that is the same for every attempt."""

from __future__ import annotations

from typing import Any

import msgspec

from sysmon_tui.alerts.notify.http import post_json
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.secret import read_secret
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import Clock, rfc3339
from sysmon_tui.config import WebhookChannel
from sysmon_tui.text import valid_unicode

_MAX_BYTES = 256 * 1024


def send(notice: Notice, channel: WebhookChannel, clock: Clock, _receipt: str | None) -> Sent:
    """One document. Raises DeliveryError."""
    url = read_secret("webhook address", channel.url_env, channel.url_file)
    document = payload(notice)
    post_json(
        url,
        document,
        headers={"Idempotency-Key": notice.delivery_key},
        allow_hosts=channel.allow_hosts,
        secrets=[url],
        clock=clock,
    )
    left_out = document["alerts_left_out"]
    return Sent(
        f"{left_out} of {len(notice.alerts)} alerts were left out for its length." if left_out else None
    )


def payload(notice: Notice) -> dict[str, Any]:
    """At most 256 KB: where it would be more, the evidence goes first, then the last of the alerts."""
    alerts = [_valid(alert) for alert in notice.alerts]
    document: dict[str, Any] = {
        "version": 1,
        "kind": notice.kind,
        "incident": notice.incident_key,
        "key": notice.delivery_key,
        "tenant": notice.tenant,
        "environment": notice.environment,
        "demo": notice.demo,
        "sent_at": rfc3339(notice.sent_at),
        "headline": notice.headline,
        "alerts": alerts,
        "evidence_left_out": False,
        "alerts_left_out": 0,
    }
    if len(msgspec.json.encode(document)) <= _MAX_BYTES:
        return document
    document |= {"alerts": [], "evidence_left_out": True}
    left_bytes = _MAX_BYTES - len(msgspec.json.encode(document)) - len(str(len(alerts)))
    for alert in alerts:
        short = alert | {"evidence": None}
        left_bytes -= len(msgspec.json.encode(short)) + 1
        if left_bytes < 0:
            break
        document["alerts"].append(short)
    document["alerts_left_out"] = len(alerts) - len(document["alerts"])
    return document


def _valid(value: Any) -> Any:
    """The same, with what UTF-8 can't carry replaced."""
    if isinstance(value, str):
        return valid_unicode(value)
    if isinstance(value, dict):
        return {_valid(key): _valid(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_valid(inner) for inner in value]
    return value
