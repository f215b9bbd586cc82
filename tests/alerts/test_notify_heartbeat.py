"""The dead man's switch. How a receiver may misbehave stands in test_notify_channels.py."""

from __future__ import annotations

import pytest

from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.heartbeat import beat
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import HeartbeatConfig
from tests.alerts.receivers import NOW, http_receiver


def test_a_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """One small document: which tenant, and when."""
    with http_receiver() as receiver:
        monkeypatch.setenv("TEST_BEAT", receiver.url)
        beat(HeartbeatConfig(url_env="TEST_BEAT", allow_hosts=("127.0.0.1",)), HeldClock(NOW), "prod")
    assert receiver.documents == [{"tenant": "prod", "at": "2026-11-22T03:00:00Z"}]


def test_a_beat_without_its_address() -> None:
    """The sentence names the place to look."""
    with pytest.raises(DeliveryError, match="variable TEST_NO_BEAT for the heartbeat address is not set"):
        beat(HeartbeatConfig(url_env="TEST_NO_BEAT"), HeldClock(NOW), "prod")
