"""The dead man's switch: a service elsewhere that raises the alarm when it is told nothing for a while."""

from __future__ import annotations

from sysmon_tui.alerts.notify.http import post_json
from sysmon_tui.alerts.notify.secret import read_secret
from sysmon_tui.clock import Clock, rfc3339
from sysmon_tui.config import HeartbeatConfig


def beat(heartbeat: HeartbeatConfig, clock: Clock, tenant: str) -> None:
    """Says that this tenant was evaluated just now. Raises DeliveryError."""
    url = read_secret("heartbeat address", heartbeat.url_env, heartbeat.url_file)
    document = {"tenant": tenant, "at": rfc3339(clock.now())}
    post_json(url, document, allow_hosts=heartbeat.allow_hosts, secrets=[url], clock=clock)
