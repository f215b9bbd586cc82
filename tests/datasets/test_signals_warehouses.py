"""Starts of warehouses that came to nothing: STARTING, then STOPPED, and never RUNNING between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sysmon_tui.datasets import asks
from sysmon_tui.services.query import QueryService
from tests.datasets.watched import Watched
from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at


async def failed(asked: Estate | QueryService, *, hours: float = 24) -> list[dict[str, Any]]:
    service = asked.monitor().service if isinstance(asked, Estate) else asked
    return (await service.answer(asks.failed_starts(hours=hours))).frame.to_dicts()


def told(estate: Estate, *events: tuple[str, str], **columns: Any) -> None:
    for kind, clock in events:
        estate.warehouse_event(kind, at(clock), **columns)


async def test_a_start_that_ends_in_stopped(estate: Estate) -> None:
    """Started 10:00, stopping 10:04, stopped 10:05, and running at 10:30 after another failure: two, recovered then."""
    estate.warehouse("wh1", "etl", at("00:00", -9))
    told(estate, ("STARTING", "10:00"), ("STOPPING", "10:04"), ("STOPPED", "10:05"))
    told(estate, ("STARTING", "10:10"), ("STOPPED", "10:15"))
    told(estate, ("STARTING", "10:20"), ("RUNNING", "10:30"), ("RUNNING", "11:30"))
    second, first = await failed(estate)
    assert first == {
        "workspace_id": WORKSPACE,
        "warehouse_id": "wh1",
        "warehouse_name": "etl",
        "started_at": at("10:00"),
        "failed_at": at("10:05"),
        "recovered_at": at("10:30"),
    }
    assert [second[name] for name in ("started_at", "failed_at", "recovered_at")] == [
        at("10:10"),
        at("10:15"),
        at("10:30"),
    ]


async def test_a_warehouse_that_has_not_run_since_is_not_recovered(estate: Estate) -> None:
    """It ran before, and another one after; the name is not known."""
    told(estate, ("RUNNING", "08:00"), ("STOPPED", "09:00"), ("STARTING", "10:00"), ("STOPPED", "10:05"))
    told(estate, ("RUNNING", "11:00"), warehouse_id="wh2")
    estate.warehouse_event("RUNNING", at("11:00"), workspace_id=OTHER_WORKSPACE)
    (row,) = await failed(estate)
    assert (row["started_at"], row["recovered_at"], row["warehouse_name"]) == (at("10:00"), None, None)


async def test_other_ways_are_no_failed_starts(estate: Estate) -> None:
    """A start that runs, if only for a moment; one that goes on; a stop without a start; two starts are one."""
    told(estate, ("STARTING", "08:00"), ("RUNNING", "08:05"), ("STOPPED", "08:05"), warehouse_id="runs")
    told(estate, ("STARTING", "08:00"), ("STOPPING", "08:05"), warehouse_id="goes on")
    told(estate, ("STOPPED", "08:00"), ("STOPPED", "08:05"), warehouse_id="stops")
    told(estate, ("SCALED_UP", "08:00"), ("STOPPED", "08:05"), warehouse_id="scales")
    told(estate, ("STARTING", "08:00"), ("STARTING", "08:02"), ("STOPPED", "08:05"), warehouse_id="twice")
    (row,) = await failed(estate)
    assert (row["warehouse_id"], row["started_at"]) == ("twice", at("08:02"))


async def test_events_of_one_instant_are_in_their_order(estate: Estate) -> None:
    """STARTING, RUNNING and STOPPED of one second: it ran. An event told twice is one. Trap 24."""
    told(estate, ("STOPPED", "08:00"), ("RUNNING", "08:00"), ("STARTING", "08:00"), warehouse_id="ran")
    told(estate, *[("STOPPED", "09:00"), ("STARTING", "09:00")] * 2, warehouse_id="failed")
    assert [row["warehouse_id"] for row in await failed(estate)] == ["failed"]


async def test_a_deleted_warehouse_is_left_out(estate: Estate) -> None:
    """Nobody can mend it. One that was only changed is there, with its latest name. Trap 7."""
    for warehouse in ("gone", "renamed"):
        told(estate, ("STARTING", "08:00"), ("STOPPED", "08:05"), warehouse_id=warehouse)
        estate.warehouse(warehouse, "old", at("00:00", -9))
    estate.warehouse("gone", "old", at("09:00"), delete_time=at("09:00"))
    estate.warehouse("renamed", "new", at("09:00"))
    assert [row["warehouse_name"] for row in await failed(estate)] == ["new"]


async def test_the_window_is_of_the_failures(estate: Estate) -> None:
    """Of an hour: a start of yesterday that stopped at its first instant; not one that stopped a moment sooner."""
    for warehouse, early in (("in", 0), ("out", 1)):
        estate.warehouse_event("STARTING", at("20:00", -1), warehouse_id=warehouse)
        stopped = at("11:00") - timedelta(milliseconds=early)
        estate.warehouse_event("STOPPED", stopped, warehouse_id=warehouse)
    (row,) = await failed(estate, hours=1)
    assert (row["warehouse_id"], row["started_at"]) == ("in", at("20:00", -1))


async def test_the_local_copy_answers(live_estate: Estate) -> None:
    """From the copy too, also for a start whose STARTING and STOPPING lie before it; recovery comes with a refresh."""
    estate = live_estate
    estate.warehouse_event("STARTING", at("10:00", -1))  # the copy begins at 11:00
    estate.warehouse_event("STOPPING", at("10:30", -1))
    estate.warehouse_event("STOPPED", at("11:30", -1))
    told(estate, ("STARTING", "10:00"), ("STOPPED", "10:05"), warehouse_id="wh2")
    source = Watched(estate.engine()[0])
    service = estate.monitor(open_source=lambda: source, incremental=True).service

    async def shown() -> list[tuple[str, Any, Any]]:
        return [
            (row["warehouse_id"], row["started_at"], row["recovered_at"])
            for row in await failed(service, hours=25)
        ]

    assert await shown() == [("wh2", at("10:00"), None), ("wh1", at("10:00", -1), None)]
    told(estate, ("RUNNING", "11:59"), warehouse_id="wh2")
    estate.clock.advance(61)
    assert await shown() == [("wh2", at("10:00"), at("11:59")), ("wh1", at("10:00", -1), None)]
    assert "failed_starts" not in source.names()
