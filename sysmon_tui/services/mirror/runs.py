"""The copy of the slices of job runs, the latest versions of jobs, and what rows of failures began with."""

from __future__ import annotations

import polars as pl

from sysmon_tui import limits
from sysmon_tui.datasets import catalogue
from sysmon_tui.datasets.statement import Value
from sysmon_tui.services.mirror.copy import HOUR_US, OVERLAP_US, Asker, Copy, bounded
from sysmon_tui.services.threads import together
from sysmon_tui.sources.embedded import CATALOG

# A slice is an hour as a rule; its start is the column that prunes, its end the one that says when it is news.
_LONGEST_SLICE_US = 24 * HOUR_US
_SILENT_US = int(limits.RUN_SILENT_HOURS * HOUR_US)


class RunsCopy(Copy):
    """A run is here whole or not at all; one that was repaired after it had left the window is fetched by its id."""

    answers = (catalogue.RUNS, catalogue.FAILURE_STREAKS)
    _views = f"""
        CREATE SCHEMA {CATALOG}.lakeflow;
        CREATE VIEW {CATALOG}.main.slices AS
            FROM {CATALOG}.main.settled
            UNION ALL BY NAME FROM {CATALOG}.main.news
            UNION ALL BY NAME FROM {CATALOG}.main.repaired;
        CREATE VIEW {CATALOG}.lakeflow.job_run_timeline AS
            FROM {CATALOG}.main.slices
            UNION ALL BY NAME
            SELECT * EXCLUDE (end_time), end_time AS period_start_time, end_time AS period_end_time
            FROM {CATALOG}.main.failing
            ANTI JOIN {CATALOG}.main.slices USING (workspace_id, run_id);
        CREATE VIEW {CATALOG}.lakeflow.jobs AS
            FROM {CATALOG}.main.jobs UNION ALL BY NAME FROM {CATALOG}.main.changed_jobs;
    """

    def _read_whole(self, ask: Asker) -> None:
        self._repaired_ids: list[str] = []
        slices, jobs, failing, runs = together(
            lambda: bounded(
                ask,
                catalogue.RUN_SLICES,
                {**self._slices_since(self.start_us), "whole_runs": True, "silent_us": _SILENT_US},
            ),
            lambda: bounded(ask, catalogue.CHANGED_JOBS, {"since_us": 0}),
            lambda: self._failing(ask),
            lambda: bounded(
                ask,
                catalogue.RUN_IDS,
                {"scan_start_us": self._scan_start_us, "window_end_us": self.whole_us},
            ),
        )
        settled, news = self._split(slices, "period_end_time")
        known = slices.get_column("run_id").unique()
        # Eight bytes an id: there are many more than runs in the window. Two that share them cost a question.
        ids = runs.get_column("run_id")
        self._older_ids = ids.filter(~ids.is_in(known.implode())).hash()
        self._put("settled", settled)
        self._put("news", news)
        self._put("repaired", slices.clear())
        self._put("failing", failing)
        self._put("jobs", jobs)
        self._put("changed_jobs", jobs.clear())

    def _failing(self, ask: Asker) -> pl.DataFrame:
        asked: dict[str, Value] = {
            "scan_start_us": self.start_us - int(limits.STREAK_LOOKBACK_HOURS * HOUR_US),
            "since_us": self.start_us,
            "window_end_us": self.whole_us,
            "run_ids": ",".join(self._repaired_ids),
        }
        return bounded(ask, catalogue.FAILING_RUNS, asked)

    def _slices_since(self, since_us: int) -> dict[str, Value]:
        return {
            "scan_start_us": self._scan_start_us,
            "since_us": since_us,
            "window_end_us": self.whole_us,
            "run_ids": "",
        }

    @property
    def _scan_start_us(self) -> int:
        return self.start_us - int(limits.RUN_LOOKBACK_HOURS * HOUR_US)

    def read_news(self, ask: Asker, end_us: int) -> None:
        news = bounded(
            ask,
            catalogue.RUN_SLICES,
            {
                "scan_start_us": self._news_since_us - _LONGEST_SLICE_US,
                "since_us": self._news_since_us,
                "window_end_us": end_us,
                "whole_runs": False,
                "silent_us": _SILENT_US,
                "run_ids": "",
            },
        )
        changed = bounded(ask, catalogue.CHANGED_JOBS, {"since_us": self.whole_us - OVERLAP_US})
        ids = self._revived(news)
        repaired, failing = None, None
        if ids.len():
            repaired = self._whole_runs(ask, ids)
            self._repaired_ids.extend(ids)
            if repaired.get_column("result_state").str.starts_with("SUCCE").any():
                failing = self._failing(
                    ask
                )  # a success that is none any more may have parted two rows of failures
        with self._at_once():
            self._put("news", news)
            self._put("changed_jobs", changed)
            if repaired is not None:
                self._append("repaired", repaired)
            if failing is not None:
                self._put("failing", failing)
        self._older_ids = self._older_ids.filter(~self._older_ids.is_in(ids.hash().implode()))
        self.read_us = end_us

    def _revived(self, news: pl.DataFrame) -> pl.Series:
        """Ids of runs that have older slices which the copy lacks: they ended before its window, and were repaired."""
        ids = news.get_column("run_id").drop_nulls().unique()
        return ids.filter(ids.hash().is_in(self._older_ids.implode()) & ~ids.str.contains(",", literal=True))

    def _whole_runs(self, ask: Asker, ids: pl.Series) -> pl.DataFrame:
        asked = {
            **self._slices_since(self.whole_us),
            "whole_runs": True,
            "silent_us": 0,
            "run_ids": ",".join(ids),
        }
        slices = bounded(ask, catalogue.RUN_SLICES, asked)
        settled = pl.col("period_end_time").dt.timestamp("us") < self._news_since_us
        return slices.filter(pl.col("run_id").is_in(ids.implode()) & settled)
