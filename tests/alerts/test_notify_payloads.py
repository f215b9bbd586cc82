"""What the channels are told: hostile text acts on nothing, keys are stable."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sysmon_tui.alerts.notify import alertmanager, pagerduty, slack, teams
from sysmon_tui.alerts.notify.notice import Kind, Notice
from tests.alerts.receivers import alert, notice, resolved

EVIL = 'nightly <!channel> <@U1> & "x" <http://e.example|click> \x1b]52;c;ZXZpbA==\x07 \u202egpj \ud800'


def evil() -> dict[str, Any]:
    return alert(
        title=EVIL,
        message=EVIL * 100,
        rule=EVIL,
        entity={EVIL: EVIL, "job_id": 7},
        runbook_url=EVIL,
        category=EVIL,
    )


PAYLOADS: dict[str, Callable[[Notice], Any]] = {
    "slack": slack.payload,
    "pagerduty": lambda told: pagerduty.payload(told, "key"),
    "teams": teams.payload,
    "alertmanager": alertmanager.payload,
}


@pytest.mark.parametrize("channel", PAYLOADS)
def test_hostile_text_is_inert(channel: str) -> None:
    """No control character, no invisible one, and valid UTF-8, in whatever field a stranger's text lands."""
    text = json.dumps(PAYLOADS[channel](notice(evil())), ensure_ascii=False)
    text.encode()
    assert not any(letter in text for letter in ("\x1b", "\x07", "\u202e", "\ud800"))
    assert "\\u001b" not in text


def test_no_mention_survives_in_slack() -> None:
    """Nothing that Slack reads as a mention, a link or emphasis: all text is plain and escaped."""
    made = slack.payload(notice(evil()))
    text = json.dumps(made)
    assert "<" not in text
    assert ">" not in text
    assert "&lt;!channel&gt;" in text
    assert {block["text"]["type"] for block in made["blocks"]} == {"plain_text"}
    assert made["mrkdwn"] is False


@pytest.mark.parametrize("letter", ["x", "&", "<", "é"])
def test_slack_texts_stay_within_its_limits(letter: str) -> None:
    """Slack refuses a message with one text too long; a cut leaves no half escape."""
    long = alert(
        title=letter * 5000, message=letter * 5000, entity={f"e{n}": letter * 5000 for n in range(40)}
    )
    header, message, facts = (block["text"]["text"] for block in slack.payload(notice(long))["blocks"])
    assert len(header) <= 150
    assert len(message) <= 2000
    assert len(facts) <= 2000
    for text in (header, message, facts):
        rest = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
        assert "&" not in rest


def test_slack_leaves_out_what_is_empty() -> None:
    """Slack refuses an empty text."""
    blocks = slack.payload(notice(alert(message="")))["blocks"]
    assert all(block["text"]["text"] for block in blocks)
    assert len(blocks) == 2


def test_slack_says_what_a_person_needs() -> None:
    """State, severity, title and tenant at the top; values and times below."""
    header, message, facts = (block["text"]["text"] for block in slack.payload(notice())["blocks"])
    assert header == "[FIRING] high: 12 failed queries within an hour (prod)"
    assert message.startswith("12 failed queries in the hour")
    assert facts.split("\n") == [
        "Tenant: prod",
        "Environment: production",
        "Rule: query.failed_per_hour",
        "Value: 12",
        "Threshold: 10",
        "Started: 2026-11-22T02:30:00Z",
        "Data until: 2026-11-22T02:41:00Z",
    ]


@pytest.mark.parametrize(
    ("severity", "told"), [("critical", "critical"), ("high", "error"), ("medium", "warning")]
)
def test_pagerduty_severity(severity: str, told: str) -> None:
    """Our three severities are its critical, error and warning."""
    assert pagerduty.payload(notice(alert(severity=severity)), "key")["payload"]["severity"] == told


def test_pagerduty_has_one_incident_for_all_its_notices() -> None:
    """Trigger, acknowledge and resolve carry the same dedup_key; another tenant or incident has another."""
    kinds: tuple[Kind, ...] = ("firing", "repeat", "summary", "acknowledged", "resolved")
    events = [pagerduty.payload(notice(kind=kind), "key") for kind in kinds]
    assert [event["event_action"] for event in events] == [*["trigger"] * 3, "acknowledge", "resolve"]
    assert {event["dedup_key"] for event in events} == {"sysmon_tui/prod/3f1c2a9d5e7b8a60"}
    assert events[-1].keys() == {"routing_key", "dedup_key", "event_action"}
    others = [notice(tenant="test"), notice(incident="other")]
    assert len({events[0]["dedup_key"], *(other.incident_key for other in others)}) == 3


def test_pagerduty_event_is_complete() -> None:
    """The fields that Events API v2 demands, and the details a person on call needs."""
    event = pagerduty.payload(notice(alert(runbook_url="https://wiki.example.com/x")), "key")
    assert event["routing_key"] == "key"
    assert event["links"] == [{"href": "https://wiki.example.com/x", "text": "Runbook"}]
    assert event["payload"]["summary"] == "[FIRING] high: 12 failed queries within an hour (prod)"
    assert event["payload"]["source"] == "prod"
    assert event["payload"]["timestamp"] == "2026-11-22T02:30:00Z"
    assert event["payload"]["custom_details"]["Threshold"] == "10"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://wiki.example.com", 7, None])
def test_pagerduty_links_only_to_https(url: object) -> None:
    """A runbook address that could act is shown as text, not linked."""
    assert "links" not in pagerduty.payload(notice(alert(runbook_url=url)), "key")


@pytest.mark.parametrize("incident", ["x" * 5000, "a\nb", "é"], ids=["long", "lines", "accent"])
def test_a_strange_incident_still_makes_a_key(incident: str) -> None:
    """At most 255 printable characters, and still the same each time."""
    key = notice(incident=incident).incident_key
    assert key == notice(resolved(), incident=incident).incident_key
    assert len(key) <= 255
    assert key.isascii() and key.isprintable()
