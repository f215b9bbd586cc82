"""Apprise itself, in its own process, with a receiver on loopback. Skipped where the extra `notify` is missing."""

from __future__ import annotations

import importlib.util
import logging
import os
import time
from collections.abc import Iterator

import pytest

from sysmon_tui.alerts.notify import through_apprise
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.alerts.notify.through_apprise import _inert, send
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import AppriseChannel
from tests.alerts.receivers import HOOK_PATH, NOW, Flood, Receiver, alert, answer, http_receiver, notice

CHANNEL = AppriseChannel(url_env="TEST_APPRISE")
CLOCK = HeldClock(NOW)
needs_apprise = pytest.mark.skipif(
    importlib.util.find_spec("apprise") is None and "SYSMON_REQUIRE_APPRISE" not in os.environ,
    reason="the extra `notify` is not installed",
)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with http_receiver() as receiver:
        monkeypatch.setenv("TEST_APPRISE", f"json://127.0.0.1:{receiver.port}{HOOK_PATH}")
        yield receiver


def failure() -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(notice(), CHANNEL, CLOCK, None)
    assert caught.value.retry == "later"
    return caught.value


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence that says what to install; what waits is sent once it is there."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert failure().message == "Apprise is not installed: pip install 'sysmon-tui[notify]'."


@needs_apprise
def test_delivered(receiver: Receiver) -> None:
    """Headline as title, message and facts as plain text, and no mention in them."""
    hostile = alert(message="@everyone <!channel> <@U1> ops@example.com @here")
    assert send(notice(hostile), CHANNEL, CLOCK, None) == Sent()
    (document,) = receiver.documents
    assert document["title"] == "[FIRING] high: 12 failed queries within an hour (prod)"
    assert document["message"].startswith(
        "@ everyone < !channel> < @ U1> ops@example.com @ here\n\nTenant: prod"
    )
    assert receiver.paths == [HOOK_PATH]


@needs_apprise
def test_what_goes_wrong_tells_no_address(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The status, and nothing that Apprise or its libraries write, though they write the address."""
    caplog.set_level(logging.DEBUG)
    receiver.replies.append(answer(403, receiver.url.encode()))
    failed = failure()
    assert failed.message == "Apprise could not deliver it. It was answered 403."
    shown = failed.message + caplog.text + "".join(capfd.readouterr())
    assert "plant" not in shown.lower()


@needs_apprise
@pytest.mark.parametrize(("status", "header"), [(429, "Retry-After"), (500, "X"), (302, "Location")])
def test_refused(receiver: Receiver, status: int, header: str) -> None:
    """Kept for a later call; a redirect is not followed."""
    with http_receiver() as inner:
        receiver.replies.append(answer(status, b"", **{header: inner.url}))
        assert str(status) in failure().message
    assert inner.documents == []


@needs_apprise
def test_a_hang(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is ended when its time is over, whatever Apprise is waiting for."""
    monkeypatch.setattr(through_apprise, "ATTEMPT_TIMEOUT_S", 3.0)
    receiver.replies.append(receiver.hang)
    begun_s = time.monotonic()
    assert "Apprise was not done within 3 s." in failure().message
    assert time.monotonic() - begun_s < 6


@needs_apprise
def test_a_huge_answer(receiver: Receiver) -> None:
    """It costs that process its memory, and not this one."""
    flood = Flood(200)
    receiver.replies.append(flood)
    assert failure().message == "Apprise could not deliver it."
    assert flood.written < 1 << 30


@needs_apprise
@pytest.mark.parametrize("address", ["planted", "nosuch://planted/x", "json://"])
def test_an_address_that_is_none(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said without repeating it."""
    monkeypatch.setenv("TEST_APPRISE", address)
    assert failure().message == "Apprise can't read the address."


@pytest.mark.parametrize("text", ["anna@example.com", "a < b", "5 @ noon", "x.y@z", "<3"])
def test_text_that_mentions_nobody(text: str) -> None:
    """Stays as it is."""
    assert _inert(text) in (text, text.replace("<3", "< 3"))
