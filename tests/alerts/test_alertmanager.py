"""A real Alertmanager on loopback, and what it is told. Skipped where none is installed."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sysmon_tui.alerts.notify.alertmanager import payload, send
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.clock import SystemClock, rfc3339
from sysmon_tui.config import AlertmanagerChannel
from tests.alerts.receivers import NOW, Receiver, alert, eventually, http_receiver, notice, resolved

# Debian's name, and its makers'.
PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
needs_alertmanager = pytest.mark.skipif(
    PROGRAM is None and "SYSMON_REQUIRE_ALERTMANAGER" not in os.environ,
    reason="no Alertmanager is installed (Debian: prometheus-alertmanager)",
)

CONFIGURATION = """
route: {{receiver: hook, group_by: [alertname, tenant], group_wait: 100ms, group_interval: 300ms, repeat_interval: 1h}}
receivers:
  - name: hook
    webhook_configs: [{{url: "{url}", send_resolved: true}}]
"""
ENTITY = {"workspace_id": "1", "job_id": "7", "workflow_name": "nightly", "actor": "anna@example.com"}


@dataclass(frozen=True)
class Alertmanager:
    """`hook` is what it notifies."""

    url: str
    hook: Receiver

    @property
    def channel(self) -> AlertmanagerChannel:
        return AlertmanagerChannel(url=self.url + "/", allow_hosts=("127.0.0.1",))

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, trust_env=False)

    def active(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/api/v2/alerts?active=true").json()
        return found

    def is_ready(self) -> bool:
        try:
            return self.get("/-/ready").is_success
        except httpx.TransportError:
            return False


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Alertmanager]:
    assert PROGRAM is not None, "SYSMON_REQUIRE_ALERTMANAGER is set, and no Alertmanager is installed"
    with http_receiver() as hook, contextlib.ExitStack() as ends:
        file = tmp_path / "alertmanager.yml"
        file.write_text(CONFIGURATION.format(url=hook.url))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = ends.enter_context((tmp_path / "log").open("w+b"))
        running = ends.enter_context(
            subprocess.Popen(
                [
                    PROGRAM,
                    f"--config.file={file}",
                    f"--storage.path={tmp_path / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--cluster.listen-address=",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        )
        ends.callback(running.kill)
        manager = Alertmanager(f"http://127.0.0.1:{port}", hook)
        assert eventually(lambda: manager.is_ready() or running.poll() is not None, 30)
        assert running.poll() is None, (tmp_path / "log").read_text()
        yield manager


def ago(minutes: int) -> str | None:
    """By the machine's clock: that is the one an Alertmanager goes by."""
    return rfc3339(datetime.now(UTC) - timedelta(minutes=minutes))


def told(of: dict[str, Any], **changes: Any) -> Notice:
    return notice(of | {"entity": ENTITY}, sent_at=datetime.now(UTC), **changes)


@needs_alertmanager
def test_an_alert_lives_and_ends_in_a_real_alertmanager(manager: Alertmanager) -> None:
    """It is there with its labels; told again it is one still, and notified once; its end takes it away."""
    began, ended = ago(30), ago(10)
    send(told(alert(started_at=began)), manager.channel, SystemClock(), None)
    assert eventually(lambda: len(manager.active()) == 1)
    (there,) = manager.active()
    assert there["status"]["state"] == "active"
    assert there["labels"] == {
        "alertname": "query.failed_per_hour",
        "severity": "high",
        "category": "query",
        "tenant": "prod",
        "environment": "production",
        "alert_id": "3f1c2a9d5e7b8a60",
        "workspace_id": "1",
        "job_id": "7",
    }
    assert there["annotations"]["summary"] == "12 failed queries within an hour"
    assert there["annotations"]["workflow_name"] == "nightly"
    assert datetime.fromisoformat(there["endsAt"]) > datetime.now(UTC) + timedelta(hours=23)

    again = alert(started_at=began, title="13 failed queries within an hour", value=13)
    send(told(again, kind="repeat"), manager.channel, SystemClock(), None)
    assert eventually(lambda: manager.active()[0]["annotations"]["value"] == "13")
    assert len(manager.active()) == 1
    assert eventually(lambda: len(manager.hook.documents) > 0)
    assert not eventually(lambda: len(manager.hook.documents) > 1, 1.5)  # five group intervals

    send(told(resolved(started_at=began) | {"resolved_at": ended}), manager.channel, SystemClock(), None)
    assert eventually(lambda: manager.active() == [])
    assert eventually(lambda: len(manager.hook.documents) == 2)
    assert [document["status"] for document in manager.hook.documents] == ["firing", "resolved"]

    send(told(alert(started_at=ago(5))), manager.channel, SystemClock(), None)
    assert eventually(lambda: len(manager.active()) == 1), "it can fire again"


@needs_alertmanager
def test_a_renamed_job_is_the_same_alert(manager: Alertmanager) -> None:
    """What it is called today is no part of what it is: its end ends it."""
    began, ended = ago(30), ago(10)
    send(told(alert(started_at=began)), manager.channel, SystemClock(), None)
    assert eventually(lambda: len(manager.active()) == 1)
    renamed = resolved(started_at=began) | {"resolved_at": ended, "entity": ENTITY | {"workflow_name": "new"}}
    send(notice(renamed, sent_at=datetime.now(UTC)), manager.channel, SystemClock(), None)
    assert eventually(lambda: manager.active() == [])


@needs_alertmanager
def test_a_group_is_told_alert_by_alert(manager: Alertmanager) -> None:
    """Alertmanager groups by itself; of a group in which one has ended that one is gone."""
    began = ago(30)
    both = (alert(id="a", started_at=began), alert(id="b", started_at=began))
    send(notice(*both, sent_at=datetime.now(UTC)), manager.channel, SystemClock(), None)
    assert eventually(lambda: len(manager.active()) == 2)
    one_left = (both[0], both[1] | {"state": "resolved", "resolved_at": ago(10)})
    send(notice(*one_left, kind="repeat", sent_at=datetime.now(UTC)), manager.channel, SystemClock(), None)
    assert eventually(lambda: [there["labels"]["alert_id"] for there in manager.active()] == ["a"])


@needs_alertmanager
@pytest.mark.parametrize(
    "text", ["", "\x00\ud800", "a\nb", 'q"uo\\te', "x" * 5000], ids=["empty", "nul", "line", "quote", "long"]
)
def test_strange_text_is_taken(manager: Alertmanager, text: str) -> None:
    """Nothing that a stranger writes makes Alertmanager refuse an alert."""
    strange = alert(
        started_at=ago(5), title=text, message=text, entity={text or "-": text, "job id": text, "1_id": text}
    )
    send(notice(strange, sent_at=datetime.now(UTC)), manager.channel, SystemClock(), None)
    assert eventually(lambda: len(manager.active()) == 1)


@needs_alertmanager
def test_a_wrong_address(manager: Alertmanager) -> None:
    """404: dead at once, with what it says."""
    wrong = AlertmanagerChannel(url=manager.url + "/elsewhere", allow_hosts=("127.0.0.1",))
    with pytest.raises(DeliveryError, match="answered 404") as caught:
        send(told(alert(started_at=ago(5))), wrong, SystemClock(), None)
    assert caught.value.retry == "never"


def test_labels_are_what_an_alert_is() -> None:
    """The same when it fires, is told again and ends, whatever changes besides; another alert has others."""
    fires = payload(notice(alert(entity=ENTITY)))
    changed = {"value": 99, "title": "x", "message": "y", "entity": ENTITY | {"workflow_name": "new"}}
    repeats = payload(notice(alert(**changed), kind="repeat", number="2", sent_at=NOW + timedelta(hours=4)))
    ends = payload(notice(resolved(**changed)))
    assert fires[0]["labels"] == repeats[0]["labels"] == ends[0]["labels"]
    for other in (notice(alert(entity=ENTITY, id="b")), notice(alert(entity=ENTITY), tenant="test")):
        assert payload(other)[0]["labels"] != fires[0]["labels"]


def test_an_entity_takes_no_place_of_ours() -> None:
    """A field of the same name as a label, or one that is no id, leaves the labels alone."""
    entity = {"alert_id": "x", "tenant": "x", "severity": "x", "name": "x", "list_id": ["x"], "flag-id": 3}
    labels = payload(notice(alert(entity=entity)))[0]["labels"]
    assert (labels["alert_id"], labels["tenant"], labels["severity"]) == ("3f1c2a9d5e7b8a60", "prod", "high")
    assert labels["flag_id"] == "3"
    assert not {"name", "list_id"} & labels.keys()


@pytest.mark.parametrize(
    ("changes", "starts_at", "ends_at"),
    [
        ({}, "2026-11-22T02:30:00Z", "2026-11-22T02:50:00Z"),
        ({"resolved_at": None}, "2026-11-22T02:30:00Z", "2026-11-22T03:00:00Z"),
        ({"resolved_at": "2026-11-22T09:00:00Z"}, "2026-11-22T02:30:00Z", "2026-11-22T03:00:00Z"),
        ({"started_at": "2026-11-22T09:00:00Z"}, "2026-11-22T02:50:00Z", "2026-11-22T02:50:00Z"),
    ],
)
def test_an_end_is_an_end(changes: dict[str, Any], starts_at: str, ends_at: str) -> None:
    """Never in the future, where it would be none, nor before the start, where it would be refused."""
    (document,) = payload(notice(resolved() | changes))
    assert (document["startsAt"], document["endsAt"]) == (starts_at, ends_at)


def test_invented_data_says_so() -> None:
    """In a label, for routes, and in the words."""
    (document,) = payload(notice(demo=True))
    assert document["labels"]["demo"] == "true"
    assert document["annotations"]["summary"].startswith("DEMO DATA")
