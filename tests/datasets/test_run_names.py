"""Names and ids of runs: the job's latest name, one row per run, ids that are texts and unique in a workspace only."""

from __future__ import annotations

from typing import Any

from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at


async def test_a_renamed_job_has_its_latest_name_and_multiplies_no_run(estate: Estate) -> None:
    """A job renamed three times gives one row per run, under its newest name, also in the past. Traps 7 and 8."""
    # A plain join would answer five rows; the name at the time of run 1 was `first`.
    for day, name in ((-9, "first"), (-6, "second"), (-3, "third"), (-1, "fourth")):
        estate.job("7", name, at("00:00", day))
    estate.slice("1", at("08:00", -7), at("08:10", -7), "SUCCEEDED")
    estate.slice("2", at("09:00"), at("09:10"), "SUCCEEDED")
    answer = await estate.monitor().workflows(hours=24 * 8)
    assert [(row["run_id"], row["workflow_name"]) for row in answer.rows()] == [
        ("2", "fourth"),
        ("1", "fourth"),
    ]
    assert answer.total == 2


async def test_a_deleted_job_keeps_its_last_name(estate: Estate) -> None:
    """Runs of a job whose newest version is its deletion have the name of that version. Trap 7."""
    # Dropping deleted versions before ranking would revive `old name`; dropping them after it would lose the name.
    estate.job("8", "old name", at("00:00", -9))
    estate.job("8", "last name", at("00:00", -2), delete_time=at("00:00", -2))
    # Deleted without any version before: the only row there is.
    estate.job("9", "short-lived", at("07:00"), delete_time=at("07:00"))
    estate.slice("1", at("08:00"), at("08:10"), "SUCCEEDED", job_id="8")
    estate.slice("2", at("09:00"), at("09:10"), "SUCCEEDED", job_id="9")
    rows = (await estate.monitor().workflows()).rows()
    assert [row["workflow_name"] for row in rows] == ["short-lived", "last name"]


async def test_a_run_without_a_job_row_is_named_by_itself(estate: Estate) -> None:
    """One-off runs and jobs of elsewhere have no job row: the run name, else the job's id; none is dropped. Trap 9."""
    one_off: dict[str, Any] = {"run_type": "SUBMIT_RUN", "run_name": "adhoc", "job_id": "91"}
    estate.slice("1", at("08:00"), at("08:30"), **one_off)
    estate.slice("1", at("08:30"), at("09:00"), "SUCCEEDED", **{**one_off, "run_name": None})
    estate.slice("2", at("08:01"), at("09:10"), "SUCCEEDED", run_type="WORKFLOW_RUN", job_id="92")
    estate.slice("3", at("08:02"), at("09:10"), "SUCCEEDED", job_id="93", run_name="")
    # A job whose name is empty is a job without a name.
    estate.job("94", "", at("00:00", -1))
    estate.slice("4", at("08:03"), at("09:10"), "SUCCEEDED", job_id="94", run_name="by run")
    # The job row of another workspace names nothing here.
    estate.job("95", "theirs", at("00:00", -1), workspace_id=OTHER_WORKSPACE)
    estate.slice("5", at("08:04"), at("09:10"), "SUCCEEDED", job_id="95")
    answer = await estate.monitor().workflows()
    assert [(row["run_id"], row["workflow_name"], row["run_type"]) for row in answer.rows()] == [
        ("5", "job 95", "JOB_RUN"),
        ("4", "by run", "JOB_RUN"),
        ("3", "job 93", "JOB_RUN"),
        ("2", "job 92", "WORKFLOW_RUN"),
        ("1", "adhoc", "SUBMIT_RUN"),
    ]


async def test_ids_are_unique_within_a_workspace_only(estate: Estate) -> None:
    """The same job id and run id in two workspaces are two runs of two jobs. Trap 10."""
    # Grouped by run_id alone they would be one run of two attempts from 08:00 to 09:10.
    estate.job("7", "here", at("00:00", -5))
    estate.job("7", "there", at("00:00", -5), workspace_id=OTHER_WORKSPACE)
    estate.slice("1", at("08:00"), at("08:10"), "SUCCEEDED")
    estate.slice("1", at("09:00"), at("09:10"), "FAILED", workspace_id=OTHER_WORKSPACE)
    monitor = estate.monitor()
    rows = (await monitor.workflows()).rows()
    assert [(row["workspace_id"], row["workflow_name"], row["status"]) for row in rows] == [
        (OTHER_WORKSPACE, "there", "FAILED"),
        (WORKSPACE, "here", "SUCCEEDED"),
    ]
    assert [(row["attempts"], row["duration_seconds"]) for row in rows] == [(1, 600), (1, 600)]
    history = (await monitor.job_history(WORKSPACE, "7")).rows()
    assert [row["workflow_name"] for row in history] == ["here"]


# The first two are one number as a float; as texts the order is 10, 9, 9007...
LONG_IDS = ["9007199254740992", "9007199254740993", "922337203685477580700", "9", "10", "007", "7"]


async def test_ids_are_texts(estate: Estate) -> None:
    """Ids beyond 2^53, beyond 64 bits and with leading zeros come back digit by digit, each its own. Trap 11."""
    for number, run_id in enumerate(LONG_IDS):
        estate.job(f"1{run_id}", f"name {run_id}", at("00:00", -1))
        estate.slice(run_id, at("08:00"), at(f"08:1{number}"), "FAILED", job_id=f"1{run_id}")
    rows = (await estate.monitor().failed_workflows()).rows()
    assert [(row["run_id"], row["job_id"], row["workflow_name"]) for row in rows] == [
        (run_id, f"1{run_id}", f"name {run_id}") for run_id in reversed(LONG_IDS)
    ]


async def test_pages_hold_every_run_once(estate: Estate) -> None:
    """Pages of three over runs that began at one instant: each once, the total exact on every page. Trap 11."""
    for run_id in LONG_IDS:
        estate.slice(run_id, at("08:00"), at("08:10"), "SUCCEEDED")
    monitor = estate.monitor()
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = await monitor.workflows(limit=3, cursor=cursor)
        assert page.total == 7
        seen += [row["run_id"] for row in page.rows()]
        assert page.truncated is (len(seen) < 7)
        cursor = page.next_cursor
    assert cursor is None
    assert sorted(seen) == sorted(LONG_IDS)


async def test_a_name_filter_is_literal_but_for_the_star(estate: Estate) -> None:
    """`%`, `_`, `!` and quotes match themselves; `*` any run of characters; case counts; old names match no more."""
    names = ["a_b", "axb", "50%", "50x", "it's!", "Journey", "journey_1", "journey_2"]
    estate.job("0", "journey_0", at("00:00", -2))
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
