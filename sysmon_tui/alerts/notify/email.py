"""E-mail by SMTP: plain text, one thread for an incident, over verified TLS unless the configuration says none.

`smtp_host` stands in the configuration in the open, so it is its own permission: a relay in a private
network is the usual case.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

import httpx

from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.secret import read_secret, redact
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import Clock
from sysmon_tui.config import EmailChannel
from sysmon_tui.text import one_line

STEP_TIMEOUT_S = 10.0
# Of the whole talk: a server that drips its answers stays within each step's time.
TALK_TIMEOUT_S = 30.0
_MAX_EXCERPT_CHARS = 200


def send(notice: Notice, channel: EmailChannel, _clock: Clock, _receipt: str | None) -> Sent:
    """One message to all of `to`; the note says when the server refused some of them. Raises DeliveryError."""
    mail = message(notice, channel)
    password = None
    if channel.username is not None:
        if channel.tls == "none":
            raise DeliveryError(
                "A password is not sent without TLS: set tls or remove username.", retry="later"
            )
        password = read_secret("password", channel.password_env, channel.password_file)
    try:
        with _talk(channel) as client:
            if channel.username is not None and password is not None:
                client.login(channel.username, password)
            refused = client.send_message(mail)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise _failure(channel.smtp_host, error, [password] if password else []) from None
    return Sent(f"Refused for {len(refused)} of {len(channel.to)} addresses." if refused else None)


def message(notice: Notice, channel: EmailChannel) -> EmailMessage:
    """Every attempt has the same Message-ID; all notices of an incident refer to one root: one thread."""
    domain = channel.sender.rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    try:
        mail["Subject"] = notice.headline
        mail["From"] = channel.sender
        mail["To"] = ", ".join(channel.to)
        mail["Date"] = format_datetime(notice.sent_at)
        mail["Message-ID"] = f"<{notice.delivery_key}@{domain}>"
        mail["References"] = f"<{_root_id(notice)}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"  # no holiday replies
    except ValueError:
        raise DeliveryError("A mail address in the configuration can't be used.", retry="later") from None
    facts = [f"{label}: {value}" for label, value in notice.facts]
    mail.set_content("\n".join([notice.message, "", *facts]) + "\n", cte="quoted-printable")
    return mail


def _root_id(notice: Notice) -> str:
    return "".join(letter if letter.isalnum() else "." for letter in notice.incident_key)


@contextlib.contextmanager
def _talk(channel: EmailChannel) -> Iterator[smtplib.SMTP]:
    context = httpx.create_ssl_context()
    client = (
        smtplib.SMTP_SSL(timeout=STEP_TIMEOUT_S, context=context)
        if channel.tls == "tls"
        else smtplib.SMTP(timeout=STEP_TIMEOUT_S)
    )
    # The name that the certificate is checked against; connect() alone leaves it empty.
    client._host = channel.smtp_host  # type: ignore[attr-defined]
    too_long = threading.Event()
    watchdog = threading.Timer(TALK_TIMEOUT_S, _hang_up, [client, too_long])
    watchdog.daemon = True
    watchdog.start()
    try:
        client.connect(channel.smtp_host, channel.smtp_port)
        if channel.tls == "starttls":
            client.starttls(context=context)
        yield client
        # The message is accepted: how the server says goodbye must not make it look failed.
        with contextlib.suppress(smtplib.SMTPException, OSError):
            client.quit()
    except (smtplib.SMTPException, OSError):
        if too_long.is_set():
            sentence = f"{channel.smtp_host} took longer than {TALK_TIMEOUT_S:g} s."
            raise DeliveryError(sentence, retry="later") from None
        raise
    finally:
        watchdog.cancel()
        client.close()


def _hang_up(client: smtplib.SMTP, too_long: threading.Event) -> None:
    too_long.set()
    if client.sock is not None:
        with contextlib.suppress(OSError):  # closed in this very moment
            client.sock.shutdown(socket.SHUT_RDWR)


def _failure(host: str, error: Exception, secrets: list[str]) -> DeliveryError:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        retry = _retry(min(codes))
        return DeliveryError(f"{host} refused every address.", retry=retry)
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        # What a server says of a login may hold the login.
        login = isinstance(error, smtplib.SMTPAuthenticationError)
        excerpt = "the login is refused" if login else redact(one_line(text), secrets)[:_MAX_EXCERPT_CHARS]
        return DeliveryError(f"{host} answered {error.smtp_code}: {excerpt}.", retry=_retry(error.smtp_code))
    # smtplib calls every break of a talk a disconnection.
    cause = error.__context__ if isinstance(error, smtplib.SMTPServerDisconnected) else error
    for kind, sentence in (
        (smtplib.SMTPNotSupportedError, f"{host} does not offer what is needed (STARTTLS or login)."),
        (TimeoutError, f"{host} gave no answer within {STEP_TIMEOUT_S:g} s."),
        (ssl.SSLError, f"{host} has no certificate that can be trusted."),
        (ValueError, f"{host} can't be given this message."),
    ):
        if isinstance(cause, kind):
            return DeliveryError(sentence, retry="later")
    return DeliveryError(f"{host} can't be reached ({type(error).__name__}).", retry="soon")


def _retry(code: int) -> Literal["later", "never"]:
    return "never" if code >= 500 else "later"
