"""Starts of runs that began before what a listing scans.

A listing scans a week before its window: for a continuous job that has run for months the start would be a week ago.
Such a run's start is asked for over the whole year that the table keeps, once, because it never changes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from sysmon_tui import limits
from sysmon_tui.datasets import asks
from sysmon_tui.services.query import QueryService
from sysmon_tui.services.result import Result

# Where the scan begins within a slice, the first one that it finds begins later; no slice is as long as this.
_SLICE = timedelta(hours=24)


class RunStarts:
    """One tenant's."""

    def __init__(self, service: QueryService) -> None:
        self._service = service
        self._known: dict[tuple[str, str], datetime] = {}

    async def completed(self, result: Result) -> pl.DataFrame:
        """The runs of a listing, with the starts that its scan cut off."""
        runs = result.frame
        scanned = result.window.start - timedelta(hours=limits.RUN_LOOKBACK_HOURS)
        early = (
            runs.filter(pl.col("start_time") <= scanned + _SLICE)
            .select("workspace_id", "run_id")
            .drop_nulls()
        )
        if early.is_empty():
            return runs
        unknown = [
            run_id for workspace_id, run_id in early.rows() if (workspace_id, run_id) not in self._known
        ]
        if unknown:
            await self._ask(unknown)
        starts = pl.DataFrame(
            [(*key, start) for key in early.unique().rows() if (start := self._known.get(key)) is not None],
            schema={"workspace_id": pl.String, "run_id": pl.String, "began": runs.schema["start_time"]},
            orient="row",
        )
        began = pl.min_horizontal("start_time", "began")
        # Where the scan cut the run and it states no duration, that was worked out from the cut.
        spent = (pl.col("end_time") - pl.col("start_time")).dt.total_microseconds() / 1_000_000
        by_the_cut = (pl.col("start_time") >= scanned) & ((pl.col("duration_seconds") - spent).abs() < 1)
        whole = (pl.col("end_time") - began).dt.total_microseconds() / 1_000_000
        duration = pl.when(by_the_cut).then(whole).otherwise("duration_seconds")
        return (
            runs.join(starts, on=["workspace_id", "run_id"], how="left", maintain_order="left")
            .with_columns(duration.alias("duration_seconds"), began.alias("start_time"))
            .drop("began")
        )

    async def _ask(self, run_ids: list[str]) -> None:
        found = await self._service.answer(asks.run_starts(run_ids))
        if len(self._known) + found.frame.height > limits.KNOWN_STARTS:
            self._known.clear()
        self._known |= {(workspace_id, run_id): start for workspace_id, run_id, start in found.frame.rows()}
