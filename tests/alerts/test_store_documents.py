"""The store, row by row: what an evaluation and its notices leave in the file, and what is read of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sysmon_tui.alerts.episodes import HOUR, Episode
from sysmon_tui.alerts.life import Judged, Life, advance
from sysmon_tui.alerts.silences import Silence
from sysmon_tui.alerts.store import AlertStore, Telling
from sysmon_tui.alerts.store_file import StoreFile
from sysmon_tui.clock import to_micros
from sysmon_tui.config import RouteConfig
from tests.alerts.judging import MINUTE, RULE, judged, of_several, seen, telling
from tests.estate import at

NOW = at("12:10")
ON = frozenset({RULE.id})
MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> AlertStore:
    return AlertStore(StoreFile(tmp_path / "alerts.sqlite"), "t")


def fires(head: str = "12:00") -> Judged:
    return judged(seen(at(head)), Episode(at("11:55"), None, 5))


def is_over() -> Judged:
    return judged(seen(at("14:00")), Episode(at("11:55"), at("12:30"), 5))


def apply(store: AlertStore, *evaluated: Judged, now: datetime = NOW, tells: Telling | None = None) -> None:
    store.apply(evaluated, ON, now, tells or telling(), {one.rule.id: {} for one in evaluated})


def rows(store: AlertStore, query: str) -> list[dict[str, Any]]:
    with store.file.transaction() as connection:
        return [dict(row) for row in connection.execute(query)]


def only(store: AlertStore, query: str) -> dict[str, Any]:
    (row,) = rows(store, query)
    return row


# Lives -----------------------------------------------------------------------------------------------------


def begun(evaluated: Judged, now: datetime = NOW) -> Life:
    (life,) = advance([], [evaluated], ON, now)
    return life


def test_a_life_is_read_as_it_was_written(store: AlertStore) -> None:
    """Every field, from one evaluation to the next, as if it had never been in a file."""
    first = begun(fires())
    apply(store, fires())
    assert store.lives() == [first]
    assert store.acknowledge(first.id, "ann", at("12:11"))
    taken = replace(first, acknowledged_by="ann", acknowledged_at=at("12:11"))
    assert store.lives() == [taken]
    blind = judged(seen(at("12:05"), state="failed", reason="No network."))
    apply(store, blind, now=at("12:20"))
    (doubted,) = advance([taken], [blind], ON, at("12:20"))
    assert store.lives() == [doubted]
    assert (doubted.unverified, doubted.head) == ("No network.", at("12:05"))
    apply(store, is_over(), now=at("14:10"))
    (ended,) = advance([doubted], [is_over()], ON, at("14:10"))
    assert store.lives() == []
    assert store.lives(resolved_since=at("12:30")) == [ended]


def test_what_is_seen_for_the_first_time_when_it_is_over_is_written_whole(store: AlertStore) -> None:
    """With its end, its doubt and whoever has it, all at once."""
    with store.file.transaction() as connection:
        ended = replace(
            begun(is_over(), at("14:10")),
            unverified="Late.",
            acknowledged_by="ann",
            acknowledged_at=at("14:11"),
        )
        store._write_life(connection, ended, at("14:12"))
    assert store.lives(resolved_since=at("12:30")) == [ended]


def test_who_has_it_is_not_said_by_an_evaluation(store: AlertStore) -> None:
    """All else is: another start, another end, another alert."""
    apply(store, fires())
    first = begun(fires())
    store.acknowledge(first.id, "ann", at("12:11"))
    other = replace(
        first,
        state="resolved",
        alert={"id": first.id, "title": "later"},
        started_at=at("11:50"),
        met_until=at("12:20"),
        head=at("12:21"),
        resolved_at=at("12:22"),
        unverified="Late.",
        acknowledged_by="bob",
        acknowledged_at=at("12:23"),
    )
    with store.file.transaction() as connection:
        store._write_life(connection, other, at("12:24"))
    assert store.lives(resolved_since=at("12:22")) == [
        replace(other, acknowledged_by="ann", acknowledged_at=at("12:11"))
    ]
    assert only(store, "SELECT updated_us FROM life")["updated_us"] == to_micros(at("12:24"))


def test_what_is_dropped_is_the_one_time_of_the_one_alert(store: AlertStore) -> None:
    """Its other times stay, and so does what another scope knows by the same name."""
    holds = [Episode(at("11:55"), None, 5)]
    for scope in (store, AlertStore(store.file, "u")):
        apply(scope, of_several(seen(at("12:00")), {"a": holds, "b": holds}))
    one, other = store.lives()
    with store.file.transaction() as connection:
        store._write_life(connection, replace(one, incident=one.incident + 1), NOW)
        store._write_life(connection, replace(one, state="dropped"), NOW)
    assert {(life.id, life.incident) for life in store.lives()} == {
        (one.id, one.incident + 1),
        (other.id, other.incident),
    }
    assert only(store, "SELECT count(*) AS lives FROM life WHERE scope = 'u'") == {"lives": 2}


def test_what_ended_is_listed_from_the_instant_of_its_end(store: AlertStore) -> None:
    """In event time, the oldest first; what is open always."""
    apply(store, is_over(), now=at("14:10"))
    again = Episode(at("13:55"), None, 6)
    apply(store, judged(seen(at("14:20")), Episode(at("11:55"), at("12:30"), 5), again), now=at("14:30"))
    for since, states in ((at("12:30"), ["resolved", "firing"]), (at("12:30") + MOMENT, ["firing"])):
        assert [life.state for life in store.lives(resolved_since=since)] == states


@pytest.mark.parametrize(("later", "times"), [(4 * DAY, 1), (4 * DAY + MOMENT, 2)])
def test_rows_that_come_late_are_matched_for_four_days(
    store: AlertStore, later: timedelta, times: int
) -> None:
    """By when the life changed last; afterwards they are another time."""
    apply(store, is_over(), now=at("14:10"))
    longer = judged(seen(at("14:00", 4)), Episode(at("11:50"), at("12:31"), 6))
    apply(store, longer, now=at("14:10") + later)
    found = store.lives(resolved_since=at("00:00"))
    assert len(found) == times
    assert found[-1].resolved_at == at("12:31")


@pytest.mark.parametrize(("by", "told"), [("ann", 1_773_144_660_000_000), (None, None)])
def test_an_acknowledgement_is_a_change_of_now(store: AlertStore, by: str | None, told: int | None) -> None:
    """Of this alert alone; with nobody there is no time either."""
    holds = [Episode(at("11:55"), None, 5)]
    apply(store, of_several(seen(at("12:00")), {"a": holds, "b": holds}))
    taken, _ = store.lives()
    assert store.acknowledge(taken.id, by, at("12:11")) is True
    changed = "SELECT acknowledged_by, acknowledged_us, updated_us FROM life WHERE updated_us > {}"
    assert only(store, changed.format(to_micros(NOW))) == {
        "acknowledged_by": by,
        "acknowledged_us": told,
        "updated_us": 1_773_144_660_000_000,
    }


# Silences and the duty -------------------------------------------------------------------------------------


def test_silences_are_read_as_they_were_written(store: AlertStore) -> None:
    """Those that last, the first to end first, each by a short name of its own."""
    long = store.silence({"rule": "workflow.*"}, NOW, NOW + 2 * HOUR, "deploy", "ann")
    short = store.silence({"severity": "high", "job": "größe"}, NOW, NOW + HOUR, "", "bob")
    assert re.fullmatch("[0-9a-f]{8}", long.id) and long.id != short.id
    assert long == Silence(long.id, {"rule": "workflow.*"}, NOW, NOW + 2 * HOUR, "deploy", "ann")
    assert store.silences(NOW) == [short, long]
    assert store.silences(NOW + HOUR - MOMENT) == [short, long]
    assert store.silences(NOW + HOUR) == [long]


def test_a_silence_ends_in_its_own_scope_and_from_now_on(store: AlertStore) -> None:
    """The others last; that it was there stays on record."""
    one = store.silence({"rule": "*"}, NOW, NOW + HOUR, "", "ann")
    other = store.silence({"rule": "*"}, NOW, NOW + HOUR, "", "ann")
    assert AlertStore(store.file, "u").unsilence(one.id, NOW + MINUTE) is False
    assert store.unsilence(one.id, NOW + HOUR) is False
    assert store.unsilence(one.id, NOW + MINUTE) is True
    assert store.silences(NOW + MINUTE) == [other]
    assert store.silences(NOW + MINUTE - MOMENT) == [replace(one, ends_at=NOW + MINUTE), other]


def test_the_duty_is_a_row_of_its_scope(store: AlertStore) -> None:
    """Whose it is, since when and until when; whoever leaves it leaves that of other scopes alone."""
    other = AlertStore(store.file, "u")
    for scope in (store, other):
        assert scope.take_duty("ann", NOW, 1.5) is True
    assert store.take_duty("bob", NOW, 1.5) is False
    store.leave_duty("ann")
    assert only(store, "SELECT * FROM duty") == {
        "scope": "u",
        "owner": "ann",
        "since_us": to_micros(NOW),
        "until_us": to_micros(NOW) + 1_500_000,
    }


# Notices ---------------------------------------------------------------------------------------------------


def test_the_rows_of_a_notice_and_its_incident(store: AlertStore) -> None:
    """Due at once, tried by nobody yet, with the alert as its life has it."""
    apply(store, fires())
    life, moment = begun(fires()), to_micros(NOW)
    notice, incident = only(store, "SELECT * FROM notice"), only(store, "SELECT * FROM incident")
    assert json.loads(notice.pop("alerts")) == [life.document()]
    assert re.fullmatch("[0-9a-f]{16}", notice.pop("number"))
    assert notice == {
        "id": 1,
        "scope": "t",
        "channel": "ops",
        "key": life.id,
        "opened": moment,
        "kind": "firing",
        "status": "pending",
        "attempts": 0,
        "last_error": None,
        "next_attempt_us": moment,
        "lease_until_us": 0,
        "lease_owner": None,
        "created_us": moment,
        "updated_us": moment,
        "receipt": None,
    }
    assert incident == {
        "scope": "t",
        "channel": "ops",
        "key": life.id,
        "opened": moment,
        "told": json.dumps({life.id: moment}),
        "held": "{}",
        "told_us": moment,
        "repeats": 0,
        "acknowledged": 0,
        "is_open": 1,
    }


def test_an_incident_is_read_as_it_was_written(store: AlertStore) -> None:
    """Told, repeated and acknowledged, until it ends."""
    repeats = telling(RouteConfig(channels=("ops",), repeat_minutes=60))
    apply(store, fires(), tells=repeats)
    apply(store, fires("12:05"), now=NOW + HOUR - MOMENT, tells=repeats)
    assert only(store, "SELECT repeats FROM incident") == {"repeats": 0}
    for number in (1, 2):
        apply(store, fires(), now=NOW + number * HOUR, tells=repeats)
    store.acknowledge(store.lives()[0].id, "ann", NOW + 2 * HOUR)
    for _ in range(2):
        apply(store, fires(), now=NOW + 2 * HOUR, tells=repeats)
    assert [(row["kind"], row["number"]) for row in rows(store, "SELECT * FROM notice")][1:3] == [
        ("repeat", "1"),
        ("repeat", "2"),
    ]
    incident = only(store, "SELECT told_us, repeats, acknowledged, is_open FROM incident")
    assert incident == {
        "told_us": to_micros(NOW + 2 * HOUR),
        "repeats": 2,
        "acknowledged": 1,
        "is_open": 1,
    }
    kinds = [row["kind"] for row in rows(store, "SELECT kind FROM notice ORDER BY id")]
    assert kinds == ["firing", "repeat", "repeat", "acknowledged"]
