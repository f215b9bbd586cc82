"""Instants: dates in UTC, windows to the microsecond, and the hour that a zone with summer time has twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sysmon_tui.clock import HeldClock, rfc3339
from tests.estate import Estate, at

MICROSECOND = timedelta(microseconds=1)

# The stand-in's sessions are in Lisbon, Spark's in New York: when clocks are set back there, and forward.
BACK = {"Lisbon": datetime(2026, 10, 25, 1, tzinfo=UTC), "New York": datetime(2026, 11, 1, 6, tzinfo=UTC)}
FORWARD = {"Lisbon": datetime(2026, 3, 29, 1, tzinfo=UTC), "New York": datetime(2026, 3, 8, 7, tzinfo=UTC)}


async def test_an_audit_window_is_half_open_to_the_microsecond(estate: Estate) -> None:
    """11:00 <= t < 12:00: in at the first instant, out a microsecond before it and at the last one. Trap 20."""
    estate.event("before", at("11:00") - MICROSECOND, "login", 401)
    estate.event("first", at("11:00"), "login", 401)
    estate.event("last", at("12:00") - MICROSECOND, "login", 401)
    estate.event("end", at("12:00"), "login", 401)
    estate.event("tomorrow", at("11:30", 1), "login", 401)
    monitor = estate.monitor()
    answer = await monitor.audit(hours=1)
    assert ([row["event_id"] for row in answer.rows()], answer.total) == (["last", "first"], 2)
    logins = await monitor.failed_logins(hours=1)
    assert [row["event_id"] for row in logins.rows()] == ["last", "first"]


async def test_a_window_over_midnight_reads_both_dates(estate: Estate) -> None:
    """event_date is in UTC: a window over midnight has two dates, and its edge is the time, not the date. Trap 20."""
    # At 00:30, an hour back is 23:30 of the day before; in Lisbon's summer and in New York the dates are others.
    estate.clock = HeldClock(at("00:30"))
    estate.event("out", at("23:29:59", -1), "login")
    estate.event("yesterday", at("23:30", -1), "login")
    estate.event("before midnight", at("00:00") - MICROSECOND, "login")
    estate.event("midnight", at("00:00"), "login")
    estate.event("today", at("00:29:59"), "login")
    estate.event("ahead", at("00:31"), "login")
    answer = await estate.monitor().audit(hours=1)
    assert [row["event_id"] for row in answer.rows()] == ["today", "midnight", "before midnight", "yesterday"]
    assert (answer.total, answer.as_of) == (4, at("00:29:59"))


async def test_a_window_of_whole_days_begins_at_its_hour(estate: Estate) -> None:
    """14 and 48 hours back from noon reach one and two dates back, and no further. Trap 20."""
    for day in (-3, -2, -1, 0):
        estate.event(f"{day} morning", at("11:59:59", day), "login")
        estate.event(f"{day} evening", at("22:00", day), "login")
    monitor = estate.monitor()
    assert (await monitor.audit(hours=14)).total == 2  # 22:00 of the day before, 11:59:59 of this one
    assert (await monitor.audit(hours=48)).total == 4  # both evenings, and the mornings after them


@pytest.mark.parametrize("change", BACK.values(), ids=BACK)
async def test_the_hour_that_comes_twice_is_two_hours(estate: Estate, change: datetime) -> None:
    """Where clocks are set back, instants of the repeated hour stay apart in windows and answers. Traps 27 and 47."""

    def minutes(after: int) -> datetime:
        return change + timedelta(minutes=after)

    # Now is 45 min after the change and the last hour began 15 min before it. Half an hour before the change and half
    # an hour after it, clocks there show the same.
    estate.clock = HeldClock(minutes(45))
    estate.query("first", minutes(-40), minutes(-30))
    estate.query("second", minutes(20), minutes(30))
    # 50 min and 40 min are 5 400 s, of which clocks there show 30 min.
    estate.slice("run", minutes(-50), minutes(0))
    estate.slice("run", minutes(0), minutes(40), "SUCCEEDED")
    estate.event("first", minutes(-30), "login")
    estate.event("second", minutes(30), "login")
    monitor = estate.monitor()
    answer = await monitor.queries(hours=1)
    (row,) = answer.rows()
    assert (row["statement_id"], row["start_time"], row["end_time"]) == (
        "second",
        rfc3339(minutes(20)),
        rfc3339(minutes(30)),
    )
    assert (answer.as_of, answer.lag_seconds) == (minutes(30), 900)
    (run,) = (await monitor.workflows(hours=1)).rows()
    assert (run["start_time"], run["duration_seconds"]) == (rfc3339(minutes(-50)), 5400)
    assert [event["event_id"] for event in (await monitor.audit(hours=1)).rows()] == ["second"]
    # An hour more shows both, an hour apart.
    ends = [one["end_time"] for one in (await monitor.queries(hours=2)).rows()]
    assert ends == [rfc3339(minutes(30)), rfc3339(minutes(-30))]


@pytest.mark.parametrize("change", FORWARD.values(), ids=FORWARD)
async def test_the_hour_that_is_left_out_is_no_hour(estate: Estate, change: datetime) -> None:
    """Where clocks are set forward, an hour of uptime and of work is one hour, not two. Trap 27."""
    # Half an hour before the change to half an hour after it: 3 600 s, of which clocks there show 2 h.
    begun, ended = change - timedelta(minutes=30), change + timedelta(minutes=30)
    estate.clock = HeldClock(change + timedelta(hours=1))
    estate.warehouse_event("RUNNING", begun)
    estate.warehouse_event("STOPPED", ended, 0)
    estate.query("1", begun, ended)
    (row,) = (await estate.monitor().warehouses(hours=2)).rows()
    assert (row["uptime_seconds"], row["busy_seconds"], row["utilization"]) == (3600, 3600, 1)
