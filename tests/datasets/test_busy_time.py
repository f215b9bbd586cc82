"""How busy warehouses were: the time in which at least one statement ran, of the time that they were up."""

from __future__ import annotations

import pytest

from tests.estate import Estate, at


def up(estate: Estate, start: str, end: str) -> None:
    estate.warehouse_event("RUNNING", at(start))
    estate.warehouse_event("STOPPED", at(end), 0)


async def test_busy_time_is_the_union_of_what_ran(estate: Estate) -> None:
    """Overlaps count once, and waiting for the start of the warehouse is not busy. Trap 18."""
    # 10:00-10:10 and 10:05-10:20 are 20 min of 60 up; the sum would be 25. The third waited from 09:55 to 10:00.
    up(estate, "10:00", "11:00")
    estate.query("1", at("10:00"), at("10:10"))
    estate.query("2", at("10:05"), at("10:20"), "FAILED", waiting_at_capacity_duration_ms=4000)
    estate.query("3", at("09:55"), at("10:02"), waiting_for_compute_duration_ms=300_000)
    answer = await estate.monitor().warehouses()
    (row,) = answer.rows()
    assert (row["queries"], row["failed_queries"], row["queued_seconds"]) == (3, 1, 4)
    assert (row["busy_seconds"], row["idle_seconds"]) == (1200, 2400)
    assert row["utilization"] == pytest.approx(1 / 3)
    assert answer.extra["totals"]["busy_seconds"] == 1200
    assert answer.extra["totals"]["utilization"] == pytest.approx(1 / 3)


async def test_a_query_that_contains_others_ends_the_busy_time(estate: Estate) -> None:
    """A long query with two short ones inside: the short ones add nothing, and what follows them is counted."""
    # 10:00-10:30 and 10:40-10:45: 35 min = 2 100 s. Measured from the last end before, 10:11, it would be more.
    up(estate, "10:00", "11:00")
    estate.query("long", at("10:00"), at("10:30"))
    estate.query("in1", at("10:05"), at("10:06"))
    estate.query("in2", at("10:10"), at("10:11"))
    estate.query("after", at("10:40"), at("10:45"))
    (row,) = (await estate.monitor().warehouses()).rows()
    assert row["busy_seconds"] == 2100


async def test_busy_time_before_the_window_is_not_counted(estate: Estate) -> None:
    """A statement that ended in the window is busy from the window's beginning on, not from its own."""
    # The window begins at 11:00: 11:00-11:10 of `over`, 11:20-11:25 of `inside`; 15 min = 900 s of 30 min up.
    up(estate, "10:00", "11:30")
    estate.query("over", at("10:30"), at("11:10"))
    estate.query("inside", at("11:20"), at("11:25"))
    estate.query("before", at("10:00"), at("10:50"))
    (row,) = (await estate.monitor().warehouses(hours=1)).rows()
    assert (row["queries"], row["busy_seconds"], row["uptime_seconds"]) == (2, 900, 1800)
    assert (row["idle_seconds"], row["utilization"]) == (900, 0.5)


async def test_without_uptime_there_is_no_utilization(estate: Estate) -> None:
    """A warehouse that was not up: utilization is null, not zero; serverless statements are nobody's. Trap 16."""
    estate.warehouse_event("STARTING", at("10:00"))
    estate.warehouse_event("STOPPED", at("10:01"), 0)
    estate.query("elsewhere", at("10:00"), at("10:01"), warehouse_id=None)
    answer = await estate.monitor().warehouses()
    (row,) = answer.rows()
    assert (row["utilization"], row["uptime_seconds"], row["queries"]) == (None, 0, 0)
    assert (answer.extra["totals"]["utilization"], answer.extra["totals"]["queries"]) == (None, 0)


async def test_busy_time_is_of_others_statements(estate: Estate) -> None:
    """Our own statements keep no warehouse busy. Trap 23."""
    up(estate, "10:00", "11:00")
    estate.query("ours", at("10:00"), at("10:30"), query_tags={"app": "sysmon_tui"})
    estate.query("theirs", at("10:30"), at("10:40"))
    (row,) = (await estate.monitor().warehouses()).rows()
    assert (row["queries"], row["busy_seconds"]) == (1, 600)
