"""Repairs: several results under one run id, of which the last counts, and attempts that still go on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.estate import OTHER_WORKSPACE, Estate, at


async def test_a_repaired_run_has_the_state_of_its_last_attempt(estate: Estate) -> None:
    """Of two results under one run id the later wins, both ways, and failures are counted by run. Traps 3 and 15."""
    estate.slice(
        "good", at("08:00"), at("08:10"), "FAILED", termination_code="DRIVER_ERROR", run_duration_seconds=600
    )
    estate.slice("good", at("09:00"), at("09:20"), "SUCCEEDED", run_duration_seconds=0)
    estate.slice("bad", at("08:00"), at("08:10"), "SUCCEEDED", termination_code="SUCCESS")
    estate.slice("bad", at("09:00"), at("09:20"), "FAILED")
    monitor = estate.monitor()
    failed = await monitor.failed_workflows()
    answer = await monitor.workflows()
    rows = {row["run_id"]: row for row in answer.rows()}
    assert answer.total == 2
    assert (rows["good"]["status"], rows["good"]["attempts"]) == ("SUCCEEDED", 2)
    assert (rows["bad"]["status"], rows["bad"]["attempts"]) == ("FAILED", 2)
    # Any FAILED row would make two failures of them.
    assert (failed.total, [row["run_id"] for row in failed.rows()]) == (1, ["bad"])
    for row in rows.values():
        # The code is that of the last attempt too, although it is NULL there; the tables hold no message at all.
        assert (row["termination_code"], row["error_message"]) == (None, None)
        # 08:00 to 09:20, the pause included: 4 800 s. Neither the first attempt's 600 s nor the slices' sum of 1 800 s.
        assert row["duration_seconds"] == 4800


async def test_a_repair_that_goes_on_is_running_again(estate: Estate) -> None:
    """A slice without a result after the last result: the repair has not ended, and it is no failure. Traps 2, 3."""
    estate.slice("1", at("08:00"), at("08:10"), "FAILED", termination_code="RUN_EXECUTION_ERROR")
    estate.slice("1", at("11:00"), at("11:40"))
    # This one's repair came in two slices and has ended: its open slice lies before the last result.
    estate.slice("2", at("08:10"), at("08:40"), "FAILED")
    estate.slice("2", at("08:40"), at("09:00"))
    estate.slice("2", at("09:00"), at("09:20"), "TIMED_OUT")
    monitor = estate.monitor()
    rows = {row["run_id"]: row for row in (await monitor.workflows()).rows()}
    assert (rows["1"]["status"], rows["1"]["attempts"], rows["1"]["end_time"]) == ("RUNNING", 2, None)
    assert (rows["1"]["duration_seconds"], rows["1"]["termination_code"]) == (None, None)
    assert (rows["2"]["status"], rows["2"]["attempts"]) == ("TIMED_OUT", 2)
    assert [row["run_id"] for row in (await monitor.failed_workflows()).rows()] == ["2"]


async def test_a_slice_delivered_twice_is_one_attempt(estate: Estate) -> None:
    """An exact duplicate of the row that ends a run is no repair. Trap 3."""
    for _ in range(2):
        estate.slice("r", at("11:00"), at("11:10"), "FAILED")
    (row,) = (await estate.monitor().workflows()).rows()
    assert (row["attempts"], row["duration_seconds"]) == (1, 600)


async def test_a_run_under_repair_is_no_failure_of_a_row(estate: Estate) -> None:
    """Two failed runs and a third whose repair goes on: two in a row, not three, until the repair ends. Trap 3."""
    for run in ("1", "2", "3"):
        estate.slice(run, at("10:00"), at(f"10:1{run}"), "FAILED")
    estate.slice("3", at("10:20"), at("11:00"))
    assert await firing(estate, "workflow.consecutive_failures") == []
    estate.slice("3", at("11:00"), at("11:20"), "FAILED")
    (alert,) = await firing(estate, "workflow.consecutive_failures")
    assert alert["value"] == 3
    assert alert["evidence"]["ids"] == ["3", "2", "1"]


@pytest.mark.parametrize("repairs", [1, 2])
async def test_alerts_count_runs_not_results(estate: Estate, repairs: int) -> None:
    """A run that failed and failed again in each repair is one failed run for every rule. Traps 1 and 3."""
    # Two runs, of `repairs` + 1 results each: 4 or 6 results, of which rules that count rows would fire at 3 and 5.
    for run in ("1", "2"):
        for attempt in range(repairs + 1):
            estate.slice(run, at(f"11:{attempt}0"), at(f"11:{attempt}5"), "FAILED")
    # The threshold of three in a row counts job and workspace together: the same job id elsewhere adds nothing.
    estate.slice("3", at("11:00"), at("11:05"), "FAILED", workspace_id=OTHER_WORKSPACE)
    assert await firing(estate) == []


@pytest.mark.parametrize("results", [("FAILED", "SUCCEEDED"), ("SUCCEEDED", "FAILED")])
async def test_two_results_at_one_instant_are_one_however_the_rows_lie(
    estate: Estate, results: tuple[str, str]
) -> None:
    """A run with two results of one end: every engine, and every order of rows, says the same of it. Trap 3."""
    for result in results:
        estate.slice("r", at("11:00"), at("11:10"), result)
    (row,) = (await estate.monitor().workflows()).rows()
    assert row["status"] == "SUCCEEDED"
    assert (await estate.monitor().failed_workflows()).total == 0


async def test_failures_of_long_ago_are_no_alert_that_has_resolved(estate: Estate) -> None:
    """Three failures 45 days ago and a success now; between them a failure that was repaired to CANCELLED: the job has
    not failed for 35 days, so its old row is not told as news. Trap 3."""
    for day in (-45, -44, -43):
        estate.slice(f"d{day}", at("03:00", day), at("03:10", day), "FAILED")
    estate.slice("r", at("03:00", -10), at("03:10", -10), "FAILED")
    estate.slice("r", at("04:00", -10), at("04:10", -10), "CANCELLED")
    estate.slice("now", at("11:00"), at("11:10"), "SUCCEEDED")
    assert (await estate.monitor().alerts(hours=24, category="workflow")).rows() == []


async def firing(estate: Estate, rule: str | None = None) -> list[dict[str, Any]]:
    """What fires about workflows."""
    alerts = (await estate.monitor().alerts(hours=24, category="workflow")).rows()
    return [alert for alert in alerts if alert["state"] == "firing" and rule in (None, alert["rule"])]
