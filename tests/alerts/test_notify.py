"""The notifier: who is told, once for each state, and what happens when a channel fails."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from sysmon_tui.alerts.episodes import Episode
from sysmon_tui.alerts.notify import channels, http, notifier
from sysmon_tui.alerts.notify.notifier import Notifier, Outcome
from sysmon_tui.alerts.outbox import LEASE_S
from sysmon_tui.alerts.store import AlertStore, Telling
from sysmon_tui.alerts.store_file import StoreFile
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import NotificationsConfig, PagerDutyChannel, RouteConfig, SlackChannel
from sysmon_tui.errors import RequestError
from tests.alerts.judging import RULE, of_several, seen, telling
from tests.alerts.receivers import NOW, Receiver, alert, answer, http_receiver, resolved

TELLING = telling()
SENT: Outcome = {"result": "sent", "reason": None}
SLACK = SlackChannel(url_env="TEST_HOOK", allow_hosts=("127.0.0.1",))


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOW)


@pytest.fixture
def store(tmp_path: Path) -> AlertStore:
    return AlertStore(StoreFile(tmp_path / "alerts.sqlite"), "t")


@pytest.fixture(autouse=True)
def waits_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, written down instead of slept."""
    waits: list[float] = []
    monkeypatch.setattr(notifier, "sleep", waits.append)
    return waits


def slack_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> Notifier:
    monkeypatch.setenv("TEST_HOOK", receiver.url)
    return tell(NotificationsConfig(channels={"ops": SLACK}), store, clock)


def tell(notifications: NotificationsConfig, store: AlertStore, clock: HeldClock) -> Notifier:
    return Notifier(notifications, store, clock, tenant="prod", environment="production")


def counts(told: Notifier) -> dict[str, int]:
    """The notices of the channel `ops` by their status, without what is zero."""
    found = told.outbox.backlog(["ops"])["ops"]
    return {status: found[status] for status in ("pending", "sent", "failed", "dead") if found[status]}


def test_each_state_is_sent_once(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """Firing, then resolved, however often they are sent: two messages."""
    with http_receiver() as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        assert told.send(alert()) == {"ops": SENT}
        assert told.send(alert(value=13)) == {"ops": {"result": "skipped", "reason": "Already sent."}}
        assert told.send(resolved()) == {"ops": SENT}
        assert told.send(resolved())["ops"]["result"] == "skipped"
    assert [document["text"][:9] for document in receiver.documents] == ["[FIRING] ", "[RESOLVED"]


def test_each_incident_has_its_outcome(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """It fired, ended, and fires again: sent four times, and each time the answer says so."""
    later = "2026-11-22T03:30:00Z"
    with http_receiver() as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        outcomes = []
        for one in (alert(), resolved(), alert(started_at=later), resolved(started_at=later)):
            outcomes.append(told.send(one)["ops"])
            clock.advance(60)
    assert len(receiver.documents) == 4
    assert outcomes == [SENT] * 4


def test_an_alert_of_the_store_is_told_once_however_it_is_sent(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """An evaluation has planned it, and somebody sends it by hand, with the incident's name and without."""
    with http_receiver() as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        evaluated(store, "fires")
        (life,) = store.lives()
        document = life.document()
        assert document["incident"] == str(life.incident)
        assert told.send(document) == {"ops": SENT}
        assert told.send(document)["ops"]["result"] == "skipped"
        without = {name: value for name, value in document.items() if name != "incident"}
        assert told.send(without)["ops"]["result"] == "skipped"
        clock.advance(3600)
        evaluated(store, "is over")
        assert told.deliver_due() == {"ops": [SENT]}
    assert [document["text"][:9] for document in receiver.documents] == ["[FIRING] ", "[RESOLVED"]


def test_what_was_sent_by_hand_is_not_told_again_by_an_evaluation(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """Whoever evaluates without telling sends what he likes; whoever tells goes on from there."""
    with http_receiver() as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        evaluated(store, "fires", tells=None)
        assert told.deliver_due() == {"ops": []}
        assert told.send(store.lives()[0].document()) == {"ops": SENT}
        evaluated(store, "fires")
        assert told.deliver_due() == {"ops": []}
    assert len(receiver.documents) == 1


def test_a_silenced_alert_is_skipped_and_its_end_is_told(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """Nobody is told of it by hand either; the end of what was told before is told in silence too."""
    with http_receiver() as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        told.send(alert())
        store.silence({"rule": "query.*"}, NOW, NOW + timedelta(hours=1), "deploy", "ann")
        outcome = told.send(alert(id="other"))["ops"]
        assert outcome == {"result": "skipped", "reason": "It is silenced until 2026-11-22T04:00:00Z."}
        assert told.send(resolved()) == {"ops": SENT}
        assert told.send(resolved(id="other"))["ops"]["result"] == "skipped"
    assert len(receiver.documents) == 2


def test_a_group_is_one_conversation(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """Two alerts of one rule: the second is told with the first; their end is told once, when both are over."""
    with http_receiver() as receiver:
        monkeypatch.setenv("TEST_HOOK", receiver.url)
        route = RouteConfig(channels=("ops",), group_by=("rule",))
        told = tell(NotificationsConfig(channels={"ops": SLACK}, routes=(route,)), store, clock)
        evaluated(store, "fires", "a", "b", tells=None)
        results = [told.send(life.document())["ops"]["result"] for life in store.lives()]
        assert results == ["sent", "skipped"]
        evaluated(store, "is over", "a", "b", tells=None)
        for life in store.lives(resolved_since=NOW):
            told.send(life.document())
    assert [document["text"][:9] for document in receiver.documents] == ["[FIRING] ", "[RESOLVED"]
    assert all("and 1 more" in document["text"] for document in receiver.documents)


def test_beyond_the_limit_it_stands_in_the_summary(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """One page an hour: the second is held back, and the answer says so; the summary is sent at once."""
    with http_receiver() as receiver:
        monkeypatch.setenv("TEST_HOOK", receiver.url)
        configured = NotificationsConfig(channels={"ops": SLACK}, max_pages_per_hour=1)
        told = tell(configured, store, clock)
        assert told.send(alert()) == {"ops": SENT}
        outcome = told.send(alert(id="other"))["ops"]
    assert outcome["result"] == "skipped" and "summary" in (outcome["reason"] or "")
    assert [document["text"][:9] for document in receiver.documents] == ["[FIRING] ", "[SUMMARY]"]


def test_a_channel_that_has_no_use_for_a_notice_gets_none(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """A Slack webhook hears of no acknowledgement; it does not stay in the outbox either."""
    with http_receiver() as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        evaluated(store, "fires")
        store.acknowledge(store.lives()[0].id, "ann", clock.now())
        evaluated(store, "fires")
        unused: Outcome = {"result": "skipped", "reason": "The channel has no use for it."}
        assert told.deliver_due() == {"ops": [SENT, unused]}
        assert counts(told) == {"sent": 2}
        assert not told.is_due()
    assert len(receiver.documents) == 1


def test_deliver_due_stops_where_a_channel_is_down(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """Three wait, the first fails: the others would only wait for it. The next call begins with it."""
    with http_receiver(*[answer(503)] * 3) as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        assert not told.is_due()
        evaluated(store, "fires", "a", "b", "c")
        assert told.is_due()
        outcomes = told.deliver_due()["ops"]
        assert [one["result"] for one in outcomes] == ["failed"]
        assert told.deliver_due() == {"ops": [SENT] * 3}
        assert not told.is_due()
    assert len(receiver.documents) == 6


def evaluated(store: AlertStore, what: str, *names: str, tells: Telling | None = TELLING) -> None:
    """An evaluation of a rule that was evaluated before, an hour later where it is over."""
    start = NOW - timedelta(minutes=20)
    head = NOW - timedelta(minutes=10) if what == "fires" else NOW + timedelta(hours=2)
    one = Episode(start, None if what == "fires" else NOW, 5)
    found = of_several(seen(head), {name: [one] for name in names or ("a",)})
    store.apply([found], frozenset({RULE.id}), NOW, tells, {RULE.id: {}})


@pytest.mark.parametrize("state", ["pending", "unknown"])
def test_what_neither_fires_nor_resolved_is_skipped(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock, state: str
) -> None:
    """Pending and unknown page nobody, and the answer says why."""
    with http_receiver() as receiver:
        outcome = slack_to(receiver, monkeypatch, store, clock).send(alert(state=state, started_at=None))
    assert outcome["ops"]["result"] == "skipped"
    assert state in (outcome["ops"]["reason"] or "")
    assert receiver.documents == []


def test_a_resolution_of_what_was_never_sent_is_skipped(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """Nobody is told the end of a story without its beginning."""
    with http_receiver() as receiver:
        outcome = slack_to(receiver, monkeypatch, store, clock).send(resolved())
    assert outcome["ops"]["result"] == "skipped"
    assert receiver.documents == []


def test_a_resolution_follows_its_late_firing_notice(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """The channel was down at the beginning: both are delivered later, in their order."""
    with http_receiver(*[answer(500)] * 3) as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        assert told.send(alert())["ops"]["result"] == "failed"
        assert told.send(resolved()) == {"ops": SENT}
    assert [document["text"][:9] for document in receiver.documents[3:]] == ["[FIRING] ", "[RESOLVED"]


@pytest.mark.parametrize(
    ("route", "matches"),
    [
        (RouteConfig(channels=("ops",)), True),
        (RouteConfig(channels=("other",)), False),
        (RouteConfig(channels=("ops",), severities=("critical", "high")), True),
        (RouteConfig(channels=("ops",), severities=("critical",)), False),
        (RouteConfig(channels=("ops",), categories=("query",)), True),
        (RouteConfig(channels=("ops",), categories=("security",)), False),
        (RouteConfig(channels=("ops",), tenants=("prod",)), True),
        (RouteConfig(channels=("ops",), tenants=("test",)), False),
        (RouteConfig(channels=("ops",), environments=("production",)), True),
        (RouteConfig(channels=("ops",), environments=("staging",)), False),
        (RouteConfig(channels=("ops",), severities=("high",), tenants=("test",)), False),
    ],
)
def test_routes_choose_the_channels(
    monkeypatch: pytest.MonkeyPatch,
    store: AlertStore,
    clock: HeldClock,
    route: RouteConfig,
    matches: bool,
) -> None:
    """An alert goes where a route whose every list matches leads it, and nowhere else."""
    with http_receiver() as receiver:
        monkeypatch.setenv("TEST_HOOK", receiver.url)
        configured = NotificationsConfig(channels={"ops": SLACK}, routes=(route,))
        outcome = tell(configured, store, clock).send(alert())
    assert outcome["ops"]["result"] == ("sent" if matches else "skipped")
    assert len(receiver.documents) == int(matches)


def test_busy_receivers_are_tried_again_within_the_call(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock, waits_s: list[float]
) -> None:
    """500, then 429 with a short Retry-After, then 200: delivered, and the receiver's pause was kept."""
    with http_receiver(answer(500), answer(429, Retry_After="3")) as receiver:
        assert slack_to(receiver, monkeypatch, store, clock).send(alert()) == {"ops": SENT}
    assert len(receiver.documents) == 3
    assert 0 <= waits_s[0] <= 1
    assert waits_s[1] == 3


def test_a_failure_is_kept_and_the_next_send_tries_again(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """Three 500s: failed and kept. Another alert is sent, and the first one after it."""
    with http_receiver(*[answer(500)] * 3) as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        first = told.send(alert())["ops"]
        assert first["result"] == "failed"
        assert first["reason"] == "127.0.0.1 answered 500. It is kept and tried again."
        assert len(receiver.documents) == 3
        assert told.send(alert(id="another", title="another")) == {"ops": SENT}
    assert len(receiver.documents) == 5
    assert receiver.documents[4] == receiver.documents[0]
    assert counts(told) == {"sent": 2}


def test_the_same_alert_sent_again_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """A failed alert that is passed to send once more gets its attempt."""
    with http_receiver(*[answer(503)] * 3) as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        assert told.send(alert())["ops"]["result"] == "failed"
        assert told.send(alert()) == {"ops": SENT}


def test_a_long_retry_after_is_waited_for_by_later_calls(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock, waits_s: list[float]
) -> None:
    """429 with 600 s: one attempt, none before the time, and one when it has come."""
    with http_receiver(answer(429, Retry_After="600")) as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        assert told.send(alert())["ops"]["result"] == "failed"
        clock.advance(599)
        assert told.deliver_due() == {"ops": []}
        outcome = told.send(alert())["ops"]
        assert outcome["result"] == "failed"
        assert "2026-11-22T03:10:00Z" in (outcome["reason"] or "")
        assert len(receiver.documents) == 1
        clock.advance(1)
        assert told.deliver_due() == {"ops": [SENT]}
    assert waits_s == []


@pytest.mark.parametrize("asked", ["86400", "Sun, 22 Nov 2026 23:00:00 GMT", "9" * 400])
def test_retry_after_has_a_cap(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock, asked: str
) -> None:
    """A receiver can't silence us for a day: after an hour it is asked again."""
    with http_receiver(answer(503, Retry_After=asked)) as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        told.send(alert())
        clock.advance(3599)
        assert told.deliver_due() == {"ops": []}
        clock.advance(1)
        assert told.deliver_due() == {"ops": [SENT]}


def test_pauses_grow_from_call_to_call(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """A channel that stays down is asked less and less, at most every quarter of an hour."""
    monkeypatch.setattr(notifier._jitter, "uniform", lambda low, high: high)
    with http_receiver(*[answer(503)] * 30) as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        told.send(alert())
        calls_s = [0]
        for second in range(1, 4000):
            seen = len(receiver.documents)
            clock.advance(1)
            if second in (1, 2, 21, 22, 61, 62, 141, 142):
                told.deliver_due()
                calls_s += [second] if len(receiver.documents) > seen else []
    assert calls_s == [0, 1, 21, 61, 141]


def test_a_refusal_is_dead_at_once(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """404 no_service: one attempt, none ever after, and it stays visible."""
    with http_receiver(answer(404, b"no_service")) as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        given_up: Outcome = {"result": "failed", "reason": "Given up: 127.0.0.1 answered 404: no_service."}
        assert told.send(alert()) == {"ops": given_up}
        assert told.send(alert()) == {"ops": given_up}
        clock.advance(7200)
        assert told.deliver_due() == {"ops": []}
    assert len(receiver.documents) == 1
    assert counts(told) == {"dead": 1}


def test_one_channel_that_hangs_delays_no_other(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """Slack never answers: PagerDuty has its event long before Slack's time is over."""
    monkeypatch.setattr(http, "ATTEMPT_TIMEOUT_S", 1.0)
    monkeypatch.setenv("TEST_KEY", "plantedRoutingKey")
    arrived_s: list[float] = []

    def hang(request: BaseHTTPRequestHandler) -> None:
        slow.released.wait(10)

    def note_time(request: BaseHTTPRequestHandler) -> None:
        arrived_s.append(time.monotonic())
        answer(202)(request)

    with http_receiver(hang) as slow, http_receiver(note_time) as quick:
        monkeypatch.setenv("TEST_HOOK", slow.url)
        pager = PagerDutyChannel(routing_key_env="TEST_KEY", url=quick.url, allow_hosts=("127.0.0.1",))
        configured = NotificationsConfig(channels={"ops": SLACK, "pager": pager})
        begun_s = time.monotonic()
        outcome = tell(configured, store, clock).send(alert())
        took_s = time.monotonic() - begun_s
        slow.released.set()
    assert list(outcome) == ["ops", "pager"]
    assert outcome["pager"] == SENT
    assert outcome["ops"]["reason"] == "127.0.0.1 gave no answer within 1 s. It is kept and tried again."
    assert arrived_s[0] - begun_s < 0.9
    assert 1.0 <= took_s < 3.0


def test_two_threads_make_one_delivery(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """The same alert sent by two at once arrives once."""
    barrier = threading.Barrier(2)
    results: list[str] = []
    with http_receiver() as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)

        def work() -> None:
            barrier.wait()
            results.append(told.send(alert())["ops"]["result"])

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(results) == ["sent", "skipped"]
    assert len(receiver.documents) == 1


_DIES_BEFORE_SENDING = """
import json, os, sys
from datetime import datetime
from pathlib import Path
from sysmon_tui.alerts.notify import notifier
from sysmon_tui.alerts.store import AlertStore
from sysmon_tui.alerts.store_file import StoreFile
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import NotificationsConfig, SlackChannel
notifier.channels.hand_over = lambda *_: os._exit(9)
configured = NotificationsConfig(channels={"ops": SlackChannel(url_env="TEST_HOOK")})
clock = HeldClock(datetime.fromisoformat(sys.argv[2]))
store = AlertStore(StoreFile(Path(sys.argv[1])), "t")
notifier.Notifier(configured, store, clock, tenant="prod", environment=None).send(json.loads(sys.argv[3]))
"""


def test_a_crash_before_sending_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """A process that dies between the record and the sending: the next one delivers after the lease."""
    died = subprocess.run(
        [
            sys.executable,
            "-c",
            _DIES_BEFORE_SENDING,
            str(store.file.path),
            NOW.isoformat(),
            json.dumps(alert()),
        ],
        env=os.environ,
        timeout=15,
        check=False,
    )
    assert died.returncode == 9
    with http_receiver() as receiver:
        told = slack_to(receiver, monkeypatch, store, clock)
        assert told.deliver_due() == {"ops": []}
        clock.advance(LEASE_S)
        assert told.deliver_due() == {"ops": [SENT]}
        assert told.send(alert())["ops"] == {"result": "skipped", "reason": "Already sent."}
    assert len(receiver.documents) == 1


def test_without_a_record_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: HeldClock
) -> None:
    """A record that can't be written would mean paging without end: it fails and says so."""
    with http_receiver() as receiver:
        broken = AlertStore(StoreFile(tmp_path / "gone" / "alerts.sqlite"), "t")
        outcome = slack_to(receiver, monkeypatch, broken, clock).send(alert())
    assert outcome["ops"]["result"] == "failed"
    assert "The store of alerts can't be used." in (outcome["ops"]["reason"] or "")
    assert receiver.documents == []


def test_a_fault_of_a_channel_is_an_outcome(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug in a channel raises nothing, loses nothing, and its text (which may hold a secret) stays inside."""

    def broken(*_: Any) -> None:
        raise KeyError("plantedHookSecret")

    monkeypatch.setattr(channels, "hand_over", broken)
    told = tell(NotificationsConfig(channels={"ops": SLACK}), store, clock)
    outcome = told.send(alert())
    assert outcome["ops"] == {
        "result": "failed",
        "reason": "It broke with KeyError. It is kept and tried again.",
    }
    assert "planted" not in caplog.text
    assert counts(told) == {"failed": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": None},
        {"id": "\ud800"},
        {"state": 1},
        {"started_at": None},
        {"started_at": "yesterday"},
        {"started_at": "2026-11-22T02:30:00"},
        {"value": NOW},
        {"severity": "low"},
        {"severity": None},
        {"state": "resolved", "resolved_at": "yesterday"},
        {"state": "resolved", "resolved_at": "2026-11-22T02:50:00"},
        {"incident": "9" * 19},
        {"incident": "9" * 5000},
        {"incident": "-1"},
        {"incident": "\u0665"},
    ],
)
def test_what_is_no_alert_is_refused(store: AlertStore, clock: HeldClock, wrong: dict[str, Any]) -> None:
    """A dict that can't be told apart from others is an error of the caller, before anything is sent."""
    with pytest.raises(RequestError) as caught:
        tell(NotificationsConfig(channels={"ops": SLACK}), store, clock).send(alert(**wrong))
    assert caught.value.parameter == "alert"


def test_no_channels_is_no_error(store: AlertStore, clock: HeldClock) -> None:
    """Nothing configured: nobody is told, nothing is recorded."""
    told = tell(NotificationsConfig(), store, clock)
    assert told.send(alert()) == {}
    assert told.deliver_due() == {}
    assert not store.file.path.exists()


def test_no_secret_in_answers_log_or_record(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The receiver repeats the address in its refusal: it is redacted wherever it would be shown."""
    caplog.set_level(logging.DEBUG)
    with http_receiver() as receiver:
        receiver.replies = [answer(404, f"no hook at {receiver.url} ({receiver.url[-17:]})".encode())]
        outcome = slack_to(receiver, monkeypatch, store, clock).send(alert())["ops"]
    assert outcome["result"] == "failed"
    assert "<redacted>" in (outcome["reason"] or "")
    shown = f"{outcome} {caplog.text} {store.file.path.read_bytes()!r}"
    assert "PLANT" not in shown
    assert "plantedHook" not in shown
