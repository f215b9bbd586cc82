"""Rules on warehouses: starts that fail, statements that wait for a slot, and warehouses up without work."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from sysmon_tui.alerts import rules
from sysmon_tui.alerts.episodes import HOUR, Episode
from sysmon_tui.alerts.finding import Finding, Seen, Words
from sysmon_tui.alerts.warehouses import failed_starts, idle, queueing
from sysmon_tui.clock import to_micros
from tests.estate import at

MINUTE = timedelta(minutes=1)
_INSTANT = pl.Datetime("us", "UTC")
_WAREHOUSE = {"workspace_id": pl.String(), "warehouse_id": pl.String()}
_NAMED = {**_WAREHOUSE, "warehouse_name": pl.String()}
_START = {**_NAMED, "started_at": _INSTANT, "failed_at": _INSTANT, "recovered_at": _INSTANT}
_STATEMENT = {
    **_WAREHOUSE,
    "statement_id": pl.String(),
    "user_email": pl.String(),
    "start_time": _INSTANT,
    "end_time": _INSTANT,
    "waiting_at_capacity_duration_ms": pl.Int64(),
}
_METRICS = {**_NAMED, "state": pl.String(), "last_event_time": _INSTANT}
_SPANS = {**_WAREHOUSE, "span_us": pl.Int64(), "busy": pl.String()}


def table_of(frame: pl.DataFrame, head: str | None, more: int = 0) -> Seen:
    """Read at a quarter past twelve; a row may come an hour late."""
    as_of = None if head is None else at(head)
    return Seen("t", frame, frame.height + more, as_of, at("12:15"), "fresh", None, HOUR)


def frame_of(rows: list[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
    """What a row doesn't say of it, it says of warehouse `wh` in workspace `1`."""
    defaults = dict.fromkeys(schema) | {"workspace_id": "1", "warehouse_id": "wh"}
    return pl.DataFrame([defaults | row for row in rows], schema=schema)


def said(found: Finding) -> list[Words]:
    return [found.words(episode) for episode in found.episodes]


def titles(found: list[Finding]) -> list[str]:
    return [words.title for one in found for words in said(one)]


# Starts that fail ------------------------------------------------------------------------------------------


def starts(*failed: dict[str, Any], head: str = "10:30", more: int = 0) -> Seen:
    return table_of(frame_of(list(failed), _START), head, more)


def start(failed_at: str, name: str | None = "Etl", **values: Any) -> dict[str, Any]:
    ended = at(failed_at)
    return {"warehouse_name": name, "started_at": ended - 3 * MINUTE, "failed_at": ended, **values}


def test_failed_starts_are_counted_by_warehouse() -> None:
    """By when they failed, known by the warehouse's name, with an id that outlives the name."""
    table = starts(
        start("10:20"),
        start("10:15", "Bi", warehouse_id="bi"),
        start("10:00"),
        start("09:59", workspace_id="2"),
    )
    (found,) = failed_starts(table, rules.FAILED_STARTS, 2)
    assert (found.rule, found.threshold) == (rules.FAILED_STARTS, 2)
    assert found.episodes == [Episode(at("10:20"), None, 2)]
    assert found.entity == {"workspace_id": "1", "warehouse_id": "wh", "warehouse_name": "Etl"}
    assert found.identity == {"workspace_id": "1", "warehouse_id": "wh"}
    assert said(found) == [
        Words(
            title="Etl: 2 failed starts within an hour",
            message="Etl: 2 failed starts in the hour up to 2026-03-10 10:30 UTC (threshold 2).",
            rows=[("1", "wh")],
            since=at("09:57"),
            parameters={"hours": 3},
        )
    ]


@pytest.mark.parametrize("name", [None, ""])
def test_a_warehouse_without_a_name_is_known_by_its_id(name: str | None) -> None:
    """One that the table of warehouses doesn't know, or that was named nothing."""
    (found,) = failed_starts(starts(start("10:00", name)), rules.FAILED_STARTS, 1)
    assert found.entity == {"workspace_id": "1", "warehouse_id": "wh", "warehouse_name": "warehouse wh"}
    assert titles([found]) == ["warehouse wh: 1 failed starts within an hour"]


def test_of_failed_starts_that_were_cut_off_there_were_at_least_so_many() -> None:
    """The names that are put in their place change nothing of how many rows there were."""
    (found,) = failed_starts(starts(start("10:00"), more=1), rules.FAILED_STARTS, 1)
    assert [words.message for words in said(found)] == [
        "Etl: at least 1 failed starts in the hour up to 2026-03-10 10:30 UTC (threshold 1)."
    ]
    assert (found.seen.total, found.seen.frame.height) == (2, 1)


# Statements that wait --------------------------------------------------------------------------------------


def statements(*rows: dict[str, Any], head: str = "10:30", more: int = 0) -> Seen:
    return table_of(frame_of(list(rows), _STATEMENT), head, more)


def waited(ended: str, ms: int | None = 5000, **values: Any) -> dict[str, Any]:
    end = at(ended)
    return {
        "statement_id": f"s{ended}",
        "start_time": end - 2 * MINUTE,
        "end_time": end,
        "waiting_at_capacity_duration_ms": ms,
        **values,
    }


def names_of(*rows: dict[str, Any]) -> pl.DataFrame:
    return frame_of(list(rows), _NAMED)


def test_statements_that_waited_are_counted_by_warehouse() -> None:
    """Those that waited that long; the warehouse of that id in another workspace is another one."""
    table = statements(
        waited("10:20"),
        waited("10:18", 4999),
        waited("10:16", None),
        waited("10:15", workspace_id="2"),
        waited("10:10", 60_000),
        waited("10:05", warehouse_id=None),
        waited("10:04", warehouse_id=None),
    )
    names = names_of({"workspace_id": "2", "warehouse_name": "Other"}, {"warehouse_name": "Etl"})
    (found,) = queueing(table, rules.QUEUEING, 2, names, 5000)
    assert (found.rule, found.threshold) == (rules.QUEUEING, 2)
    assert found.episodes == [Episode(at("10:20"), None, 2)]
    assert found.entity == {"workspace_id": "1", "warehouse_id": "wh", "warehouse_name": "Etl"}
    assert found.identity == {"workspace_id": "1", "warehouse_id": "wh"}
    assert said(found) == [
        Words(
            title="Etl: 2 queries that waited for a free slot within an hour",
            message=(
                "Etl: 2 queries that waited for a free slot in the hour up to 2026-03-10 10:30 UTC "
                "(threshold 2)."
            ),
            rows=[("1", "s10:20"), ("1", "s10:10")],
            since=at("10:08"),
            parameters={"hours": 3},
        )
    ]


def test_warehouses_that_are_waited_for_come_as_their_newest_statements_do() -> None:
    """Not as the names come; one without a name is known by its id."""
    table = statements(
        waited("10:20", warehouse_id="b"),
        waited("10:19", warehouse_id="c"),
        waited("10:18", warehouse_id="a"),
        waited("10:17", warehouse_id="b"),
    )
    names = names_of(
        {"warehouse_id": "a", "warehouse_name": "A"},
        {"warehouse_id": "b", "warehouse_name": "B"},
        {"warehouse_id": "c", "warehouse_name": ""},
        {"warehouse_id": "d", "warehouse_name": "D"},
    )
    assert titles(queueing(table, rules.QUEUEING, 1, names, 5000)) == [
        "B: 2 queries that waited for a free slot within an hour",
        "warehouse c: 1 queries that waited for a free slot within an hour",
        "A: 1 queries that waited for a free slot within an hour",
    ]
    assert titles(queueing(table, rules.QUEUEING, 2, names_of(), 5000)) == [
        "warehouse b: 2 queries that waited for a free slot within an hour"
    ]


def test_of_statements_that_were_cut_off_any_may_have_waited() -> None:
    """Three rows did not come; the one that came and did not wait is not among them."""
    table = statements(waited("10:20"), waited("10:10", 0), more=3)
    (found,) = queueing(table, rules.QUEUEING, 1, names_of(), 5000)
    assert (found.seen.total, found.seen.frame.height) == (4, 1)


# Up without work -------------------------------------------------------------------------------------------


def metrics(*rows: dict[str, Any], head: str | None = "12:00") -> Seen:
    return table_of(frame_of(list(rows), _METRICS), head)


def up(since: str | None, name: str | None = "Etl", day: int = 0, **values: Any) -> dict[str, Any]:
    event = None if since is None else at(since, day)
    return {"warehouse_name": name, "state": "RUNNING", "last_event_time": event, **values}


def work(*rows: dict[str, Any], head: str | None = "13:00") -> Seen:
    """What ran; a statement may come an hour late, so it is settled an hour before its newest."""
    return table_of(frame_of(list(rows), _SPANS), head)


def ran(span: str, *minutes: int, **values: Any) -> dict[str, Any]:
    """Intervals in which statements ran: minutes from the span's beginning on."""
    busy = [minute * 60_000_000 for minute in minutes]
    return {"span_us": to_micros(at(span)), "busy": json.dumps(busy), **values}


def idle_since(table: Seen, worked: Seen, threshold: int = 30) -> list[tuple[datetime, int]]:
    """When each came to be idle for too long, and for how many minutes it has been."""
    found = idle(table, worked, rules.IDLE, threshold)
    assert all(episode.ended_at is None for one in found for episode in one.episodes)
    return [(episode.started_at, episode.value) for one in found for episode in one.episodes]


def test_a_warehouse_that_is_up_without_work_is_told() -> None:
    """From the threshold after its last statement on; what the words say counts from the statement itself."""
    table = metrics(up("09:00"), up("11:40", warehouse_id="young"), up("09:00", state="STOPPED"))
    (found,) = idle(table, work(ran("10:00", 0, 5, 30, 50)), rules.IDLE, 30)
    assert (found.rule, found.threshold) == (rules.IDLE, 30)
    assert found.seen is table
    assert found.episodes == [Episode(at("11:20"), None, 70)]
    assert found.entity == {"workspace_id": "1", "warehouse_id": "wh", "warehouse_name": "Etl"}
    assert found.identity == {"workspace_id": "1", "warehouse_id": "wh"}
    assert said(found) == [
        Words(
            title="Etl has been up for 70 minutes without a statement",
            message=(
                "Etl is up, and no statement on it has ended since 2026-03-10 10:50 UTC: 70 minutes "
                "(threshold 30). A statement that still runs is not in the table yet."
            ),
            parameters={"warehouse_id": "wh", "hours": 2},
        )
    ]


@pytest.mark.parametrize(
    ("event", "idle_for"),
    [("11:30:01", None), ("11:30", 30), ("11:29:01", 30), ("11:29", 31), ("00:00", 720)],
)
def test_idleness_is_met_at_its_threshold(event: str, idle_for: int | None) -> None:
    """Half an hour before noon and earlier, in whole minutes that are over."""
    expected = [] if idle_for is None else [(at(event) + 30 * MINUTE, idle_for)]
    assert idle_since(metrics(up(event)), work()) == expected


@pytest.mark.parametrize(("events", "queries", "minutes"), [("11:00", "13:00", 60), ("12:00", "11:45", 45)])
def test_idleness_is_known_up_to_the_table_that_knows_less(events: str, queries: str, minutes: int) -> None:
    """The newest event of warehouses, or an hour before the newest query."""
    assert idle_since(metrics(up("10:00"), head=events), work(head=queries)) == [(at("10:30"), minutes)]


def test_idleness_is_not_known_where_a_table_has_no_row() -> None:
    """Neither without events of warehouses nor without queries."""
    assert idle(metrics(up("09:00"), head=None), work(), rules.IDLE, 30) == []
    assert idle(metrics(up("09:00")), work(head=None), rules.IDLE, 30) == []


@pytest.mark.parametrize("state", ["STARTING", "STOPPING", "STOPPED", "DELETED", None])
def test_only_what_runs_is_idle(state: str | None) -> None:
    """Whatever its last event was."""
    assert idle(metrics(up("09:00", state=state)), work(), rules.IDLE, 30) == []


@pytest.mark.parametrize(
    ("event", "spans", "since"),
    [
        ("11:00", [ran("10:00", 0, 30)], "11:00"),
        (None, [ran("10:00", 0, 30)], "10:30"),
        ("09:00", [ran("10:00", 20, 50, 0, 10)], "10:50"),
        ("09:00", [ran("10:00", 0, 50), ran("10:00", 0, 40)], "10:50"),
        ("09:00", [ran("10:00", 0, 40), ran("10:00", 0, 50)], "10:50"),
        ("09:00", [ran("10:00", 1, 2), ran("09:30", 0, 40)], "10:10"),
        ("09:00", [ran("10:00")], "10:00"),
        ("09:00", [ran("10:00", 0, 50, workspace_id="2"), ran("10:00", 0, 50, warehouse_id="b")], "09:00"),
    ],
)
def test_idleness_begins_with_the_last_work_or_event(
    event: str | None, spans: list[dict[str, Any]], since: str
) -> None:
    """The latest end of any interval of its own, or the event that brought it up where that is later."""
    (found,) = idle(metrics(up(event)), work(*spans), rules.IDLE, 30)
    assert [episode.started_at for episode in found.episodes] == [at(since) + 30 * MINUTE]
    assert [f"since 2026-03-10 {since} UTC" in words.message for words in said(found)] == [True]


def test_idleness_is_known_from_where_statements_were_read() -> None:
    """A warehouse that came up days ago and of which no statement is read was idle for at least as long as that."""
    worked = replace(work(), since=at("03:00"))
    (found,) = idle(metrics(up("09:00", day=-3)), worked, rules.IDLE, 30)
    assert found.episodes == [Episode(at("03:30"), None, 540)]
    assert [(words.title, words.message) for words in said(found)] == [
        (
            "Etl has been up for at least 540 minutes without a statement",
            "Etl is up, and no statement on it has ended since 2026-03-10 03:00 UTC: at least 540 minutes "
            "(threshold 30). A statement that still runs is not in the table yet.",
        )
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (None, "warehouse wh"),
        ("", "warehouse wh"),
        ("a\n" + "n" * 118, "a " + "n" * 118),
        ("n" * 121, "n" * 119 + "…"),
    ],
)
def test_an_idle_warehouse_is_named_in_one_line(name: str | None, shown: str) -> None:
    """By its id where it has no name; the entity keeps the name as it is."""
    (found,) = idle(metrics(up("11:00", name)), work(), rules.IDLE, 30)
    assert found.entity == {"workspace_id": "1", "warehouse_id": "wh", "warehouse_name": name}
    assert titles([found]) == [f"{shown} has been up for 60 minutes without a statement"]


def test_idle_warehouses_come_in_the_order_of_the_metrics() -> None:
    """Each with its own last work, and those that work between them left out."""
    table = metrics(up("09:00", "C", warehouse_id="c"), up("09:00", "A", warehouse_id="a"), up("09:00", "B"))
    worked = work(ran("11:00", 0, 50, warehouse_id="a"), ran("10:00", 0, 30))
    assert titles(idle(table, worked, rules.IDLE, 30)) == [
        "C has been up for 180 minutes without a statement",
        "B has been up for 90 minutes without a statement",
    ]
