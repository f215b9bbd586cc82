"""Which runs a window holds: what ran at any time in it, whole; of the failed ones, what ended in it."""

from __future__ import annotations

from datetime import timedelta

from tests.estate import Estate, at

MICROSECOND = timedelta(microseconds=1)


async def test_a_run_that_began_before_the_window_and_ended_in_it_is_whole(estate: Estate) -> None:
    """The window cuts no run, not even one of days: start and duration are the run's own. Trap 4."""
    # `overnight`, 20:00 to 11:30: 15.5 h = 55 800 s. A scan of one hour would find it from 00:00, if at all.
    for hour in range(20, 24):
        estate.slice(
            "overnight", at(f"{hour}:00", -1), at("00:00") if hour == 23 else at(f"{hour + 1}:00", -1)
        )
    estate.slice("overnight", at("00:00"), at("11:30"), "TIMED_OUT")
    # `days`, three days before at 09:00 to 11:40: 3 * 86 400 + 2 h 40 min = 268 800 s; 48 hours are not enough for it.
    estate.slice("days", at("09:00", -3), at("10:00", -3))
    estate.slice("days", at("10:00", -2), at("11:00", -2))
    estate.slice("days", at("11:00"), at("11:40"), "FAILED")
    estate.slice("over", at("09:00"), at("09:10"), "FAILED")
    monitor = estate.monitor()
    rows = {row["run_id"]: row for row in (await monitor.workflows(hours=1)).rows()}
    assert sorted(rows) == ["days", "overnight"]
    assert rows["overnight"]["start_time"] == "2026-03-09T20:00:00Z"
    assert rows["overnight"]["duration_seconds"] == 55_800
    assert rows["days"]["start_time"] == "2026-03-07T09:00:00Z"
    assert rows["days"]["duration_seconds"] == 268_800
    # A failed run is in the window in which it ended, newest end first.
    failed = await monitor.failed_workflows(hours=1)
    assert [row["run_id"] for row in failed.rows()] == ["days", "overnight"]


async def test_a_run_longer_than_the_scan_starts_where_its_duration_says(estate: Estate) -> None:
    """A run of ten days: its first slices lie before what is read, its own duration gives the start. Trap 4."""
    # The scan is a week and the window. 11:30 on the 10th of March less ten days is the 28th of February.
    estate.slice("1", at("11:00", -8), at("12:00", -8))
    estate.slice("1", at("12:00", -8), at("13:00", -8))
    estate.slice("1", at("11:00"), at("11:30"), "SUCCEEDED", run_duration_seconds=10 * 86400)
    (row,) = (await estate.monitor().workflows()).rows()
    assert row["start_time"] == "2026-02-28T11:30:00Z"
    assert row["duration_seconds"] == 864_000


async def test_what_ran_at_any_time_in_the_window_is_in_it(estate: Estate) -> None:
    """In the window of 11:00 to 12:00 are runs that began in it, ended in it, or still go on. Traps 4 and 5."""
    estate.slice("through", at("09:00"), at("10:00"))
    estate.slice("through", at("10:00"), at("11:50"))
    # Its newest finished slice ends before the window; it still keeps up with the head of 11:50, so it goes on.
    estate.slice("behind", at("10:00"), at("10:55"))
    estate.slice("began", at("11:20"), at("11:30"), "SUCCEEDED")
    estate.slice("ended", at("08:00"), at("11:10"), "CANCELLED")
    estate.slice("before", at("10:00"), at("10:50"), "SUCCEEDED")
    rows = (await estate.monitor().workflows(hours=1)).rows()
    assert {row["run_id"]: row["status"] for row in rows} == {
        "through": "RUNNING",
        "behind": "RUNNING",
        "began": "SUCCEEDED",
        "ended": "CANCELLED",
    }


async def test_a_failed_run_is_in_the_window_to_the_microsecond(estate: Estate) -> None:
    """A run that failed at the window's first instant is in; a microsecond before it is out. Trap 4."""
    # The window of one hour at 12:00 is 11:00 <= t < 12:00.
    estate.slice("before", at("10:00"), at("11:00") - MICROSECOND, "FAILED")
    estate.slice("first", at("10:00"), at("11:00"), "FAILED")
    estate.slice("last", at("10:00"), at("12:00") - MICROSECOND, "FAILED")
    estate.slice("after", at("10:00"), at("12:00") + MICROSECOND, "FAILED")
    failed = await estate.monitor().failed_workflows(hours=1)
    assert [row["run_id"] for row in failed.rows()] == ["last", "first"]
    assert failed.total == 2


async def test_a_run_that_failed_as_the_window_ends_is_not_in_it(estate: Estate) -> None:
    """Windows are half-open: what ended at the very end belongs to the next one. Trap 4."""
    estate.slice("end", at("11:00"), at("12:00"), "FAILED")
    assert (await estate.monitor().failed_workflows(hours=1)).total == 0


async def test_a_slice_of_the_future_is_left_out(estate: Estate) -> None:
    """A row that ends after now comes from a wrong clock: it is no run, dates no table, resolves no alert. Trap 26."""
    # Six failures in the hour up to the head of 11:50, one more than the threshold. If 15:00 were the head, the last
    # hour would be empty and the alert resolved.
    for number in range(6):
        estate.slice(f"f{number}", at("11:30"), at("11:50"), "FAILED", job_id=f"j{number}")
    estate.slice("early", at("11:57"), at("15:00"), "SUCCEEDED")
    estate.slice("tomorrow", at("11:00", 1), at("12:00", 1), "FAILED")
    monitor = estate.monitor()
    answer = await monitor.workflows()
    assert (answer.as_of, answer.total, answer.state) == (at("11:50"), 6, "fresh")
    states = {alert["rule"]: alert["state"] for alert in (await monitor.alerts(category="workflow")).rows()}
    assert states["workflow.failed_per_hour"] == "firing"


async def test_a_run_of_twenty_days_began_twenty_days_ago(estate: Estate) -> None:
    """A run far longer than the scan has the start of its first slice, whether it goes on, ended without a duration of
    its own, or states one. Traps 4, 6 and 14."""
    # 80 slices of six hours, the last to 12:00 less a second: 20 * 86 400 - 1 = 1 727 999 s.
    for run_id, result, seconds in (
        ("on", None, None),
        ("ended", "FAILED", None),
        ("stated", "FAILED", 1_700_000),
    ):
        for part in range(80):
            start, last = at("12:00", -20) + timedelta(hours=6 * part), part == 79
            estate.slice(
                run_id,
                start,
                start + timedelta(hours=6, seconds=-1),
                result if last else None,
                run_duration_seconds=seconds if last else None,
            )
    rows = {row["run_id"]: row for row in (await estate.monitor().workflows()).rows()}
    assert {row["start_time"] for row in rows.values()} == {"2026-02-18T12:00:00Z"}
    durations = {run_id: row["duration_seconds"] for run_id, row in rows.items()}
    assert durations == {"on": None, "ended": 1_727_999, "stated": 1_700_000}
