"""Golden scenarios of warehouses: carried-in state, ties, failed starts, busy time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.estate import WORKSPACE, Estate, at


@pytest.fixture
def estate() -> Estate:
    estate = Estate(at("12:00"))
    estate.add(
        "warehouses",
        workspace_id=WORKSPACE,
        warehouse_id="wh1",
        warehouse_name="etl",
        warehouse_size="2X_SMALL",
        warehouse_type="SERVERLESS",
        change_time=at("00:00", -30),
    )
    return estate


async def only(estate: Estate, **arguments: Any) -> dict[str, Any]:
    (row,) = (await estate.monitor().warehouses(**arguments)).rows()
    return row


async def test_the_state_is_carried_in_from_before_the_window(estate: Estate) -> None:
    """Running since yesterday, stopped at 11:30: in a window of one hour it was up for half of it."""
    estate.warehouse_event("STARTING", at("08:00", -1))
    estate.warehouse_event("RUNNING", at("08:05", -1), 2)
    estate.warehouse_event("STOPPED", at("11:30"), 0)
    row = await only(estate, hours=1)
    assert (row["uptime_seconds"], row["cluster_seconds"]) == (1800, 3600)
    assert (row["state"], row["starts"], row["stops"], row["cluster_count"]) == ("STOPPED", 0, 1, 0)


async def test_uptime_is_cut_at_the_newest_event(estate: Estate) -> None:
    """Up since 10:00, newest event of the table 11:00: what happened since is not known, so it is one hour."""
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.warehouse_event("SCALED_UP", at("11:00"), 3)
    answer = await estate.monitor().warehouses()
    (row,) = answer.rows()
    assert (row["uptime_seconds"], row["state"], row["cluster_count"], row["scale_ups"]) == (
        3600,
        "RUNNING",
        3,
        1,
    )
    assert answer.as_of == at("11:00")


async def test_scaling_counts_clusters_and_repeated_running_counts_once(estate: Estate) -> None:
    """RUNNING 1 at 10:00 and again at 10:10, 3 clusters 10:30 to 10:50, 1 until STOPPING at 11:00."""
    estate.warehouse_event("RUNNING", at("10:00"), 1)
    estate.warehouse_event("RUNNING", at("10:10"), 1)
    estate.warehouse_event("SCALED_UP", at("10:30"), 3)
    estate.warehouse_event("SCALED_DOWN", at("10:50"), 1)
    estate.warehouse_event("STOPPING", at("11:00"), 1)
    estate.warehouse_event("STOPPED", at("11:01"), 0)
    row = await only(estate)
    assert row["uptime_seconds"] == 3600
    assert row["cluster_seconds"] == 1800 + 3 * 1200 + 600
    assert (row["scale_ups"], row["scale_downs"]) == (1, 1)


async def test_ties_are_taken_in_the_order_a_warehouse_goes_through_them(estate: Estate) -> None:
    """STARTING and RUNNING at one instant, written the wrong way round: started, up, no failed start."""
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.warehouse_event("STARTING", at("10:00"), 0)
    estate.warehouse_event("STOPPED", at("10:30"), 0)
    estate.warehouse_event("STOPPING", at("10:30"))
    row = await only(estate)
    assert (row["state"], row["uptime_seconds"], row["starts"], row["failures"]) == ("STOPPED", 1800, 1, 0)


async def test_a_start_that_reached_stopped_without_running_failed(estate: Estate) -> None:
    """Two failed starts (with and without STOPPING between) and one that took 90 s."""
    estate.warehouse_event("STARTING", at("09:00"))
    estate.warehouse_event("STOPPED", at("09:04"), 0)
    estate.warehouse_event("STARTING", at("09:10"))
    estate.warehouse_event("STOPPING", at("09:12"))
    estate.warehouse_event("STOPPED", at("09:13"), 0)
    estate.warehouse_event("STARTING", at("09:20"))
    estate.warehouse_event("RUNNING", at("09:21:30"))
    estate.warehouse_event("STOPPED", at("09:31:30"), 0)
    row = await only(estate)
    assert (row["starts"], row["failures"], row["stops"]) == (3, 2, 3)
    assert (row["start_latency_p50_seconds"], row["uptime_seconds"]) == (90, 600)


async def test_a_deleted_warehouse_is_up_no_longer_than_until_its_deletion(estate: Estate) -> None:
    """Deleted while running: no STOPPED comes. It is shown while it has something in the window, then not."""
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.add(
        "warehouses",
        workspace_id=WORKSPACE,
        warehouse_id="wh1",
        warehouse_name="etl",
        change_time=at("10:30"),
        delete_time=at("10:30"),
    )
    estate.warehouse_event("RUNNING", at("11:50"), warehouse_id="wh2")
    monitor = estate.monitor()
    rows = {row["warehouse_id"]: row for row in (await monitor.warehouses()).rows()}
    assert (rows["wh1"]["state"], rows["wh1"]["uptime_seconds"]) == ("DELETED", 1800)
    # wh2 has no dimension row: it is shown all the same.
    assert (rows["wh2"]["warehouse_name"], rows["wh2"]["state"]) == (None, "RUNNING")
    assert [row["warehouse_id"] for row in (await monitor.warehouses(hours=1)).rows()] == ["wh2"]


async def test_busy_time_is_the_union_of_what_ran(estate: Estate) -> None:
    """10:00-10:10 and 10:05-10:20 overlap: 20 min busy of 60 up; waiting for the start is not busy."""
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.warehouse_event("STOPPED", at("11:00"), 0)
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
    """A long query with two short ones inside: the short ones add nothing."""
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.warehouse_event("STOPPED", at("11:00"), 0)
    estate.query("long", at("10:00"), at("10:30"))
    estate.query("in1", at("10:05"), at("10:06"))
    estate.query("in2", at("10:10"), at("10:11"))
    row = await only(estate)
    assert row["busy_seconds"] == 1800


async def test_without_uptime_there_is_no_utilization(estate: Estate) -> None:
    """A warehouse that was not up: utilization is null, not zero."""
    estate.warehouse_event("STARTING", at("10:00"))
    estate.warehouse_event("STOPPED", at("10:01"), 0)
    estate.query("elsewhere", at("10:00"), at("10:01"), warehouse_id=None)
    row = await only(estate)
    assert (row["utilization"], row["uptime_seconds"], row["queries"]) == (None, 0, 0)


@pytest.mark.parametrize(
    ("events", "state", "uptime"),
    [
        (
            [
                ("STARTING", "07:00"),
                ("SCALED_UP", "07:06"),
                ("RUNNING", "07:30"),
                ("STOPPING", "09:00"),
                ("SCALED_DOWN", "09:30"),
                ("STOPPED", "10:00"),
            ],
            "STOPPED",
            90 * 60,
        ),
        (
            [("STARTING", "07:00"), ("RUNNING", "08:00"), ("STOPPING", "09:00"), ("SCALED_DOWN", "10:00")],
            "STOPPING",
            60 * 60,
        ),
        ([("STARTING", "11:00"), ("SCALED_UP", "11:06")], "STARTING", 0),
        ([("SCALED_UP", "11:00"), ("SCALED_DOWN", "11:30")], "RUNNING", 30 * 60),
    ],
    ids=["both", "stopping", "starting", "no other event known"],
)
async def test_scaling_is_no_state(
    estate: Estate, events: list[tuple[str, str]], state: str, uptime: int
) -> None:
    """A warehouse that scales while it starts or stops is not up."""
    for kind, clock in events:
        estate.warehouse_event(kind, at(clock))
    row = await only(estate)
    assert (row["state"], row["uptime_seconds"]) == (state, uptime)
