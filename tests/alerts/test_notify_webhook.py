"""The document for a receiver of one's own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.alerts.notify.webhook import payload, send
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import WebhookChannel
from tests.alerts.receivers import NOW, Receiver, alert, http_receiver, notice, resolved

MAX_BYTES = 256 * 1024


def sent(*alerts: dict[str, Any], **changes: Any) -> tuple[Receiver, Sent]:
    with http_receiver() as receiver, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_HOOK", receiver.url)
        channel = WebhookChannel(url_env="TEST_HOOK", allow_hosts=("127.0.0.1",))
        return receiver, send(notice(*alerts, **changes), channel, HeldClock(NOW), None)


def test_the_document() -> None:
    """The alerts as they are, and what they belong to."""
    receiver, done = sent(alert(), alert(id="b"), demo=True)
    assert done == Sent()
    assert receiver.documents == [
        {
            "version": 1,
            "kind": "firing",
            "incident": "sysmon_tui/prod/3f1c2a9d5e7b8a60",
            "key": notice().delivery_key,
            "tenant": "prod",
            "environment": "production",
            "demo": True,
            "sent_at": "2026-11-22T03:00:00Z",
            "headline": "[FIRING] DEMO DATA, high: 12 failed queries within an hour, and 1 more (prod)",
            "alerts": [alert(), alert(id="b")],
            "evidence_left_out": False,
            "alerts_left_out": 0,
        }
    ]


def test_the_key_is_the_same_for_every_attempt() -> None:
    """In the header, so that a receiver can drop what it has; another notice has another."""
    told = [notice(), notice(), notice(kind="repeat"), notice(resolved()), notice(number="2")]
    keys = [
        sent(*one.alerts, kind=one.kind, number=one.number)[0].headers[0]["Idempotency-Key"] for one in told
    ]
    assert keys == [one.delivery_key for one in told]
    assert len(set(keys)) == 4


def test_evidence_goes_first_when_it_is_too_long() -> None:
    """All alerts are there, without the rows that they rest on."""
    long = [alert(id=str(n), evidence={"ids": ["x" * 1000]}) for n in range(300)]
    document = payload(notice(*long))
    assert len(document["alerts"]) == 300
    assert document["alerts"][0] == long[0] | {"evidence": None}
    assert document["evidence_left_out"] is True
    assert document["alerts_left_out"] == 0
    assert len(msgspec.json.encode(document)) <= MAX_BYTES


@pytest.mark.parametrize(("count", "length"), [(5000, 100), (3, 200_000), (1, 300_000)])
def test_then_the_last_alerts_go(count: int, length: int) -> None:
    """The gravest stand first and stay; the rest is counted, and the record says so."""
    receiver, done = sent(*(alert(id=str(n), message="é" * length) for n in range(count)))
    (document,) = receiver.documents
    left_out = document["alerts_left_out"]
    assert [told["id"] for told in document["alerts"]] == [str(n) for n in range(count - left_out)]
    assert 0 < left_out <= count
    assert done == Sent(f"{left_out} of {count} alerts were left out for its length.")
    assert len(msgspec.json.encode(document)) <= MAX_BYTES


def test_text_that_is_no_text() -> None:
    """What UTF-8 can't carry is replaced, in keys too; all else is as it was."""
    receiver, _ = sent(alert(title="a\ud800", entity={"\ud800": ["\udfff", 1.5, None, True]}))
    (told,) = receiver.documents[0]["alerts"]
    assert told["title"] == "a\ufffd"
    assert told["entity"] == {"\ufffd": ["\ufffd", 1.5, None, True]}
