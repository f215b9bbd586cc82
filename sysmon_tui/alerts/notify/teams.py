"""Microsoft Teams: a workflow that a webhook request starts ("Post to a channel when a webhook request is received").

Teams' answer (202) says that the workflow has begun, not that the card is on the screen: more is not to be had.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from sysmon_tui.alerts.notify.http import post_json
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.secret import read_secret
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import Clock
from sysmon_tui.config import TeamsChannel

# Teams drops a message of more than 28 KB; room is left for what the workflow wraps around the card.
_MAX_BYTES = 24_000
_COLORS = {"critical": "Attention", "high": "Attention", "medium": "Warning"}


def send(notice: Notice, channel: TeamsChannel, clock: Clock, _receipt: str | None) -> Sent:
    """One card. Raises DeliveryError."""
    url = read_secret("webhook address", channel.url_env, channel.url_file)
    post_json(url, payload(notice), allow_hosts=channel.allow_hosts, secrets=[url], clock=clock)
    return Sent()


def payload(notice: Notice) -> dict[str, Any]:
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [],
    }
    if notice.runbook_url is not None:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Runbook", "url": notice.runbook_url}]
    message = {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": card,
            }
        ],
    }
    left_bytes = _MAX_BYTES - len(msgspec.json.encode(message))
    blocks = list(_blocks(notice))
    for position, block in enumerate(blocks):
        left_bytes -= len(msgspec.json.encode(block)) + 1
        if left_bytes < 0:
            card["body"].append(_block({"text": f"and {len(blocks) - position} more lines"}))
            break
        card["body"].append(block)
    return message


def _blocks(notice: Notice) -> Iterator[dict[str, Any]]:
    color = "Good" if notice.resolved else _COLORS[notice.severity]
    yield _block({"text": notice.headline, "weight": "Bolder", "size": "Large", "color": color})
    for line in notice.message.split("\n"):
        if line:
            yield _block({"text": line})
    for label, value in notice.facts:
        yield _block({"text": f"{label}: ", "weight": "Bolder"}, {"text": value})


def _block(*runs: dict[str, Any]) -> dict[str, Any]:
    """A line of text runs. They and nothing else in a card know no Markdown: a TextBlock and a FactSet would make
    links of a stranger's text.
    """
    return {
        "type": "RichTextBlock",
        "inlines": [
            # {{DATE(...)}} is the one thing that is read in a text run.
            {"type": "TextRun", **run, "text": re.sub(r"\{(?=\{)", "{ ", run["text"])}
            for run in runs
        ],
    }
