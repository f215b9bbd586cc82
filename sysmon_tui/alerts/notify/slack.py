"""Slack: an incoming webhook, where each notice is a message of its own, or a bot, where an incident is a thread."""

from __future__ import annotations

import re
from typing import Any, Literal

from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.http import ask_json, post_json
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.secret import read_secret, redact
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import Clock
from sysmon_tui.config import SlackChannel
from sysmon_tui.text import one_line

# Slack refuses a whole message for one header that is too long. It would take 3000 characters in a section, but its
# answer repeats the message with up to 12 bytes for a character, and of an answer 64 KiB are read.
_MAX_HEADER_CHARS = 150
_MAX_SECTION_CHARS = 2000
_MAX_ERROR_CHARS = 80
_MAX_NAME_CHARS = 64

# What Slack refuses for reasons that pass by themselves.
_BUSY = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
    }
)
# What it refuses for the message's sake: no setting would mend that, and it must not hold up the next message.
_UNFIT = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
    }
)
# The thread can't be written to any more: deleted, or in a channel that is gone or was exchanged for another.
_GONE = frozenset(
    {
        "thread_not_found",
        "message_not_found",
        "cannot_reply_to_message",
        "channel_not_found",
        "is_archived",
        "not_in_channel",
    }
)


class _Refused(DeliveryError):
    """Slack's HTTP 200 with `ok: false`."""

    def __init__(self, said: str, message: str, retry: Literal["soon", "later", "never"]) -> None:
        super().__init__(message, retry=retry)
        self.said = said


def has_threads(channel: SlackChannel) -> bool:
    return channel.token_env is not None or channel.token_file is not None


def send(notice: Notice, channel: SlackChannel, clock: Clock, receipt: str | None) -> Sent:
    """One message. The receipt of a bot's is `<channel id>/<message>`. Raises DeliveryError."""
    if has_threads(channel):
        return _to_thread(notice, channel, clock, receipt)
    url = read_secret("webhook address", channel.url_env, channel.url_file)
    post_json(url, payload(notice), allow_hosts=channel.allow_hosts, secrets=[url], clock=clock)
    return Sent()


def _to_thread(notice: Notice, channel: SlackChannel, clock: Clock, receipt: str | None) -> Sent:
    # Slack knows no idempotency key. Whoever wonders about two messages finds the same key in both.
    metadata = {"event_type": "sysmon_tui_notice", "event_payload": {"key": notice.delivery_key}}
    message = payload(notice) | {"metadata": metadata}
    room, _, opening = (receipt or "").partition("/")
    if opening:
        try:
            _call("chat.postMessage", message | {"channel": room, "thread_ts": opening}, channel, clock)
        except _Refused as refused:
            if refused.said not in _GONE:
                raise
        else:
            return Sent(_close(notice, channel, clock, room, opening) if notice.resolved else None, receipt)
    answer = _call("chat.postMessage", message | {"channel": channel.channel}, channel, clock)
    names = answer.get("channel"), answer.get("ts")
    if not all(isinstance(name, str) and 0 < len(name) <= _MAX_NAME_CHARS for name in names):
        return Sent("Slack gave the message no name: what follows is no reply to it.")
    return Sent(receipt="{}/{}".format(*names))


def _close(notice: Notice, channel: SlackChannel, clock: Clock, room: str, opening: str) -> str | None:
    """The message that opened the thread says that it is over. The reply has said so: this may fail."""
    try:
        _call("chat.update", payload(notice) | {"channel": room, "ts": opening}, channel, clock)
    except DeliveryError as failure:
        return f"The thread's first message could not be changed: {failure.message}"
    return None


def _call(method: str, document: dict[str, Any], channel: SlackChannel, clock: Clock) -> dict[str, Any]:
    token = read_secret("bot token", channel.token_env, channel.token_file)
    if not (token.isascii() and token.isprintable()):
        raise DeliveryError("The bot token holds characters that no token has.", retry="later")
    answer = ask_json(
        f"{channel.api_url.rstrip('/')}/{method}",
        document,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=utf-8"},
        allow_hosts=channel.allow_hosts,
        secrets=[token],
        clock=clock,
    )
    if answer.get("ok") is True:
        return answer
    said = str(answer.get("error", "nothing"))
    retry: Literal["soon", "later", "never"] = (
        "soon" if said in _BUSY else "never" if said in _UNFIT else "later"
    )
    shown = redact(one_line(said), [token])[:_MAX_ERROR_CHARS]
    raise _Refused(said, f"Slack refused it and said {shown}.", retry)


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
