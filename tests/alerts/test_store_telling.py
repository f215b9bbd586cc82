"""The store: what is told of the lives in it, by whom it is asked, how often, and for how long it is remembered."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sysmon_tui.alerts.episodes import HOUR, Episode
from sysmon_tui.alerts.life import Judged, Life, LifeState, advance
from sysmon_tui.alerts.plan import Plan, Planned
from sysmon_tui.alerts.store import AlertStore, Telling
from sysmon_tui.alerts.store_file import StoreFile
from sysmon_tui.clock import to_micros
from tests.alerts.judging import MINUTE, RULE, of_several, seen, telling
from tests.alerts.receivers import alert
from tests.estate import at

NOW = at("12:10")
ON = frozenset({RULE.id})
MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> AlertStore:
    return AlertStore(StoreFile(tmp_path / "alerts.sqlite"), "t")


def fires(*names: str, head: str = "12:00") -> Judged:
    return of_several(seen(at(head)), {name: [Episode(at("11:55"), None, 5)] for name in names or ("a",)})


def apply(store: AlertStore, *evaluated: Judged, now: datetime = NOW, tells: Telling | None = None) -> None:
    store.apply(evaluated, ON, now, tells or telling(), {one.rule.id: {} for one in evaluated})


def begun(evaluated: Judged, now: datetime = NOW) -> Life:
    return advance([], [evaluated], ON, now)[0]


def told(store: AlertStore) -> list[tuple[str, list[str]]]:
    """Kind and names of each notice."""
    with store.file.transaction() as connection:
        found = connection.execute("SELECT * FROM notice ORDER BY id").fetchall()
    return [
        (row["kind"], [one["entity"]["workflow_name"] for one in json.loads(row["alerts"])]) for row in found
    ]


def incidents(store: AlertStore) -> list[tuple[dict[str, int], dict[str, int]]]:
    """What each has told and held."""
    with store.file.transaction() as connection:
        return [(dict(one.told), dict(one.held)) for one in store._incidents(connection)]


# Told by hand ----------------------------------------------------------------------------------------------


def test_an_alert_that_no_evaluation_has_kept_is_told_by_its_own_name(store: AlertStore) -> None:
    """Whoever evaluated had no store; nothing is known of it afterwards but that it was told."""
    life = begun(fires())
    store.tell(life, telling(), NOW)
    assert told(store) == [("firing", ["a"])]
    assert incidents(store) == [({life.id: life.incident}, {})]
    assert store.lives() == []


def test_an_alert_that_is_kept_is_told_by_the_name_of_its_life(store: AlertStore) -> None:
    """Whoever had no store calls it by another name: told again by the evaluation it would page twice."""
    store.apply([fires()], ON, NOW)
    (known,) = store.lives()
    store.tell(replace(known, incident=known.incident + 7), telling(), NOW + MINUTE)
    assert incidents(store) == [({known.id: known.incident}, {})]
    apply(store, fires(), now=NOW + 2 * MINUTE)
    assert told(store) == [("firing", ["a"])]


def test_an_alert_that_fires_twice_is_told_by_the_latest_name(store: AlertStore) -> None:
    """The older one settles."""
    first = begun(fires())
    with store.file.transaction() as connection:
        for number in range(3):
            life = replace(first, incident=first.incident + number, detected_at=NOW + number * MINUTE)
            store._write_life(connection, life, NOW)
    store.tell(replace(first, incident=1), telling(), NOW)
    assert incidents(store) == [({first.id: first.incident + 2}, {})]


@pytest.mark.parametrize("state", ["resolved", "pending"])
def test_an_alert_keeps_its_own_name_where_the_store_has_none_that_fires(
    store: AlertStore, state: LifeState
) -> None:
    """Another time of it is another."""
    life = begun(fires())
    with store.file.transaction() as connection:
        store._write_life(connection, replace(life, incident=7, state=state, resolved_at=NOW), NOW)
    store.tell(life, telling(), NOW)
    assert incidents(store) == [({life.id: life.incident}, {})]


def test_one_alert_is_told_and_the_others_wait(store: AlertStore) -> None:
    """They fire as well, and the next evaluation tells them."""
    store.apply([fires("a", "b")], ON, NOW)
    one, _ = store.lives()
    store.tell(one, telling(), NOW)
    assert told(store) == [("firing", [one.alert["entity"]["workflow_name"]])]
    apply(store, fires("a", "b"), now=NOW + MINUTE)
    assert sorted(names for _, names in told(store)) == [["a"], ["b"]]


def test_what_is_over_when_it_is_handed_over_is_told_with_its_end(store: AlertStore) -> None:
    """Nobody has heard that it fired; of what was told it is the end alone."""
    over = of_several(seen(at("14:00")), {"a": [Episode(at("11:55"), at("12:30"), 5)]})
    life = begun(over, at("14:10"))
    for _ in range(2):
        store.tell(life, telling(), at("14:10"))
    assert told(store) == [("firing", ["a"]), ("resolved", ["a"])]


def test_what_is_silent_is_not_told_by_hand(store: AlertStore) -> None:
    """Nor is it when nobody wants openings, or when it is too old for a page."""
    life = begun(fires())
    store.silence({"workflow_name": "a"}, NOW, NOW + HOUR, "", "ann")
    store.tell(life, telling(), NOW)
    store.tell(life, telling(openings=False), NOW + HOUR)
    store.tell(life, telling(max_page_age=HOUR), at("13:00") + MOMENT)
    assert told(store) == []
    store.tell(life, telling(max_page_age=HOUR), at("13:00") - MOMENT)
    assert told(store) == []
    store.tell(life, telling(max_page_age=2 * HOUR), NOW + HOUR)
    assert told(store) == [("firing", ["a"])]


# What is told of evaluations -------------------------------------------------------------------------------


def test_without_openings_only_what_was_told_goes_on(store: AlertStore) -> None:
    """The end of what was told is told; what is new waits for whoever opens."""
    apply(store, fires("a"))
    ended = of_several(
        seen(at("14:00")),
        {"a": [Episode(at("11:55"), at("12:30"), 5)], "b": [Episode(at("13:55"), None, 5)]},
    )
    apply(store, ended, now=at("14:10"), tells=telling(openings=False))
    assert told(store) == [("firing", ["a"]), ("resolved", ["a"])]
    apply(store, ended, now=at("14:11"))
    assert told(store)[2:] == [("firing", ["b"])]


@pytest.mark.parametrize(("after", "kinds"), [(HOUR, ["firing", "firing"]), (HOUR - MOMENT, None)])
def test_pages_are_counted_for_exactly_an_hour(
    store: AlertStore, after: timedelta, kinds: list[str] | None
) -> None:
    """On their channel and in their scope; within it what is new is held back for a summary."""
    apply(AlertStore(store.file, "u"), fires("a"), now=NOW + after - MINUTE)
    apply(store, fires("a"), tells=telling(pages=1))
    apply(store, fires("a", "b"), now=NOW + after, tells=telling(pages=1))
    with store.file.transaction() as connection:
        found = connection.execute("SELECT kind FROM notice WHERE scope = 't' ORDER BY id").fetchall()
    assert [row["kind"] for row in found] == (kinds or ["firing", "summary"])


def test_what_was_held_back_ends_untold(store: AlertStore) -> None:
    """The summary has named it; its end, long after it has left the open lives, is told to nobody."""
    apply(store, fires("a", "b"), tells=telling(pages=1))
    assert sorted(len(held) for _, held in incidents(store)) == [0, 1]
    ended = of_several(seen(at("14:00")), {name: [Episode(at("11:55"), at("12:30"), 5)] for name in "ab"})
    store.apply([ended], ON, at("14:10"))
    apply(store, ended, now=at("14:11"), tells=telling(pages=1))
    assert [kind for kind, _ in told(store)] == ["firing", "summary", "resolved"]
    assert incidents(store) == []


# Summaries -------------------------------------------------------------------------------------------------


def summarize(store: AlertStore, number: int, now: datetime, channel: str = "ops") -> None:
    names = alert(id=f"a{number}", entity={"workflow_name": f"job{number}"})
    notice = Planned(channel, f"summary-{to_micros(now)}", to_micros(now), "summary", "1", (names,))
    with store.file.transaction() as connection:
        store._write_plan(connection, Plan([], [notice]), now)


def due(store: AlertStore) -> list[tuple[str, datetime, list[str]]]:
    with store.file.transaction() as connection:
        found = connection.execute("SELECT * FROM notice ORDER BY id").fetchall()
    return [
        (
            row["channel"],
            at("00:00") + timedelta(microseconds=row["next_attempt_us"] - to_micros(at("00:00"))),
            [one["id"] for one in json.loads(row["alerts"])],
        )
        for row in found
    ]


def mark(store: AlertStore, change: str) -> None:
    with store.file.transaction() as connection:
        connection.execute(f"UPDATE notice SET {change}")


def test_a_summary_that_waits_grows(store: AlertStore) -> None:
    """Each alert once, as it is by now, in their order; of another channel or scope it is another."""
    summarize(store, 2, NOW)
    summarize(store, 1, NOW + MINUTE)
    summarize(store, 2, NOW + 2 * MINUTE)
    summarize(store, 3, NOW + 3 * MINUTE, "mail")
    summarize(AlertStore(store.file, "u"), 4, NOW + 4 * MINUTE)
    assert due(store) == [
        ("ops", NOW, ["a1", "a2"]),
        ("mail", NOW + 3 * MINUTE, ["a3"]),
        ("ops", NOW + 4 * MINUTE, ["a4"]),
    ]


@pytest.mark.parametrize(
    ("change", "grows"),
    [
        ("status = 'pending'", True),
        ("status = 'sent'", False),
        ("status = 'failed'", False),
        ("status = 'dead'", False),
        (f"lease_until_us = {to_micros(NOW + MINUTE)}", True),
        (f"lease_until_us = {to_micros(NOW + MINUTE) + 1}", False),
        ("kind = 'firing'", False),
    ],
)
def test_a_summary_that_has_been_tried_does_not_grow(store: AlertStore, change: str, grows: bool) -> None:
    """Nor one that somebody sends just now: what comes meanwhile goes into the next."""
    summarize(store, 1, NOW)
    mark(store, change)
    summarize(store, 2, NOW + MINUTE)
    assert [ids for *_, ids in due(store)] == ([["a1", "a2"]] if grows else [["a1"], ["a2"]])


@pytest.mark.parametrize(
    ("after", "is_due"),
    [
        (MINUTE, NOW + HOUR),
        (HOUR, NOW + HOUR),
        (HOUR + MINUTE, NOW + HOUR + MINUTE),
        (-MINUTE, NOW - MINUTE + HOUR),
    ],
)
def test_summaries_are_an_hour_apart(store: AlertStore, after: timedelta, is_due: datetime) -> None:
    """And none is later than in an hour, though the clock was set back."""
    summarize(store, 1, NOW)
    mark(store, "status = 'sent'")
    summarize(store, 2, NOW + after)
    summarize(store, 3, NOW + after, "mail")
    assert due(store) == [("ops", NOW, ["a1"]), ("ops", is_due, ["a2"]), ("mail", NOW + after, ["a3"])]


# For how long ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("later", "left"), [(timedelta(0), [1, 1, 2, 2]), (MOMENT, [0, 0, 0, 1])])
def test_what_is_over_is_kept_for_a_year_and_a_day(
    store: AlertStore, later: timedelta, left: list[int]
) -> None:
    """Lives, incidents, notices, silences: each to the instant."""
    over = of_several(seen(at("14:00")), {"a": [Episode(at("11:55"), at("12:30"), 5)]})
    apply(store, fires(), now=at("14:10"))
    apply(store, over, now=at("14:10"))
    store.silence({"rule": "x"}, NOW, at("14:10"), "", "ann")
    store.silence({"rule": "x"}, NOW, at("14:11"), "", "ann")
    store.apply([], ON, at("14:10") + 366 * DAY + later)
    with store.file.transaction() as connection:
        found = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("life", "incident", "notice", "silence")
        ]
    assert found == left
