"""What warehouses did over the window: the bars, the tab's column, the way into one warehouse."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysmon_tui.tui.widgets.state_bar import state_cells
from sysmon_tui.views.answer import Answer
from tests.estate import Estate, at
from tests.fakes import NOW, FakeMonitor, answer
from tests.tui.driving import app_over, lines, press, running, screen

_START, _END = at("00:00"), at("12:00")
_HOUR = timedelta(hours=1)


def bar(*events: tuple[str, str], arrived: datetime | None = _END, deleted: bool = False) -> str:
    """Of twelve hours in twelve cells."""
    told = [(at(clock), word) for clock, word in events]
    return state_cells(told, start=_START, end=_END, arrived=arrived, cells=12, deleted=deleted)


def test_up_stopped_and_starting() -> None:
    """As high as it was up; starting and stopped have characters of their own; before the first event nobody knows."""
    shown = bar(
        ("01:00", "STARTING"),
        ("02:00", "RUNNING"),
        ("05:30", "STOPPING"),
        ("05:31", "STOPPED"),
        ("09:52", "STARTING"),
        ("09:59", "RUNNING"),
    )
    assert shown == "?»███▄···▁██"


def test_the_state_before_the_window_is_carried_in() -> None:
    """What was last heard of it before counts until something else is heard."""
    before = (at("20:00", day=-3), "RUNNING")
    cells = state_cells([before], start=_START, end=_END, arrived=_END, cells=4)
    assert cells == "████"


def test_a_failed_start_is_seen_however_short() -> None:
    """STARTING that ended in STOPPED is marked, whatever else was in the cell."""
    assert (
        bar(("00:00", "RUNNING"), ("03:10", "STOPPED"), ("03:20", "STARTING"), ("03:22", "STOPPED"))[3] == "✗"
    )
    assert "✗" not in bar(("03:20", "STARTING"), ("03:22", "RUNNING"), ("03:25", "STOPPED"))


def test_time_that_has_not_arrived_is_not_stopped() -> None:
    """After the newest event of the table nothing is known; the cell that it lies in is told as far as it goes."""
    assert bar(("00:00", "RUNNING"), arrived=at("06:30")) == "███████░░░░░"
    assert bar(arrived=None) == "░" * 12
    assert bar() == "?" * 12


def test_scaling_starting_again_and_unknown_words_change_no_state() -> None:
    """More clusters, a start of what runs, and words of next year."""
    assert (
        bar(("00:00", "RUNNING"), ("02:00", "SCALED_UP"), ("03:00", "STARTING"), ("04:00", "NAPPING"))
        == "█" * 12
    )
    assert bar(("00:00", "SCALED_UP")) == "█" * 12
    assert bar(("00:00", "STOPPED"), ("02:00", "SCALED_DOWN")) == "·" * 12


def test_a_deleted_one_is_not_known_after_its_last_event() -> None:
    """When it was deleted no event says."""
    assert bar(("00:00", "RUNNING"), ("04:00", "STOPPED"), deleted=True) == "████????????"


_WORDS = ("STARTING", "RUNNING", "SCALED_UP", "SCALED_DOWN", "STOPPING", "STOPPED", "NAPPING")


@given(st.lists(st.tuples(st.integers(-60, 719), st.sampled_from(_WORDS)), max_size=25))
@settings(max_examples=25, deadline=None)
async def test_bars_agree_with_the_figures(events: list[tuple[int, str]]) -> None:
    """A bar with a cell a minute is up for as many minutes as the warehouse's row says, whatever its events are."""
    estate = Estate(_END)
    estate.warehouse("wh1", "one", at("00:00", day=-1))
    for minute, word in events:
        estate.warehouse_event(word, _START + timedelta(minutes=minute))
    monitor = estate.monitor()
    figures = (await monitor.warehouses(hours=12)).rows()
    told = await monitor.warehouse_events(None, hours=12)
    cells = state_cells(
        told.frame.filter(warehouse_id="wh1").select("event_time", "event_type").iter_rows(),
        start=told.window.start,
        end=told.window.end,
        arrived=told.as_of,
        cells=720,
    )
    up = figures[0]["uptime_seconds"] / 60
    marked = {minute for minute, word in events if word == "STOPPED" and minute >= 0}
    assert cells.count("█") <= up <= cells.count("█") + cells.count("✗") + len(marked)
    assert figures[0]["failures"] >= len({cell for cell in cells if cell == "✗"})


# On the screen


def _warehouse(name: str, **values: Any) -> dict[str, Any]:
    return {
        "workspace_id": "1",
        "warehouse_id": f"{name} id",
        "warehouse_name": name,
        "state": "RUNNING",
        "failures": 0,
        **values,
    }


def _event(name: str, hours_ago: float, word: str) -> dict[str, Any]:
    return {
        "workspace_id": "1",
        "warehouse_id": f"{name} id",
        "event_type": word,
        "cluster_count": 1,
        "event_time": NOW - timedelta(hours=hours_ago),
    }


def _query(number: int, status: str, took_ms: int) -> dict[str, Any]:
    return {
        "workspace_id": "1",
        "statement_id": f"s{number}",
        "status": status,
        "user_email": f"user{number}@example.com",
        "statement_text": "SELECT [/x]\x1b[2J",
        "end_time": NOW - timedelta(minutes=number),
        "total_duration_ms": took_ms,
    }


def _estate(**answers: Answer) -> FakeMonitor:
    events = [_event("etl", 0.1, "STOPPED"), _event("etl", 12, "RUNNING"), _event("bi", 30, "RUNNING")]
    return FakeMonitor(
        {
            "warehouses": answer("warehouses", [_warehouse("etl"), _warehouse("bi"), _warehouse("new")]),
            "warehouse_events": answer("warehouse_events", events, as_of=NOW),
            **answers,
        }
    )


def row_of(name: str, text: list[str]) -> str:
    return next(line for line in text if f" {name} " in line)


async def test_every_row_has_its_bar() -> None:
    """Beside the figures, at 80x24 too, with what the characters mean above; all from one question about events."""
    monitor = _estate()
    app = app_over(monitor)
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "4")
        assert row_of("etl", lines(app)).rstrip().endswith("????????████████")
        assert row_of("bi", lines(app)).rstrip().endswith("█" * 16)
        assert row_of("new", lines(app)).rstrip().endswith("?" * 16)
        assert "█ up" in screen(app) and "░ not arrived" in screen(app)
        asked = [arguments for method, arguments in monitor.asked if method == "warehouse_events"]
        assert asked == [{"warehouse_id": None, "hours": 24.0, "fresh": False}]


async def test_figures_do_not_wait_for_the_bars() -> None:
    """Where the events can't be read the row is there all the same, without a bar, and the reason is told."""
    denied = answer("warehouse_events", [], state="denied", reason="Ask for [/x] the grant.")
    app = app_over(_estate(warehouse_events=denied))
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "4")
        assert row_of("etl", lines(app)).rstrip().endswith("-")
        assert "No bars: Ask for [/x] the grant." in screen(app)


async def test_a_refresh_keeps_the_bars() -> None:
    """While new events are asked for the old bars stay: a row does not blink."""
    monitor = _estate()
    app = app_over(monitor)
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "4")
        before = row_of("etl", lines(app))
        await press(pilot, "r")
        assert row_of("etl", lines(app)) == before


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_a_warehouse_opens(size: tuple[int, int]) -> None:
    """Its bar over the width with the time under it, its events, and its queries: failed first, then the slowest."""
    queries = [_query(1, "FINISHED", 10), _query(2, "FINISHED", 90_000), _query(3, "FAILED", 5)]
    monitor = _estate(queries=answer("queries", queries))
    app = app_over(monitor)
    async with running(app, size=size) as pilot:
        await press(pilot, "4", "enter")
        text = lines(app)
        cells = next(line for line in text if "████" in line).strip()
        assert len(cells) == size[0] - 2
        assert "03-09 12:00" in screen(app) and "03-10 12:00 UTC" in screen(app)
        users = [line.split("user")[1][0] for line in text if "@example" in line]
        assert users == ["3", "2", "1"]
        assert "✗ FAILED" in screen(app) and "− STOPPED" in screen(app)  # noqa: RUF001
        assert ("queries", "etl id") in [
            (method, arguments.get("warehouse_id")) for method, arguments in monitor.asked
        ]
        assert "\x1b" not in screen(app)


async def test_tab_goes_between_its_tables() -> None:
    """Enter opens the query under the cursor; tab leads to the events and back."""
    monitor = _estate(queries=answer("queries", [_query(3, "FAILED", 5)]))
    app = app_over(monitor)
    async with running(app, size=(120, 40)) as pilot:
        await press(pilot, "4", "enter")
        assert app.focused is not None and app.focused.id == "warehouse-queries"
        await press(pilot, "tab")
        assert app.focused is not None and app.focused.id == "warehouse-events"
        await press(pilot, "enter", "shift+tab", "enter")
        assert "user3@example.com" in lines(app)[1]
        assert "SELECT [/x]␛[2J" in screen(app)
        await press(pilot, "escape", "escape")
        assert "[4 Warehouse]" in screen(app)


async def test_what_can_not_be_read_of_a_warehouse_is_told() -> None:
    """Events without access and queries without an answer take neither each other nor the figures along."""
    monitor = _estate(
        warehouse_events=answer("warehouse_events", [], state="denied", reason="No grant on events."),
        queries=answer("queries", [], state="failed", reason="The host is gone."),
    )
    app = app_over(monitor)
    async with running(app, size=(120, 40)) as pilot:
        await press(pilot, "4", "enter")
        text = screen(app)
        assert "No bar: No grant on events." in text and "NO ACCESS" in text
        assert "NO ANSWER" in text and "The host is gone." in text
        assert "etl" in text
