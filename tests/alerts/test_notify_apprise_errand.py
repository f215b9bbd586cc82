"""The errand that Apprise's process is given, and what is made of how it ends. The process is played."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.alerts.notify.through_apprise import _in_own_process, send
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import AppriseChannel
from tests.alerts.receivers import NOW, alert, notice
from tests.alerts.telling import FIRES, FIRING

CLOCK = HeldClock(NOW)
URL = "json://hook.example.com/planted"
CHANNEL = AppriseChannel(url_env="TEST_APPRISE")
ERRAND = {"url": URL, "title": "a title", "body": "a body"}


@dataclass
class Process:
    """How it ends: with what it wrote, or not at all. `runs` are the arguments it was started with."""

    stdout: bytes = b""
    fault: Exception | None = None
    runs: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)

    def run(self, command: list[str], **arguments: Any) -> subprocess.CompletedProcess[bytes]:
        self.runs.append((command, arguments))
        if self.fault is not None:
            raise self.fault
        return subprocess.CompletedProcess(command, 0, self.stdout)


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    process = Process()
    monkeypatch.setattr(subprocess, "run", process.run)
    return process


def test_how_the_process_is_started(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """The errand goes to its input, where no list of processes shows it, and its errors to nowhere."""
    monkeypatch.setattr(sys, "path", ["", "/one", "two"])
    monkeypatch.setattr(os, "environ", {"HOME": "/home/me", "PYTHONPATH": "/old"})
    process.stdout = b'{"outcome": "sent"}\n'
    assert _in_own_process(ERRAND) == {"outcome": "sent"}
    ((command, arguments),) = process.runs
    assert command == [sys.executable, "-P", "-m", "sysmon_tui.alerts.notify.through_apprise"]
    assert json.loads(arguments.pop("input")) == ERRAND | {"seconds": "20.0"}
    here = Path.cwd()
    assert arguments == {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
        "env": {"HOME": "/home/me", "PYTHONPATH": f"{here}{os.pathsep}/one{os.pathsep}{here / 'two'}"},
        "timeout": 20.0,
        "check": False,
    }


@pytest.mark.parametrize(
    ("stdout", "outcome"),
    [
        (b'{"outcome": "sent"}', {"outcome": "sent"}),
        (b'noise\nmore\n{"outcome": "failed", "status": "403"}\n', {"outcome": "failed", "status": "403"}),
        (b'{"outcome": "sent"}\nnoise\n', {}),
        (b"", {}),
        (b"\n", {}),
        (b"[1]\n", {}),
        (b'"sent"', {}),
        (b"\xff\xfe\n", {}),
    ],
)
def test_what_the_process_says(process: Process, stdout: bytes, outcome: dict[str, Any]) -> None:
    """Its last line, if that is an object, and nothing else."""
    process.stdout = stdout
    assert _in_own_process(ERRAND) == outcome


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (subprocess.TimeoutExpired(["x"], 20), "Apprise was not done within 20 s."),
        (PermissionError(), "Apprise's process can't be started (PermissionError)."),
    ],
)
def test_a_process_that_does_not_end_or_begin(process: Process, fault: Exception, sentence: str) -> None:
    """It is tried again later, and the sentence tells no address."""
    process.fault = fault
    with pytest.raises(DeliveryError) as caught:
        _in_own_process(ERRAND)
    assert (caught.value.message, caught.value.retry) == (sentence, "later")
    assert caught.value.__suppress_context__


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the modules that were looked for, all of them found."""
    looked_for: list[str] = []

    def find_spec(name: str) -> object:
        looked_for.append(name)
        return object()

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    monkeypatch.setenv("TEST_APPRISE", URL)
    return looked_for


def test_the_errand(process: Process, installed: list[str]) -> None:
    """The address, the headline as title, and the message with the facts below it."""
    process.stdout = b'{"outcome": "sent"}'
    assert send(FIRES, CHANNEL, CLOCK, None) == Sent()
    assert installed == ["apprise"]
    ((_, arguments),) = process.runs
    assert json.loads(arguments["input"]) == {
        "url": URL,
        "title": FIRING,
        "body": "12 failed queries in the hour up to 2026-11-22 02:41 UTC (threshold 10).\n\n"
        "Tenant: prod\nEnvironment: production\nRule: query.failed_per_hour\nWorkspace id: 1\nValue: 12\n"
        "Threshold: 10\nStarted: 2026-11-22T02:30:00Z\nData until: 2026-11-22T02:41:00Z\n"
        "Runbook: https://wiki.example.com/x",
        "seconds": "20.0",
    }


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        ({"outcome": "unreadable"}, "Apprise can't read the address."),
        ({"outcome": "failed", "status": "403"}, "Apprise could not deliver it. It was answered 403."),
        ({"outcome": "failed", "status": None}, "Apprise could not deliver it."),
        ({"outcome": "failed", "status": 403}, "Apprise could not deliver it."),
        ({}, "Apprise could not deliver it."),
    ],
)
def test_what_became_of_it(
    process: Process, installed: list[str], outcome: dict[str, Any], sentence: str
) -> None:
    """Each end has a sentence, and each is tried again later."""
    process.stdout = json.dumps(outcome).encode()
    with pytest.raises(DeliveryError) as caught:
        send(FIRES, CHANNEL, CLOCK, None)
    assert (caught.value.message, caught.value.retry) == (sentence, "later")


def test_without_apprise(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to install, and no process is started."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DeliveryError) as caught:
        send(FIRES, CHANNEL, CLOCK, None)
    assert caught.value.message == "Apprise is not installed: pip install 'sysmon-tui[notify]'."
    assert (caught.value.retry, process.runs) == ("later", [])


def test_without_an_address(process: Process, installed: list[str]) -> None:
    """The sentence says where it was looked for, and no process is started."""
    with pytest.raises(DeliveryError) as caught:
        send(FIRES, AppriseChannel(url_env="TEST_NO"), CLOCK, None)
    assert caught.value.message == "The environment variable TEST_NO for the Apprise address is not set."
    assert process.runs == []


def test_an_address_in_a_file(process: Process, installed: list[str], tmp_path: Path) -> None:
    """It is the same errand."""
    file = tmp_path / "address"
    file.touch(0o600)
    file.write_text(f"{URL}\n")
    process.stdout = b'{"outcome": "sent"}'
    assert send(FIRES, AppriseChannel(url_file=str(file)), CLOCK, None) == Sent()
    assert json.loads(process.runs[0][1]["input"])["url"] == URL


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@everyone", "@ everyone"),
        ("to @here, @!U1 and @&R1", "to @ here, @ !U1 and @ &R1"),
        ("(@anna)", "(@ anna)"),
        ("@@anna", "@@ anna"),
        ("anna@example.com and .@x", "anna@example.com and .@ x"),
        ("x@everyone a@Here, a@hereford.org", "x@ everyone a@ Here, a@hereford.org"),
        ("@ noon, 5@", "@ noon, 5@"),
        ("<!channel> <@U1> <#C1> <&R1> </x> <b>", "< !channel> < @ U1> < #C1> < &R1> < /x> < b>"),
        ("1 < 2 <= 3 <", "1 < 2 <= 3 <"),
    ],
)
def test_mentions(process: Process, installed: list[str], text: str, shown: str) -> None:
    """A blank keeps a service from taking text for a mention, in the title and in the body."""
    process.stdout = b'{"outcome": "sent"}'
    send(notice(alert(title=text, message=text)), CHANNEL, CLOCK, None)
    errand = json.loads(process.runs[0][1]["input"])
    assert errand["title"] == f"[FIRING] high: {shown} (prod)"
    assert errand["body"].startswith(f"{shown}\n\nTenant: prod\n")
