"""Rules on the runs of a job: failures in a row, and runs that take longer than the job's own runs do. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from sysmon_tui import limits
from sysmon_tui.alerts.episodes import Episode
from sysmon_tui.alerts.finding import Finding, Seen, Words, hours_back, minute
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.text import one_line

_JOB = ("workspace_id", "job_id")
# Durations scatter: five of a job's own deviations are no scatter any more.
_DEVIATIONS = 5.0


def consecutive(seen: Seen, rule: Rule, threshold: int) -> list[Finding]:
    """A finding a job: rows of failed runs that reached the threshold, each up to the success that ended it."""
    return [
        _of_job(seen, rule, threshold, part)
        for part in seen.frame.partition_by(list(_JOB), maintain_order=True)
    ]


def _of_job(seen: Seen, rule: Rule, threshold: int, part: pl.DataFrame) -> Finding:
    streaks = {row["crossed_at"]: row for row in part.sort("crossed_at").to_dicts()}
    episodes = [Episode(at, row["resolved_at"], row["failures"]) for at, row in streaks.items()]

    def words(episode: Episode) -> Words:
        # The last of those that are one episode: a rule may keep firing over a success.
        row = [one for at, one in streaks.items() if at <= (episode.ended_at or at)][-1]
        name = _name(row)
        ended = f", until it succeeded at {minute(row['resolved_at'])}" if row["resolved_at"] else ""
        return Words(
            title=f"{name}: {row['failures']} {rule.noun}",
            message=(
                f"{name} has failed {row['failures']} times in a row since {minute(row['first_failure'])}, "
                f"last at {minute(row['last_failure'])}{ended} (threshold {threshold})."
            ),
            rows=[
                (row["workspace_id"], run.partition("/")[2]) for run in (row["last_runs"] or "").split(",")
            ],
            since=row["first_failure"] - timedelta(hours=limits.RUN_LOOKBACK_HOURS),
            parameters={
                "workflow_name": row["workflow_name"],
                "hours": hours_back(seen, row["first_failure"]),
            },
        )

    return Finding(rule, seen, threshold, episodes, words, _entity(part), _identity(part))


def slow(seen: Seen, baselines: pl.DataFrame, rule: Rule, threshold_minutes: int) -> list[Finding]:
    """A finding a job of which runs took longer than its own successes do, from the moment at which they were late.

    `seen` holds the long runs of the window, `baselines` the median and the deviation of each job.
    """
    over = pl.max_horizontal(pl.lit(threshold_minutes * 60.0), _DEVIATIONS * pl.col("mad_seconds"))
    slow_runs = (
        seen.frame.join(baselines, on=list(_JOB), how="inner")
        .with_columns(usual_s=pl.col("median_seconds") + over)
        .filter(pl.col("duration_seconds") >= pl.col("usual_s"))
    )
    return [
        _of_slow_job(seen, rule, threshold_minutes, part)
        for part in slow_runs.partition_by(list(_JOB), maintain_order=True)
    ]


def _of_slow_job(seen: Seen, rule: Rule, threshold_minutes: int, part: pl.DataFrame) -> Finding:
    runs: dict[datetime, dict[str, Any]] = {}
    for row in part.sort("start_time", maintain_order=True).to_dicts():
        began = row["start_time"] + timedelta(seconds=row["usual_s"])
        other = runs.get(began)
        if other is None or (
            other["end_time"] and (row["end_time"] is None or row["end_time"] > other["end_time"])
        ):
            runs[began] = row  # of two that began in one moment the one that took longer
    episodes = [Episode(at, row["end_time"], int(row["duration_seconds"])) for at, row in runs.items()]
    return Finding(
        rule, seen, threshold_minutes, episodes, _slow_words(seen, runs), _entity(part), _identity(part)
    )


def _slow_words(seen: Seen, runs: dict[datetime, dict[str, Any]]) -> Callable[[Episode], Words]:
    def words(episode: Episode) -> Words:
        # Of those that are one episode the one that still runs, or took longest: a rule may keep firing between them.
        several = [one for at, one in runs.items() if episode.started_at <= at <= (episode.ended_at or at)]
        row = max(several, key=lambda one: (one["end_time"] is None, one["duration_seconds"]))
        name, takes = _name(row), _clock(row["duration_seconds"])
        verb = "has been running for" if row["end_time"] is None else "took"
        over = int(row["duration_seconds"] - row["median_seconds"]) // 60
        return Words(
            title=f"{name} {verb} {takes}, usually {_clock(row['median_seconds'])}",
            message=(
                f"Run {one_line(str(row['run_id']), 40)} of {name} {verb} {takes}; the median of its last "
                f"{row['runs']} successes is {_clock(row['median_seconds'])}."
            ),
            value=over,
            rows=[(row["workspace_id"], row["run_id"])],
            since=row["start_time"],
            parameters={
                "workflow_name": row["workflow_name"],
                "hours": hours_back(seen, row["start_time"]),
            },
        )

    return words


def _name(row: dict[str, Any]) -> str:
    return one_line(row["workflow_name"] or f"job {row['job_id']}", 120)


def _entity(part: pl.DataFrame) -> dict[str, Any]:
    return part.select(*_JOB, "workflow_name").row(0, named=True)


def _identity(part: pl.DataFrame) -> dict[str, Any]:
    return part.select(_JOB).row(0, named=True)


def _clock(seconds: float) -> str:
    """`7 min`, `2 h 05 min`."""
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
