"""Golden scenarios of runs: slices, repairs, names, windows. Each expected answer is worked out beside its rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at

NOW = at("12:00")


def by_run(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["run_id"]: row for row in rows}


@pytest.fixture
def estate() -> Estate:
    return Estate(NOW)


async def test_a_run_of_three_hours_in_slices_is_one_run(estate: Estate) -> None:
    """3 h 10 min in four slices, cut at clock hours: one row, its own start and end, the result of the last slice."""
    estate.slice("1", at("07:47"), at("08:00"))
    estate.slice("1", at("08:00"), at("09:00"))
    estate.slice("1", at("09:00"), at("10:00"))
    estate.slice("1", at("10:00"), at("10:57"), "SUCCEEDED", termination_code="SUCCESS")
    answer = await estate.monitor().workflows()
    (row,) = answer.rows()
    assert (answer.total, row["status"], row["attempts"]) == (1, "SUCCEEDED", 1)
    assert row["start_time"] == "2026-03-10T07:47:00Z"
    assert row["end_time"] == "2026-03-10T10:57:00Z"
    assert row["duration_seconds"] == 3 * 3600 + 10 * 60


async def test_a_run_without_a_result_is_running_and_has_no_end(estate: Estate) -> None:
    """A running run has NULL results only: RUNNING, no end, no duration, counted once."""
    estate.slice("1", at("10:00"), at("11:00"))
    estate.slice("1", at("11:00"), at("11:45"))
    answer = await estate.monitor().workflows()
    (row,) = answer.rows()
    assert (row["status"], row["end_time"], row["duration_seconds"]) == ("RUNNING", None, None)


async def test_a_run_whose_slices_stopped_long_ago_is_not_running(estate: Estate) -> None:
    """Slices that ended ten hours before the head, before the window: the last one was lost; it is not shown."""
    estate.slice("lost", at("00:00"), at("01:00"))
    estate.slice("other", at("10:50"), at("11:00"), "SUCCEEDED")
    rows = (await estate.monitor().workflows(hours=2)).rows()
    assert [row["run_id"] for row in rows] == ["other"]


async def test_a_repaired_run_has_the_state_of_its_last_attempt(estate: Estate) -> None:
    """Two results under one run id: the later wins, both ways; attempts say how many there were."""
    estate.slice("good", at("08:00"), at("08:10"), "FAILED", termination_code="RUN_EXECUTION_ERROR")
    estate.slice("good", at("09:00"), at("09:20"), "SUCCEEDED")
    estate.slice("bad", at("08:00"), at("08:10"), "SUCCEEDED", termination_code="SUCCESS")
    estate.slice("bad", at("09:00"), at("09:20"), "FAILED")
    rows = by_run((await estate.monitor().workflows()).rows())
    assert (rows["good"]["status"], rows["good"]["attempts"]) == ("SUCCEEDED", 2)
    assert (rows["bad"]["status"], rows["bad"]["attempts"]) == ("FAILED", 2)
    # The code is that of the last attempt too, although it is NULL there.
    assert rows["good"]["termination_code"] is None and rows["bad"]["termination_code"] is None
    failed = await estate.monitor().failed_workflows()
    assert [row["run_id"] for row in failed.rows()] == ["bad"]


async def test_a_repair_that_goes_on_is_running_again(estate: Estate) -> None:
    """A slice without a result after the last result: the repair has not ended."""
    estate.slice("1", at("08:00"), at("08:10"), "FAILED")
    estate.slice("1", at("11:00"), at("11:40"))
    (row,) = (await estate.monitor().workflows()).rows()
    assert (row["status"], row["attempts"], row["end_time"]) == ("RUNNING", 2, None)


async def test_a_run_of_no_length_has_ended(estate: Estate) -> None:
    """A result slice that starts when it ends is a result, not a repair."""
    estate.slice("1", at("08:00"), at("08:00"), "SKIPPED")
    (row,) = (await estate.monitor().workflows()).rows()
    assert (row["status"], row["duration_seconds"]) == ("SKIPPED", 0)


@pytest.mark.parametrize(("reported", "expected"), [(None, 600.0), (0, 600.0), (590, 590.0)])
async def test_a_reported_duration_counts_unless_it_is_zero(
    estate: Estate, reported: int | None, expected: float
) -> None:
    """0 and NULL mean "not reported": then the duration is end minus start."""
    estate.slice("1", at("08:00"), at("08:10"), "SUCCEEDED", run_duration_seconds=reported)
    (row,) = (await estate.monitor().workflows()).rows()
    assert row["duration_seconds"] == expected


async def test_a_run_that_began_before_the_window_and_ended_in_it_is_whole(estate: Estate) -> None:
    """The window cuts no run: start and duration are those of the run."""
    estate.slice("1", at("20:00", -1), at("21:00", -1))
    for hour in range(21, 24):
        estate.slice("1", at(f"{hour}:00", -1), at("00:00") if hour == 23 else at(f"{hour + 1}:00", -1))
    estate.slice("1", at("00:00"), at("11:30"), "TIMED_OUT")
    estate.slice("2", at("09:00"), at("09:10"), "SUCCEEDED")
    rows = (await estate.monitor().workflows(hours=1)).rows()
    assert [(row["run_id"], row["start_time"]) for row in rows] == [("1", "2026-03-09T20:00:00Z")]
    assert rows[0]["duration_seconds"] == 15.5 * 3600


async def test_a_run_longer_than_the_scan_starts_where_its_duration_says(estate: Estate) -> None:
    """A run of ten days: its first slices lie before what is read, its own duration gives the start."""
    estate.slice("1", at("11:00", -8), at("12:00", -8))  # before the scan, which is a week and the window
    estate.slice("1", at("12:00", -8), at("13:00", -8))
    estate.slice("1", at("11:00"), at("11:30"), "SUCCEEDED", run_duration_seconds=10 * 86400)
    (row,) = (await estate.monitor().workflows()).rows()
    assert row["start_time"] == "2026-02-28T11:30:00Z"


async def test_ids_are_unique_within_a_workspace_only(estate: Estate) -> None:
    """The same job id and run id in two workspaces are two runs of two jobs."""
    estate.job("7", "here", at("00:00", -5))
    estate.job("7", "there", at("00:00", -5), workspace_id=OTHER_WORKSPACE)
    estate.slice("1", at("08:00"), at("08:10"), "SUCCEEDED")
    estate.slice("1", at("09:00"), at("09:10"), "FAILED", workspace_id=OTHER_WORKSPACE)
    rows = (await estate.monitor().workflows()).rows()
    assert [(row["workspace_id"], row["workflow_name"], row["status"]) for row in rows] == [
        (OTHER_WORKSPACE, "there", "FAILED"),
        (WORKSPACE, "here", "SUCCEEDED"),
    ]
    only = await estate.monitor(workspace_ids=(WORKSPACE,)).workflows()
    assert [row["workflow_name"] for row in only.rows()] == ["here"]


async def test_a_renamed_job_has_its_latest_name_and_multiplies_no_run(estate: Estate) -> None:
    """Three versions of a job: one row per run, the newest name; a deleted job keeps its last one."""
    for day, name in ((-9, "first"), (-6, "second"), (-3, "third")):
        estate.job("7", name, at("00:00", day))
    estate.job("8", "gone", at("00:00", -9))
    estate.job("8", "gone for good", at("00:00", -2), delete_time=at("00:00", -2))
    estate.slice("1", at("08:00"), at("08:10"), "SUCCEEDED")
    estate.slice("2", at("09:00"), at("09:10"), "SUCCEEDED", job_id="8")
    answer = await estate.monitor().workflows()
    names = {row["run_id"]: row["workflow_name"] for row in answer.rows()}
    assert (answer.total, names) == (2, {"1": "third", "2": "gone for good"})


async def test_a_run_without_a_job_row_is_named_by_itself(estate: Estate) -> None:
    """A one-off run has only its run name; one without that is called by its job's id. None is dropped."""
    estate.slice(
        "1", at("08:00"), at("08:10"), "SUCCEEDED", run_type="SUBMIT_RUN", run_name="adhoc", job_id="91"
    )
    estate.slice("2", at("09:00"), at("09:10"), "SUCCEEDED", run_type="WORKFLOW_RUN", job_id="92")
    rows = by_run((await estate.monitor().workflows()).rows())
    assert (rows["1"]["workflow_name"], rows["2"]["workflow_name"]) == ("adhoc", "job 92")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("SUCCEEDED", "SUCCEEDED"),
        ("FAILED", "FAILED"),
        ("ERROR", "ERROR"),
        ("TIMED_OUT", "TIMED_OUT"),
        ("CANCELLED", "CANCELLED"),
        ("CANCELED", "CANCELLED"),
        ("SKIPPED", "SKIPPED"),
        ("BLOCKED", "BLOCKED"),
    ],
)
async def test_every_result_state_is_shown_and_found(estate: Estate, written: str, shown: str) -> None:
    """Each state comes as the contract spells it, and its filter finds it in any case and both spellings."""
    estate.slice("1", at("08:00"), at("08:10"), written)
    estate.slice("2", at("08:20"), at("08:30"))
    monitor = estate.monitor()
    assert by_run((await monitor.workflows()).rows())["1"]["status"] == shown
    found = await monitor.workflows(status=written.lower())
    assert [row["run_id"] for row in found.rows()] == ["1"]


async def test_failed_is_a_group_and_comes_by_its_end(estate: Estate) -> None:
    """FAILED, ERROR and TIMED_OUT fail; the newest end is first, because the end puts a failed run into the window."""
    estate.slice("long", at("06:00"), at("11:30"), "TIMED_OUT")
    estate.slice("short", at("10:00"), at("10:10"), "ERROR")
    estate.slice("plain", at("09:00"), at("09:10"), "FAILED")
    estate.slice("fine", at("09:00"), at("09:10"), "SUCCEEDED")
    monitor = estate.monitor()
    assert [row["run_id"] for row in (await monitor.failed_workflows()).rows()] == ["long", "short", "plain"]
    assert [row["run_id"] for row in (await monitor.failed_workflows(hours=1)).rows()] == ["long"]


async def test_a_name_filter_is_literal_but_for_the_star(estate: Estate) -> None:
    """`%`, `_`, `!` and quotes match themselves; `*` any run of characters; case counts."""
    names = ["a_b", "axb", "50%", "50x", "it's!", "Journey", "journey_1", "journey_2"]
    for number, name in enumerate(names):
        estate.job(str(number), name, at("00:00", -1))
        estate.slice(str(number), at("08:00"), at("08:10"), "SUCCEEDED", job_id=str(number))
    monitor = estate.monitor()

    async def found(pattern: str) -> list[str]:
        answer = await monitor.workflows(workflow_name=pattern)
        assert answer.total == answer.frame.height
        return sorted(row["workflow_name"] for row in answer.rows())

    assert await found("a_b") == ["a_b"]
    assert await found("50%") == ["50%"]
    assert await found("it's!") == ["it's!"]
    assert await found("journey_*") == ["journey_1", "journey_2"]
    assert await found("*") == sorted(names)
    assert await found("nothing'; DROP TABLE x --") == []


async def test_the_total_is_exact_whatever_the_limit(estate: Estate) -> None:
    """Pages of three over ten runs: every run once, the total on each page, no cursor on the last."""
    for number in range(10):
        estate.slice(str(number), at("08:00"), at("08:10"), "SUCCEEDED")  # ties in time on purpose
    monitor = estate.monitor()
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = await monitor.workflows(limit=3, cursor=cursor)
        assert page.total == 10
        seen += [row["run_id"] for row in page.rows()]
        assert page.truncated is (len(seen) < 10)
        cursor = page.next_cursor
    assert cursor is None
    assert sorted(seen, key=int) == [str(number) for number in range(10)]


async def test_counts_over_time_add_up_to_the_total(estate: Estate) -> None:
    """The chart counts runs, not slices, and the running ones too."""
    estate.slice("1", at("07:47"), at("08:00"))
    estate.slice("1", at("08:00"), at("08:57"), "SUCCEEDED")
    estate.slice("2", at("11:00"), at("11:40"))
    estate.slice("3", at("08:00"), at("08:10"), "FAILED")
    monitor = estate.monitor()
    counts = (await monitor.counts("workflows")).frame
    assert dict(counts.group_by("status").sum().select("status", "count").rows()) == {
        "SUCCEEDED": 1,
        "RUNNING": 1,
        "FAILED": 1,
    }
    assert counts.get_column("count").sum() == (await monitor.workflows()).total


async def test_tasks_of_a_run_come_one_row_each(estate: Estate) -> None:
    """Task slices fold by task run; a retried task has two."""
    for run_id, key, start, end, result in [
        ("t1", "load", at("07:50"), at("08:00"), None),
        ("t1", "load", at("08:00"), at("08:20"), "SUCCEEDED"),
        ("t2", "build", at("08:20"), at("08:30"), "FAILED"),
        ("t3", "build", at("08:31"), at("08:40"), "SUCCEEDED"),
    ]:
        estate.add(
            "job_task_run_timeline",
            workspace_id=WORKSPACE,
            job_id="7",
            run_id=run_id,
            job_run_id="1",
            task_key=key,
            period_start_time=start,
            period_end_time=end,
            result_state=result,
        )
    tasks = (await estate.monitor().run_tasks(WORKSPACE, "1", near=at("07:50"))).frame
    assert tasks.select("run_id", "task_key", "status").rows() == [
        ("t1", "load", "SUCCEEDED"),
        ("t2", "build", "FAILED"),
        ("t3", "build", "SUCCEEDED"),
    ]
    assert tasks.get_column("duration_seconds").to_list()[0] == 30 * 60


async def test_a_slice_of_the_future_is_left_out(estate: Estate) -> None:
    """A row that ends after now comes from a wrong clock: it dates no table and resolves no alert."""
    for number in range(6):
        estate.slice(f"f{number}", at("11:30"), at("11:50"), "FAILED", job_id=f"j{number}")
    estate.slice("early", at("11:57"), at("15:00"), "SUCCEEDED")
    monitor = estate.monitor()
    answer = await monitor.workflows()
    assert answer.as_of == at("11:50") and answer.total == 6
    states = {alert["rule"]: alert["state"] for alert in (await monitor.alerts()).rows()}
    assert states["workflow.failed_per_hour"] == "firing"


async def test_a_slice_delivered_twice_is_one_attempt(estate: Estate) -> None:
    """An exact duplicate of the row that ends a run is no repair."""
    for _ in range(2):
        estate.slice("r", at("11:00"), at("11:10"), "FAILED")
    (row,) = (await estate.monitor().workflows()).rows()
    assert row["attempts"] == 1


async def test_a_run_under_repair_is_no_failure_of_a_row(estate: Estate) -> None:
    """Two failed runs and a third whose repair goes on: two in a row, not three, until the repair ends."""
    for run in ("1", "2", "3"):
        estate.slice(run, at("10:00"), at(f"10:1{run}"), "FAILED")
    estate.slice("3", at("10:20"), at("11:00"))
    assert not await _streaks(estate)
    estate.slice("3", at("11:00"), at("11:20"), "FAILED")
    (alert,) = await _streaks(estate)
    assert alert["value"] == 3
    assert alert["evidence"]["ids"] == ["3", "2", "1"]


async def _streaks(estate: Estate) -> list[dict[str, Any]]:
    alerts = (await estate.monitor().alerts()).rows()
    return [alert for alert in alerts if alert["rule"] == "workflow.consecutive_failures"]
