"""Warehouses as they are: versions, deletion, sizes, failed starts, ties, and those without events."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at

MICROSECOND = timedelta(microseconds=1)


async def test_a_renamed_warehouse_is_one_with_its_newest_name(estate: Estate) -> None:
    """Three versions multiply no event and no uptime; name, size and type are the newest's. Traps 7 and 41."""
    # 10:00 to 11:00 is 3 600 s and one start; a plain join would make three of each.
    estate.warehouse("wh1", "first", at("00:00", -30), warehouse_size="SMALL", warehouse_type="PRO")
    estate.warehouse("wh1", "second", at("00:00", -20), warehouse_size="SMALL", warehouse_type="PRO")
    estate.warehouse("wh1", "third", at("00:00", -10), warehouse_size="2X_SMALL", warehouse_type="SERVERLESS")
    estate.warehouse_event("STARTING", at("09:59"), 0)
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.warehouse_event("STOPPED", at("11:00"), 0)
    answer = await estate.monitor().warehouses()
    (row,) = answer.rows()
    assert (row["warehouse_name"], row["warehouse_size"], row["warehouse_type"]) == (
        "third",
        "2X_SMALL",
        "SERVERLESS",
    )
    assert (answer.total, row["starts"], row["stops"], row["uptime_seconds"]) == (1, 1, 1, 3600)


async def test_sizes_and_types_are_shown_as_written(estate: Estate) -> None:
    """The table's spelling, that of the REST API in a curated view, and new words: all come through. Trap 41."""
    words = [("2X_SMALL", "SERVERLESS"), ("2X-Small", "PRO"), ("5X_LARGE", "REALTIME"), (None, None)]
    for number, (size, kind) in enumerate(words):
        estate.warehouse(f"wh{number}", "w", at("00:00", -1), warehouse_size=size, warehouse_type=kind)
        # As many failed starts as give the listing an order.
        estate.warehouse_event("STARTING", at("10:00"), warehouse_id=f"wh{number}")
    rows = (await estate.monitor().warehouses()).rows()
    assert [(row["warehouse_size"], row["warehouse_type"]) for row in rows] == words


async def test_a_deleted_warehouse_is_up_no_longer_than_until_its_deletion(estate: Estate) -> None:
    """Deleted while running, no STOPPED comes: up until then, shown while it has something in the window. Trap 7."""
    # Up from 10:00 to its deletion at 10:30, 1 800 s, though the table's newest event is of 11:50.
    estate.warehouse("wh1", "etl", at("00:00", -30))
    estate.warehouse("wh1", "etl", at("10:30"), delete_time=at("10:30"))
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.warehouse_event("RUNNING", at("11:50"), warehouse_id="wh2")
    monitor = estate.monitor()
    rows = {row["warehouse_id"]: row for row in (await monitor.warehouses()).rows()}
    assert (rows["wh1"]["state"], rows["wh1"]["uptime_seconds"]) == ("DELETED", 1800)
    # wh2 has no dimension row: it is shown all the same.
    assert (rows["wh2"]["warehouse_name"], rows["wh2"]["state"]) == (None, "RUNNING")
    assert [row["warehouse_id"] for row in (await monitor.warehouses(hours=1)).rows()] == ["wh2"]


async def test_a_warehouse_without_events_is_known_and_idle(estate: Estate) -> None:
    """It is listed with zeros, without a state, a latency or a utilization, and adds nothing to the sums. Trap 40."""
    estate.warehouse("quiet", "reports", at("00:00", -30))
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.warehouse_event("STOPPED", at("10:30"), 0)
    estate.query("1", at("10:00"), at("10:01"))
    answer = await estate.monitor().warehouses()
    rows = {row["warehouse_id"]: row for row in answer.rows()}
    quiet = rows["quiet"]
    assert (quiet["warehouse_name"], quiet["state"]) == ("reports", None)
    counted = ("starts", "stops", "failures", "scale_ups", "scale_downs", "uptime_seconds", "cluster_seconds")
    assert [quiet[name] for name in counted] == [0] * 7
    assert (quiet["utilization"], quiet["start_latency_p50_seconds"], quiet["queries"]) == (None, None, 0)
    assert answer.extra["totals"]["uptime_seconds"] == 1800


async def test_a_start_that_reached_stopped_without_running_failed(estate: Estate) -> None:
    """Failed starts with and without STOPPING between; one that ran is none, one that goes on is none yet."""
    # Starts of wh1: 09:00 and 09:10 fail, 09:20 takes 90 s and runs for 600 s.
    for kind, clock in [
        ("STARTING", "09:00"),
        ("STOPPED", "09:04"),
        ("STARTING", "09:10"),
        ("STOPPING", "09:12"),
        ("STOPPED", "09:13"),
        ("STARTING", "09:20"),
        ("RUNNING", "09:21:30"),
        ("STOPPED", "09:31:30"),
    ]:
        estate.warehouse_event(kind, at(clock))
    # wh2 scales before it runs, and stops after that: no failure. wh3 has not got anywhere yet.
    for kind, clock in [
        ("STARTING", "09:00"),
        ("SCALED_UP", "09:01"),
        ("RUNNING", "09:02"),
        ("STOPPED", "09:12"),
    ]:
        estate.warehouse_event(kind, at(clock), warehouse_id="wh2")
    estate.warehouse_event("STARTING", at("11:50"), warehouse_id="wh3")
    rows = {row["warehouse_id"]: row for row in (await estate.monitor().warehouses()).rows()}
    assert [rows["wh1"][name] for name in ("starts", "failures", "stops")] == [3, 2, 3]
    assert (rows["wh1"]["start_latency_p50_seconds"], rows["wh1"]["uptime_seconds"]) == (90, 600)
    assert [rows["wh2"][name] for name in ("starts", "failures", "stops")] == [1, 0, 1]
    assert [rows["wh3"][name] for name in ("starts", "failures", "stops")] == [1, 0, 0]
    assert rows["wh3"]["state"] == "STARTING"


async def test_the_latency_is_the_median_of_the_starts_that_ran(estate: Estate) -> None:
    """Starts of 10, 20, 60 and 300 s: 40 s, half-way between the middle two; a failed one counts nothing."""
    for number, seconds in enumerate((10, 20, 60, 300)):
        begun = at(f"0{number + 1}:00")
        estate.warehouse_event("STARTING", begun, 0)
        estate.warehouse_event("RUNNING", begun + timedelta(seconds=seconds))
        estate.warehouse_event("STOPPED", at(f"0{number + 1}:30"), 0)
    estate.warehouse_event("STARTING", at("08:00"), 0)
    estate.warehouse_event("STOPPED", at("08:20"), 0)
    (row,) = (await estate.monitor().warehouses()).rows()
    assert row["start_latency_p50_seconds"] == pytest.approx(40)


async def test_ties_are_taken_in_the_order_a_warehouse_goes_through_them(estate: Estate) -> None:
    """All of a life at two instants, written the wrong way round: started, up, scaled, stopped; no failed start."""
    for kind, clusters in (("SCALED_UP", 2), ("RUNNING", 1), ("STARTING", 0)):
        estate.warehouse_event(kind, at("10:00"), clusters)
    for kind, clusters in (("STOPPED", 0), ("STOPPING", 1), ("SCALED_DOWN", 1)):
        estate.warehouse_event(kind, at("10:30"), clusters)
    # Another one scales at the instant at which it starts: it is up from RUNNING on, 10:06 to 10:20 = 840 s.
    for kind, clock in (
        ("SCALED_UP", "10:00"),
        ("STARTING", "10:00"),
        ("RUNNING", "10:06"),
        ("STOPPED", "10:20"),
    ):
        estate.warehouse_event(kind, at(clock), warehouse_id="wh2")
    rows = {row["warehouse_id"]: row for row in (await estate.monitor().warehouses()).rows()}
    row = rows["wh1"]
    assert (row["state"], row["uptime_seconds"], row["cluster_seconds"]) == ("STOPPED", 1800, 3600)
    assert (row["starts"], row["failures"], row["stops"], row["cluster_count"]) == (1, 0, 1, 0)
    assert rows["wh2"]["uptime_seconds"] == 840


async def test_a_warehouse_id_is_unique_within_a_workspace_only(estate: Estate) -> None:
    """The same id in two workspaces: two warehouses, each with its own name, events and statements. Trap 10."""
    # Taken as one, the STOPPED of 10:30 would end the other's uptime, which lasts until the head of 11:30.
    estate.warehouse("wh1", "here", at("00:00", -1))
    estate.warehouse("wh1", "there", at("00:00", -1), workspace_id=OTHER_WORKSPACE)
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.warehouse_event("STOPPED", at("10:30"), 0)
    estate.warehouse_event("RUNNING", at("10:15"), workspace_id=OTHER_WORKSPACE)
    estate.warehouse_event("SCALED_UP", at("11:30"), 2, workspace_id=OTHER_WORKSPACE)
    estate.query("1", at("10:00"), at("10:01"))
    rows = {row["workspace_id"]: row for row in (await estate.monitor().warehouses()).rows()}
    shown = ("warehouse_name", "state", "uptime_seconds", "queries")
    assert [rows[WORKSPACE][name] for name in shown] == ["here", "STOPPED", 1800, 1]
    assert [rows[OTHER_WORKSPACE][name] for name in shown] == ["there", "RUNNING", 4500, 0]


async def test_events_count_to_the_microsecond(estate: Estate) -> None:
    """Of the window 11:00 <= t < 12:00 the first instant counts, the microsecond before and the end do not."""
    estate.warehouse_event("STARTING", at("11:00") - MICROSECOND)
    estate.warehouse_event("STOPPED", at("11:00"), 0)
    estate.warehouse_event("STARTING", at("12:00") - MICROSECOND)
    estate.warehouse_event("RUNNING", at("12:00"))
    estate.warehouse_event("STOPPED", at("12:30"), 0)
    (row,) = (await estate.monitor().warehouses(hours=1)).rows()
    assert (row["starts"], row["stops"], row["state"], row["uptime_seconds"]) == (1, 1, "STARTING", 0)
