"""What every receiver over HTTP may do to us, and which channel gets what. One table for all of them."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import httpx
import pytest

from sysmon_tui.alerts.notify import channels, http
from sysmon_tui.alerts.notify.address import checked_addresses
from sysmon_tui.alerts.notify.channels import hand_over, takes
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.heartbeat import beat
from sysmon_tui.alerts.notify.notice import Kind
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import (
    AlertmanagerChannel,
    AppriseChannel,
    ChannelConfig,
    EmailChannel,
    HeartbeatConfig,
    PagerDutyChannel,
    SlackChannel,
    TeamsChannel,
    WebhookChannel,
)
from tests.alerts.receivers import NOW, TOOK, Flood, Receiver, answer, answer_json, http_receiver, notice

CLOCK = HeldClock(NOW)
LOOPBACK = ("127.0.0.1",)
SECRET = "plantedSecretKey"


@dataclass(frozen=True)
class Case:
    """How it is sent to a receiver; the secret is its address, or a token, or there is none."""

    send: Callable[[Receiver], object]
    secret: str = "address"
    reads_answer: bool = False


def to(make: Callable[[Receiver], ChannelConfig]) -> Callable[[Receiver], object]:
    return lambda receiver: hand_over(notice(), make(receiver), CLOCK, None)


CASES = {
    "slack": Case(to(lambda _: SlackChannel(url_env="TEST_ADDRESS", allow_hosts=LOOPBACK))),
    "slack bot": Case(
        to(
            lambda receiver: SlackChannel(
                token_env="TEST_TOKEN",
                channel="#ops",
                api_url=receiver.url,
                allow_hosts=LOOPBACK,
            )
        ),
        secret="token",
        reads_answer=True,
    ),
    "pagerduty": Case(
        to(
            lambda receiver: PagerDutyChannel(
                routing_key_env="TEST_TOKEN", url=receiver.url, allow_hosts=LOOPBACK
            )
        ),
        secret="token",
    ),
    "teams": Case(to(lambda _: TeamsChannel(url_env="TEST_ADDRESS", allow_hosts=LOOPBACK))),
    "webhook": Case(to(lambda _: WebhookChannel(url_env="TEST_ADDRESS", allow_hosts=LOOPBACK))),
    "alertmanager": Case(
        to(lambda receiver: AlertmanagerChannel(url=receiver.url, allow_hosts=LOOPBACK)), secret="none"
    ),
    "heartbeat": Case(
        lambda _: beat(HeartbeatConfig(url_env="TEST_ADDRESS", allow_hosts=LOOPBACK), CLOCK, "prod")
    ),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", SECRET)
    monkeypatch.setattr(http, "ATTEMPT_TIMEOUT_S", 2.0)


def failure(case: Case, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> DeliveryError:
    monkeypatch.setenv("TEST_ADDRESS", receiver.url)
    with pytest.raises(DeliveryError) as caught:
        case.send(receiver)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202])
def test_taken(case: Case, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any 2xx is a yes, and the document went out once."""
    with http_receiver(answer_json(TOOK, status)) as receiver:
        monkeypatch.setenv("TEST_ADDRESS", receiver.url)
        case.send(receiver)
    assert len(receiver.documents) == 1
    assert receiver.headers[0]["Content-Type"].startswith("application/json")


def test_a_yes_without_words(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """204 is one too, but not of who must say what became of the message."""
    with http_receiver(answer(204)) as receiver:
        if case.reads_answer:
            assert "can't be read" in failure(case, receiver, monkeypatch).message
        else:
            monkeypatch.setenv("TEST_ADDRESS", receiver.url)
            case.send(receiver)


@pytest.mark.parametrize(
    ("asked", "seconds"), [("3600", 3600.0), ("Sun, 22 Nov 2026 03:00:30 GMT", 30.0), (None, None)]
)
def test_busy(case: Case, asked: str | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 is tried again, after the time that the receiver asks for."""
    headers = {} if asked is None else {"Retry_After": asked}
    with http_receiver(answer(429, b"", **headers)) as receiver:
        failed = failure(case, receiver, monkeypatch)
    assert (failed.retry, failed.retry_after_s) == ("soon", seconds)


@pytest.mark.parametrize(("status", "retry"), [(500, "soon"), (503, "soon"), (400, "never"), (404, "never")])
def test_broken_or_refused(case: Case, status: int, retry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """5xx is tried again, any other 4xx is dead at once."""
    with http_receiver(answer(status, b"because")) as receiver:
        failed = failure(case, receiver, monkeypatch)
    assert failed.retry == retry
    assert failed.message == f"127.0.0.1 answered {status}: because."


def test_a_hang(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Left when its time is over, for a later call."""
    monkeypatch.setattr(http, "ATTEMPT_TIMEOUT_S", 0.3)
    begun_s = time.monotonic()
    with http_receiver() as receiver:
        receiver.replies.append(receiver.hang)
        failed = failure(case, receiver, monkeypatch)
    assert failed.retry == "later"
    assert time.monotonic() - begun_s < 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_to_a_private_host(case: Case, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not followed, whatever kind it is: it counts as a failure."""
    with http_receiver() as inner, http_receiver(answer(status, Location=inner.url)) as receiver:
        failed = failure(case, receiver, monkeypatch)
    assert inner.documents == []
    assert "redirect" in failed.message


def test_a_huge_refusal(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its beginning is enough."""
    flood = Flood(500)
    with http_receiver(flood) as receiver:
        failed = failure(case, receiver, monkeypatch)
    assert len(failed.message) < 300
    assert flood.written < 32 << 20


def test_a_huge_yes(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """A yes is one whatever follows; who must read it reads 64 KiB and gives up."""
    flood = Flood(200)
    begun_s = time.monotonic()
    with http_receiver(flood) as receiver:
        if case.reads_answer:
            assert "can't be read" in failure(case, receiver, monkeypatch).message
        else:
            monkeypatch.setenv("TEST_ADDRESS", receiver.url)
            case.send(receiver)
    assert flood.written < 32 << 20
    assert time.monotonic() - begun_s < 2


def test_a_secret_in_what_a_receiver_says(
    case: Case, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A receiver that repeats the address or the token puts it into no message and no log."""
    caplog.set_level(logging.DEBUG)
    with http_receiver() as receiver:
        said = receiver.url if case.secret == "address" else SECRET
        receiver.replies.append(answer(403, f"no such hook: {said}".encode()))
        failed = failure(case, receiver, monkeypatch)
    shown = failed.message + caplog.text
    assert "planted" not in shown or case.secret == "none"
    assert "PLANT" not in shown
    assert ("<redacted>" in failed.message) == (case.secret != "none")


def test_a_private_address(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens where a configuration without `allow_hosts` would lead inwards."""
    monkeypatch.setattr(http, "checked_addresses", _nothing_listed)
    with http_receiver() as receiver:
        failed = failure(case, receiver, monkeypatch)
    assert receiver.documents == []
    assert failed.retry == "later"


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("holds_secret", [True, False])
def test_http_to_another_machine(listed: bool, holds_secret: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only to a host that is listed, and only where nothing secret is sent."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 9093))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    url, hosts = httpx.URL("http://inside:9093/x"), ("Inside",) if listed else ()
    if listed and not holds_secret:
        assert checked_addresses(url, hosts, holds_secret=holds_secret) == ["10.0.0.7"]
    else:
        with pytest.raises(DeliveryError, match="only https is sent to"):
            checked_addresses(url, hosts, holds_secret=holds_secret)


def _nothing_listed(url: httpx.URL, _allow_hosts: object, *, holds_secret: bool = True) -> list[str]:
    return checked_addresses(url, (), holds_secret=holds_secret)


def test_every_channel_has_a_sender() -> None:
    """A kind of channel that can be configured can be sent to."""
    assert set(channels._SENDERS) == set(get_args(ChannelConfig))


MAIL = EmailChannel(smtp_host="h", sender="a@b", to=("c@d",))


@pytest.mark.parametrize(
    ("channel", "kinds"),
    [
        (PagerDutyChannel(), "firing acknowledged resolved summary"),
        (SlackChannel(url_env="A"), "firing repeat resolved summary"),
        (SlackChannel(token_env="A", channel="c"), "firing repeat acknowledged resolved summary"),
        (SlackChannel(token_file="a", channel="c"), "firing repeat acknowledged resolved summary"),
        (WebhookChannel(), "firing repeat acknowledged resolved summary"),
        (MAIL, "firing repeat resolved summary"),
        (TeamsChannel(), "firing repeat resolved summary"),
        (AlertmanagerChannel(url="https://a"), "firing repeat resolved summary"),
        (AppriseChannel(), "firing repeat resolved summary"),
    ],
)
def test_what_a_channel_has_a_use_for(channel: ChannelConfig, kinds: str) -> None:
    """An acknowledgement goes where it changes what is there; PagerDuty reminds by itself."""
    every: tuple[Kind, ...] = ("firing", "repeat", "acknowledged", "resolved", "summary")
    assert [kind for kind in every if takes(channel, kind)] == kinds.split()
