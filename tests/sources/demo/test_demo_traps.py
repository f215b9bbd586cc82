"""Each trap of the system tables that concerns data stands in the default estate."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.demo.estate_asking import questions, standing

TRAPS = questions("traps.sql")


@pytest.mark.parametrize("trap", TRAPS)
def test_trap_is_present(trap: str) -> None:
    """A reader that overlooks this habit of the real tables meets it in the demo."""
    assert standing("SELECT count(*) FROM (" + TRAPS[trap] + ")") > 0


def test_every_result_state_is_present() -> None:
    """Runs end in every way the table knows."""
    states = standing(
        "SELECT list(DISTINCT result_state) FROM lakeflow.job_run_timeline WHERE result_state IS NOT NULL"
    )
    assert set(states) == {"SUCCEEDED", "FAILED", "SKIPPED", "CANCELLED", "TIMED_OUT", "ERROR", "BLOCKED"}


def test_only_the_row_that_ends_an_attempt_has_a_result() -> None:
    """Result, termination code and durations come together or not at all."""
    assert (
        standing(
            "SELECT count(*) FROM lakeflow.job_run_timeline"
            " WHERE (result_state IS NULL) <> (termination_code IS NULL)"
            " OR (result_state IS NULL AND run_duration_seconds IS NOT NULL)"
        )
        == 0
    )


def test_slices_of_a_run_do_not_overlap() -> None:
    """A run's slices follow one another; only a repair leaves a gap."""
    assert (
        standing(
            "SELECT count(*) FROM (SELECT period_start_time < lag(period_end_time) OVER ("
            " PARTITION BY workspace_id, job_id, run_id ORDER BY period_start_time) AS early"
            " FROM lakeflow.job_run_timeline) WHERE early"
        )
        == 0
    )


def test_run_and_task_ids_are_unique_in_a_workspace() -> None:
    """No two runs of a workspace share an id, and no two task runs do."""
    for table, owner in (("job_run_timeline", "job_id"), ("job_task_run_timeline", "(job_run_id, task_key)")):
        assert (
            standing(
                "SELECT count(*) FROM (SELECT 1 FROM lakeflow." + table + " GROUP BY workspace_id, run_id"
                " HAVING count(DISTINCT " + owner + ") > 1)"
            )
            == 0
        )


def test_no_trap_is_lost_in_reading() -> None:
    """Every comment line of the list but its first is the name of a question."""
    text = Path(__file__).with_name("traps.sql").read_text(encoding="utf-8")
    assert len(TRAPS) == text.count("\n-- ")


def test_the_run_that_a_statement_names_is_there() -> None:
    """From a statement one finds its run; only a run whose rows are still under way is missing."""
    known = standing(
        "SELECT avg((EXISTS (SELECT 1 FROM lakeflow.job_run_timeline r"
        "   WHERE r.workspace_id = q.workspace_id AND r.job_id = q.query_source.job_info.job_id"
        "   AND r.run_id = q.query_source.job_info.job_run_id))::INT)"
        " FROM query.history q WHERE query_source.job_info IS NOT NULL"
    )
    assert known > 0.95
