"""The whole documents of PagerDuty and of a webhook, and where each channel sends its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import msgspec
import pytest

from sysmon_tui.alerts.notify import heartbeat, pagerduty, slack, teams, webhook
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notice import Kind
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import (
    HeartbeatConfig,
    PagerDutyChannel,
    SlackChannel,
    TeamsChannel,
    WebhookChannel,
)
from tests.alerts.posting import Post, Posted
from tests.alerts.receivers import NOW, alert, notice, resolved
from tests.alerts.telling import (
    ENDS,
    FIRES,
    FIRING,
    GROUP,
    GROUP_LINES,
    MESSAGE,
    RESOLVED,
    TOGETHER,
    TOLD,
    TOLD_OF_A_GROUP,
    WIKI,
)

CLOCK = HeldClock(NOW)


def test_an_event_of_a_firing_alert() -> None:
    """A trigger with all that is known, and the runbook as a link."""
    assert pagerduty.payload(FIRES, "the key") == {
        "routing_key": "the key",
        "dedup_key": "sysmon_tui/prod/3f1c2a9d5e7b8a60",
        "event_action": "trigger",
        "client": "sysmon_tui",
        "payload": {
            "summary": FIRING,
            "source": "prod",
            "severity": "error",
            "timestamp": "2026-11-22T02:30:00Z",
            "class": "query.failed_per_hour",
            "group": "query",
            "custom_details": {"Message": MESSAGE} | TOLD,
        },
        "links": [{"href": WIKI, "text": "Runbook"}],
    }


@pytest.mark.parametrize(("kind", "action"), [("resolved", "resolve"), ("acknowledged", "acknowledge")])
def test_an_event_that_ends_or_acknowledges(kind: Kind, action: str) -> None:
    """Two keys and what is to be done, no more."""
    assert pagerduty.payload(notice(resolved(), kind=kind), "the key") == {
        "routing_key": "the key",
        "dedup_key": "sysmon_tui/prod/3f1c2a9d5e7b8a60",
        "event_action": action,
    }


def test_an_event_of_a_group() -> None:
    """One trigger: the gravest severity, the oldest start, the first alert's class."""
    assert pagerduty.payload(TOGETHER, "the key") == {
        "routing_key": "the key",
        "dedup_key": "sysmon_tui/prod/3f1c2a9d5e7b8a60",
        "event_action": "trigger",
        "client": "sysmon_tui",
        "payload": {
            "summary": GROUP,
            "source": "prod",
            "severity": "critical",
            "timestamp": "2026-11-22T02:00:00Z",
            "class": "query.failed_per_hour",
            "group": "query",
            "custom_details": {"Message": "\n".join(GROUP_LINES)} | TOLD_OF_A_GROUP,
        },
    }


def test_an_event_of_strange_fields() -> None:
    """No class or group is an empty one; lines are joined, and the summary has at most 1024 characters."""
    told = {"id": "a", "started_at": "2026-11-22T02:30:00Z", "title": "t" * 300, "severity": "unheard of"}
    event = pagerduty.payload(notice(told, tenant="e" * 2000, kind="firing"), "key")["payload"]
    assert (event["class"], event["group"], event["severity"]) == ("", "", "error")
    assert event["summary"] == f"[FIRING] high: {'t' * 199}… ({'e' * 806}…"
    event = pagerduty.payload(notice(alert(rule="a\nb", category="c\nd")), "key")["payload"]
    assert (event["class"], event["group"]) == ("a b", "c d")


def test_a_document_of_a_resolved_alert() -> None:
    """The alert as it is and its last state's words, without a fraction in its time."""
    assert webhook.payload(ENDS) == {
        "version": 1,
        "kind": "resolved",
        "incident": "sysmon_tui/prod/3f1c2a9d5e7b8a60",
        "key": ENDS.delivery_key,
        "tenant": "prod",
        "environment": "production",
        "demo": False,
        "sent_at": "2026-11-22T03:00:00Z",
        "headline": RESOLVED.replace("high", "medium"),
        "alerts": [resolved(acknowledged_by="anna", severity="medium")],
        "evidence_left_out": False,
        "alerts_left_out": 0,
    }


def test_a_document_is_as_long_as_it_may_be() -> None:
    """With its evidence up to 256 KiB; a byte more takes the evidence of every alert."""
    limit = 256 * 1024
    rest = limit - len(msgspec.json.encode(webhook.payload(notice(alert(message="")))))
    full, longer = (webhook.payload(notice(alert(message="x" * chars))) for chars in (rest, rest + 1))
    assert len(msgspec.json.encode(full)) == limit
    assert (full["evidence_left_out"], full["alerts"][0]["evidence"]) == (False, alert()["evidence"])
    told = alert(message="x" * (rest + 1), evidence=None)
    assert longer == full | {"alerts": [told], "evidence_left_out": True}


def test_the_last_alert_that_has_room() -> None:
    """Without evidence it is as long as it may be, too; then the alert goes and is counted."""
    shell = webhook.payload(notice(alert(message=""))) | {"alerts": [], "evidence_left_out": True}
    spare = 256 * 1024 - len(msgspec.json.encode(shell)) - len("1") - 1
    rest = spare - len(msgspec.json.encode(alert(message="", evidence=None)))
    evidence = {"ids": ["s" * 1000]}
    full, longer = (
        webhook.payload(notice(alert(message="x" * chars, evidence=evidence))) for chars in (rest, rest + 1)
    )
    assert full == shell | {"alerts": [alert(message="x" * rest, evidence=None)]}
    assert longer == shell | {"alerts_left_out": 1}


HOOK = "https://hook.example.com/planted"
HOSTS = ("hook.example.com",)
HOOKED = Posted(HOOK, None, HOSTS, [HOOK], CLOCK)
PAGER = "https://pager.example.com"


class Sender(NamedTuple):
    """A channel's module with the settings for a secret in a variable or a file, and what goes out then."""

    module: ModuleType
    send: Callable[[str | None, str | None], Sent | None]
    secret: str
    posted: Posted


SENDERS = {
    "slack": Sender(
        slack,
        lambda name, file: slack.send(FIRES, SlackChannel(name, file, allow_hosts=HOSTS), CLOCK, None),
        "webhook address",
        replace(HOOKED, document=slack.payload(FIRES)),
    ),
    "teams": Sender(
        teams,
        lambda name, file: teams.send(FIRES, TeamsChannel(name, file, HOSTS), CLOCK, None),
        "webhook address",
        replace(HOOKED, document=teams.payload(FIRES)),
    ),
    "pagerduty": Sender(
        pagerduty,
        lambda name, file: pagerduty.send(FIRES, PagerDutyChannel(name, file, PAGER, HOSTS), CLOCK, None),
        "routing key",
        replace(HOOKED, url=PAGER, document=pagerduty.payload(FIRES, HOOK)),
    ),
    "webhook": Sender(
        webhook,
        lambda name, file: webhook.send(FIRES, WebhookChannel(name, file, HOSTS), CLOCK, None),
        "webhook address",
        replace(HOOKED, document=webhook.payload(FIRES), headers={"Idempotency-Key": FIRES.delivery_key}),
    ),
    "heartbeat": Sender(
        heartbeat,
        lambda name, file: heartbeat.beat(HeartbeatConfig(name, file, allow_hosts=HOSTS), CLOCK, "prod"),
        "heartbeat address",
        replace(HOOKED, document={"tenant": "prod", "at": "2026-11-22T03:00:00Z"}),
    ),
}


@pytest.fixture(params=SENDERS)
def sender(request: pytest.FixtureRequest) -> Sender:
    return SENDERS[request.param]


@pytest.fixture
def post(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr(sender.module, "post_json", post)
    return post


@pytest.mark.parametrize("place", ["variable", "file"])
def test_where_documents_go(
    sender: Sender, post: Post, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the channel's address, with its secret for redaction and its allowed hosts."""
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_text(HOOK)
    monkeypatch.setenv("TEST_HOOK", HOOK)
    said = sender.send("TEST_HOOK", None) if place == "variable" else sender.send(None, str(file))
    assert said == (None if sender.module is heartbeat else Sent())
    assert post.posted == [sender.posted]


def test_a_secret_that_is_missing(sender: Sender, post: Post) -> None:
    """Nothing goes out, and the sentence says which secret is not there."""
    with pytest.raises(DeliveryError) as caught:
        sender.send("TEST_NO", None)
    assert caught.value.message == f"The environment variable TEST_NO for the {sender.secret} is not set."
    assert post.posted == []


@pytest.mark.parametrize(("count", "note"), [(1, None), (3, "1 of 3 alerts were left out for its length.")])
def test_what_a_webhook_left_out(count: int, note: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record says how many alerts had no room."""
    monkeypatch.setattr(webhook, "post_json", Post())
    monkeypatch.setenv("TEST_HOOK", HOOK)
    told = notice(*(alert(id=str(number), message="x" * 100_000) for number in range(count)))
    assert webhook.send(told, WebhookChannel("TEST_HOOK"), CLOCK, None) == Sent(note)
