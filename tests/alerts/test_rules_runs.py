"""The rules on the runs of a job: failures that follow each other, and runs slower than the job's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from sysmon_tui.alerts import rules
from sysmon_tui.alerts.episodes import Episode, merged
from sysmon_tui.alerts.finding import Finding, RowId, Seen, Words, evidence
from sysmon_tui.alerts.runs import consecutive, slow
from sysmon_tui.datasets.catalogue import FAILURE_STREAKS, LONG_RUNS, RUN_BASELINES
from sysmon_tui.datasets.statement import Statement
from tests.estate import OTHER_WORKSPACE, WORKSPACE, at

STREAKS, SLOW = rules.CONSECUTIVE_FAILURES, rules.SLOW_RUNS
JOB = {"workspace_id": WORKSPACE, "job_id": "7"}
NIGHTLY = {**JOB, "workflow_name": "nightly"}


def frame(of: Statement, *rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={name: kind for name, kind in of.schema.items() if name != "as_of"})


def runs_seen(rows: pl.DataFrame) -> Seen:
    """Up to 12:00, looked at ten minutes later."""
    table, hour = "system.lakeflow.job_run_timeline", timedelta(hours=1)
    return Seen(table, rows, rows.height, at("12:00"), at("12:10"), "fresh", None, hour)


def streak(**changes: Any) -> dict[str, Any]:
    """Three failures of the job at 9, 10 and 11 o'clock, and no success since."""
    return {
        **NIGHTLY,
        "failures": 3,
        "first_failure": at("09:00"),
        "last_failure": at("11:00"),
        "crossed_at": at("11:00"),
        "last_runs": "01/r3,02/r2,03/r1",
        "resolved_at": None,
        **changes,
    }


EARLIER = streak(
    failures=4,
    first_failure=at("01:00"),
    last_failure=at("04:00"),
    crossed_at=at("03:00"),
    last_runs="01/q4,02/q3",
    resolved_at=at("05:00"),
)
OF_EARLIER = Words(
    title="nightly: 4 failed runs in a row",
    message=(
        "nightly has failed 4 times in a row since 2026-03-10 01:00 UTC, last at 2026-03-10 04:00 UTC, "
        "until it succeeded at 2026-03-10 05:00 UTC (threshold 3)."
    ),
    rows=[(WORKSPACE, "q4"), (WORKSPACE, "q3")],
    since=at("01:00", -7),
    parameters={"workflow_name": "nightly", "hours": 12},
)
OF_OPEN = Words(
    title="nightly: 3 failed runs in a row",
    message=(
        "nightly has failed 3 times in a row since 2026-03-10 09:00 UTC, last at 2026-03-10 11:00 UTC "
        "(threshold 3)."
    ),
    rows=[(WORKSPACE, "r3"), (WORKSPACE, "r2"), (WORKSPACE, "r1")],
    since=at("09:00", -7),
    parameters={"workflow_name": "nightly", "hours": 4},
)


def in_a_row(*rows: dict[str, Any], threshold: int = 3) -> list[Finding]:
    return consecutive(runs_seen(frame(FAILURE_STREAKS, *rows)), STREAKS, threshold)


def said(found: list[Finding]) -> list[Words]:
    """Of each finding's episodes, in their order."""
    return [finding.words(episode) for finding in found for episode in finding.episodes]


def jobs(found: list[Finding]) -> list[dict[str, Any]]:
    return [finding.entity for finding in found]


def test_a_row_of_failures_is_an_episode_from_the_failure_that_reached_the_threshold() -> None:
    """It holds until the job succeeds, under the job's id whatever its name, its newest runs first."""
    seen = runs_seen(frame(FAILURE_STREAKS, streak()))
    (found,) = consecutive(seen, STREAKS, 3)
    assert found == Finding(STREAKS, seen, 3, [Episode(at("11:00"), None, 3)], found.words, NIGHTLY, JOB)
    assert said([found]) == [OF_OPEN]


def test_rows_of_failures_of_one_job_are_episodes_of_one_finding() -> None:
    """Oldest first whatever order they come in, and each has its own words; the newest name is the job's."""
    seen = runs_seen(frame(FAILURE_STREAKS, streak(workflow_name="renamed"), EARLIER))
    (found,) = consecutive(seen, STREAKS, 3)
    assert found.episodes == [Episode(at("03:00"), at("05:00"), 4), Episode(at("11:00"), None, 3)]
    assert found.entity == {**JOB, "workflow_name": "renamed"}
    assert [words.title for words in said([found])] == [
        "nightly: 4 failed runs in a row",
        "renamed: 3 failed runs in a row",
    ]
    assert said([found])[0] == OF_EARLIER


@pytest.mark.parametrize(
    ("episode", "words"),
    [
        (Episode(at("03:00"), None, 4), OF_OPEN),
        (Episode(at("03:00"), at("11:00"), 4), OF_OPEN),
        (Episode(at("03:00"), at("10:59"), 4), OF_EARLIER),
    ],
    ids=["open", "ended as the second began", "ended before the second"],
)
def test_an_alert_that_outlasts_a_success_tells_of_its_last_failures(episode: Episode, words: Words) -> None:
    """Where a rule keeps firing, two rows of failures can be one episode, up to its end."""
    (found,) = in_a_row(streak(), EARLIER)
    assert found.words(episode) == words


def test_jobs_of_one_id_in_two_workspaces_are_two() -> None:
    """And two jobs of a workspace are; in the order in which they come."""
    places = [(workspace, str(job)) for job in range(9, 0, -1) for workspace in (OTHER_WORKSPACE, WORKSPACE)]
    rows = [streak(workspace_id=workspace, job_id=job) for workspace, job in places]
    found = in_a_row(*rows)
    assert [(job["workspace_id"], job["job_id"]) for job in jobs(found)] == places
    assert [finding.identity for finding in found] == [
        {"workspace_id": workspace, "job_id": job} for workspace, job in places
    ]
    assert [words.rows[0] for words in said(found)] == [(workspace, "r3") for workspace, _ in places]


def test_nothing_failed_is_nothing_found() -> None:
    """An answer without rows makes no finding of either rule."""
    assert in_a_row() == []
    assert too_slow() == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [(None, "job 7"), ("", "job 7"), ("two\nlines", "two lines"), ("n" * 121, "n" * 119 + "…")],
)
def test_a_job_is_called_by_its_name_or_else_by_its_id(name: str | None, shown: str) -> None:
    """On one line, and no longer than a title can bear; what links to it has the name as it is."""
    (words,) = said(in_a_row(streak(workflow_name=name)))
    assert words == replace(
        OF_OPEN,
        title=OF_OPEN.title.replace("nightly", shown),
        message=OF_OPEN.message.replace("nightly", shown),
        parameters={"workflow_name": name, "hours": 4},
    )
    (words,) = said(too_slow(run(workflow_name=name)))
    assert words.title == f"{shown} took 15 min, usually 10 min"


def test_a_row_of_failures_without_run_ids_has_no_evidence() -> None:
    """The table may not know a run by an id; the alert stands without rows."""
    (found,) = in_a_row(streak(last_runs=None))
    assert evidence(found, said([found])[0]) == {
        "ids": [],
        "dataset": "workflows",
        "parameters": {"workflow_name": "nightly", "hours": 4},
        "statement": None,
    }


def test_a_run_id_may_have_a_slash() -> None:
    """The place that stands before it in the answer ends at the first."""
    (words,) = said(in_a_row(streak(last_runs="01/a/b")))
    assert words.rows == [(WORKSPACE, "a/b")]


# Slow runs -------------------------------------------------------------------------------------------------


def run(**changes: Any) -> dict[str, Any]:
    """A quarter of an hour from 11:00, which is five minutes more than usual."""
    return {
        **NIGHTLY,
        "run_id": "r1",
        "status": "SUCCEEDED",
        "start_time": at("11:00"),
        "end_time": at("11:15"),
        "duration_seconds": 900.0,
        "last_seen": at("11:15"),
        **changes,
    }


def usual(**changes: Any) -> dict[str, Any]:
    """Ten minutes, and ten seconds more or less."""
    return {**JOB, "runs": 8, "median_seconds": 600.0, "mad_seconds": 10.0, **changes}


def too_slow(*rows: dict[str, Any], baselines: tuple[dict[str, Any], ...] = (usual(),)) -> list[Finding]:
    return slow(runs_seen(frame(LONG_RUNS, *rows)), frame(RUN_BASELINES, *baselines), SLOW, 5)


def test_a_slow_run_is_an_episode_from_when_it_was_late_to_its_end() -> None:
    """It says how long the run took and what is usual; its value is the whole minutes over that."""
    (found,) = too_slow(run(duration_seconds=1259.5, end_time=at("11:21")))
    episode = Episode(at("11:15"), at("11:21"), 1259)
    assert found == Finding(SLOW, found.seen, 5, [episode], found.words, NIGHTLY, JOB)
    assert said([found]) == [
        Words(
            title="nightly took 20 min, usually 10 min",
            message="Run r1 of nightly took 20 min; the median of its last 8 successes is 10 min.",
            value=10,
            rows=[(WORKSPACE, "r1")],
            since=at("11:00"),
            parameters={"workflow_name": "nightly", "hours": 2},
        )
    ]
    assert found.seen.frame.height == found.seen.total == 1


def test_a_run_that_goes_on_holds() -> None:
    """It has no end yet, and the words say that it runs."""
    rows = frame(LONG_RUNS, run(run_id="r" * 41, end_time=None, duration_seconds=7500.0))
    seen = runs_seen(rows)
    (found,) = slow(seen, frame(RUN_BASELINES, usual()), SLOW, 5)
    assert found.seen is seen
    assert found.episodes == [Episode(at("11:15"), None, 7500)]
    (words,) = said([found])
    takes = "has been running for 2 h 05 min"
    assert (words.title, words.value) == (f"nightly {takes}, usually 10 min", 115)
    assert words.message == (
        f"Run {'r' * 39}… of nightly {takes}; the median of its last 8 successes is 10 min."
    )


@pytest.mark.parametrize(
    ("mad", "late_after"),
    [(0.0, 900.0), (60.0, 900.0), (60.5, 902.5), (100.0, 1100.0)],
    ids=["no scatter", "scatter as wide as the threshold", "a little wider", "wide scatter"],
)
def test_slow_is_beyond_the_threshold_and_five_deviations(mad: float, late_after: float) -> None:
    """Whichever is more, over the median of the job's own successes; met exactly there."""
    baselines = (usual(mad_seconds=mad),)
    assert too_slow(run(duration_seconds=late_after - 0.5), baselines=baselines) == []
    (found,) = too_slow(run(duration_seconds=late_after, end_time=None), baselines=baselines)
    late_at = at("11:00") + timedelta(seconds=late_after)
    assert found.episodes == [Episode(late_at, None, int(late_after))]


def test_what_is_usual_is_the_jobs_own() -> None:
    """A job of which nobody knows what is usual, in its workspace, has no slow runs."""
    baselines = (
        usual(job_id="8", median_seconds=60.0),
        usual(workspace_id=OTHER_WORKSPACE, median_seconds=60.0),
        usual(job_id="idle"),
    )
    rows = [
        run(),
        run(job_id="8", workspace_id=OTHER_WORKSPACE),
        run(workspace_id=OTHER_WORKSPACE, duration_seconds=360.0),
        run(job_id="8", workflow_name=None, duration_seconds=359.0),
    ]
    assert jobs(too_slow(*rows, baselines=baselines)) == [{**NIGHTLY, "workspace_id": OTHER_WORKSPACE}]


def test_slow_jobs_come_in_the_order_of_their_runs() -> None:
    """One finding a job of a workspace, with its slow runs alone, oldest first."""
    places = [(workspace, str(job)) for job in range(9, 0, -1) for workspace in (OTHER_WORKSPACE, WORKSPACE)]
    rows = [run(workspace_id=workspace, job_id=job) for workspace, job in places]
    older = run(start_time=at("08:00"), end_time=at("08:20"), run_id="r0", workspace_id=OTHER_WORKSPACE)
    quick = run(start_time=at("09:00"), duration_seconds=899.0, run_id="quick", workspace_id=OTHER_WORKSPACE)
    baselines = tuple(usual(workspace_id=workspace, job_id=job) for workspace, job in reversed(places))
    found = too_slow(*rows, quick, older, baselines=baselines)
    assert [(job["workspace_id"], job["job_id"]) for job in jobs(found)] == places
    several = [finding for finding in found if len(finding.episodes) > 1]
    assert [finding.identity for finding in several] == [{**JOB, "workspace_id": OTHER_WORKSPACE}]
    assert [words.rows for words in said(several)] == [[(OTHER_WORKSPACE, "r0")], [(OTHER_WORKSPACE, "r1")]]
    assert [episode.started_at for episode in several[0].episodes] == [at("08:15"), at("11:15")]


@pytest.mark.parametrize(
    ("first_end", "second_end", "kept"),
    [
        (at("11:20"), at("11:30"), "second"),
        (at("11:30"), at("11:20"), "first"),
        (at("11:20"), at("11:20"), "first"),
        (at("11:20"), None, "second"),
        (None, at("11:20"), "first"),
        (None, None, "first"),
    ],
)
def test_of_runs_that_began_in_one_moment_the_longest_tells(
    first_end: datetime | None, second_end: datetime | None, kept: str
) -> None:
    """One that goes on took longer than one that ended; of two that took as long the one listed first."""
    (found,) = too_slow(run(run_id="first", end_time=first_end), run(run_id="second", end_time=second_end))
    wanted: list[RowId] = [(WORKSPACE, kept)]
    assert [words.rows for words in said([found])] == [wanted]
    assert [episode.ended_at for episode in found.episodes] == [first_end if kept == "first" else second_end]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ((), "old"),
        ((("now", "06:00", None, 3600.0),), "now"),
        ((("now", "06:00", None, 3600.0), ("next", "06:01", None, 3540.0)), "now"),
        ((("worse", "06:00", "06:50", 3000.0), ("later", "07:00", "07:20", 1200.0)), "worse"),
        ((("tomorrow", "20:00", None, 9000.0),), "old"),
    ],
    ids=["alone", "one runs", "two run", "all ended", "another episode"],
)
def test_of_slow_runs_that_are_one_alert_the_gravest_tells(
    more: tuple[tuple[str, str, str | None, float], ...], told: str
) -> None:
    """An alert goes on for hours after a slow run: it tells of one that hangs now, else of the longest."""
    rows = [
        run(run_id=name, start_time=at(start), end_time=end and at(end), duration_seconds=seconds)
        for name, start, end, seconds in (("old", "05:00", "05:20", 1200.0), *more)
    ]
    (found,) = too_slow(*rows)
    first = next(iter(merged(found.episodes, SLOW.keep)))
    assert found.words(first).rows == [(WORKSPACE, told)]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (900.0, "15 min"),
        (959.9, "15 min"),
        (3599.0, "59 min"),
        (3600.0, "1 h 00 min"),
        (7259.0, "2 h 00 min"),
        (7500.0, "2 h 05 min"),
        (90060.0, "25 h 01 min"),
    ],
)
def test_how_long_a_run_took_in_hours_and_minutes(seconds: float, shown: str) -> None:
    """Whole minutes that have passed, and from an hour on hours with minutes of two digits."""
    (words,) = said(too_slow(run(duration_seconds=seconds)))
    assert words.title == f"nightly took {shown}, usually 10 min"
