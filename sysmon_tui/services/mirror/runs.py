"""The copy of the slices of job runs, the latest versions of jobs, and what rows of failures began with."""

from __future__ import annotations

import polars as pl

from sysmon_tui import limits
from sysmon_tui.datasets import catalogue
from sysmon_tui.datasets.statement import Statement, Value
from sysmon_tui.errors import SourceError, StatementCanceled
from sysmon_tui.services.mirror.copy import HOUR_US, OVERLAP_US, Asker, Copy, TooWide, bounded
from sysmon_tui.sources.embedded import CATALOG
from sysmon_tui.sources.transaction import transaction
from sysmon_tui.threads import together

# A slice is an hour as a rule; its start is the column that prunes, its end the one that says when it is news.
_LONGEST_SLICE_US = 24 * HOUR_US
_SILENT_US = int(limits.RUN_SILENT_HOURS * HOUR_US)
_SUCCESS = ("SUCCEEDED", "SUCCESS")
# Ids of runs on their way take a hundred times what is kept of them, so they come in parts.
_IDS_AT_ONCE = 100_000


class RunsCopy(Copy):
    """A run is here whole or not at all; one that was repaired after it had left the window is fetched by its id."""

    answers = (catalogue.RUNS, catalogue.FAILURE_STREAKS, catalogue.LONG_RUNS)
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
            ANTI JOIN {CATALOG}.main.slices
                ON slices.workspace_id IS NOT DISTINCT FROM failing.workspace_id
                AND slices.run_id IS NOT DISTINCT FROM failing.run_id;
        CREATE VIEW {CATALOG}.lakeflow.jobs AS
            FROM {CATALOG}.main.jobs UNION ALL BY NAME FROM {CATALOG}.main.changed_jobs;
    """

    def _read_whole(self, ask: Asker) -> None:
        self._repaired: list[str] = []
        # The large ones apart: what they take on their way adds up otherwise.
        slices, jobs = together(
            lambda: bounded(
                ask,
                catalogue.RUN_SLICES,
                {**self._slices_since(self.start_us), "whole_runs": True, "silent_us": _SILENT_US},
            ),
            lambda: bounded(ask, catalogue.CHANGED_JOBS, {"since_us": 0}),
        )
        known = _keys(slices)
        self._put("repaired", slices.clear())
        self._put_split(slices, "period_end_time")
        self._put("jobs", jobs)
        self._put("changed_jobs", jobs.clear())
        del slices, jobs
        self._put_failing(self._read_failing(ask))
        self._older = self._older_runs(ask, known)

    def knows(self, statement: Statement) -> bool:
        return self._knows_failing or statement is not catalogue.FAILURE_STREAKS

    def _put_failing(self, failing: pl.DataFrame) -> None:
        self._put("failing", failing)
        self._parting = _successes(failing)

    def _read_failing(self, ask: Asker) -> pl.DataFrame:
        """Empty where the year can't be read: the rule on rows of failures then asks for itself, all else goes on."""
        asked: dict[str, Value] = {
            "scan_start_us": self.start_us - int(limits.STREAK_LOOKBACK_HOURS * HOUR_US),
            "since_us": self.start_us,
            "window_end_us": self.whole_us,
            "run_keys": ",".join(self._repaired),
        }
        try:
            failing = bounded(ask, catalogue.FAILING_RUNS, asked)
        except StatementCanceled:
            raise
        except (SourceError, TooWide):
            self._knows_failing = False
            return pl.DataFrame(schema=catalogue.FAILING_RUNS.schema)
        self._knows_failing = True
        return failing

    def _failing_anew(self, ask: Asker, revived: pl.Series, news: pl.Series) -> pl.DataFrame | None:
        """What rows of failures begin with when a success that parted them is news, however old it is; else None."""
        self._repaired.extend(revived)
        failing, parting = None, self._parting
        while (again := parting.filter(parting.is_in(news.implode()))).len():
            self._repaired.extend(again)
            failing = self._read_failing(ask)
            parting = _successes(failing)
        return failing

    def _older_runs(self, ask: Asker, known: pl.Series) -> pl.Series:
        """Hashes of the runs that are not here.

        Eight bytes a run, because there are many more than in the window; two runs that share them cost a question.
        Raises TooWide where they can't be read: without them no copy is right, but the source may still answer.
        """
        hours = (self.whole_us - self.start_us) / HOUR_US
        parts = 1 + int(known.len() / hours * limits.RUN_LOOKBACK_HOURS / _IDS_AT_ONCE)
        step_us = (self.whole_us - self._scan_start_us) // parts + 1
        older = pl.Series(dtype=pl.UInt64)
        for since_us in range(self._scan_start_us, self.whole_us, step_us):
            asked = {"scan_start_us": since_us, "window_end_us": min(since_us + step_us, self.whole_us)}
            try:
                keys = bounded(ask, catalogue.RUN_IDS, asked).get_column("run_key")
            except StatementCanceled:
                raise
            except SourceError as error:
                raise TooWide from error
            older.append(keys.filter(~keys.is_in(known.implode())).hash())
            if older.len() > limits.MIRROR_IDS:
                raise TooWide
        return older

    def _slices_since(self, since_us: int) -> dict[str, Value]:
        return {
            "scan_start_us": self._scan_start_us,
            "since_us": since_us,
            "window_end_us": self.whole_us,
            "run_keys": "",
        }

    @property
    def _scan_start_us(self) -> int:
        return self.start_us - int(limits.RUN_LOOKBACK_HOURS * HOUR_US)

    def _read_news(self, ask: Asker, end_us: int) -> None:
        news = bounded(
            ask,
            catalogue.RUN_SLICES,
            {
                "scan_start_us": self._news_since_us - _LONGEST_SLICE_US,
                "since_us": self._news_since_us,
                "window_end_us": end_us,
                "whole_runs": False,
                "silent_us": _SILENT_US,
                "run_keys": "",
            },
        )
        changed = bounded(ask, catalogue.CHANGED_JOBS, {"since_us": self.whole_us - OVERLAP_US})
        keys = _keys(news)
        # Runs that have older slices which the copy lacks: they ended before its window, and were repaired.
        revived = keys.filter(keys.hash().is_in(self._older.implode()))
        repaired = self._whole_runs(ask, revived) if revived.len() else None
        failing = self._failing_anew(ask, revived, keys)
        with transaction(self._connection):
            self._put("news", news)
            self._put("changed_jobs", changed)
            if repaired is not None:
                self._append("repaired", repaired)
            if failing is not None:
                self._put_failing(failing)
        if repaired is not None:
            self._older = self._older.filter(~self._older.is_in(revived.hash().implode()))

    def _whole_runs(self, ask: Asker, keys: pl.Series) -> pl.DataFrame:
        asked = {
            **self._slices_since(self.whole_us),
            "whole_runs": True,
            "silent_us": 0,
            "run_keys": ",".join(keys),
        }
        slices = bounded(ask, catalogue.RUN_SLICES, asked)
        settled = pl.col("period_end_time").dt.timestamp("us") < self._news_since_us
        return slices.filter(_KEY.is_in(keys.implode()) & settled)


# Ids of runs are unique within a workspace only.
_KEY = pl.concat_str(pl.col("workspace_id").fill_null(""), pl.lit("/"), pl.col("run_id"))


def _keys(slices: pl.DataFrame) -> pl.Series:
    """Without those that a list of keys, parted by commas, can't name: they could never be asked for."""
    keys = slices.select(_KEY.alias("run_key")).to_series().drop_nulls().unique()
    return keys.filter(~keys.str.contains(",", literal=True))


def _successes(failing: pl.DataFrame) -> pl.Series:
    return _keys(failing.filter(pl.col("result_state").is_in(_SUCCESS)))
