"""Why runs failed: the tables have only codes, the Jobs API has the words, for runs of the last sixty days."""

from __future__ import annotations

import asyncio
from datetime import datetime

import polars as pl

from sysmon_tui import limits
from sysmon_tui.datasets.asks import FAILED_RUN_STATES
from sysmon_tui.services.live import LiveLane
from sysmon_tui.sources.live import TaskFailure


async def of_runs(lane: LiveLane, runs: pl.DataFrame) -> dict[tuple[str, str], str]:
    """The error texts of failed runs among `runs`, by workspace_id and run_id, as far as they are known.

    An API that tells of one run at a time is asked for the newest few.
    """
    if not lane.enabled or "run_id" not in runs.columns:
        return {}
    failed = (
        runs.filter(pl.col("status").is_in(FAILED_RUN_STATES))
        .drop_nulls(["workspace_id", "run_id"])
        .select("workspace_id", "run_id", "end_time")
    )
    if failed.is_empty():
        return {}
    many = await lane.many_failures(failed.get_column("run_id").to_list())
    if many is not None:
        return {
            (workspace_id, run_id): said(many[run_id])
            for workspace_id, run_id, _ in failed.iter_rows()
            if many.get(run_id)
        }
    keys = list(failed.head(limits.RUNS_WITH_ERRORS).iter_rows())
    asked = [asyncio.create_task(_of_run(lane, *key)) for key in keys]
    if not asked:
        return {}
    done, _ = await asyncio.wait(asked, timeout=limits.LIVE_PATIENCE_S)
    return {
        (workspace_id, run_id): text
        for (workspace_id, run_id, _), task in zip(keys, asked, strict=True)
        if task in done and not task.cancelled() and (text := task.result())
    }


async def _of_run(lane: LiveLane, workspace_id: str, run_id: str, ended: datetime | None) -> str | None:
    told = await lane.run_failures(workspace_id, run_id, ended)
    return said(told.value) if told.value else None


def said(failures: list[TaskFailure]) -> str:
    """One text for a run: each failed task with its error."""
    return "\n".join(
        f"{failure.task_key}: {failure.message or failure.status}" if failure.task_key else failure.message
        for failure in failures
    )
