"""The courier: takes what waits to its receivers, and beats for the dead man's switch."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from sysmon_tui.alerts.episodes import Episode
from sysmon_tui.alerts.notify.notifier import Notifier
from sysmon_tui.alerts.store import AlertStore
from sysmon_tui.alerts.store_file import StoreFile
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import ChannelConfig, HeartbeatConfig, NotificationsConfig, SlackChannel
from sysmon_tui.services.courier import Courier
from tests.alerts.judging import RULE, judged, seen, telling
from tests.alerts.receivers import NOW, answer, eventually, http_receiver

BEAT = HeartbeatConfig(url_env="TEST_BEAT", every_minutes=5, allow_hosts=("127.0.0.1",))
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOW)


@pytest.fixture
def store(tmp_path: Path) -> AlertStore:
    return AlertStore(StoreFile(tmp_path / "alerts.sqlite"), "t")


def notifier_of(store: AlertStore, clock: HeldClock) -> Notifier:
    channels: dict[str, ChannelConfig] = {
        "ops": SlackChannel(url_env="TEST_HOOK", allow_hosts=("127.0.0.1",))
    }
    return Notifier(NotificationsConfig(channels=channels), store, clock, tenant="t", environment=None)


def fires(store: AlertStore) -> None:
    found = judged(seen(NOW - 10 * MINUTE), Episode(NOW - 20 * MINUTE, None, 5))
    store.apply([found], frozenset({RULE.id}), NOW, telling(), {RULE.id: {}})


def test_a_round_takes_what_is_due(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """Once; what failed comes again in a later round."""
    monkeypatch.setattr("sysmon_tui.alerts.notify.notifier.sleep", lambda _: None)
    with http_receiver(*[answer(503)] * 3) as receiver:
        monkeypatch.setenv("TEST_HOOK", receiver.url)
        courier = Courier(lambda: {"t": notifier_of(store, clock)}, clock, None)
        courier.round()
        assert receiver.documents == []
        fires(store)
        for _ in range(3):
            courier.round()
    assert len(receiver.documents) == 4


def test_it_goes_its_rounds_until_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """An evaluation wakes it; what another process plans is found by looking."""
    with http_receiver() as receiver:
        monkeypatch.setenv("TEST_HOOK", receiver.url)
        courier = Courier(lambda: {"t": notifier_of(store, clock)}, clock, None)
        courier.start()
        fires(store)
        courier.evaluated("t")
        assert eventually(lambda: len(receiver.documents) == 1)
        courier.stop()
        assert eventually(lambda: courier._thread is not None and not courier._thread.is_alive())
    assert len(receiver.documents) == 1


def test_a_stop_does_not_wait_for_a_receiver_that_hangs(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """What it carries stays in the outbox, leased."""
    with http_receiver() as receiver:
        receiver.replies = [receiver.hang]
        monkeypatch.setenv("TEST_HOOK", receiver.url)
        notifier = notifier_of(store, clock)
        courier = Courier(lambda: {"t": notifier}, clock, None)
        fires(store)
        courier.start()
        assert eventually(lambda: len(receiver.documents) == 1)
        stopped = threading.Thread(target=courier.stop)
        stopped.start()
        stopped.join(timeout=2)
        assert not stopped.is_alive()
        assert notifier.outbox.backlog(["ops"])["ops"]["pending"] == 1
        receiver.released.set()  # nothing of this test goes on in the next
        assert eventually(lambda: courier._thread is not None and not courier._thread.is_alive())


def test_it_beats_after_an_evaluation_and_not_too_often(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock
) -> None:
    """Five minutes are configured: nothing without an evaluation, one for however many within the time."""
    with http_receiver() as receiver:
        monkeypatch.setenv("TEST_BEAT", receiver.url)
        monkeypatch.setenv("TEST_HOOK", receiver.url)
        courier = Courier(lambda: {"t": notifier_of(store, clock)}, clock, BEAT)
        courier.round()
        assert receiver.documents == []
        for minutes, beats in ((0, 1), (4, 1), (1, 2), (5, 3)):
            clock.advance(60 * minutes)
            courier.evaluated("t")
            courier.round()
            assert len(receiver.documents) == beats
        clock.advance(3600)
        courier.round()
    assert [document["tenant"] for document in receiver.documents] == ["t"] * 3


def test_a_switch_that_is_down_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said in the log, without the address."""
    with http_receiver(answer(500)) as receiver:
        monkeypatch.setenv("TEST_BEAT", receiver.url)
        courier = Courier(lambda: {"t": notifier_of(store, clock)}, clock, BEAT)
        courier.evaluated("t")
        courier.round()
    assert "heartbeat of t" in caplog.text and "planted" not in caplog.text


def test_without_a_store_it_does_not_beat(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: HeldClock
) -> None:
    """A monitor that can tell nobody is not alive: the silence is the alarm."""
    broken = AlertStore(StoreFile(tmp_path / "gone" / "alerts.sqlite"), "t")
    with http_receiver() as receiver:
        monkeypatch.setenv("TEST_BEAT", receiver.url)
        courier = Courier(lambda: {"t": notifier_of(broken, clock)}, clock, BEAT)
        courier.evaluated("t")
        courier.round()
    assert receiver.documents == []


def test_it_beats_without_channels(monkeypatch: pytest.MonkeyPatch, clock: HeldClock) -> None:
    """A heartbeat is configured and no channel: the switch must not raise a false alarm."""
    with http_receiver() as receiver:
        monkeypatch.setenv("TEST_BEAT", receiver.url)
        courier = Courier(dict, clock, BEAT)
        courier.evaluated("t")
        courier.round()
    assert len(receiver.documents) == 1


class Faulty:
    """A notifier with a fault of ours in it."""

    def is_due(self) -> bool:
        raise ZeroDivisionError


def test_a_fault_of_one_tenant_is_not_anothers(
    monkeypatch: pytest.MonkeyPatch, store: AlertStore, tmp_path: Path, clock: HeldClock
) -> None:
    """Each is served and beats, whatever happens to the ones before; a faulty one does not beat."""
    broken = AlertStore(StoreFile(tmp_path / "gone" / "alerts.sqlite"), "b")
    with http_receiver() as receiver, http_receiver() as switch:
        monkeypatch.setenv("TEST_HOOK", receiver.url)
        monkeypatch.setenv("TEST_BEAT", switch.url)
        faulty = cast(Notifier, Faulty())
        served = {"a": faulty, "b": notifier_of(broken, clock), "t": notifier_of(store, clock)}
        courier = Courier(lambda: served, clock, BEAT)
        fires(store)
        for tenant in served:
            courier.evaluated(tenant)
        courier.round()
    assert len(receiver.documents) == 1
    assert [document["tenant"] for document in switch.documents] == ["t"]
