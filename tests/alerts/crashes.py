"""Processes that die as they evaluate and deliver: `python -m tests.alerts.crashes {alone|together} DIR FIRST COUNT`.

A process that has imported all it needs forks one that evaluates and delivers, and is the receiver meanwhile. The child
is killed (SIGKILL) at a step; then another goes on, as after a restart. One line of JSON a trial: who was killed where,
and what is wrong after it.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sqlite3
import sys
import threading
import time
import traceback
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import httpx
import polars as pl

from sysmon_tui.alerts.finding import Seen
from sysmon_tui.alerts.life import Judged
from sysmon_tui.alerts.notify import channels
from sysmon_tui.alerts.notify.notifier import Notifier
from sysmon_tui.alerts.outbox import LEASE_S, Claim, Outbox
from sysmon_tui.alerts.routes import Routes
from sysmon_tui.alerts.rules import FAILED_QUERIES
from sysmon_tui.alerts.store import AlertStore, Telling
from sysmon_tui.alerts.store_file import StoreFile
from sysmon_tui.alerts.verdict import Verdict
from sysmon_tui.clock import HeldClock, rfc3339
from sysmon_tui.config import ChannelConfig, NotificationsConfig, PagerDutyChannel, WebhookChannel

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
# Where a child dies: before or after what it does there.
STEPS = (
    "before BEGIN",
    "after BEGIN",
    "lives written",
    "plan written",
    "before COMMIT",
    "after COMMIT",
    "claimed",
    "before send",
    "received",  # by the receiver, which has not answered yet
    "answered",
    "recorded",
    "statement",  # any one that SQLite runs
    "moment",  # any
)
_SLOWEST_S = 20.0
_ALERTS = 2


# The child ---------------------------------------------------------------------------------------------------


@dataclass
class Death:
    """This process ends the `left`-th time that it comes to `step`."""

    step: str | None
    left: int = 1

    def at(self, step: str) -> None:
        if step == self.step:
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def _die_at(death: Death) -> None:
    """The steps of this process, for good: it is a child."""

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            verb = sql.strip().partition(" ")[0]
            death.at(f"before {verb}")
            death.at("statement")
            done = super().execute(sql, *values)
            death.at(f"after {verb}")
            return done

    def connect(path: Path, **options: Any) -> sqlite3.Connection:
        return plain(path, factory=Watched, **options)

    def planning(self: AlertStore, *arguments: Any, **named: Any) -> None:
        death.at("lives written")
        planned(self, *arguments, **named)

    def writing(self: AlertStore, *arguments: Any, **named: Any) -> None:
        written(self, *arguments, **named)
        death.at("plan written")

    def claiming(self: Outbox, *arguments: Any, **named: Any) -> Claim | None:
        claim = claimed(self, *arguments, **named)
        if claim is not None:
            death.at("claimed")
        return claim

    def sending(*arguments: Any) -> Any:
        death.at("before send")
        sent = handed_over(*arguments)
        death.at("answered")
        return sent

    def recording(self: Outbox, *arguments: Any, **named: Any) -> None:
        recorded(self, *arguments, **named)
        death.at("recorded")

    plain, planned, written = sqlite3.connect, AlertStore._plan, AlertStore._write_plan
    claimed, recorded, handed_over = Outbox.claim, Outbox.record_sent, channels.hand_over
    sqlite3.connect = connect  # type: ignore[assignment]
    AlertStore._plan = planning  # type: ignore[method-assign]
    AlertStore._write_plan = writing  # type: ignore[method-assign]
    Outbox.claim = claiming  # type: ignore[method-assign]
    Outbox.record_sent = recording  # type: ignore[method-assign]
    channels.hand_over = sending  # type: ignore[assignment]


@dataclass(frozen=True)
class Place:
    """The store of a trial, and where its notices go."""

    path: Path
    port: int
    webhook: bool
    alerts: int

    def config(self) -> NotificationsConfig:
        hosts = ("127.0.0.1",)
        pager = PagerDutyChannel(
            routing_key_env="CRASH_KEY", url=f"http://127.0.0.1:{self.port}/pager", allow_hosts=hosts
        )
        hook = WebhookChannel(url_env="CRASH_HOOK", allow_hosts=hosts)
        found: dict[str, ChannelConfig] = {"pager": pager}
        return NotificationsConfig(channels=found | ({"hook": hook} if self.webhook else {}))

    def work(self, state: str, now: datetime) -> None:
        """What a process does again and again: evaluates, tells, delivers."""
        clock, config = HeldClock(now), self.config()
        store = AlertStore(StoreFile(self.path), "t")
        rule = FAILED_QUERIES
        judged = Judged(rule, _seen(now), 1, [verdict(number, state) for number in range(self.alerts)])
        telling = Telling(Routes(config, "t", None), timedelta(days=1), 1000)
        store.apply([judged], frozenset([rule.id]), now, telling, {rule.id: {}})
        notifier = Notifier(config, store, clock, tenant="t", environment=None)
        outcomes = [one for of in notifier.deliver_due().values() for one in of]
        assert all(one["result"] == "sent" for one in outcomes), outcomes


@cache
def _seen(now: datetime) -> Seen:
    return Seen("t", pl.DataFrame(), 0, now, now, "fresh", None, timedelta(hours=3))


def verdict(number: int, state: str) -> Verdict:
    """An alert that began at NOW, and is over an hour later."""
    ended = NOW + timedelta(hours=1) if state == "resolved" else None
    alert = {
        "id": f"a{number}",
        "rule": FAILED_QUERIES.id,
        "category": "query",
        "severity": "high",
        "state": state,
        "title": "12 failed queries within an hour",
        "message": "12 failed queries.",
        "value": 12,
        "threshold": 10,
        "entity": {},
        "started_at": rfc3339(NOW),
        "detected_at": rfc3339(NOW),
        "resolved_at": rfc3339(ended),
        "as_of": rfc3339(NOW),
        "acknowledged_by": None,
        "silenced_until": None,
        "runbook_url": None,
        "evidence": {"ids": [], "dataset": "queries", "parameters": {}, "statement": None},
    }
    return Verdict(alert, NOW, ended or NOW, timedelta(hours=3))


# The receiver ------------------------------------------------------------------------------------------------


@dataclass
class Receiver:
    """What came, and what a service that keys incidents makes of it. The request `kill_at` is never answered."""

    listening: socket.socket
    came: list[tuple[str, str, str]] = field(default_factory=list)  # path, key, what
    opened: Counter[str] = field(default_factory=Counter)
    is_open: dict[str, bool] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)  # by Idempotency-Key, what it stood for
    kill_at: int = 0

    @property
    def port(self) -> int:
        return int(self.listening.getsockname()[1])

    def take(self, head: bytes, body: bytes) -> None:
        path = head.split()[1].decode()
        document = json.loads(body)
        if path == "/pager":
            key, what = document["dedup_key"], document["event_action"]
            if what == "trigger" and not self.is_open.get(key):
                self.opened[key] += 1
            self.is_open[key] = what != "resolve"
        else:
            names = {line.partition(b":")[0].lower(): line.partition(b":")[2] for line in head.split(b"\r\n")}
            key, what = (
                names[b"idempotency-key"].strip().decode(),
                f"{document['incident']} {document['kind']}",
            )
            self.keys.setdefault(key, set()).add(what)
        self.came.append((path, key, what))


@dataclass
class _Talk:
    data: bytes = b""


def serve(receiver: Receiver, children: dict[int, int], kills: dict[int, float]) -> dict[int, int]:
    """Until all children (pid → the end of a pipe that closes when it ends; 0 is this process) are gone: how each ends.

    `kills`: pid → seconds after which it is killed.
    """
    began_s = time.monotonic()
    ended: dict[int, int] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(receiver.listening, selectors.EVENT_READ)
        for pid, end in children.items():
            selector.register(end, selectors.EVENT_READ, pid)
        while True:
            alive = [pid for pid in children if pid not in ended]
            passed_s = time.monotonic() - began_s
            if passed_s > _SLOWEST_S:
                for pid in filter(None, alive):
                    os.kill(pid, signal.SIGKILL)
                raise TimeoutError("a child hangs")
            due_s = [kills[pid] - passed_s for pid in alive if pid in kills]
            ready = selector.select(max(0.0, min([1.0, *due_s])) if alive else 0)
            for pid in [pid for pid in alive if pid in kills and time.monotonic() - began_s >= kills[pid]]:
                os.kill(pid, signal.SIGKILL)
                del kills[pid]
            if not ready and not alive:
                break
            for key, _ in ready:
                if key.fileobj is receiver.listening:
                    connection, _ = receiver.listening.accept()
                    selector.register(connection, selectors.EVENT_READ, _Talk())
                elif isinstance(key.data, _Talk):
                    _talk(receiver, selector, key, children)
                else:
                    selector.unregister(key.fileobj)
                    os.close(key.fd)
                    ended[key.data] = os.waitstatus_to_exitcode(os.waitpid(key.data, 0)[1]) if key.data else 0
        for key in list(selector.get_map().values()):
            if isinstance(key.data, _Talk):
                os.close(key.fd) if isinstance(key.fileobj, int) else key.fileobj.close()  # type: ignore[attr-defined]
    return ended


def _talk(
    receiver: Receiver, selector: selectors.BaseSelector, key: selectors.SelectorKey, children: dict[int, int]
) -> None:
    connection, talk = key.fileobj, key.data
    assert isinstance(connection, socket.socket)
    data = b""
    with suppress(OSError):  # a killed process resets what it had open
        data = connection.recv(65536)
    talk.data += data
    head, _, body = talk.data.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    if lengths and len(body) >= int(lengths[0].partition(b":")[2]):
        receiver.take(head, body)
        receiver.kill_at -= 1
        if receiver.kill_at == 0:
            for pid in children:
                with suppress(ProcessLookupError):  # it has ended by itself
                    os.kill(pid, signal.SIGKILL)
        with suppress(OSError):
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        data = b""
    if not data:
        selector.unregister(connection)
        connection.close()


# Trials ------------------------------------------------------------------------------------------------------


def start(place: Place, state: str, now: datetime, death: Death, receiver: Receiver) -> tuple[int, int]:
    """A child: its pid, and the end of a pipe that closes when it ends."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    try:
        os.close(read)
        receiver.listening.close()
        _die_at(death)
        place.work(state, now)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def go_on(place: Place, state: str, now: datetime) -> tuple[int, threading.Thread]:
    """The same by this process: the end of a pipe that closes when it is done, and who does it."""
    read, write = os.pipe()

    def work() -> None:
        try:
            place.work(state, now)
        except BaseException:
            traceback.print_exc()  # what a trial says there is wrong
        finally:
            os.close(write)

    thread = threading.Thread(target=work)
    thread.start()
    return read, thread


def _death(step: str, chance: Random, alerts: int) -> Death:
    most = {"statement": 60, "before BEGIN": 4, "after BEGIN": 4, "before COMMIT": 4, "after COMMIT": 4}
    if step in ("claimed", "before send", "answered", "recorded"):
        return Death(step, chance.randint(1, alerts))
    return Death(step if step not in ("received", "moment") else None, chance.randint(1, most.get(step, 1)))


@dataclass
class Trial:
    """What happened in one. `unsure`: what had arrived, and the store does not know it: that comes again."""

    number: int
    killed: list[str] = field(default_factory=list)
    unsure: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def trial(number: int, folder: Path, listening: socket.socket, *, together: bool) -> Trial:
    """An alert (or two) fires and resolves, and whoever tells of it dies on the way."""
    chance, done, receiver = Random(number), Trial(number), Receiver(listening)  # noqa: S311
    place = Place(folder / f"{number}.sqlite", receiver.port, number % 4 == 0, 1 + number % _ALERTS)
    now = NOW
    for state, turn in (("firing", number), ("resolved", number // len(STEPS) + 5 * number)):
        for attempt in range(8):
            step = STEPS[turn % len(STEPS)] if attempt == 0 else None
            if attempt == 1 and chance.random() < 0.2:
                step = chance.choice(STEPS)
            children, kills = {}, {}
            survivor: threading.Thread | None = None
            receiver.kill_at = chance.randint(1, place.alerts) if step == "received" else 0
            if step is None and not together:  # no fork, which costs most of a trial
                children[0], survivor = go_on(place, state, now)
            for _ in range(2 if together else 0 if survivor else 1):
                # Of two that work together either may die, or both.
                mine = step if step and (not together or chance.random() < 0.7) else None
                death = _death(mine, chance, place.alerts) if mine else Death(None)
                pid, end = start(place, state, now, death, receiver)
                children[pid] = end
                if mine == "moment":
                    kills[pid] = chance.random() * 0.04
            before = len(receiver.came)
            ends = serve(receiver, children, kills)
            if survivor is not None:
                survivor.join()
            done.wrong += [
                f"{state}: a process ended with {end}" for end in ends.values() if end not in (0, -9)
            ]
            killed = sum(end == -9 for end in ends.values())
            done.killed += [f"{state} {step}"] * killed
            now += timedelta(seconds=LEASE_S + 10)
            waiting = _waiting(place.path)
            done.unsure.update(one for one in receiver.came[before:] if _told_as(one) in waiting)
            if not killed and not waiting:
                break
        else:
            done.wrong.append(f"{state}: notices still wait")
        _check_state(state, place, receiver, done)
    _check_end(place, receiver, done)
    for path in folder.glob(f"{number}.sqlite*"):
        if ".corrupt" in path.name:
            done.wrong.append(f"put aside: {path.name}")
        path.unlink()
    return done


def _waiting(path: Path) -> set[tuple[str, str]]:
    """Channel and meaning of the notices that are not known to have arrived."""
    with closing(sqlite3.connect(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'notice'").fetchone():
            return set()  # it died before there was a table
        rows = connection.execute("SELECT channel, key, kind FROM notice WHERE status <> 'sent'").fetchall()
    return {(channel, f"sysmon_tui/t/{key} {kind}") for channel, key, kind in rows}


def _told_as(came: tuple[str, str, str]) -> tuple[str, str]:
    path, key, what = came
    if path == "/hook":
        return "hook", what
    return "pager", f"{key} {'firing' if what == 'trigger' else 'resolved'}"


def _check_state(state: str, place: Place, receiver: Receiver, done: Trial) -> None:
    keys = [f"sysmon_tui/t/a{number}" for number in range(place.alerts)]
    if receiver.opened != dict.fromkeys(keys, 1):
        done.wrong.append(f"{state}: incidents {dict(receiver.opened)}")
    if receiver.is_open != dict.fromkeys(keys, state == "firing"):
        done.wrong.append(f"{state}: open {receiver.is_open}")


def _check_end(place: Place, receiver: Receiver, done: Trial) -> None:
    with closing(sqlite3.connect(place.path)) as connection:
        sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
        lives = connection.execute("SELECT id, state FROM life ORDER BY id").fetchall()
        still_open = connection.execute("SELECT count(*) FROM incident WHERE is_open").fetchone()[0]
        notices = connection.execute(
            "SELECT channel, key, kind, count(*) FROM notice GROUP BY channel, key, kind"
        ).fetchall()
    if sound != "ok" or still_open:
        done.wrong.append(f"store {sound}, {still_open} incidents open")
    if lives != [(f"a{number}", "resolved") for number in range(place.alerts)]:
        done.wrong.append(f"lives {lives}")
    told = 2 * place.alerts * (2 if place.webhook else 1)
    if len(notices) != told or any(count != 1 for *_, count in notices):
        done.wrong.append(f"notices {notices}")
    if place.webhook:
        meant = [what for of in receiver.keys.values() for what in of]
        if (
            len(receiver.keys) != 2 * place.alerts
            or len(meant) != len(set(meant))
            or len(meant) != 2 * place.alerts
        ):
            done.wrong.append(f"keys {receiver.keys}")
    expected = Counter(set(receiver.came)) + done.unsure
    if Counter(receiver.came) != expected:
        done.wrong.append(f"came {receiver.came}, unsure were {dict(done.unsure)}")


def _warm_up(folder: Path, listening: socket.socket) -> None:
    """All that a delivery imports, before the first fork."""
    context = httpx.create_ssl_context()  # it takes longer than all the rest of a delivery
    httpx.create_ssl_context = lambda *_, **__: context
    place = Place(folder / "warm.sqlite", listening.getsockname()[1], webhook=True, alerts=1)
    end, thread = go_on(place, "firing", NOW)
    serve(Receiver(listening), {0: end}, {})
    thread.join()
    gc.collect()
    gc.freeze()  # children then share what is here


def main(way: str, folder: str, first: int, count: int) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        os.environ |= {
            "CRASH_KEY": "0" * 32,
            "CRASH_HOOK": f"http://127.0.0.1:{listening.getsockname()[1]}/hook",
        }
        _warm_up(Path(folder), listening)
        for number in range(first, first + count):
            done = trial(number, Path(folder), listening, together=way == "together")
            print(json.dumps({"trial": number, "killed": done.killed, "wrong": done.wrong}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
