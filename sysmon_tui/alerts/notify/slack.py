"""Slack by an incoming webhook."""

from __future__ import annotations

import re
from typing import Any

from sysmon_tui.alerts.notify.http import post_json
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.secret import read_secret
from sysmon_tui.clock import Clock
from sysmon_tui.config import SlackChannel

# Slack refuses a whole message for one text that is too long.
_MAX_HEADER_CHARS = 150
_MAX_SECTION_CHARS = 3000


def send(notice: Notice, channel: SlackChannel, clock: Clock) -> None:
    """One message. Raises DeliveryError."""
    url = read_secret("webhook address", channel.url_env, channel.url_file)
    post_json(url, payload(notice), allow_hosts=channel.allow_hosts, secrets=[url], clock=clock)


def payload(notice: Notice) -> dict[str, Any]:
    """Everything is `plain_text`: Slack reads no mention, link or emphasis in it."""
    facts = "\n".join(f"{label}: {value}" for label, value in notice.facts)
    return {
        "text": _escaped(notice.headline, _MAX_SECTION_CHARS),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            {"type": "header", "text": _plain(notice.headline, _MAX_HEADER_CHARS)},
            # Slack refuses an empty text.
            *(
                {"type": "section", "text": _plain(text, _MAX_SECTION_CHARS)}
                for text in (notice.message, facts)
                if text
            ),
        ],
    }


def _plain(text: str, max_chars: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _escaped(text, max_chars), "emoji": False}


def _escaped(text: str, max_chars: int) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if len(escaped) <= max_chars:
        return escaped
    # The cut must not leave half an escape.
    return re.sub("&[a-z]{0,3}$", "", escaped[: max_chars - 1]) + "…"
