"""The talk with a mail server that is played, and the sentence for whatever goes wrong in it."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from sysmon_tui.alerts.notify import email as channel_module
from sysmon_tui.alerts.notify.email import send
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import EmailChannel
from tests.alerts.receivers import NOW
from tests.alerts.telling import FIRES

CLOCK = HeldClock(NOW)
PASSWORD = "plantedPassword"
TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CHANNEL = EmailChannel(
    smtp_host="mail.example.com",
    smtp_port=2525,
    sender="on-call@sub.example.com",
    to=("ops@example.com", "anna@example.org"),
    username="me",
    password_env="TEST_PASSWORD",
)


@dataclass
class Server:
    """What a client said in turn; `faults` are raised where a step has one."""

    faults: dict[str, Exception] = field(default_factory=dict)
    refused: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    said: list[tuple[Any, ...]] = field(default_factory=list)
    contexts: list[ssl.SSLContext] = field(default_factory=list)

    def hear(self, step: str, *what: Any) -> None:
        self.said.append((step, *what))
        if step in self.faults:
            raise self.faults[step]


def played(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        sock = None
        kind = "SMTP"

        def __init__(self, *, timeout: float, context: ssl.SSLContext | None = None) -> None:
            server.hear(self.kind, timeout)
            server.contexts += [context] if context else []

        def connect(self, host: str, port: int) -> None:
            server.hear("connect", host, port, self._host)

        def starttls(self, *, context: ssl.SSLContext) -> None:
            server.contexts.append(context)
            server.hear("starttls")

        def login(self, username: str, password: str) -> None:
            server.hear("login", username, password)

        def send_message(self, mail: Any) -> dict[str, tuple[int, bytes]]:
            server.hear("send", mail["Message-ID"])
            return server.refused

        def quit(self) -> None:
            server.hear("quit")

        def close(self) -> None:
            server.hear("close")

        _host = ""

    class TlsClient(Client):
        kind = "SMTP_SSL"

    monkeypatch.setattr(httpx, "create_ssl_context", lambda: TRUST)
    monkeypatch.setattr(smtplib, "SMTP", Client)
    monkeypatch.setattr(smtplib, "SMTP_SSL", TlsClient)
    monkeypatch.setenv("TEST_PASSWORD", PASSWORD)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    played(server, monkeypatch)
    return server


def channel(**changes: Any) -> EmailChannel:
    kept = {name: getattr(CHANNEL, name) for name in CHANNEL.__struct_fields__}
    return EmailChannel(**kept | changes)


CONNECT = ("connect", "mail.example.com", 2525, "mail.example.com")
SEND = ("send", f"<{FIRES.delivery_key}@sub.example.com>")
LOGIN = ("login", "me", PASSWORD)
OPEN = {"username": None, "password_env": None}


@pytest.mark.parametrize(
    ("changes", "said", "contexts"),
    [
        ({}, [("SMTP", 10.0), CONNECT, ("starttls",), LOGIN, SEND], 1),
        ({"tls": "tls"}, [("SMTP_SSL", 10.0), CONNECT, LOGIN, SEND], 1),
        ({"tls": "none", **OPEN}, [("SMTP", 10.0), CONNECT, SEND], 0),
        (OPEN, [("SMTP", 10.0), CONNECT, ("starttls",), SEND], 1),
    ],
    ids=["starttls", "tls", "none", "without a login"],
)
def test_the_talk(server: Server, changes: dict[str, Any], said: list[Any], contexts: int) -> None:
    """TLS before the login, the login before the mail, and a goodbye."""
    assert send(FIRES, channel(**changes), CLOCK, None) == Sent()
    assert server.said == [*said, ("quit",), ("close",)]
    assert server.contexts == [TRUST] * contexts


def test_a_goodbye_that_fails(server: Server) -> None:
    """The mail was taken: how the server ends the talk changes nothing."""
    server.faults["quit"] = smtplib.SMTPServerDisconnected("gone")
    assert send(FIRES, CHANNEL, CLOCK, None) == Sent()
    assert server.said[-1] == ("close",)


def test_addresses_that_the_server_refuses(server: Server) -> None:
    """The record says how many of how many."""
    server.refused = {"anna@example.org": (550, b"no")}
    assert send(FIRES, CHANNEL, CLOCK, None) == Sent("Refused for 1 of 2 addresses.")


def failure(to: EmailChannel = CHANNEL) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(FIRES, to, CLOCK, None)
    return caught.value


def test_a_login_without_tls(server: Server) -> None:
    """Nobody is talked to, and it waits for whoever mends the configuration."""
    failed = failure(channel(tls="none"))
    assert failed.message == "A password is not sent without TLS: set tls or remove username."
    assert (failed.retry, server.said) == ("later", [])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"password_env": "TEST_NO"}, "The environment variable TEST_NO for the password is not set."),
        ({"password_env": None}, "The configuration names no place for the password."),
        (
            {"password_env": None, "password_file": "/no/where"},
            "The file /no/where for the password can't be read: No such file or directory.",
        ),
    ],
)
def test_a_password_that_is_missing(server: Server, changes: dict[str, Any], sentence: str) -> None:
    """The sentence says where it was looked for, and nobody is talked to."""
    failed = failure(channel(**changes))
    assert (failed.message, failed.retry, server.said) == (sentence, "later", [])


def disconnected(cause: Exception | None) -> Exception:
    error = smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
    error.__context__ = cause
    return error


@pytest.mark.parametrize(
    ("step", "error", "sentence", "retry"),
    [
        ("connect", TimeoutError(), "gave no answer within 10 s.", "later"),
        ("connect", ConnectionRefusedError(), "can't be reached (ConnectionRefusedError).", "soon"),
        ("connect", socket.gaierror("?"), "can't be reached (gaierror).", "soon"),
        ("connect", disconnected(TimeoutError()), "gave no answer within 10 s.", "later"),
        ("connect", disconnected(ssl.SSLError()), "has no certificate that can be trusted.", "later"),
        ("connect", disconnected(OSError()), "can't be reached (SMTPServerDisconnected).", "soon"),
        ("connect", disconnected(None), "can't be reached (SMTPServerDisconnected).", "soon"),
        ("connect", smtplib.SMTPConnectError(421, b"busy"), "answered 421: busy.", "later"),
        ("connect", smtplib.SMTPConnectError(554, b"no"), "answered 554: no.", "never"),
        ("starttls", ssl.SSLCertVerificationError(), "has no certificate that can be trusted.", "later"),
        (
            "starttls",
            smtplib.SMTPNotSupportedError("no"),
            "does not offer what is needed (STARTTLS or login).",
            "later",
        ),
        (
            "login",
            smtplib.SMTPAuthenticationError(535, PASSWORD.encode()),
            "answered 535: the login is refused.",
            "never",
        ),
        (
            "login",
            smtplib.SMTPAuthenticationError(454, b"later"),
            "answered 454: the login is refused.",
            "later",
        ),
        ("login", smtplib.SMTPException("odd"), "can't be reached (SMTPException).", "soon"),
        ("send", smtplib.SMTPDataError(499, "text"), "answered 499: text.", "later"),
        ("send", smtplib.SMTPDataError(500, b"\xff\na"), "answered 500: \ufffd a.", "never"),
        (
            "send",
            smtplib.SMTPSenderRefused(550, PASSWORD.encode() + b" no", "a"),
            "answered 550: <redacted> no.",
            "never",
        ),
        ("send", smtplib.SMTPDataError(554, b"x" * 200), f"answered 554: {'x' * 200}.", "never"),
        ("send", smtplib.SMTPDataError(554, b"x" * 201), f"answered 554: {'x' * 200}.", "never"),
        ("send", ValueError("command and arguments"), "can't be given this message.", "later"),
        (
            "send",
            smtplib.SMTPRecipientsRefused({"a": (550, b"no"), "b": (451, b"later")}),
            "refused every address.",
            "later",
        ),
        ("send", smtplib.SMTPRecipientsRefused({"a": (500, b"no")}), "refused every address.", "never"),
    ],
)
def test_what_goes_wrong(server: Server, step: str, error: Exception, sentence: str, retry: str) -> None:
    """A sentence without the password, and another attempt only where it may help; the talk is over."""
    server.faults[step] = error
    failed = failure()
    assert (failed.message, failed.retry) == (f"mail.example.com {sentence}", retry)
    assert server.said[-1] == ("close",)
    assert failed.__cause__ is None
    assert failed.__suppress_context__


def test_without_a_login_nothing_is_redacted(server: Server) -> None:
    """What a server says is shown as it is."""
    server.faults["send"] = smtplib.SMTPDataError(554, b"None of that")
    assert failure(channel(**OPEN)).message == "mail.example.com answered 554: None of that."


class Socket:
    """Which way it was shut down."""

    def __init__(self, fault: Exception | None) -> None:
        self.fault = fault
        self.ends: list[int] = []

    def shutdown(self, end: int) -> None:
        self.ends.append(end)
        if self.fault is not None:
            raise self.fault


@pytest.mark.parametrize("fault", [None, OSError("closed")])
def test_a_talk_whose_time_is_over(fault: Exception | None) -> None:
    """Both directions end, and that the other end was quicker is no fault."""
    client, ended = smtplib.SMTP(), Socket(fault)
    client.sock = ended  # type: ignore[assignment]
    too_long = threading.Event()
    channel_module._hang_up(client, too_long)
    assert ended.ends == [socket.SHUT_RDWR] and too_long.is_set()
    client.sock = None
    channel_module._hang_up(client, too_long)
    assert ended.ends == [socket.SHUT_RDWR]


def test_the_watchdog(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has half a minute, ends no program's exit, and is called off when the talk is over."""
    started: list[threading.Timer] = []

    def start(timer: threading.Timer) -> None:
        started.append(timer)

    monkeypatch.setattr(threading.Timer, "start", start)
    send(FIRES, CHANNEL, CLOCK, None)
    (watchdog,) = started
    assert (watchdog.interval, watchdog.function, watchdog.daemon) == (30.0, channel_module._hang_up, True)
    assert watchdog.finished.is_set()
