"""The whole card for Teams: an alert that fires, one that is over, a group, and how long it may be."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sysmon_tui.alerts.notify import teams
from tests.alerts.receivers import alert, notice
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
    TOLD_AT_THE_END,
    TOLD_OF_A_GROUP,
    WIKI,
)


def line(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", **run} for run in runs]}


def headline(text: str, color: str) -> dict[str, Any]:
    return line({"text": text, "weight": "Bolder", "size": "Large", "color": color})


def facts(told: dict[str, str]) -> list[dict[str, Any]]:
    return [line({"text": f"{label}: ", "weight": "Bolder"}, {"text": told[label]}) for label in told]


def message(*body: dict[str, Any], **more: Any) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": list(body),
        **more,
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def test_a_card_of_a_firing_alert() -> None:
    """A coloured headline, the message, a line for each fact, and the runbook as a button."""
    assert teams.payload(FIRES) == message(
        headline(FIRING, "Attention"),
        line({"text": MESSAGE}),
        *facts(TOLD),
        actions=[{"type": "Action.OpenUrl", "title": "Runbook", "url": WIKI}],
    )


def test_a_card_of_a_resolved_alert() -> None:
    """Green whatever its severity was, with its end and without a button."""
    assert teams.payload(ENDS) == message(
        headline(RESOLVED.replace("high", "medium"), "Good"), line({"text": MESSAGE}), *facts(TOLD_AT_THE_END)
    )


def test_a_card_of_a_group() -> None:
    """A line for each alert, and of the facts those that they share."""
    assert teams.payload(TOGETHER) == message(
        headline(GROUP, "Attention"), *(line({"text": text}) for text in GROUP_LINES), *facts(TOLD_OF_A_GROUP)
    )


@pytest.mark.parametrize(
    ("severity", "color"), [("critical", "Attention"), ("high", "Attention"), ("medium", "Warning")]
)
def test_the_color_of_a_card(severity: str, color: str) -> None:
    """Red for what is grave, amber for the rest."""
    card = teams.payload(notice(alert(severity=severity)))["attachments"][0]["content"]
    assert card["body"][0] == headline(FIRING.replace("high", severity), color)


def test_a_card_without_words_or_with_a_date() -> None:
    """An empty message takes no line, and braces that Teams would read as a date are set apart."""
    assert teams.payload(notice(alert(message="", entity={"{{a": "{{{DATE(x)}} {{"})))["attachments"][0][
        "content"
    ]["body"] == [
        headline(FIRING, "Attention"),
        *facts(
            {
                "Tenant": "prod",
                "Environment": "production",
                "Rule": "query.failed_per_hour",
                "{ {a": "{ { {DATE(x)}} { {",
                "Value": "12",
                "Threshold": "10",
                "Started": "2026-11-22T02:30:00Z",
                "Data until": "2026-11-22T02:41:00Z",
            }
        ),
    ]


def card_of(value_chars: int) -> dict[str, Any]:
    """The card of an alert with 36 facts of 500 letters and one of `value_chars`."""
    entity = {f"e{number:02}": "x" * 500 for number in range(36)} | {"last": "y" * value_chars}
    card: dict[str, Any] = teams.payload(notice(alert(message="", entity=entity)))
    return card


def texts(card: dict[str, Any]) -> list[str]:
    return [
        "".join(run["text"] for run in block["inlines"])
        for block in card["attachments"][0]["content"]["body"]
    ]


def test_a_card_is_as_long_as_it_may_be() -> None:
    """It is whole up to 24,000 bytes; beyond that its last lines are counted in their place."""
    rest = 23_999 - len(msgspec.json.encode(card_of(0)))
    full, longer = card_of(rest), card_of(rest + 1)
    assert len(msgspec.json.encode(full)) == 23_999
    assert texts(full)[-1] == "Data until: 2026-11-22T02:41:00Z"
    wider = [text.replace("y" * rest, "y" * (rest + 1)) for text in texts(full)[:-1]]
    assert texts(longer) == [*wider, "and 1 more lines"]
    assert longer["attachments"][0]["content"]["body"][-1] == line({"text": "and 1 more lines"})


def test_a_card_that_is_far_too_long() -> None:
    """Nothing follows the line that counts what is left out, though it would have room."""
    entity = {f"e{number:02}": "x" * 500 for number in range(60)}
    said = texts(teams.payload(notice(alert(message="", entity=entity))))
    assert said[-1] == f"and {1 + 3 + 60 + 4 - (len(said) - 1)} more lines"
    assert said[-2].startswith("E36: x")
