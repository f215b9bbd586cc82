"""The card for Teams: nothing in it acts, and it is never too long."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sysmon_tui.alerts.notify.teams import payload
from tests.alerts.receivers import alert, notice, resolved

EVIL = "[click](https://e.example) **x** `y` <at>all</at> {{DATE(2026-11-22T03:00:00Z)}} - 1. \\"


def card(*alerts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    message = payload(notice(*alerts, **changes))
    assert message["type"] == "message"
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    content: dict[str, Any] = attachment["content"]
    return content


def lines(content: dict[str, Any]) -> list[str]:
    return ["".join(run["text"] for run in block["inlines"]) for block in content["body"]]


def test_a_card_says_what_a_person_needs() -> None:
    """Headline, message, a line for each fact; the headline has a colour."""
    content = card()
    assert lines(content)[0] == "[FIRING] high: 12 failed queries within an hour (prod)"
    assert lines(content)[1].startswith("12 failed queries in the hour")
    assert lines(content)[2:5] == ["Tenant: prod", "Environment: production", "Rule: query.failed_per_hour"]
    assert content["body"][0]["inlines"][0]["color"] == "Attention"
    assert card(resolved())["body"][0]["inlines"][0]["color"] == "Good"
    assert content["version"] == "1.4"


def test_nothing_in_a_card_acts() -> None:
    """All text is in text runs, the one element that knows no Markdown; no mention, no date function."""
    evil = alert(title=EVIL, message=EVIL, entity={EVIL: EVIL}, runbook_url=f"javascript:{EVIL}")
    content = card(evil)
    assert {block["type"] for block in content["body"]} == {"RichTextBlock"}
    runs = [run for block in content["body"] for run in block["inlines"]]
    assert {run["type"] for run in runs} == {"TextRun"}
    assert not any("selectAction" in run or "{{" in run["text"] for run in runs)
    assert "actions" not in content
    assert "entities" not in content["msteams"]


def test_a_runbook_is_a_button() -> None:
    """The one thing that can be pressed, and only to https."""
    content = card(alert(runbook_url="https://wiki.example.com/x"))
    assert content["actions"] == [
        {"type": "Action.OpenUrl", "title": "Runbook", "url": "https://wiki.example.com/x"}
    ]
    assert "actions" not in card(alert(runbook_url="http://wiki.example.com/x"))


@pytest.mark.parametrize("letter", ["x", "é", "😀", '"', "\\"])
def test_a_card_is_never_too_long(letter: str) -> None:
    """Below 28 KB; what is left out is counted."""
    long = alert(
        title=letter * 5000, message=letter * 5000, entity={f"e{n}": letter * 5000 for n in range(200)}
    )
    for told in ([long], [long] * 300):
        message = payload(notice(*told))
        assert len(msgspec.json.encode(message)) < 28_000
    assert "more lines" in json.dumps(payload(notice(long)))
