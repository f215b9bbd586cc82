"""Runs come in slices: one row per run, its own start, end and duration, and a result only from what ends it."""

from __future__ import annotations

from itertools import pairwise

from tests.estate import Estate, at


def sliced(estate: Estate, run_id: str, clocks: list[str], result: str | None) -> None:
    """A run in slices that are cut at these times; the last one has the result."""
    pairs = list(pairwise(clocks))
    for start, end in pairs:
        estate.slice(run_id, at(start), at(end), result if (start, end) == pairs[-1] else None)


async def test_a_run_of_three_hours_in_slices_is_one_run(estate: Estate) -> None:
    """However a run is cut, it is one row with its own start, end and duration. Traps 1, 2 and 6."""
    # 07:47 to 10:57 is 3 h 10 min = 11 400 s. Slices counted as runs would be eight, six of them RUNNING; a fold by
    # clock hours would tear the second one apart.
    sliced(estate, "clock hours", ["07:47", "08:00", "09:00", "10:00", "10:57"], "SUCCEEDED")
    sliced(estate, "from its start", ["07:47", "08:47", "09:47", "10:47", "10:57"], "SUCCEEDED")
    answer = await estate.monitor().workflows()
    assert answer.total == 2
    rows = {row.pop("run_id"): row for row in answer.rows()}
    for row in rows.values():
        assert (row["status"], row["attempts"], row["duration_seconds"]) == ("SUCCEEDED", 1, 11_400)
        assert (row["start_time"], row["end_time"]) == ("2026-03-10T07:47:00Z", "2026-03-10T10:57:00Z")
    assert rows["clock hours"] == rows["from its start"]


async def test_a_run_without_a_result_is_running_and_has_no_end(estate: Estate) -> None:
    """A run with NULL results only is RUNNING, once, with no end and no duration. Traps 1 and 2."""
    sliced(estate, "1", ["10:00", "11:00", "11:45"], None)
    answer = await estate.monitor().workflows()
    (row,) = answer.rows()
    assert answer.total == 1
    assert (row["status"], row["attempts"]) == ("RUNNING", 1)
    assert (row["end_time"], row["duration_seconds"]) == (None, None)
    assert row["start_time"] == "2026-03-10T10:00:00Z"


async def test_a_run_whose_slices_stopped_long_ago_is_not_running(estate: Estate) -> None:
    """A run whose last slice was lost, hours before the table's head and the window, is not shown. Trap 2."""
    # Silent for ten hours when the table's head is 11:00. "No result, so it runs" would show it until it is forgotten.
    sliced(estate, "lost", ["00:00", "01:00"], None)
    sliced(estate, "other", ["10:50", "11:00"], "SUCCEEDED")
    rows = (await estate.monitor().workflows(hours=2)).rows()
    assert [row["run_id"] for row in rows] == ["other"]


async def test_a_reported_duration_counts_unless_it_is_zero(estate: Estate) -> None:
    """0 and NULL mean "not reported": then the duration is end minus start. Trap 14."""
    # 08:00 to 08:10 is 600 s; the run that reports 590 s is believed.
    for run_id, reported in (("null", None), ("zero", 0), ("reported", 590)):
        estate.slice(run_id, at("08:00"), at("08:10"), "SUCCEEDED", run_duration_seconds=reported)
    # In two slices, of which only the last reports: 3 000 s, neither 0 + 3 000 nor the 3 600 s between the ends.
    estate.slice("long", at("08:00"), at("08:30"))
    estate.slice("long", at("08:30"), at("09:00"), "SUCCEEDED", run_duration_seconds=3000)
    # A multi-task job: setup and execution are 0 however long it took.
    estate.slice(
        "tasks", at("08:00"), at("08:20"), "FAILED", setup_duration_seconds=0, execution_duration_seconds=0
    )
    rows = (await estate.monitor().workflows()).rows()
    assert {row["run_id"]: row["duration_seconds"] for row in rows} == {
        "null": 600,
        "zero": 600,
        "reported": 590,
        "long": 3000,
        "tasks": 1200,
    }


async def test_a_run_of_no_length_has_ended(estate: Estate) -> None:
    """A slice that starts when it ends and has a result is a result of 0 seconds, not a repair. Trap 14."""
    estate.slice("1", at("08:00"), at("08:00"), "SKIPPED", run_duration_seconds=0)
    (row,) = (await estate.monitor().workflows()).rows()
    assert (row["status"], row["duration_seconds"], row["attempts"]) == ("SKIPPED", 0, 1)
    assert row["end_time"] == "2026-03-10T08:00:00Z"


async def test_counts_over_time_count_runs(estate: Estate) -> None:
    """The chart counts runs, not slices, the running ones too, and adds up to the total. Trap 1."""
    sliced(estate, "1", ["07:47", "08:00", "08:57"], "SUCCEEDED")
    sliced(estate, "2", ["11:00", "11:40"], None)
    sliced(estate, "3", ["08:00", "08:10"], "FAILED")
    monitor = estate.monitor()
    counts = (await monitor.counts("workflows")).frame
    assert dict(counts.group_by("status").sum().select("status", "count").rows()) == {
        "SUCCEEDED": 1,
        "RUNNING": 1,
        "FAILED": 1,
    }
    assert counts.get_column("count").sum() == (await monitor.workflows()).total == 3


async def test_rows_without_a_run_id_are_no_run_of_another_job(estate: Estate) -> None:
    """A failure of job K and a success of job J, both without an id: two runs, and the failure is not hidden."""
    estate.slice(None, at("10:00"), at("10:05"), "FAILED", job_id="K")
    estate.slice(None, at("11:00"), at("11:05"), "SUCCEEDED", job_id="J")
    answer = await estate.monitor().workflows()
    assert [(row["job_id"], row["status"], row["attempts"]) for row in answer.rows()] == [
        ("J", "SUCCEEDED", 1),
        ("K", "FAILED", 1),
    ]
    assert answer.total == 2
    assert [row["job_id"] for row in (await estate.monitor().failed_workflows()).rows()] == ["K"]
