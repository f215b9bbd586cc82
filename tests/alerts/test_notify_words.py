"""What a notice says where it has little to say, which channel it is handed to, and what a failure holds."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from sysmon_tui.alerts.notify import channels
from sysmon_tui.alerts.notify.channels import hand_over
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import Clock, HeldClock
from sysmon_tui.config import (
    AlertmanagerChannel,
    AppriseChannel,
    ChannelConfig,
    EmailChannel,
    PagerDutyChannel,
    SlackChannel,
    TeamsChannel,
    WebhookChannel,
)
from tests.alerts.receivers import NOW, alert, notice

CLOCK = HeldClock(NOW)


@pytest.mark.parametrize(
    "channel",
    [
        SlackChannel(),
        PagerDutyChannel(),
        EmailChannel(smtp_host="h", sender="a@b", to=("c@d",)),
        TeamsChannel(),
        WebhookChannel(),
        AlertmanagerChannel(url="https://a"),
        AppriseChannel(),
    ],
)
def test_handing_over(channel: ChannelConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The channel's own sender gets notice, settings, clock and receipt, and its answer is the answer."""
    told = notice()
    handed: list[tuple[Any, ...]] = []

    def send(notice: Notice, channel: Any, clock: Clock, receipt: str | None) -> Sent:
        handed.append((notice, channel, clock, receipt))
        return Sent("a note", "a receipt")

    monkeypatch.setattr(channels, "_SENDERS", {type(channel): send})
    assert hand_over(told, channel, CLOCK, "C/1") == Sent("a note", "a receipt")
    assert handed == [(told, channel, CLOCK, "C/1")]


def test_a_failure() -> None:
    """A sentence, when to try again, and what the receiver asked for, if it did."""
    failed = DeliveryError("It is busy.", retry="soon", retry_after_s=2.5)
    assert (failed.message, str(failed), failed.code) == ("It is busy.", "It is busy.", "delivery_failed")
    assert (failed.retry, failed.retry_after_s) == ("soon", 2.5)
    assert DeliveryError("No.", retry="never").retry_after_s is None


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def test_the_keys_of_a_notice() -> None:
    """The incident's is readable where it can be; the delivery's holds incident, kind and number."""
    told = notice(kind="repeat", number="7")
    assert told.incident_key == "sysmon_tui/prod/3f1c2a9d5e7b8a60"
    assert told.delivery_key == digest("sysmon_tui/prod/3f1c2a9d5e7b8a60\nrepeat\n7")


@pytest.mark.parametrize(
    ("incident", "key"),
    [
        ("x" * 239, "sysmon_tui/prod/" + "x" * 239),
        ("x" * 240, digest("sysmon_tui/prod/" + "x" * 240)),
        ("é", digest("sysmon_tui/prod/é")),
        ("a\nb", digest("sysmon_tui/prod/a\nb")),
        ("\ud800", digest("sysmon_tui/prod/?")),
    ],
)
def test_an_incident_key_that_is_none(incident: str, key: str) -> None:
    """Up to 255 plain characters it is itself, and else a digest of 40."""
    assert notice(incident=incident).incident_key == key


def test_a_group_shares_what_all_its_alerts_have() -> None:
    """A fact on which one of them differs, or that one lacks, is left out."""
    one = alert(acknowledged_by="anna", threshold=10, rule="a")
    told = notice(one, one | {"id": "b", "rule": "b"}, {"id": "c", "started_at": "2026", "threshold": 10})
    assert told.facts == [
        ("Tenant", "prod"),
        ("Environment", "production"),
        ("Threshold", "10"),
        ("Started", "2026"),
    ]


def test_words_that_are_missing_or_too_long() -> None:
    """An alert without a title or message has empty ones; each text has its length, and no line breaks."""
    bare = notice({"id": "a", "state": "firing", "started_at": "2026-11-22T02:30:00Z"})
    assert (bare.headline, bare.message) == ("[FIRING] high:  (prod)", "")
    long = notice(alert(title="t" * 201, message="m" * 1999 + "\nm"))
    assert (long.title, long.message) == ("t" * 199 + "…", "m" * 1999 + "…")
    odd = notice(alert(title=7, message=["a\nb"], entity={}))
    assert (odd.title, odd.message) == ("7", "['a\\nb']")


def test_a_group_of_many() -> None:
    """Twenty have a line each, and the others are counted."""
    told = notice(*(alert(id=str(number), title=f"t{number}", state="s" * 30) for number in range(22)))
    assert told.message.split("\n") == [
        *(f"{'s' * 19}… high: t{number}" for number in range(20)),
        "and 2 more",
    ]
    assert told.title == "t0, and 21 more"
