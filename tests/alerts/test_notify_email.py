"""E-mail through a real SMTP server on loopback."""

from __future__ import annotations

import contextlib
import email
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from sysmon_tui.alerts.notify import email as channel_module
from sysmon_tui.alerts.notify.email import message
from sysmon_tui.alerts.notify.email import send as send_to
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import EmailChannel
from tests.alerts.receivers import NOW, alert, certificate, notice, resolved

CLOCK = HeldClock(NOW)


@dataclass
class Mailbox:
    """`replies` of the server per recipient or to the message; default: accepted."""

    port: int = 0
    recipient_replies: dict[str, str] = field(default_factory=dict)
    data_reply: str = "250 OK"
    mails: list[Message] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        reply = self.recipient_replies.get(address, "250 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(email.message_from_bytes(envelope.content))
        self.recipients += envelope.rcpt_tos
        return self.data_reply

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any
    ) -> AuthResult:
        self.logins.append((login.login, login.password))
        return AuthResult(success=login.password == b"plantedPassword", handled=False)


@contextlib.contextmanager
def smtp_server(**options: Any) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        mailbox.port = free.getsockname()[1]
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=mailbox.port, authenticator=mailbox.authenticate, **options
    )
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def _probe(controller: Controller) -> None:
    with (
        socket.create_connection((controller.hostname, controller.port)) as plain,
        httpx.create_ssl_context().wrap_socket(plain, server_hostname="localhost") as encrypted,
    ):
        encrypted.recv(3)


@pytest.fixture
def server_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context for `localhost`, trusted by the sender."""
    pem = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def channel(mailbox: Mailbox, **changes: Any) -> EmailChannel:
    settings: dict[str, Any] = {
        "smtp_host": "127.0.0.1",
        "smtp_port": mailbox.port,
        "sender": "monitor@example.com",
        "to": ("ops@example.com",),
        "tls": "none",
    } | changes
    return EmailChannel(**settings)


def body(mail: Message) -> str:
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def send(told: Notice, to: EmailChannel) -> Sent:
    return send_to(told, to, CLOCK, None)


def failure(mailbox: Mailbox, **changes: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(notice(), channel(mailbox, **changes))
    return caught.value


def test_a_mail_arrives() -> None:
    """To every address, with the headline as subject and the facts in plain text."""
    with smtp_server() as mailbox:
        assert send(notice(), channel(mailbox, to=("a@example.com", "b@example.com"))) == Sent()
    (mail,) = mailbox.mails
    assert mailbox.recipients == ["a@example.com", "b@example.com"]
    assert mail["Subject"] == "[FIRING] high: 12 failed queries within an hour (prod)"
    assert mail["From"] == "monitor@example.com"
    assert mail.get_content_type() == "text/plain"
    assert "Threshold: 10" in body(mail)


def test_notices_of_one_incident_form_a_thread() -> None:
    """Every attempt has the same Message-ID, each notice its own, and all of an incident refer to one root."""
    first, again = message(notice(), channel(Mailbox())), message(notice(), channel(Mailbox()))
    repeat = message(notice(kind="repeat"), channel(Mailbox()))
    second = message(notice(kind="repeat", number="2"), channel(Mailbox()))
    end = message(notice(resolved()), channel(Mailbox()))
    other = message(notice(alert(id="other")), channel(Mailbox()))
    assert first["Message-ID"] == again["Message-ID"]
    assert len({mail["Message-ID"] for mail in (first, repeat, second, end, other)}) == 5
    assert len({mail["References"] for mail in (first, repeat, second, end)}) == 1
    assert first["References"] != other["References"]
    assert first["Message-ID"].startswith("<") and first["Message-ID"].endswith("@example.com>")


def test_a_group_is_one_mail_with_a_line_for_each() -> None:
    """The headline counts them; each has its state and title in the text."""
    with smtp_server() as mailbox:
        send(notice(alert(), alert(id="b", title="second"), kind="summary"), channel(mailbox))
    (mail,) = mailbox.mails
    assert mail["Subject"] == "[SUMMARY] high: 12 failed queries within an hour, and 1 more (prod)"
    assert "firing high: second" in body(mail)


def test_no_header_can_be_added() -> None:
    """Line breaks in a name stay in the subject as spaces; dots and long lines keep the text whole."""
    hostile = alert(
        title="x\r\nBcc: evil@example.com\n\nbody",
        message="\n.\nMAIL FROM:<x>\r\n.\r\n" + "é" * 1500,
        id="i\r\nX: y",
    )
    with smtp_server() as mailbox:
        send(notice(hostile), channel(mailbox))
    (mail,) = mailbox.mails
    assert mail["Bcc"] is None
    assert mail["X"] is None
    assert mailbox.recipients == ["ops@example.com"]
    assert "é" * 1500 in body(mail)


def test_starttls_is_verified_before_anything_is_said(
    server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trusted for this name: delivered, with the login. Untrusted: nothing, the password least of all."""
    monkeypatch.setenv("TEST_PASSWORD", "plantedPassword")
    login = {"tls": "starttls", "username": "me", "password_env": "TEST_PASSWORD", "smtp_host": "localhost"}
    with smtp_server(tls_context=server_tls, require_starttls=True) as mailbox:
        send(notice(), channel(mailbox, **login))
        assert mailbox.logins == [(b"me", b"plantedPassword")]
        wrong_name = failure(mailbox, **login | {"smtp_host": "127.0.0.1"})
        monkeypatch.delenv("SSL_CERT_FILE")
        untrusted = failure(mailbox, **login)
    assert len(mailbox.mails) == len(mailbox.logins) == 1
    for refused in (wrong_name, untrusted):
        assert "certificate" in refused.message
        assert refused.retry == "later"


def test_tls_from_the_first_byte(server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tls = "tls"` speaks TLS at once, checked against the name."""
    # aiosmtpd's own probe of its port does not know this certificate.
    monkeypatch.setattr(Controller, "_trigger_server", _probe)
    with smtp_server(ssl_context=server_tls) as mailbox:
        send(notice(), channel(mailbox, tls="tls", smtp_host="localhost"))
        assert "certificate" in failure(mailbox, tls="tls").message
    assert len(mailbox.mails) == 1


def test_a_server_without_starttls_gets_nothing() -> None:
    """Encryption that was asked for is not given up when the server has none."""
    with smtp_server() as mailbox:
        failed = failure(mailbox, tls="starttls")
    assert mailbox.mails == []
    assert "STARTTLS" in failed.message
    assert failed.retry == "later"


def test_a_password_is_not_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tls = "none"` with a login is refused before a connection is made."""
    monkeypatch.setenv("TEST_PASSWORD", "plantedPassword")
    with smtp_server(auth_require_tls=False) as mailbox:
        failed = failure(mailbox, username="me", password_env="TEST_PASSWORD")
    assert mailbox.logins == []
    assert "without TLS" in failed.message


def test_a_refused_login_is_final_and_tells_no_password(
    server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password is not tried again and stands in no message."""
    monkeypatch.setenv("TEST_PASSWORD", "plantedWrong")
    with smtp_server(tls_context=server_tls) as mailbox:
        failed = failure(
            mailbox, tls="starttls", username="me", password_env="TEST_PASSWORD", smtp_host="localhost"
        )
    assert failed.retry == "never"
    assert "planted" not in failed.message
    assert mailbox.mails == []


@pytest.mark.parametrize(("reply", "retry"), [("451 greylisted", "later"), ("550 no such user", "never")])
def test_refused_recipients(reply: str, retry: str) -> None:
    """All refused: later if the server may change its mind. Some refused: sent, and said."""
    with smtp_server() as mailbox:
        mailbox.recipient_replies = {"b@example.com": reply}
        assert failure(mailbox, to=("b@example.com",)).retry == retry
        said = send(notice(), channel(mailbox, to=("a@example.com", "b@example.com")))
    assert said == Sent("Refused for 1 of 2 addresses.")
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize(("reply", "retry"), [("452 full", "later"), ("554 spam", "never")])
def test_a_refused_message(reply: str, retry: str) -> None:
    """4xx is kept for later, 5xx is dead."""
    with smtp_server() as mailbox:
        mailbox.data_reply = reply
        failed = failure(mailbox)
    assert failed.retry == retry
    assert failed.message == f"127.0.0.1 answered {reply[:3]}: {reply[4:]}."


def test_a_server_that_drips_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A greeting that never ends holds the talk no longer than its time."""
    monkeypatch.setattr(channel_module, "TALK_TIMEOUT_S", 0.4)
    released = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                while not released.wait(0.05):
                    connection.send(b"2")

        thread = threading.Thread(target=drip)
        thread.start()
        begun_s = time.monotonic()
        failed = failure(Mailbox(port=server.getsockname()[1]))
        took_s = time.monotonic() - begun_s
        released.set()
        thread.join()
    assert 0.4 <= took_s < 2
    assert (failed.message, failed.retry) == ("127.0.0.1 took longer than 0.4 s.", "later")


def test_a_server_that_is_silent_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """No greeting: left after its time, for a later call."""
    monkeypatch.setattr(channel_module, "STEP_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        failed = failure(Mailbox(port=server.getsockname()[1]))
    assert failed.message == "127.0.0.1 gave no answer within 0.2 s."
    assert failed.retry == "later"


def test_nobody_there() -> None:
    """A closed port is worth another attempt."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert failure(Mailbox(port=unused.getsockname()[1])).retry == "soon"
