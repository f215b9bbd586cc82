"""Runs that took long, and how long the runs of each job usually take."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sysmon_tui.datasets import asks
from sysmon_tui.services.query import QueryService
from tests.datasets.watched import Watched
from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at

_HOUR = timedelta(hours=1)


async def long_runs(asked: Estate | QueryService, *, hours: float = 24) -> list[dict[str, Any]]:
    """Those of half an hour at least."""
    service = asked.monitor().service if isinstance(asked, Estate) else asked
    return (await service.answer(asks.long_runs(hours=hours, min_seconds=1800))).frame.to_dicts()


async def found(asked: Estate | QueryService, **arguments: Any) -> dict[str, tuple[str, float]]:
    rows = await long_runs(asked, **arguments)
    return {row["run_id"]: (row["status"], row["duration_seconds"]) for row in rows}


async def baselines(asked: Estate | QueryService) -> dict[str, tuple[int, float, float]]:
    service = asked.monitor().service if isinstance(asked, Estate) else asked
    frame = (await service.answer(asks.run_baselines())).frame
    return {
        f"{row['workspace_id'][:1]}/{row['job_id']}": (row["runs"], row["median_seconds"], row["mad_seconds"])
        for row in frame.to_dicts()
    }


def took(estate: Estate, seconds: float, end: datetime, result: str = "SUCCEEDED", **columns: Any) -> None:
    """A run of one slice with an id of its own."""
    start = end - timedelta(seconds=seconds)
    estate.slice(f"run {estate.rows_added}", start, end, result, **columns)


# Long runs ---------------------------------------------------------------------------------------------------


async def test_runs_of_so_many_seconds_at_least(estate: Estate) -> None:
    """1799 seconds are less than half an hour, 1800 are as long; however the run ended. Newest end first. Trap 14."""
    for seconds in (1799, 1800, 1801):
        estate.slice(f"{seconds}", at("10:00"), at("10:00") + timedelta(seconds=seconds), "SUCCEEDED")
    estate.slice("failed", at("08:00"), at("09:00"), "FAILED")
    took(estate, 3600, at("09:00"), job_id=None)
    # What the run itself reports goes before its slices; 0 is no report.
    estate.slice("reported", at("08:00"), at("09:00"), "SUCCEEDED", run_duration_seconds=1700)
    estate.slice("not reported", at("07:00"), at("08:00"), "SUCCEEDED", run_duration_seconds=0)
    assert list((await found(estate)).items()) == [
        ("1801", ("SUCCEEDED", 1801)),
        ("1800", ("SUCCEEDED", 1800)),
        ("failed", ("FAILED", 3600)),
        ("not reported", ("SUCCEEDED", 3600)),
    ]


async def test_a_run_is_one_however_many_slices(estate: Estate) -> None:
    """Four slices are one run, from the first to the last, also where it began before the window. Traps 1 and 4."""
    estate.job("7", "nightly", at("00:00", -9))
    for hour in range(4):
        start = at("07:30") + hour * _HOUR
        estate.slice("1", start, start + _HOUR, "SUCCEEDED" if hour == 3 else None)
    estate.slice("2", at("09:00"), at("10:59"), "SUCCEEDED")  # ended before the window
    (row,) = await long_runs(estate, hours=1)
    assert row == {
        "workspace_id": WORKSPACE,
        "job_id": "7",
        "run_id": "1",
        "workflow_name": "nightly",
        "status": "SUCCEEDED",
        "start_time": at("07:30"),
        "end_time": at("11:30"),
        "duration_seconds": 14_400,
        "last_seen": at("11:30"),
    }


async def test_runs_that_go_on_have_taken_what_is_known(estate: Estate) -> None:
    """Up to the last slice: 1799 seconds are too few. One whose slices stopped three hours before the table's head does
    not go on. Traps 2 and 5."""
    estate.slice("head", at("11:00"), at("11:50"), None)
    estate.slice("young", at("11:00"), at("11:29:59"), None)
    estate.slice("old", at("08:00"), at("09:00"), None)
    estate.slice("old", at("09:00"), at("11:00"), None)
    estate.slice("just", at("08:20"), at("08:50"), None)
    estate.slice("silent", at("04:00"), at("08:49"), None)
    rows = await long_runs(estate)
    assert [(row["run_id"], row["duration_seconds"]) for row in rows] == [
        ("head", 3000),
        ("old", 10_800),
        ("just", 1800),
    ]
    assert {(row["status"], row["end_time"]) for row in rows} == {("RUNNING", None)}
    assert [row["last_seen"] for row in rows] == [at("11:50"), at("11:00"), at("08:50")]


async def test_the_time_between_the_attempts_of_a_repair_is_left_out(estate: Estate) -> None:
    """Failed two days ago after 20 minutes and repaired since 11:30: half an hour at 11:40, not two days. Trap 3."""
    estate.slice("short", at("08:00", -2), at("08:20", -2), "FAILED")
    estate.slice("short", at("11:30"), at("11:39"), None)
    estate.slice("long", at("08:00", -2), at("08:20", -2), "FAILED")
    estate.slice("long", at("11:30"), at("11:40"), None)
    # Ended, a repair has taken what it reports, or its slices where it reports nothing.
    estate.slice("silent", at("08:00", -2), at("08:20", -2), "FAILED")
    estate.slice("silent", at("11:30"), at("11:39"), "SUCCEEDED", run_duration_seconds=0)
    estate.slice("ended", at("08:00", -2), at("08:20", -2), "FAILED", run_duration_seconds=1200)
    estate.slice("ended", at("11:30"), at("11:40"), "SUCCEEDED", run_duration_seconds=1790)
    assert await found(estate) == {"long": ("RUNNING", 1800)}


async def test_the_local_copy_answers(live_estate: Estate) -> None:
    """Whoever asks again and again has long runs from the copy of the slices, and a run's end with the next refresh."""
    estate = live_estate
    estate.slice("1", at("09:30"), at("10:30"), "SUCCEEDED")
    estate.slice("2", at("10:30"), at("11:30"), None)
    source = Watched(estate.engine()[0])
    service = estate.monitor(open_source=lambda: source, incremental=True).service
    assert await found(service) == {"1": ("SUCCEEDED", 3600), "2": ("RUNNING", 3600)}
    estate.slice("2", at("11:30"), at("11:59"), "FAILED")
    estate.clock.advance(61)
    assert await found(service) == {"1": ("SUCCEEDED", 3600), "2": ("FAILED", 5340)}
    assert "long_runs" not in source.names()


# What is usual -----------------------------------------------------------------------------------------------


async def test_five_successes_say_what_is_usual(estate: Estate) -> None:
    """The median of five, and the median distance from it; four say nothing; two workspaces have two jobs. Trap 10."""
    # 100, 200, 300, 400, 1000: median 300; distances 200, 100, 0, 100, 700: median 100.
    for seconds in (300, 1000, 100, 400, 200):
        took(estate, seconds, at("10:00"), job_id="five")
    # 100, 200, 300, 400, 500, 600: median 350; distances 250, 150, 50, 50, 150, 250: median 150.
    for seconds in (100, 200, 300, 400, 500, 600):
        took(estate, seconds, at("10:00"), job_id="six")
    for seconds in (100, 100, 100, 100):
        took(estate, seconds, at("10:00"), job_id="four")
    for workspace_id in (WORKSPACE, OTHER_WORKSPACE):
        for _ in range(5):
            took(estate, int(workspace_id[0]), at("10:00"), job_id="both", workspace_id=workspace_id)
    assert await baselines(estate) == {
        "1/five": (5, 300, 100),
        "1/six": (6, 350, 150),
        "1/both": (5, 1, 0),
        "2/both": (5, 2, 0),
    }


async def test_only_successes_of_the_last_month_are_usual(estate: Estate) -> None:
    """Other ends, runs without an end or a job, and those of more than thirty days ago count for nothing. Trap 12."""
    for _ in range(4):
        took(estate, 100, at("10:00"))
    took(estate, 100, at("12:00", -30), "SUCCESS")
    for result in ("FAILED", "ERROR", "TIMED_OUT", "CANCELLED", "SKIPPED", "BLOCKED"):
        took(estate, 9000, at("10:00"), result)
    for _ in range(6):
        took(estate, 9000, at("11:59", -30))
        took(estate, 9000, at("10:00"), job_id=None)
        estate.slice(f"open {estate.rows_added}", at("08:00"), at("10:30"), None)
    assert await baselines(estate) == {"1/7": (5, 100, 0)}


async def test_the_last_fifty_are_usual(estate: Estate) -> None:
    """Forty runs of 100 seconds, then thirty of 200: of the last fifty most took 200."""
    for number in range(70):
        took(estate, 200 if number < 30 else 100, at("10:00") - number * timedelta(minutes=5))
    assert await baselines(estate) == {"1/7": (50, 200, 0)}


async def test_a_run_is_usual_once_and_as_it_ended_last(estate: Estate) -> None:
    """Three slices are one run, from first to last; a repaired one counts by its last result. Traps 1 and 3."""
    for day in range(5):
        name = f"sliced {day}"
        for hour in range(3):
            start = at("05:00", -day) + hour * _HOUR
            estate.slice(name, start, start + _HOUR, "SUCCEEDED" if hour == 2 else None, job_id="sliced")
    for day in range(4):
        took(estate, 100, at("10:00", -day), job_id="mended")
        took(estate, 100, at("10:00", -day), job_id="broken")
    for job, first, last in (("mended", "FAILED", "SUCCEEDED"), ("broken", "SUCCEEDED", "FAILED")):
        estate.slice(job, at("08:00"), at("08:10"), first, job_id=job, run_duration_seconds=600)
        estate.slice(job, at("09:00"), at("09:01"), last, job_id=job, run_duration_seconds=660)
    for day in range(5):
        # Sixty seconds, and a repair of forty an hour later that reports nothing.
        start = at("05:00", -day)
        estate.slice(f"again {day}", start, start + timedelta(seconds=60), "FAILED", job_id="again")
        start += _HOUR
        estate.slice(f"again {day}", start, start + timedelta(seconds=40), "SUCCEEDED", job_id="again")
    assert await baselines(estate) == {
        "1/sliced": (5, 10_800, 0),
        "1/mended": (5, 100, 0),
        "1/again": (5, 100, 0),
    }


async def test_what_is_usual_holds_for_an_hour(live_estate: Estate) -> None:
    """It is asked for again after an hour and not before."""
    estate = live_estate
    for _ in range(5):
        took(estate, 100, at("10:00"))
    service = estate.monitor().service
    assert await baselines(service) == {"1/7": (5, 100, 0)}
    took(estate, 100, at("11:00"))
    estate.clock.advance(3599)
    assert (await baselines(service))["1/7"][0] == 5
    estate.clock.advance(2)
    assert (await baselines(service))["1/7"][0] == 6
