"""What the process does that Apprise has to itself. Apprise is played."""

from __future__ import annotations

import io
import json
import logging
import os
import resource
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from sysmon_tui.alerts.notify.through_apprise import _deliver, _limit, _main

URL = "json://hook.example.com/planted"
ERRAND = {"url": URL, "title": "a title", "body": "a body"}


@dataclass
class Played:
    """What Apprise was told; `takes` and `delivers` are its answers, and `says` goes to its log."""

    takes: bool = True
    delivers: bool = True
    says: tuple[str, ...] = ()
    told: list[Any] = field(default_factory=list)


@pytest.fixture
def apprise(monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    played = Played()

    class Apprise:
        def __init__(self, **arguments: Any) -> None:
            played.told.append(("Apprise", arguments))

        def add(self, url: str) -> bool:
            played.told.append(("add", url))
            return played.takes

        def notify(self, **arguments: Any) -> bool:
            played.told.append(("notify", arguments))
            for text in played.says:
                logging.getLogger("apprise").warning(text)
            return played.delivers

    class NotifyFormat:
        TEXT = "the text format"

    module = ModuleType("apprise")
    vars(module).update(
        Apprise=Apprise, AppriseAsset=lambda **arguments: ("asset", arguments), NotifyFormat=NotifyFormat
    )
    monkeypatch.setitem(sys.modules, "apprise", module)
    logger = logging.getLogger("apprise")
    handlers, propagate = list(logger.handlers), logger.propagate
    yield played
    logger.handlers[:], logger.propagate = handlers, propagate


ASSET = ("asset", {"storage_mode": "memory", "http_redirects": False})
MADE = ("Apprise", {"asset": ASSET})
ADDED = ("add", URL)
NOTIFIED = ("notify", {"title": "a title", "body": "a body", "body_format": "the text format"})


def test_what_apprise_is_told(apprise: Played) -> None:
    """It keeps nothing on the disk, follows no redirect, and gets one message in plain text."""
    assert _deliver(ERRAND) == {"outcome": "sent"}
    assert apprise.told == [MADE, ADDED, NOTIFIED]


def test_an_address_that_apprise_does_not_know(apprise: Played) -> None:
    """Nothing is sent."""
    apprise.takes = False
    assert _deliver(ERRAND) == {"outcome": "unreadable"}
    assert apprise.told == [MADE, ADDED]


@pytest.mark.parametrize(
    ("says", "status"),
    [
        ((), None),
        (("Failed to send it: connection refused",), None),
        (("Failed to send it: error=403.",), "403"),
        (("error=500", "error=429, planted", "no number"), "429"),
        (("error=99",), None),
        (("error=1234",), None),
        (("terror=500",), None),
        (("ERROR=500",), None),
        (("error=403x",), None),
        (("error=abc",), None),
    ],
)
def test_what_apprise_could_not_deliver(apprise: Played, says: tuple[str, ...], status: str | None) -> None:
    """Of all that it writes to its log the last status of three digits is kept."""
    apprise.delivers, apprise.says = False, says
    assert _deliver(ERRAND) == {"outcome": "failed", "status": status}


def test_what_apprise_writes_stays_there(apprise: Played, caplog: pytest.LogCaptureFixture) -> None:
    """Its log, which holds addresses, reaches no other."""
    apprise.says = (f"sent to {URL}",)
    _deliver(ERRAND)
    assert caplog.text == ""
    assert logging.getLogger("apprise").propagate is False


@dataclass
class Limits:
    """The timers that were started, and the limits that were set."""

    timers: list[threading.Timer] = field(default_factory=list)
    set: list[tuple[Any, ...]] = field(default_factory=list)


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Limits:
    limits = Limits()

    def start(timer: threading.Timer) -> None:
        limits.timers.append(timer)

    monkeypatch.setattr(threading.Timer, "start", start)
    monkeypatch.setattr(resource, "setrlimit", lambda *arguments: limits.set.append(arguments))
    return limits


MEMORY = 256 * 1024 * 1024


def test_the_limits_of_the_process(limits: Limits) -> None:
    """It ends itself when its time is over, and has 256 MiB."""
    _limit(12.5)
    (watchdog,) = limits.timers
    assert (watchdog.interval, watchdog.function, watchdog.args, watchdog.daemon) == (
        12.5,
        os._exit,
        [1],
        True,
    )
    assert limits.set == [(resource.RLIMIT_DATA, (MEMORY, MEMORY))]


@pytest.mark.parametrize("fault", [ValueError, OSError])
def test_a_system_that_sets_no_limit(
    limits: Limits, fault: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit that is already lower is no reason not to send."""

    def refuse(*_: Any) -> None:
        raise fault

    monkeypatch.setattr(resource, "setrlimit", refuse)
    _limit(1)
    assert len(limits.timers) == 1


def test_a_system_without_limits(limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no such module: the time is limited all the same."""
    monkeypatch.setitem(sys.modules, "resource", None)
    _limit(1)
    assert (len(limits.timers), limits.set) == (1, [])


def test_the_whole_process(
    apprise: Played, limits: Limits, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It reads its errand, limits itself, delivers, and writes one line."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(ERRAND | {"seconds": "2.5"})))
    _main()
    assert capsys.readouterr() == ('{"outcome": "sent"}\n', "")
    assert [timer.interval for timer in limits.timers] == [2.5]
    assert apprise.told == [MADE, ADDED, NOTIFIED]
