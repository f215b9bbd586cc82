"""The tasks of one run: one row per task run, whatever the slices, and of that run alone."""

from __future__ import annotations

from typing import Any

from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at


async def tasks(estate: Estate) -> list[dict[str, Any]]:
    answer = await estate.monitor().run_tasks(WORKSPACE, "1", near=at("07:50"))
    return answer.frame.to_dicts()


async def test_tasks_of_a_run_come_one_row_each(estate: Estate) -> None:
    """Task slices fold by task run; a task that was repaired has a row for each attempt. Traps 1, 2 and 3."""
    # `load`: 07:50 to 08:20 in two slices, 30 min. `build` failed and was repaired under a new task run id.
    estate.task("t1", "load", at("07:50"), at("08:00"))
    estate.task("t1", "load", at("08:00"), at("08:20"), "SUCCEEDED", execution_duration_seconds=1700)
    estate.task("t2", "build", at("08:20"), at("08:30"), "FAILED", execution_duration_seconds=0)
    estate.task("t3", "build", at("08:31"), at("08:40"), "SUCCEEDED")
    estate.task("t4", "publish", at("08:40"), at("09:00"))
    rows = await tasks(estate)
    assert [(row["run_id"], row["task_key"], row["status"]) for row in rows] == [
        ("t1", "load", "SUCCEEDED"),
        ("t2", "build", "FAILED"),
        ("t3", "build", "SUCCEEDED"),
        ("t4", "publish", "RUNNING"),
    ]
    assert [row["duration_seconds"] for row in rows] == [1800, 600, 540, None]
    # 0 is "not reported" here too.
    assert [row["execution_seconds"] for row in rows] == [1700, None, None, None]


async def test_tasks_are_of_one_run_in_one_workspace(estate: Estate) -> None:
    """The same task run id and job run id in another workspace are another run's. Trap 10."""
    # Folded by task run id alone, t1 would be FAILED and last until 09:30.
    estate.task("t1", "load", at("08:00"), at("08:20"), "SUCCEEDED")
    estate.task("t1", "load", at("08:00"), at("09:30"), "FAILED", workspace_id=OTHER_WORKSPACE)
    estate.task("t9", "load", at("08:00"), at("08:10"), "FAILED", job_run_id="2")
    (row,) = await tasks(estate)
    assert (row["run_id"], row["status"], row["duration_seconds"]) == ("t1", "SUCCEEDED", 1200)


async def test_results_of_tasks_are_spelled_like_those_of_runs(estate: Estate) -> None:
    """Spellings of the Jobs API become those of the tables, and unknown words are shown. Trap 12."""
    written = ["SUCCESS", "CANCELED", "TIMEDOUT", "EXCLUDED", "UPSTREAM_FAILED", "NEXT_YEAR"]
    for number, word in enumerate(written):
        estate.task(word, word, at(f"08:0{number}"), at("08:20"), word)
    assert [row["status"] for row in await tasks(estate)] == [
        "SUCCEEDED",
        "CANCELLED",
        "TIMED_OUT",
        "EXCLUDED",
        "UPSTREAM_FAILED",
        "NEXT_YEAR",
    ]
