"""How long warehouses were up, with how many clusters: between RUNNING and the next STOPPING or STOPPED."""

from __future__ import annotations

from typing import Any

import pytest

from tests.estate import Estate, at


async def only(estate: Estate, **arguments: Any) -> dict[str, Any]:
    (row,) = (await estate.monitor().warehouses(**arguments)).rows()
    return row


async def test_the_state_is_carried_in_from_before_the_window(estate: Estate) -> None:
    """Running since yesterday, stopped at 11:30: in a window of one hour it was up for half of it. Trap 40."""
    # 11:00 to 11:30 with two clusters: 1 800 s and 3 600 cluster seconds; the start lies before the window.
    estate.warehouse_event("STARTING", at("08:00", -1))
    estate.warehouse_event("RUNNING", at("08:05", -1), 2)
    estate.warehouse_event("STOPPED", at("11:30"), 0)
    row = await only(estate, hours=1)
    assert (row["uptime_seconds"], row["cluster_seconds"]) == (1800, 3600)
    assert (row["state"], row["starts"], row["stops"], row["cluster_count"]) == ("STOPPED", 0, 1, 0)


async def test_a_warehouse_without_an_event_in_the_window_has_its_state(estate: Estate) -> None:
    """One that has run for a month and one that stopped a month ago say nothing in the window; both are known."""
    # The head is 11:30, another warehouse's event: 1 800 s of the hour are known.
    estate.warehouse_event("RUNNING", at("08:00", -30), 2, warehouse_id="up")
    estate.warehouse_event("RUNNING", at("07:00", -30), warehouse_id="down")
    estate.warehouse_event("STOPPED", at("08:00", -30), 0, warehouse_id="down")
    estate.warehouse_event("STARTING", at("11:30"), 0, warehouse_id="other")
    rows = {row["warehouse_id"]: row for row in (await estate.monitor().warehouses(hours=1)).rows()}
    shown = ("state", "cluster_count", "uptime_seconds", "cluster_seconds", "starts")
    assert [rows["up"][name] for name in shown] == ["RUNNING", 2, 1800, 3600, 0]
    assert [rows["down"][name] for name in shown] == ["STOPPED", 0, 0, 0, 0]


async def test_uptime_is_cut_at_the_newest_event(estate: Estate) -> None:
    """Up since 10:00, newest event of the table 11:00: what happened since is not known, so it is one hour. Trap 40."""
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.warehouse_event("SCALED_UP", at("11:00"), 3)
    answer = await estate.monitor().warehouses()
    (row,) = answer.rows()
    assert (row["uptime_seconds"], row["cluster_seconds"]) == (3600, 3600)
    assert (row["state"], row["cluster_count"], row["scale_ups"]) == ("RUNNING", 3, 1)
    assert answer.as_of == at("11:00")


async def test_an_event_of_the_future_is_left_out(estate: Estate) -> None:
    """An event after now is a wrong clock's: it ends no uptime, dates no table and is no state. Trap 26."""
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.warehouse_event("SCALED_UP", at("11:00"), 2)
    estate.warehouse_event("STOPPED", at("13:00"), 0)
    answer = await estate.monitor().warehouses()
    (row,) = answer.rows()
    assert (row["state"], row["stops"], row["uptime_seconds"], answer.as_of) == (
        "RUNNING",
        0,
        3600,
        at("11:00"),
    )


async def test_scaling_counts_clusters_and_repeated_running_counts_once(estate: Estate) -> None:
    """RUNNING 1 at 10:00 and again at 10:10, 3 clusters 10:30 to 10:50, 1 until STOPPING at 11:00."""
    # 60 min up. Clusters: 30 min * 1 + 20 min * 3 + 10 min * 1 = 6 000 s.
    estate.warehouse_event("RUNNING", at("10:00"), 1)
    estate.warehouse_event("RUNNING", at("10:10"), 1)
    estate.warehouse_event("SCALED_UP", at("10:30"), 3)
    estate.warehouse_event("SCALED_DOWN", at("10:50"), 1)
    estate.warehouse_event("STOPPING", at("11:00"), 1)
    estate.warehouse_event("STOPPED", at("11:01"), 0)
    row = await only(estate)
    assert (row["uptime_seconds"], row["cluster_seconds"]) == (3600, 6000)
    assert (row["scale_ups"], row["scale_downs"]) == (1, 1)


async def test_a_word_that_nobody_knows_ends_no_uptime(estate: Estate) -> None:
    """Up is between RUNNING and the next STOPPING or STOPPED, whatever else is said in between. Trap 44."""
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.warehouse_event("RESIZED", at("10:30"))
    estate.warehouse_event("STOPPED", at("11:00"), 0)
    row = await only(estate)
    assert (row["uptime_seconds"], row["state"]) == (3600, "STOPPED")


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


@pytest.mark.parametrize("clusters", [(3, 1), (1, 3)])
async def test_two_scalings_at_one_instant_are_taken_in_one_order(
    estate: Estate, clusters: tuple[int, int]
) -> None:
    """Two SCALED_UP at 11:00, to 3 and to 1: the larger number holds, however the rows lie in the table."""
    # 10:00 to 11:00 one cluster, 11:00 to 11:30 three: 3 600 + 5 400.
    estate.warehouse_event("RUNNING", at("10:00"), 1)
    for count in clusters:
        estate.warehouse_event("SCALED_UP", at("11:00"), count)
    estate.warehouse_event("STOPPED", at("11:30"), 0)
    assert (await only(estate))["cluster_seconds"] == 9000


async def test_a_start_that_is_said_of_a_running_warehouse_ends_no_uptime(estate: Estate) -> None:
    """Its stop is lost or never was: it is up from RUNNING to the next STOPPING or STOPPED. Also carried in."""
    # 10:00 to 11:30 in the window of a day, 11:00 to 11:30 in that of an hour.
    estate.warehouse_event("RUNNING", at("10:00"))
    estate.warehouse_event("STARTING", at("10:30"))
    estate.warehouse_event("SCALED_UP", at("10:31"), 1)
    estate.warehouse_event("STOPPED", at("11:30"), 0)
    assert (await only(estate))["uptime_seconds"] == 5400
    assert (await only(estate, hours=1))["uptime_seconds"] == 1800
