"""The store of alerts: one transaction for an evaluation, usable by several processes, its file private and whole."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sysmon_tui.alerts import store as store_module
from sysmon_tui.alerts.episodes import Episode
from sysmon_tui.alerts.life import Judged
from sysmon_tui.alerts.outbox import Outbox
from sysmon_tui.alerts.store import AlertStore, Telling
from sysmon_tui.alerts.store_file import StoreError, StoreFile
from sysmon_tui.config import RouteConfig
from tests.alerts.judging import (
    MINUTE,
    OTHER_RULE,
    RULE,
    judged,
    of_several,
    seen,
    telling,
    with_rule,
)
from tests.estate import at

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = at("12:10")
ON = frozenset({RULE.id, OTHER_RULE.id})


@pytest.fixture
def store(tmp_path: Path) -> AlertStore:
    return AlertStore(StoreFile(tmp_path / "alerts.sqlite"), "t")


def fires(head: str = "12:00", start: str = "11:55") -> Judged:
    return judged(seen(at(head)), Episode(at(start), None, 5))


def is_over(head: str = "14:00", start: str = "11:55", end: str = "12:30") -> Judged:
    return judged(seen(at(head)), Episode(at(start), at(end), 5))


def apply(store: AlertStore, *evaluated: Judged, now: datetime = NOW, tells: Telling | None = None) -> None:
    """Telling the one channel, with documents as the desk writes them."""
    documents = {one.rule.id: {"state": one.seen.state} for one in evaluated}
    store.apply(evaluated, ON, now, tells or telling(), documents)


def rows(store: AlertStore, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(store.file.path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def told(store: AlertStore) -> list[tuple[str, ...]]:
    """Kind and titles of each notice, in their order."""
    found = rows(store, "SELECT kind, alerts FROM notice ORDER BY id")
    return [(kind, *(alert["title"] for alert in json.loads(alerts))) for kind, alerts in found]


# One evaluation --------------------------------------------------------------------------------------------


def test_lives_and_notices_are_written_together(store: AlertStore) -> None:
    """And read again as they were."""
    apply(store, fires())
    (life,) = store.lives()
    assert (life.state, life.started_at, life.detected_at) == ("firing", at("11:55"), NOW)
    assert told(store) == [("firing", "5 of them")]


def test_the_same_evaluation_again_tells_nothing(store: AlertStore) -> None:
    """However often, and whoever makes it."""
    for minute in range(3):
        apply(store, fires(), now=NOW + minute * MINUTE)
        apply(AlertStore(StoreFile(store.file.path), "t"), fires(), now=NOW + minute * MINUTE)
    assert len(told(store)) == 1


def test_a_failure_in_the_middle_leaves_nothing(store: AlertStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the life nor its notice: the next evaluation makes both."""

    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("in the middle")

    apply(store)
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "plan", broken)
        with pytest.raises(RuntimeError):
            apply(store, fires())
    assert store.lives() == [] and store.documents() == {}
    apply(store, fires())
    assert told(store) == [("firing", "5 of them")]


def test_nobody_is_told_of_what_was_over_before_anybody_looked(store: AlertStore) -> None:
    """The first evaluation finds history: it is kept and not told. What fires now is."""
    apply(
        store, judged(seen(at("12:00")), Episode(at("08:00"), at("09:00"), 9), Episode(at("11:55"), None, 5))
    )
    assert sorted(life.state for life in store.lives(resolved_since=at("00:00"))) == ["firing", "resolved"]
    assert told(store) == [("firing", "5 of them")]
    apply(store, is_over(end="12:10", head="14:00"), now=at("14:10"))
    assert told(store)[1:] == [("resolved", "5 of them")]


def test_what_is_over_is_told_once_however_the_head_goes_on(store: AlertStore) -> None:
    """Five minutes apart, and each time its table has come five minutes further."""
    apply(store, fires())
    for minute in range(0, 20, 5):
        apply(store, is_over(f"14:{minute:02}"), now=at("14:10") + minute * MINUTE)
    assert told(store) == [("firing", "5 of them"), ("resolved", "5 of them")]


def test_what_was_over_before_anybody_looked_stays_history(store: AlertStore) -> None:
    """Also in the second evaluation, and later."""
    for minute in range(0, 20, 5):
        apply(store, is_over(f"14:{minute:02}"), now=at("14:10") + minute * MINUTE)
    assert told(store) == []


def test_what_began_and_ended_between_two_evaluations_is_told(store: AlertStore) -> None:
    """Of a rule that was evaluated before; a rule that is new has its own history."""
    apply(store, judged(seen(at("12:00"))))
    late = judged(seen(at("14:00")), Episode(at("12:05"), at("12:30"), 5))
    apply(
        store, late, judged(late.seen, Episode(at("12:05"), at("12:30"), 7), rule=OTHER_RULE), now=at("14:10")
    )
    assert told(store) == [("firing", "5 of them"), ("resolved", "5 of them")]


def test_without_telling_nothing_is_told_and_the_end_is_told_later(store: AlertStore) -> None:
    """Another process on the same file, that tells nobody, saw the end: whoever tells makes up for it."""
    apply(store, fires())
    store.apply([is_over()], ON, at("14:10"))
    assert len(told(store)) == 1
    apply(store, is_over(), now=at("14:11"))
    assert told(store)[1:] == [("resolved", "5 of them")]


def test_scopes_know_nothing_of_each_other(store: AlertStore) -> None:
    """Another tenant, or another place, in one file."""
    other = AlertStore(store.file, "u")
    apply(store, fires())
    other.silence({"rule": "*"}, NOW, NOW + HOUR, "deploy", "ann")
    assert other.lives() == [] and store.silences(NOW) == [] and other.documents() == {}
    assert other.take_duty("me", NOW, 60) and store.take_duty("you", NOW, 60)
    assert not other.acknowledge(store.lives()[0].id, "ann", NOW)


def test_a_rule_that_is_off_ends_and_is_told(store: AlertStore) -> None:
    """The receiver's incident must not stay open for ever."""
    apply(store, fires())
    store.apply([], frozenset(), at("12:20"), telling())
    assert store.lives() == []
    assert told(store)[1:] == [("resolved", "5 of them")]


def test_a_rule_that_is_off_tells_nothing_of_what_never_fired(store: AlertStore) -> None:
    """Pending alerts are nobody's news."""
    rule = with_rule(RULE.id, wait=HOUR)
    apply(store, judged(seen(at("12:00")), rule=rule), now=at("11:00"))
    apply(store, judged(seen(at("12:00")), Episode(at("11:55"), None, 5), rule=rule))
    store.apply([], frozenset(), at("12:20"), telling())
    assert told(store) == []


def test_an_evaluation_on_older_rows_pages_nobody(store: AlertStore) -> None:
    """The app shows what it read before its network went; `serve` has seen the end since."""
    apply(store, fires())
    apply(store, is_over(), now=at("14:10"))
    old = judged(seen(at("12:20"), state="stale", reason="No network."), Episode(at("11:55"), None, 5))
    store.apply([old], ON, at("14:11"))
    apply(store, is_over(), now=at("14:12"))
    assert told(store) == [("firing", "5 of them"), ("resolved", "5 of them")]


def test_a_group_and_a_channel_without_groups(store: AlertStore) -> None:
    """Each is told as its route says, of the same lives."""
    tells = telling(
        RouteConfig(channels=("grouped",), group_by=("rule",)),
        RouteConfig(channels=("pager",)),
        channels=("grouped", "pager"),
    )
    apply(store, of_several(seen(at("12:00")), {"a": [Episode(at("11:55"), None, 5)]}), tells=tells)
    holds = [Episode(at("11:55"), None, 5)]
    apply(store, of_several(seen(at("12:00")), {"a": holds, "b": holds}), tells=tells)
    counts = rows(store, "SELECT channel, count(*) FROM notice GROUP BY channel ORDER BY channel")
    assert counts == [("grouped", 2), ("pager", 2)]
    assert rows(store, "SELECT count(*) FROM incident") == [(3,)]


def test_what_ended_in_a_group_is_not_paged_elsewhere_again_and_again(store: AlertStore) -> None:
    """One channel groups, the other does not: three evaluations after the end of one of two alerts."""
    tells = telling(
        RouteConfig(channels=("grouped",), group_by=("rule",)),
        RouteConfig(channels=("pager",)),
        channels=("grouped", "pager"),
    )
    holds, ended = [Episode(at("11:55"), None, 5)], [Episode(at("11:55"), at("12:30"), 5)]
    apply(store, of_several(seen(at("12:00")), {"a": holds, "b": holds}), tells=tells)
    for minute in range(3):
        evaluated = of_several(seen(at("14:00")), {"a": ended, "b": holds})
        apply(store, evaluated, now=at("14:10") + minute * MINUTE, tells=tells)
    assert rows(store, "SELECT kind FROM notice WHERE channel = 'pager' ORDER BY id") == [
        ("firing",),
        ("firing",),
        ("resolved",),
    ]


# The limit of pages ----------------------------------------------------------------------------------------


def several(count: int, head: str = "12:00") -> Judged:
    return of_several(
        seen(at(head)), {f"job{number}": [Episode(at("11:55"), None, number)] for number in range(count)}
    )


def test_summaries_are_one_an_hour_and_none_is_lost(store: AlertStore) -> None:
    """Held back at 12:10 it goes out at once; what is held back until 13:10 waits and comes together."""
    tells = telling(pages=1)
    for count, clock in ((2, "12:10"), (3, "12:20"), (4, "12:30")):
        apply(store, several(count), now=at(clock), tells=tells)
        deliver(store, at(clock))
    kinds = [notice[0] for notice in told(store)]
    assert kinds == ["firing", "summary", "summary"]
    assert sorted(title for notice in told(store) for title in notice[1:]) == [
        f"{number} of them" for number in range(4)
    ]
    due = rows(store, "SELECT next_attempt_us FROM notice WHERE kind = 'summary' ORDER BY id")
    assert due[1][0] - due[0][0] == 3600 * 1_000_000


def deliver(store: AlertStore, now: datetime) -> None:
    """All that is due has gone out."""
    outbox = Outbox(store.file, store.scope)
    while (claim := outbox.claim("ops", now)) is not None:
        outbox.record_sent(claim, now)


def test_a_summary_on_its_way_is_not_changed(store: AlertStore) -> None:
    """What is held back while it is being sent goes into the next."""
    outbox, tells = Outbox(store.file, "t"), telling(pages=1)
    apply(store, several(2), now=at("12:10"), tells=tells)
    page, summary = outbox.claim("ops", at("12:10")), outbox.claim("ops", at("12:10"))
    assert page is not None and page.kind == "firing"
    assert summary is not None and summary.kind == "summary"
    apply(store, several(3), now=at("12:11"), tells=tells)
    outbox.record_sent(summary, at("12:11"))
    titles = [notice[1:] for notice in told(store) if notice[0] == "summary"]
    assert len(titles) == 2 and len(titles[0]) == len(titles[1]) == 1


def test_pages_count_for_an_hour(store: AlertStore) -> None:
    """One page an hour: the next new alert after an hour is a page again."""
    tells = telling(pages=1)
    apply(store, several(1), now=at("12:10"), tells=tells)
    apply(store, several(2, "13:00"), now=at("13:11"), tells=tells)
    assert [notice[0] for notice in told(store)] == ["firing", "firing"]


# What people do --------------------------------------------------------------------------------------------


def test_an_acknowledgement_survives_evaluations(store: AlertStore) -> None:
    """It is the incident's, and is told; the next incident has none."""
    apply(store, fires())
    (life,) = store.lives()
    assert store.acknowledge(life.id, "ann", at("12:11"))
    for clock in ("12:05", "12:15"):
        apply(store, fires(clock), now=at(clock) + 10 * MINUTE)
    (life,) = store.lives()
    assert (life.acknowledged_by, life.acknowledged_at) == ("ann", at("12:11"))
    assert life.document()["acknowledged_by"] == "ann"
    assert told(store)[1:] == [("acknowledged", "5 of them")]
    apply(store, is_over(), now=at("14:10"))
    again = judged(seen(at("14:30")), Episode(at("14:25"), None, 6))
    apply(store, again, now=at("14:40"))
    assert store.lives()[0].acknowledged_by is None


def test_who_has_it_has_it_when_it_flaps(store: AlertStore) -> None:
    """It begins again before the end of the time before is known: nobody has to take it on once more."""
    apply(store, fires())
    assert store.acknowledge(store.lives()[0].id, "ann", at("12:11"))
    flaps = judged(seen(at("13:20")), Episode(at("11:55"), at("12:30"), 5), Episode(at("13:10"), None, 6))
    apply(store, flaps, now=at("13:30"))
    lives = store.lives()
    assert [(life.state, life.acknowledged_by) for life in lives] == [("firing", "ann")] * 2
    assert {life.acknowledged_at for life in lives} == {at("12:11")}
    assert [kind for kind, *_ in told(store)] == ["firing", "acknowledged"]


def test_an_acknowledgement_can_be_taken_back(store: AlertStore) -> None:
    """Nobody has it any more."""
    apply(store, fires())
    (life,) = store.lives()
    store.acknowledge(life.id, "ann", NOW)
    assert store.acknowledge(life.id, None, NOW)
    assert (store.lives()[0].acknowledged_by, store.lives()[0].acknowledged_at) == (None, None)


def test_what_is_not_open_cannot_be_acknowledged(store: AlertStore) -> None:
    """Unknown or over."""
    apply(store, fires())
    alert_id = store.lives()[0].id
    apply(store, is_over(), now=at("14:10"))
    assert not store.acknowledge(alert_id, "ann", at("14:11"))
    assert not store.acknowledge("nothing", "ann", NOW)


def test_a_silence_keeps_its_alerts_from_everybody(store: AlertStore) -> None:
    """As long as it lasts; what fires then is told."""
    made = store.silence({"rule": "workflow.*"}, NOW, NOW + HOUR, "deploy", "ann")
    assert store.silences(NOW) == [made]
    apply(store, fires())
    assert told(store) == []
    apply(store, fires("13:00"), now=NOW + HOUR)
    assert told(store) == [("firing", "5 of them")]
    assert store.silences(NOW + HOUR) == []


def test_a_silence_can_be_ended(store: AlertStore) -> None:
    """At once, and only once."""
    made = store.silence({"rule": "*"}, NOW, NOW + HOUR, "", "ann")
    assert store.unsilence(made.id, NOW + MINUTE)
    assert store.silences(NOW + MINUTE) == []
    assert not store.unsilence(made.id, NOW + MINUTE)
    assert not store.unsilence("nothing", NOW)


# Who evaluates ---------------------------------------------------------------------------------------------


def test_one_has_the_duty(store: AlertStore) -> None:
    """Until he leaves it, or does not say in time that he goes on."""
    assert store.take_duty("ann", NOW, 60)
    assert not store.take_duty("bob", NOW + timedelta(seconds=59), 60)
    assert store.take_duty("ann", NOW + timedelta(seconds=59), 60)
    assert not store.take_duty("bob", NOW + timedelta(seconds=60), 60)
    store.leave_duty("bob")
    assert not store.take_duty("bob", NOW + timedelta(seconds=60), 60)
    store.leave_duty("ann")
    assert store.take_duty("bob", NOW + timedelta(seconds=60), 60)
    assert store.take_duty("ann", NOW + timedelta(seconds=120), 60)


def test_a_clock_set_back_frees_the_duty(store: AlertStore) -> None:
    """A day back, the duty of a process that is gone does not last a day."""
    assert store.take_duty("ann", NOW, 60)
    assert store.take_duty("bob", NOW - DAY, 60)


def test_the_duty_lasts_as_long_as_it_was_taken_for(store: AlertStore) -> None:
    """The day's budget is spent, so refreshes are hours apart: the others still leave it to this one, up to its end."""
    for_s = 2 * 3600 + 30
    assert store.take_duty("ann", NOW, for_s)
    assert not store.take_duty("bob", NOW, for_s)
    assert not store.take_duty("bob", NOW + timedelta(seconds=for_s, microseconds=-1), for_s)
    assert store.take_duty("bob", NOW + timedelta(seconds=for_s), for_s)


def test_the_duty_begins_when_it_was_taken(store: AlertStore) -> None:
    """A clock set back by a moment is enough: whoever has it says so again with the next look."""
    assert store.take_duty("ann", NOW, 60)
    assert store.take_duty("bob", NOW - timedelta(microseconds=1), 60)


def test_documents_are_there_for_other_processes(store: AlertStore) -> None:
    """By rule, when it was evaluated last, and what was found."""
    apply(store, fires())
    apply(store, judged(seen(at("12:00")), rule=OTHER_RULE), now=at("12:20"))
    other = AlertStore(StoreFile(store.file.path), "t")
    assert other.documents() == {
        RULE.id: (NOW, {"state": "fresh"}),
        OTHER_RULE.id: (at("12:20"), {"state": "fresh"}),
    }


def test_what_is_a_year_old_is_forgotten(store: AlertStore) -> None:
    """Lives that ended, their incidents and notices, silences; what fires is kept however old it is."""
    holds = [Episode(at("11:55"), None, 5)]
    apply(store, of_several(seen(at("12:00")), {"a": holds, "b": holds}))
    ended = [Episode(at("11:55"), at("12:30"), 5)]
    store.silence({"rule": "x"}, NOW, NOW + HOUR, "", "ann")
    apply(store, of_several(seen(at("14:00")), {"a": ended, "b": holds}), now=at("14:10"))
    apply(store, of_several(seen(at("14:00")), {"b": holds}), now=at("14:10") + 367 * DAY)
    assert [life.alert["entity"]["workflow_name"] for life in store.lives(resolved_since=at("00:00"))] == [
        "b"
    ]
    assert rows(store, "SELECT count(*) FROM silence") == [(0,)]
    assert rows(store, "SELECT is_open, count(*) FROM incident GROUP BY is_open") == [(1, 1)]


# Threads and processes -------------------------------------------------------------------------------------


def test_many_threads_open_one_incident(store: AlertStore) -> None:
    """Eight evaluations at once on a file that does not exist yet: one life, one notice."""
    barrier, errors = threading.Barrier(8), []

    def work(number: int) -> None:
        barrier.wait()
        try:
            apply(
                AlertStore(StoreFile(store.file.path), "t"), fires(), now=NOW + timedelta(microseconds=number)
            )
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(store.lives()) == 1 and told(store) == [("firing", "5 of them")]


_APPLIES = """
import os, sys
from datetime import datetime
from pathlib import Path
from sysmon_tui.alerts.store import AlertStore
from sysmon_tui.alerts.store_file import StoreFile
from tests.alerts.judging import RULE, telling
from tests.alerts.test_store import ON, fires
store = AlertStore(StoreFile(Path(sys.argv[1])), "t")
now = datetime.fromisoformat(sys.argv[2])
if sys.argv[3] == "dies":
    store._write_plan = lambda *_: os._exit(9)
print("ready", flush=True)
sys.stdin.readline()
store.apply([fires()], ON, now, telling(), {RULE.id: {}})
"""


def started(store: AlertStore, how: str, now: datetime = NOW) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _APPLIES, str(store.file.path), now.isoformat(), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_processes_open_one_incident(store: AlertStore) -> None:
    """Three evaluate at once, each at an instant of its own."""
    processes = [started(store, "lives", NOW + timedelta(microseconds=number)) for number in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=30)
        assert process.returncode == 0
    assert len(store.lives()) == 1 and told(store) == [("firing", "5 of them")]


def test_a_process_that_dies_in_the_middle_leaves_nothing(store: AlertStore) -> None:
    """Its lives were written, its notices not: neither is there, and the next evaluation makes both."""
    process = started(store, "dies")
    process.communicate("\n", timeout=30)
    assert process.returncode == 9
    assert store.lives() == []
    apply(store, fires())
    assert told(store) == [("firing", "5 of them")]


# The file --------------------------------------------------------------------------------------------------


def test_the_file_is_private(store: AlertStore) -> None:
    """0600 for the file and those beside it, also when the file was there with another mode."""
    store.file.path.touch(mode=0o644)
    apply(store, fires())
    holder = sqlite3.connect(store.file.path)
    holder.execute("SELECT count(*) FROM life").fetchone()
    apply(store, fires("12:05"), now=at("12:15"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in store.file.path.parent.iterdir()}
    holder.close()
    assert set(modes.values()) == {0o600}
    assert len(modes) == 3


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link planted in place of the file leads to an error, not to a write elsewhere."""
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / "alerts.sqlite").symlink_to(target)
    with pytest.raises(StoreError):
        AlertStore(StoreFile(tmp_path / "alerts.sqlite"), "t").lives()
    assert target.read_text() == "precious"


def test_an_unreadable_file_is_put_aside(store: AlertStore) -> None:
    """Garbage neither stops the alerts nor is overwritten."""
    store.file.path.write_bytes(b"garbage " * 1000)
    apply(store, fires())
    aside = [path for path in store.file.path.parent.iterdir() if ".corrupt-" in path.name]
    assert [path.read_bytes()[:7] for path in aside] == [b"garbage"]
    assert told(store) == [("firing", "5 of them")]


def test_a_damaged_file_is_put_aside(store: AlertStore) -> None:
    """Its header is whole, its pages are not: who meets it first fails, the next begins anew and tells all again."""
    whole = written(store)
    store.file.path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    with pytest.raises(StoreError, match="can't be used"):
        apply(store, fires())
    aside = [path for path in store.file.path.parent.iterdir() if ".corrupt-" in path.name]
    assert len(aside) == 1 and aside[0].read_bytes()[:4096] == whole[:4096]
    apply(store, fires())
    assert told(store) == [("firing", "5 of them")]
    assert len(store.lives()) == 1


def test_what_is_put_aside_is_not_the_file_that_took_its_place(store: AlertStore) -> None:
    """One process holds the damaged file while another puts it aside, and has begun a new one."""
    whole = written(store)
    store.file.path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    with pytest.raises(StoreError), store.file.transaction() as connection:
        store.file.path.rename(store.file.path.with_name("elsewhere"))
        apply(AlertStore(StoreFile(store.file.path), "t"), fires())
        connection.execute("SELECT * FROM life").fetchall()
    assert len(store.lives()) == 1
    assert not any(".corrupt-" in path.name for path in store.file.path.parent.iterdir())


def test_damage_to_any_page_costs_one_evaluation_at_most(store: AlertStore) -> None:
    """Each page in turn, from the second on."""
    whole = written(store)
    for begin in range(4096, len(whole), 4096):
        page = whole[:begin] + b"\xa5" * 4096 + whole[begin + 4096 :]
        store.file.path.write_bytes(page)
        with contextlib.suppress(StoreError):
            apply(store, fires("12:05"), now=at("12:15"))
        apply(store, fires("12:05"), now=at("12:15"))
        for path in store.file.path.parent.iterdir():
            path.unlink()


@pytest.mark.parametrize("garbage", [b"xxxxxxxx", b"\xa5" * 8])
def test_damage_to_a_text_costs_one_evaluation_at_most(store: AlertStore, garbage: bytes) -> None:
    """A sector of the disk that lies within an alert: the database does not see it, and is put aside all the same."""
    damaged = written(store).replace(b'{"id": "', garbage)
    store.file.path.write_bytes(damaged)
    with contextlib.suppress(StoreError):
        apply(store, fires("12:05"), now=at("12:15"))
    apply(store, fires("12:05"), now=at("12:15"))


def written(store: AlertStore) -> bytes:
    """The file after an evaluation."""
    apply(store, fires())
    rows(store, "PRAGMA wal_checkpoint(TRUNCATE)")
    return store.file.path.read_bytes()


def test_a_newer_file_is_refused(store: AlertStore) -> None:
    """A file that a newer version wrote is left as it is."""
    apply(store, fires())
    rows(store, "PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer version"):
        store.lives()
    assert rows(store, "SELECT count(*) FROM life") == [(1,)]


def test_a_file_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    """A state directory that is gone is a StoreError, not a traceback of another kind."""
    with pytest.raises(StoreError, match=r"^The store of alerts can't be used\.") as caught:
        AlertStore(StoreFile(tmp_path / "gone" / "alerts.sqlite"), "t").lives()
    assert "cause" in caught.value.sentence
