"""What the notifier says of each delivery: its outcome, its line in the log, and when it is tried again."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from sysmon_tui.alerts.life import Life
from sysmon_tui.alerts.notify import channels, notifier
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.notifier import Notifier, Outcome
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.alerts.outbox import Standing
from sysmon_tui.alerts.store import AlertStore
from sysmon_tui.alerts.store_file import StoreFile
from sysmon_tui.clock import Clock, HeldClock, to_micros
from sysmon_tui.config import ChannelConfig, NotificationsConfig, SlackChannel
from sysmon_tui.errors import RequestError
from tests.alerts.receivers import NOW, alert, resolved


class Receiver:
    """A channel that answers what it is told to, one answer after another, the last for ever."""

    def __init__(self, *answers: Sent | Exception) -> None:
        self.answers = list(answers) or [Sent()]
        self.notices: list[Notice] = []

    def hand_over(self, notice: Notice, channel: ChannelConfig, clock: Clock, receipt: str | None) -> Sent:
        self.notices.append(notice)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOW)


@pytest.fixture
def store(tmp_path: Path) -> AlertStore:
    return AlertStore(StoreFile(tmp_path / "alerts.sqlite"), "t")


@pytest.fixture
def told(store: AlertStore, clock: HeldClock) -> Notifier:
    notifications = NotificationsConfig(channels={"ops": SlackChannel(url_env="UNUSED")})
    return Notifier(notifications, store, clock, tenant="prod", environment="production", demo=True)


@pytest.fixture(autouse=True)
def waits_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, each the longest that it may be, written down instead of slept."""
    waits: list[float] = []

    class Longest:
        def uniform(self, low: float, high: float) -> float:
            assert low == 0.0
            return high

    monkeypatch.setattr(notifier, "sleep", waits.append)
    monkeypatch.setattr(notifier, "_jitter", Longest())
    return waits


def answers(monkeypatch: pytest.MonkeyPatch, *given: Sent | Exception) -> Receiver:
    receiver = Receiver(*given)
    monkeypatch.setattr(channels, "hand_over", receiver.hand_over)
    return receiver


def failed(reason: str) -> Outcome:
    return {"result": "failed", "reason": reason}


def skipped(reason: str) -> Outcome:
    return {"result": "skipped", "reason": reason}


def test_a_notice_says_whose_alert_it_is(
    monkeypatch: pytest.MonkeyPatch, told: Notifier, clock: HeldClock
) -> None:
    """The tenant, its environment and whether its rows are invented; each attempt says the same."""
    receiver = answers(monkeypatch, DeliveryError("Busy.", retry="soon"), Sent(note="A word."))
    assert told.send(alert()) == {"ops": {"result": "sent", "reason": "A word."}}
    first, second = receiver.notices
    assert first == second
    assert first == Notice(
        "firing", first.alerts, first.incident, first.number, "prod", "production", clock.now(), demo=True
    )
    assert [one["id"] for one in first.alerts] == [alert()["id"]]


@pytest.mark.parametrize(
    ("retry", "reason"),
    [
        ("later", "No answer. It is kept and tried again."),
        ("never", "Given up: No answer."),
    ],
)
def test_a_failure_is_an_outcome_and_a_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    told: Notifier,
    retry: Literal["later", "never"],
    reason: str,
) -> None:
    """The line names the channel, the kind of notice and the alert, on one line whatever it is called."""
    answers(monkeypatch, DeliveryError("No answer.", retry=retry))
    caplog.set_level(logging.WARNING)
    assert told.send(alert(id="a\n" + "b" * 100)) == {"ops": failed(reason)}
    about = "a " + "b" * 77 + "…"
    assert caplog.messages == [f"channel ops: firing of alert {about} not delivered: No answer."]
    assert caplog.records[0].levelno == logging.WARNING


@pytest.mark.parametrize(("retry", "attempts"), [("soon", 3), ("later", 1), ("never", 1)])
def test_only_a_busy_receiver_is_tried_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
    told: Notifier,
    waits_s: list[float],
    retry: Literal["soon", "later", "never"],
    attempts: int,
) -> None:
    """With pauses that double, and none after the last attempt."""
    receiver = answers(monkeypatch, DeliveryError("Busy.", retry=retry))
    assert told.send(alert())["ops"]["result"] == "failed"
    assert len(receiver.notices) == attempts
    assert waits_s == [1.0, 2.0][: attempts - 1]


def test_pauses_between_calls_double_up_to_a_quarter_of_an_hour(
    monkeypatch: pytest.MonkeyPatch, told: Notifier, clock: HeldClock
) -> None:
    """The first failure waits for nothing; what is tried before its time is not."""
    receiver = answers(monkeypatch, DeliveryError("No answer.", retry="later"))
    told.send(alert())
    told.deliver_due()
    pauses: list[float] = []
    for tried in range(2, 12):
        standing = told.outbox.standing("ops", alert()["id"], "firing")
        assert standing is not None and standing.last_error == "No answer."
        pauses.append((standing.next_attempt_at - clock.now()).total_seconds())
        clock.advance(pauses[-1] - 1)
        told.deliver_due()
        assert len(receiver.notices) == tried
        clock.advance(1)
        told.deliver_due()
    assert pauses == [20, 40, 80, 160, 320, 640, 900, 900, 900, 900]


@pytest.mark.parametrize(
    ("standing", "outcome"),
    [
        (("failed", "firing", "Busy."), failed("Busy. It is tried again from 2026-11-22T03:00:00Z.")),
        (("dead", "firing", "Gone."), failed("Given up: Gone.")),
        (("sent", "firing", None), skipped("Already sent.")),
        (
            ("pending", "summary", None),
            skipped("The limit of pages an hour is reached: it stands in the summary that follows."),
        ),
        (("pending", "firing", None), skipped("It is being sent already, or follows the notice before it.")),
    ],
)
def test_what_is_said_of_a_notice_that_this_call_did_not_deliver(
    monkeypatch: pytest.MonkeyPatch, told: Notifier, standing: tuple[str, Any, str | None], outcome: Outcome
) -> None:
    """Where it stands, and what its last failure was."""
    status, kind, error = standing
    found = Standing(7, status, kind, error, NOW)
    monkeypatch.setattr(told.outbox, "standing", lambda *_: found)
    monkeypatch.setattr(told.outbox, "claim", lambda *_: None)
    assert told.send(alert()) == {"ops": outcome}


def test_the_end_of_what_was_never_told_is_nothing(monkeypatch: pytest.MonkeyPatch, told: Notifier) -> None:
    """Nobody heard that it fires, so nobody hears that it is over."""
    answers(monkeypatch)
    assert told.send(resolved()) == {
        "ops": skipped("There is nothing to tell: that it fires was not sent, or others of it still do.")
    }


@pytest.mark.parametrize("state", ["pending", "unknown", "x" * 50])
def test_what_neither_fires_nor_is_over_is_no_news(told: Notifier, state: str) -> None:
    """The reason names the state, and no more of it than fits."""
    shown = state if len(state) <= 40 else "x" * 39 + "…"
    assert told.send(alert(state=state)) == {
        "ops": skipped(f"Only alerts that fire or have resolved are sent; this one is {shown}.")
    }


def test_a_silenced_alert_waits_until_its_silence_ends(
    monkeypatch: pytest.MonkeyPatch, told: Notifier, store: AlertStore
) -> None:
    """The reason names the end."""
    receiver = answers(monkeypatch)
    store.silence({"id": alert()["id"]}, NOW, NOW + timedelta(hours=1), "deploy", "ann")
    assert told.send(alert()) == {"ops": skipped("It is silenced until 2026-11-22T04:00:00Z.")}
    assert receiver.notices == []


def test_a_fault_of_ours_is_said_without_its_text(
    monkeypatch: pytest.MonkeyPatch, told: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """It may hold the address; the notice is kept."""
    answers(monkeypatch, ValueError("https://planted.example.com"))
    assert told.send(alert()) == {"ops": failed("It broke with ValueError. It is kept and tried again.")}
    assert "planted" not in caplog.text


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"id": 7}, "This is no alert: id is missing or no text."),
        ({"state": None}, "This is no alert: state is missing or no text."),
        ({"entity": {1, 2}}, "This is no alert: it is not plain JSON."),
        ({"id": "\ud800"}, "This is no alert: it is not plain JSON."),
        ({"severity": "grave"}, "This is no alert: severity is none of the three."),
        ({"incident": "7x"}, "This is no alert: incident is none of ours."),
        ({"incident": "1" * 19}, "This is no alert: incident is none of ours."),
        (
            {"started_at": "2026-11-22T03:00:00"},
            "This is no alert: started_at or resolved_at is no instant with a zone.",
        ),
        (
            {"resolved_at": "later"},
            "This is no alert: started_at or resolved_at is no instant with a zone.",
        ),
        ({"started_at": 7}, "This is no alert: started_at or resolved_at is no instant with a zone."),
    ],
)
def test_what_is_no_alert_is_said_in_one_sentence(
    told: Notifier, wrong: dict[str, Any], message: str
) -> None:
    """With what is wrong with it."""
    with pytest.raises(RequestError) as refused:
        told.send(alert(**wrong))
    assert (refused.value.message, refused.value.parameter) == (message, "alert")


def test_an_alert_that_no_store_knows_is_one_that_began_when_it_says(
    monkeypatch: pytest.MonkeyPatch, told: Notifier, store: AlertStore
) -> None:
    """What it does not say is empty, and its start names it; one that a store knows has its name."""
    lives: list[Life] = []
    monkeypatch.setattr(store, "tell", lambda life, *_: lives.append(life))
    bare = {"id": "a", "state": "firing", "started_at": "2026-11-22T02:30:00Z"}
    ended = bare | {
        "state": "resolved",
        "resolved_at": "2026-11-22T02:45:00Z",
        "incident": "7",
        "rule": "etl.many",
        "severity": "medium",
        "title": "Many",
        "message": "Too many.",
        "acknowledged_by": "ann",
    }
    told.send(bare)
    told.send(ended)
    start, end = datetime.fromisoformat("2026-11-22T02:30Z"), datetime.fromisoformat("2026-11-22T02:45Z")
    empty = {"message": "", "severity": "high", "title": "", "rule": ""}
    assert lives == [
        Life("a", to_micros(start), "", "firing", empty | bare, start, start, start, start),
        Life("a", 7, "etl.many", "resolved", ended, start, start, start, start, end, acknowledged_by="ann"),
    ]
