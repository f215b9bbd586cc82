"""Whole messages to Slack, by webhook and by bot, and what a bot makes of Slack's answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sysmon_tui.alerts.notify import slack
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.alerts.notify.slack import has_threads, payload, send
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import SlackChannel
from tests.alerts.posting import Post, Posted
from tests.alerts.receivers import NOW, TOOK, alert, notice
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
)

CLOCK = HeldClock(NOW)
TOKEN = "xoxb-planted-token"
BOT = SlackChannel(
    token_env="TEST_TOKEN", channel="#ops", api_url="https://api.example.com/APIX/", allow_hosts=("api",)
)
RECEIPT = "C0PLANT/1795316400.000100"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json; charset=utf-8"}


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr(slack, "post_json", post)
    monkeypatch.setattr(slack, "ask_json", post)
    monkeypatch.setenv("TEST_TOKEN", TOKEN)
    return post


def message(*texts: str) -> dict[str, Any]:
    """A header, then sections."""
    kinds = ["header", *["section"] * (len(texts) - 1)]
    return {
        "text": texts[0],
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            {"type": kind, "text": {"type": "plain_text", "text": text, "emoji": False}}
            for kind, text in zip(kinds, texts, strict=True)
        ],
    }


def lines(told: dict[str, str]) -> str:
    return "\n".join(f"{label}: {value}" for label, value in told.items())


def posted(method: str, document: dict[str, Any]) -> Posted:
    return Posted(f"https://api.example.com/APIX/{method}", document, ("api",), [TOKEN], CLOCK, HEADERS)


def keyed(told: Notice) -> dict[str, Any]:
    """The message with the key that tells two of them apart."""
    key = {"key": told.delivery_key}
    return payload(told) | {"metadata": {"event_type": "sysmon_tui_notice", "event_payload": key}}


@pytest.mark.parametrize(
    ("told", "texts"),
    [
        (FIRES, (FIRING, MESSAGE, lines(TOLD))),
        (ENDS, (RESOLVED.replace("high", "medium"), MESSAGE, lines(TOLD_AT_THE_END))),
        (TOGETHER, (GROUP, "\n".join(GROUP_LINES), lines(TOLD_OF_A_GROUP))),
    ],
    ids=["firing", "resolved", "group"],
)
def test_a_message_as_a_whole(told: Notice, texts: tuple[str, ...]) -> None:
    """The headline twice, the message and the facts, all of it plain text without previews."""
    assert payload(told) == message(*texts)


def test_a_message_of_long_and_sharp_text() -> None:
    """A header has 150 characters and a section 2000, and a cut leaves no half escape."""
    told = alert(title="&" * 200, message="m" * 1999 + "&<", entity={"a": "<" * 490, "b": ">&" * 240})
    text, header, words, said = (
        payload(notice(told))["text"],
        *(block["text"]["text"] for block in payload(notice(told))["blocks"]),
    )
    assert text == f"[FIRING] high: {'&amp;' * 200} (prod)"
    assert header == f"[FIRING] high: {'&amp;' * 26}…"
    assert words == "m" * 1999 + "…"
    begin = "Tenant: prod\nEnvironment: production\nRule: query.failed_per_hour\nA: "
    assert said == (begin + "&lt;" * 482 + "…")


@pytest.mark.parametrize(("chars", "shown"), [(2000, "m" * 2000), (2001, "m" * 1999 + "…")])
def test_how_long_a_text_may_be(chars: int, shown: str) -> None:
    """It is cut when it is longer than Slack takes, not when it is as long."""
    assert slack._escaped("m" * chars, 2000) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("aaaa&", "aaaa…"),
        ("aaa&&", "aaa…"),
        ("aa&b", "aa…"),
        ("a&b", "a…"),
        ("&aaaaaaa", "&amp;…"),
        ("&lt;", "&amp;…"),
        ("a&", "a&amp;"),
        (">", "&gt;"),
        ("<", "&lt;"),
    ],
)
def test_a_cut_within_an_escape(text: str, shown: str) -> None:
    """An escape that the cut would halve goes as a whole."""
    assert slack._escaped(text, 6) == shown


@pytest.mark.parametrize(
    ("channel", "has"),
    [
        (SlackChannel(url_env="A"), False),
        (SlackChannel(token_env="A"), True),
        (SlackChannel(token_file="a"), True),
    ],
)
def test_who_has_threads(channel: SlackChannel, has: bool) -> None:
    """A bot, wherever its token is."""
    assert has_threads(channel) is has


@pytest.mark.parametrize("receipt", [None, "", "C0PLANT", "C0PLANT/"])
def test_a_bot_opens_a_thread(post: Post, receipt: str | None) -> None:
    """Without a receipt that names a message, it posts to the configured channel and keeps the name."""
    post.answers = [{"ok": True, "channel": "C1", "ts": "1.2"}]
    assert send(FIRES, BOT, CLOCK, receipt) == Sent(receipt="C1/1.2")
    assert post.posted == [posted("chat.postMessage", keyed(FIRES) | {"channel": "#ops"})]


def test_a_bot_replies(post: Post) -> None:
    """In the thread of the receipt, which stays the receipt."""
    post.answers = [TOOK]
    assert send(FIRES, BOT, CLOCK, RECEIPT) == Sent(receipt=RECEIPT)
    reply = keyed(FIRES) | {"channel": "C0PLANT", "thread_ts": "1795316400.000100"}
    assert post.posted == [posted("chat.postMessage", reply)]


def test_a_bot_closes_a_thread(post: Post) -> None:
    """A reply that says it is over, and the first message says so, too."""
    post.answers = [TOOK, TOOK]
    assert send(ENDS, BOT, CLOCK, RECEIPT) == Sent(receipt=RECEIPT)
    reply = keyed(ENDS) | {"channel": "C0PLANT", "thread_ts": "1795316400.000100"}
    update = payload(ENDS) | {"channel": "C0PLANT", "ts": "1795316400.000100"}
    assert post.posted == [posted("chat.postMessage", reply), posted("chat.update", update)]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"ok": False, "error": "cant_update_message"}, "Slack refused it and said cant_update_message."),
        (DeliveryError("It is out of reach.", retry="soon"), "It is out of reach."),
    ],
)
def test_a_first_message_that_stays(post: Post, answer: dict[str, Any] | DeliveryError, why: str) -> None:
    """The end is told all the same, with a note of why the first message could not be changed."""
    post.answers = [TOOK, answer]
    note = f"The thread's first message could not be changed: {why}"
    assert send(ENDS, BOT, CLOCK, RECEIPT) == Sent(note, RECEIPT)


@pytest.mark.parametrize(
    "error",
    [
        "thread_not_found",
        "message_not_found",
        "cannot_reply_to_message",
        "channel_not_found",
        "is_archived",
        "not_in_channel",
    ],
)
def test_a_thread_that_is_gone_is_opened_anew(post: Post, error: str) -> None:
    """A message to the configured channel, outside of any thread, and its name is the new receipt."""
    post.answers = [{"ok": False, "error": error}, {"ok": True, "channel": "C1", "ts": "1.2"}]
    assert send(ENDS, BOT, CLOCK, RECEIPT) == Sent(receipt="C1/1.2")
    assert post.posted == [
        posted("chat.postMessage", keyed(ENDS) | {"channel": "C0PLANT", "thread_ts": "1795316400.000100"}),
        posted("chat.postMessage", keyed(ENDS) | {"channel": "#ops"}),
    ]


@pytest.mark.parametrize(
    ("answer", "said", "retry"),
    [
        ({"ok": False, "error": "invalid_auth"}, "invalid_auth", "later"),
        ({"ok": False, "error": "msg_too_long"}, "msg_too_long", "never"),
        ({"ok": False, "error": "ratelimited"}, "ratelimited", "soon"),
        ({"ok": 1, "error": "odd"}, "odd", "later"),
        ({"error": "no ok"}, "no ok", "later"),
        ({}, "nothing", "later"),
        ({"error": None}, "None", "later"),
        ({"error": "a\nb"}, "a b", "later"),
        ({"error": "e" * 80}, "e" * 80, "later"),
        ({"error": "e" * 81}, "e" * 80, "later"),
        ({"error": f"no {TOKEN}"}, "no <redacted>", "later"),
    ],
)
def test_what_slack_refuses(post: Post, answer: dict[str, Any], said: str, retry: str) -> None:
    """Nothing but `ok: true` is a yes; what it says is shown short and harmless."""
    post.answers = [answer]
    with pytest.raises(DeliveryError) as caught:
        send(FIRES, BOT, CLOCK, RECEIPT)
    assert caught.value.message == f"Slack refused it and said {said}."
    assert (caught.value.retry, caught.value.retry_after_s) == (retry, None)
    assert len(post.posted) == 1


@pytest.mark.parametrize(
    ("names", "receipt"),
    [
        ({"channel": "C" * 64, "ts": "1" * 64}, f"{'C' * 64}/{'1' * 64}"),
        ({"channel": "C", "ts": "1"}, "C/1"),
        ({"channel": "C" * 65, "ts": "1"}, None),
        ({"channel": "C", "ts": "1" * 65}, None),
        ({"channel": "", "ts": "1"}, None),
        ({"channel": "C", "ts": ""}, None),
        ({"channel": "C"}, None),
        ({"ts": "1"}, None),
        ({"channel": "C", "ts": 1}, None),
    ],
)
def test_the_name_of_a_message(post: Post, names: dict[str, Any], receipt: str | None) -> None:
    """Two texts of 1 to 64 characters; without them the message stands by itself, and the record says so."""
    post.answers = [{"ok": True} | names]
    note = None if receipt else "Slack gave the message no name: what follows is no reply to it."
    assert send(FIRES, BOT, CLOCK, None) == Sent(note, receipt)


@pytest.mark.parametrize("token", ["plantéd", "planted\ttoken"])
def test_a_token_that_is_none(post: Post, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not sent, and the sentence does not repeat it."""
    monkeypatch.setenv("TEST_TOKEN", token)
    with pytest.raises(DeliveryError) as caught:
        send(FIRES, BOT, CLOCK, None)
    assert caught.value.message == "The bot token holds characters that no token has."
    assert caught.value.retry == "later"
    assert post.posted == []


def test_a_token_in_a_file(post: Post, tmp_path: Path) -> None:
    """It is the same bot."""
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text(TOKEN)
    post.answers = [{"ok": True, "channel": "C1", "ts": "1.2"}]
    bot = SlackChannel(
        token_file=str(file), channel="#ops", api_url="https://api.example.com/APIX", allow_hosts=("api",)
    )
    assert send(FIRES, bot, CLOCK, None) == Sent(receipt="C1/1.2")
    assert post.posted == [posted("chat.postMessage", keyed(FIRES) | {"channel": "#ops"})]


@pytest.mark.parametrize(
    ("channel", "sentence"),
    [
        (SlackChannel(token_env="TEST_NO"), "The environment variable TEST_NO for the bot token is not set."),
        (SlackChannel(), "The configuration names no place for the webhook address."),
    ],
)
def test_a_secret_that_is_missing(post: Post, channel: SlackChannel, sentence: str) -> None:
    """Nothing is sent, and the sentence says which secret is not there."""
    with pytest.raises(DeliveryError) as caught:
        send(FIRES, channel, CLOCK, None)
    assert (caught.value.message, post.posted) == (sentence, [])
