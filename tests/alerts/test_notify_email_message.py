"""The whole mail of an alert that fires, one that is over, and a group."""

from __future__ import annotations

from typing import Any

import pytest

from sysmon_tui.alerts.notify.email import message
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.config import EmailChannel
from tests.alerts.receivers import alert, notice
from tests.alerts.telling import ENDS, FIRES, TOGETHER

CHANNEL = EmailChannel(
    smtp_host="mail.example.com",
    sender="on-call@sub.example.com",
    to=("ops@example.com", "anna@example.org"),
)
ROOT = "sysmon.tui.prod.3f1c2a9d5e7b8a60@sub.example.com"


def lines(*texts: str) -> str:
    return "".join(f"{text}\n" for text in texts)


def headers(subject: str, told: Notice) -> list[tuple[str, str]]:
    return [
        ("Subject", subject),
        ("From", "on-call@sub.example.com"),
        ("To", "ops@example.com, anna@example.org"),
        ("Date", "Sun, 22 Nov 2026 03:00:00 +0000"),
        ("Message-ID", f"<{told.delivery_key}@sub.example.com>"),
        ("References", f"<{ROOT}>"),
        ("Auto-Submitted", "auto-generated"),
        ("Content-Type", 'text/plain; charset="utf-8"'),
        ("Content-Transfer-Encoding", "quoted-printable"),
        ("MIME-Version", "1.0"),
    ]


def test_a_mail_of_a_firing_alert() -> None:
    """Plain text alone: the message, an empty line, a line for each fact."""
    subject = "[FIRING] high: 12 failed queries within an hour (prod)"
    assert message(FIRES, CHANNEL).as_bytes().decode().replace("\r\n", "\n") == lines(
        *(f"{name}: {value}" for name, value in headers(subject, FIRES)),
        "",
        "12 failed queries in the hour up to 2026-11-22 02:41 UTC (threshold 10).",
        "",
        "Tenant: prod",
        "Environment: production",
        "Rule: query.failed_per_hour",
        "Workspace id: 1",
        "Value: 12",
        "Threshold: 10",
        "Started: 2026-11-22T02:30:00Z",
        "Data until: 2026-11-22T02:41:00Z",
        "Runbook: https://wiki.example.com/x",
    )


def test_a_mail_of_a_resolved_alert() -> None:
    """Its own Message-ID and the same root: it lands in the thread of the first."""
    mail = message(ENDS, CHANNEL)
    assert mail.items() == headers("[RESOLVED] medium: 12 failed queries within an hour (prod)", ENDS)
    assert mail.get_content() == lines(
        "12 failed queries in the hour up to 2026-11-22 02:41 UTC (threshold 10).",
        "",
        "Tenant: prod",
        "Environment: production",
        "Rule: query.failed_per_hour",
        "Value: 12",
        "Threshold: 10",
        "Started: 2026-11-22T02:30:00Z",
        "Resolved: 2026-11-22T02:50:00Z",
        "Data until: 2026-11-22T02:41:00Z",
        "Acknowledged by: anna",
    )
    assert ENDS.delivery_key != FIRES.delivery_key


def test_a_mail_of_a_group() -> None:
    """A line for each alert, and the headline counts them."""
    subject = "[SUMMARY] critical: 12 failed queries within an hour, and 1 more (prod)"
    mail = message(TOGETHER, CHANNEL)
    assert mail.items() == headers(subject, TOGETHER)
    assert mail.get_content() == lines(
        "firing high: 12 failed queries within an hour",
        "firing critical: second",
        "",
        "Tenant: prod",
        "Environment: production",
        "Rule: query.failed_per_hour",
        "Threshold: 10",
        "Started: 2026-11-22T02:00:00Z",
        "Data until: 2026-11-22T02:41:00Z",
    )


def test_text_beyond_ascii() -> None:
    """Letters of any language arrive as they are, as bytes that every server takes."""
    mail = message(notice(alert(title="prüfen", message="é" * 100)), CHANNEL)
    assert mail.as_bytes().isascii()
    assert mail["Subject"] == "[FIRING] high: prüfen (prod)"
    assert mail.get_content().split("\n")[0] == "é" * 100
    assert max(map(len, mail.as_bytes().split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    ("incident", "root"),
    [("a1", "a1"), ("a/b_c-d", "a.b.c.d"), ("<x>@y", ".x..y")],
)
def test_the_root_of_a_thread(incident: str, root: str) -> None:
    """The incident's key with a dot for whatever has a meaning in a Message-ID."""
    mail = message(notice(incident=incident), CHANNEL)
    assert mail["References"] == f"<sysmon.tui.prod.{root}@sub.example.com>"


def test_the_domain_of_the_ids() -> None:
    """What follows the last `@` of the sender: a quoted name may hold one, too."""
    sender = '"on@call"@sub.example.com'
    mail = message(FIRES, EmailChannel(smtp_host="h", sender=sender, to=("ops@example.com",)))
    assert mail["Message-ID"] == f"<{FIRES.delivery_key}@sub.example.com>"
    assert mail["References"] == f"<{ROOT}>"


@pytest.mark.parametrize("changes", [{"sender": "a\nb@example.com"}, {"to": ("a@example.com\r\nBcc: b@c",)}])
def test_an_address_that_is_none(changes: dict[str, Any]) -> None:
    """A line break in an address makes no header, and waits for whoever mends the configuration."""
    settings = {"smtp_host": "h", "sender": "a@example.com", "to": ("b@example.com",)} | changes
    with pytest.raises(DeliveryError) as caught:
        message(FIRES, EmailChannel(**settings))
    assert caught.value.message == "A mail address in the configuration can't be used."
    assert caught.value.retry == "later"
