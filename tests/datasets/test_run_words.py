"""The words of runs: results in the spellings of tables and Jobs API, triggers, codes, and words that nobody knows."""

from __future__ import annotations

from tests.estate import Estate, at

# What the tables and the Jobs API write, and what is shown.
SHOWN = {
    "SUCCEEDED": "SUCCEEDED",
    "SUCCESS": "SUCCEEDED",
    "FAILED": "FAILED",
    "ERROR": "ERROR",
    "TIMED_OUT": "TIMED_OUT",
    "TIMEDOUT": "TIMED_OUT",
    "CANCELLED": "CANCELLED",
    "CANCELED": "CANCELLED",
    "SKIPPED": "SKIPPED",
    "BLOCKED": "BLOCKED",
    "succeeded": "SUCCEEDED",
    "timedout": "TIMED_OUT",
    "UPSTREAM_FAILED": "UPSTREAM_FAILED",
    "UPSTREAM_CANCELED": "UPSTREAM_CANCELED",
    "SUCCESS_WITH_FAILURES": "SUCCESS_WITH_FAILURES",
    "MAXIMUM_CONCURRENT_RUNS_REACHED": "MAXIMUM_CONCURRENT_RUNS_REACHED",
    "EXCLUDED": "EXCLUDED",
    "DISABLED": "DISABLED",
    "A_WORD_OF_NEXT_YEAR": "A_WORD_OF_NEXT_YEAR",
}


async def test_every_result_is_shown_as_the_contract_spells_it(estate: Estate) -> None:
    """Each spelling of a state is one state; a word that nobody knows is shown as it is and fails nothing. Trap 12."""
    for written in SHOWN:
        estate.slice(written, at("08:00"), at("08:10"), written)
    estate.slice("none", at("11:00"), at("11:30"))
    answer = await estate.monitor().workflows()
    assert {row["run_id"]: row["status"] for row in answer.rows()} == {**SHOWN, "none": "RUNNING"}


async def test_a_state_is_found_in_every_spelling(estate: Estate) -> None:
    """The filter takes any case and both spellings, and finds what was written in either. Trap 12."""
    for written in SHOWN:
        estate.slice(written, at("08:00"), at("08:10"), written)
    monitor = estate.monitor()

    async def found(status: str) -> list[str]:
        answer = await monitor.workflows(status=status)
        assert answer.total == answer.frame.height
        return sorted(row["run_id"] for row in answer.rows())

    assert await found("canceled") == ["CANCELED", "CANCELLED"]
    assert await found("CANCELLED") == ["CANCELED", "CANCELLED"]
    assert await found("Succeeded") == ["SUCCEEDED", "SUCCESS", "succeeded"]
    assert await found("timed_out") == ["TIMEDOUT", "TIMED_OUT", "timedout"]
    # The failed group; UPSTREAM_FAILED and SUCCESS_WITH_FAILURES only look like it.
    assert await found("failed") == ["ERROR", "FAILED", "TIMEDOUT", "TIMED_OUT", "timedout"]


async def test_failed_is_a_group_and_comes_by_its_end(estate: Estate) -> None:
    """FAILED, ERROR and TIMED_OUT fail; the newest end is first, for the end puts them into the window. Trap 12."""
    estate.slice("long", at("06:00"), at("11:30"), "TIMED_OUT")
    estate.slice("short", at("10:00"), at("10:10"), "ERROR")
    estate.slice("plain", at("09:00"), at("09:10"), "FAILED")
    estate.slice("fine", at("09:00"), at("09:10"), "SUCCEEDED")
    estate.slice("stopped", at("09:00"), at("09:10"), "CANCELLED")
    estate.slice("blocked", at("09:00"), at("09:10"), "BLOCKED")
    monitor = estate.monitor()
    assert [row["run_id"] for row in (await monitor.failed_workflows()).rows()] == ["long", "short", "plain"]
    assert [row["run_id"] for row in (await monitor.failed_workflows(hours=1)).rows()] == ["long"]


async def test_triggers_types_and_codes_are_shown_as_they_are(estate: Estate) -> None:
    """Words of the table, of the Jobs API, of next year, and none: all come through, on one row a run. Trap 13."""
    words = [
        ("CRON", "JOB_RUN", "SUCCESS", "SUCCESS"),
        ("ONETIME_RETRY", "SUBMIT_RUN", "CLUSTER_ERROR", "CLIENT_ERROR"),
        ("RUN_JOB_TASK", "WORKFLOW_RUN", "CLOUD_FAILURE", "CLOUD_FAILURE"),
        ("MOON_PHASE", "DREAM_RUN", "BUDGET_OF_NEXT_YEAR", "NEW_TYPE"),
        (None, None, None, None),
    ]
    for number, (trigger, kind, code, family) in enumerate(words):
        estate.slice(
            f"{number}", at("08:00"), at("09:00"), trigger_type=trigger, run_type=kind, termination_code=None
        )
        estate.slice(
            f"{number}",
            at("09:00"),
            at(f"09:1{number}"),
            "FAILED",
            trigger_type=trigger,
            run_type=kind,
            termination_code=code,
            termination_type=family,
        )
    rows = (await estate.monitor().failed_workflows()).rows()
    assert [
        (row["trigger_type"], row["run_type"], row["termination_code"], row["termination_type"])
        for row in rows
    ] == list(reversed(words))
