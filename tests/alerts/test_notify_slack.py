"""Slack's bot: a thread an incident. How a receiver may misbehave stands in test_notify_channels.py."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.alerts.notify.slack import payload, send
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import SlackChannel
from tests.alerts.receivers import (
    NOW,
    TOOK,
    Receiver,
    Reply,
    alert,
    answer_json,
    http_receiver,
    notice,
    resolved,
)

CLOCK = HeldClock(NOW)
RECEIPT = "C0PLANT/1795316400.000100"
POST, UPDATE = "/chat.postMessage", "/chat.update"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "xoxb-planted-token")


def bot(receiver: Receiver) -> SlackChannel:
    return SlackChannel(
        token_env="TEST_TOKEN",
        channel="#ops",
        api_url=f"http://127.0.0.1:{receiver.port}/",
        allow_hosts=("127.0.0.1",),
    )


def sent(told: Notice, receipt: str | None, *replies: Reply) -> tuple[Receiver, Sent]:
    with http_receiver(*replies) as receiver:
        return receiver, send(told, bot(receiver), CLOCK, receipt)


def no(error: str) -> Reply:
    return answer_json({"ok": False, "error": error})


def test_the_first_notice_opens_a_thread() -> None:
    """A message to the configured channel, with the token in its header; the receipt is what Slack calls it."""
    receiver, done = sent(notice(), None)
    assert done == Sent(receipt=RECEIPT)
    assert receiver.paths == [POST]
    assert receiver.headers[0]["Authorization"] == "Bearer xoxb-planted-token"
    assert receiver.headers[0]["Content-Type"] == "application/json; charset=utf-8"
    (document,) = receiver.documents
    assert document["channel"] == "#ops"
    assert "thread_ts" not in document
    assert document["metadata"]["event_payload"] == {"key": notice().delivery_key}


@pytest.mark.parametrize("kind", ["firing", "repeat", "acknowledged", "summary"])
def test_what_follows_is_a_reply(kind: Any) -> None:
    """In the thread, in the channel where it is; the first message stays as it is."""
    receiver, done = sent(notice(kind=kind), RECEIPT)
    assert done == Sent(receipt=RECEIPT)
    assert receiver.paths == [POST]
    assert receiver.documents[0]["channel"] == "C0PLANT"
    assert receiver.documents[0]["thread_ts"] == "1795316400.000100"


def test_the_end_is_a_reply_and_changes_the_first_message() -> None:
    """Who reads the channel alone sees that it is over."""
    receiver, done = sent(notice(resolved()), RECEIPT)
    assert done == Sent(receipt=RECEIPT)
    assert receiver.paths == [POST, UPDATE]
    reply, update = receiver.documents
    assert reply["thread_ts"] == update["ts"] == "1795316400.000100"
    assert update["channel"] == "C0PLANT"
    assert update["text"].startswith("[RESOLVED]")


@pytest.mark.parametrize("error", ["cant_update_message", "ratelimited"])
def test_a_first_message_that_cannot_be_changed(error: str) -> None:
    """The end was told in the thread: that is sent, with a note, and not sent again."""
    receiver, done = sent(notice(resolved()), RECEIPT, answer_json(TOOK), no(error))
    assert done.receipt == RECEIPT
    assert done.note is not None
    assert error in done.note
    assert receiver.paths == [POST, UPDATE]


@pytest.mark.parametrize(
    "error", ["thread_not_found", "message_not_found", "channel_not_found", "is_archived"]
)
@pytest.mark.parametrize("told", [alert(), resolved()], ids=["firing", "resolved"])
def test_a_thread_that_is_gone(told: dict[str, Any], error: str) -> None:
    """A new message in the configured channel, which what follows belongs to."""
    receiver, done = sent(notice(told), "COLD/1.2", no(error))
    assert done == Sent(receipt=RECEIPT)
    assert [document["channel"] for document in receiver.documents] == ["COLD", "#ops"]
    assert "thread_ts" not in receiver.documents[1]


@pytest.mark.parametrize(
    ("error", "retry"),
    [
        ("ratelimited", "soon"),
        ("internal_error", "soon"),
        ("service_unavailable", "soon"),
        ("invalid_auth", "later"),
        ("channel_not_found", "later"),
        ("not_in_channel", "later"),
        ("is_archived", "later"),
        ("missing_scope", "later"),
        ("something_new", "later"),
        ("msg_too_long", "never"),
        ("invalid_blocks", "never"),
    ],
)
def test_what_slack_refuses_with_200(error: str, retry: str) -> None:
    """Busy: again soon. A setting: later, when a person has mended it. The message itself: never."""
    with pytest.raises(DeliveryError) as caught:
        sent(notice(), None, no(error))
    assert caught.value.message == f"Slack refused it and said {error}."
    assert caught.value.retry == retry


@pytest.mark.parametrize(
    "error",
    ["xoxb-planted-token", ["x"], None, "x" * 10_000, "\x1b[2J"],
    ids=["token", "list", "nothing", "long", "escape"],
)
def test_a_refusal_that_is_none_of_slacks(error: object) -> None:
    """Short, harmless and without the token, whatever stands there."""
    with pytest.raises(DeliveryError) as caught:
        sent(notice(), None, answer_json({"ok": False, "error": error}))
    assert len(caught.value.message) < 150
    assert "planted" not in caught.value.message
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize(
    "said", [{"ok": True}, {"ok": True, "channel": 7, "ts": "1"}, TOOK | {"ts": "x" * 99}]
)
def test_a_message_without_a_name(said: dict[str, Any]) -> None:
    """It was taken: sent once, with a note that what follows will stand by itself."""
    receiver, done = sent(notice(), None, answer_json(said))
    assert done.receipt is None
    assert done.note is not None
    assert len(receiver.documents) == 1


@pytest.mark.parametrize("token", ["plantéd", "planted\x00", "planted\nX-Evil: 1"])
def test_a_token_that_fits_no_header(token: str, tmp_path: Any) -> None:
    """It adds no header and stands in no message."""
    file = tmp_path / "token"
    file.write_text(token)
    file.chmod(0o600)
    channel = SlackChannel(token_file=str(file), channel="#ops")
    with pytest.raises(DeliveryError) as caught:
        send(notice(), channel, CLOCK, None)
    assert "plant" not in caught.value.message
    assert caught.value.retry == "later"


def test_slacks_answer_to_the_longest_message_is_read() -> None:
    """It repeats the message with every letter as an escape of 12 bytes: even so it stays within 64 KiB."""
    long = alert(title="😀" * 5000, message="😀" * 5000, entity={f"e{n}": "😀" * 5000 for n in range(40)})
    made = payload(notice(long))
    letters = sum(len(block["text"]["text"]) for block in made["blocks"]) + len(made["text"])
    rest = len(msgspec.json.encode(payload(notice(alert(message="")))))
    assert letters * 12 + 2 * rest < 64 * 1024
