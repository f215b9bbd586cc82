"""AlertingService as a job calls it: who is told, and who is never told of invented alerts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sysmon_tui.services.alerting import AlertingService
from tests.alerts.receivers import answer, http_receiver

ROWS = 50_000
TENANT = '[tenants.trial]\nsource = "demo"\n'


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the settings nor the files of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("DATABRICKS_", "SYSMON_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("SYSMON_STATE_DIR", str(tmp_path / "state"))


def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tenants: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The outcome of sending the first alert of the demo estate to a webhook, and what the webhook got."""
    with http_receiver(answer(200)) as receiver:
        monkeypatch.setenv("HOOK", receiver.url)
        file = tmp_path / "c.toml"
        file.write_text(
            f'{tenants}[notifications.channels.ops]\ntype = "slack"\nurl_env = "HOOK"\n'
            'allow_hosts = ["127.0.0.1"]\n'
        )
        with AlertingService(config=file, demo_rows=ROWS) as alerting:
            found = alerting.check_all_alerts()
            outcome = alerting.send_alert_notification(found["alerts"][0])
        return dict(outcome["ops"]), receiver.documents


def test_invented_alerts_that_nobody_asked_for_page_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job whose tenant and variables got lost shows the demo: its alerts are sent to no channel."""
    outcome, got = told(tmp_path, monkeypatch, "")
    assert outcome["result"] == "skipped" and "invented" in outcome["reason"]
    assert got == []


def test_a_demo_tenant_may_try_the_channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Configured as demo, its notices go out and say that the data is invented."""
    outcome, got = told(tmp_path, monkeypatch, TENANT)
    assert outcome["result"] == "sent"
    (document,) = got
    assert "DEMO DATA" in document["text"]
