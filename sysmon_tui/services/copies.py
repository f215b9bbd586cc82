"""Local copies of the tables of runs and of warehouse events, each enough for the statements that it answers.

A copy is what a whole reading found, which never changes, and the news: all rows since a moment well before the newest
event of that reading, read again as a whole each time. Nothing is deleted or counted on, so nothing can drift.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Protocol, Self

import duckdb
import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import to_micros
from sysmon_tui.datasets import catalogue
from sysmon_tui.datasets.statement import Statement, Value
from sysmon_tui.services.threads import together
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.embedded import CATALOG, EmbeddedSource

_HOUR_US = 3_600_000_000
_OVERLAP_US = int(limits.MIRROR_OVERLAP_HOURS * _HOUR_US)
# A slice is an hour as a rule; its start is the column that prunes, its end the one that says when it is news.
_LONGEST_SLICE_US = 24 * _HOUR_US
_SILENT_US = int(limits.RUN_SILENT_HOURS * _HOUR_US)


class TooWide(Exception):
    """The window has more rows than a copy may hold."""


class Asker(Protocol):
    """Asks the source behind the copy. Raises SourceError."""

    def __call__(self, statement: Statement, values: Mapping[str, Value]) -> pl.DataFrame: ...


class Copy(ABC):
    """The window that began at `start_us`, read whole at `whole_us`, up to date as of `read_us`."""

    answers: ClassVar[tuple[Statement, ...]]
    _views: ClassVar[str]

    def __init__(self, start_us: int, end_us: int) -> None:
        self.start_us = start_us
        self.whole_us = self.read_us = end_us
        self._news_since_us = start_us  # all is news where nothing has been seen
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute(f"ATTACH ':memory:' AS {CATALOG}")
        self._local = EmbeddedSource(self._connection.cursor())

    @classmethod
    def whole(cls, ask: Asker, start_us: int, end_us: int) -> Self:
        """A copy made anew. Raises SourceError, TooWide."""
        copy = cls(start_us, end_us)
        copy._read_whole(ask)
        copy._connection.execute(cls._views)
        return copy

    @abstractmethod
    def _read_whole(self, ask: Asker) -> None: ...

    @abstractmethod
    def read_news(self, ask: Asker, end_us: int) -> None:
        """What may have changed up to `end_us`. Raises SourceError, TooWide; the copy is then as it was."""

    def execute(self, request: Request) -> pl.DataFrame:
        return self._local.execute(replace(request, text=request.statement.without_comments))

    def cancel(self, request_id: str) -> None:
        self._local.cancel(request_id)

    def close(self) -> None:
        self._local.close()
        with contextlib.suppress(duckdb.Error):
            self._connection.close()

    def _split(self, rows: pl.DataFrame, time: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What is settled and what is news, by how far the rows have come."""
        newest = rows.get_column(time).max()
        if isinstance(newest, datetime):
            self._news_since_us = to_micros(newest) - _OVERLAP_US
        late = pl.col(time).dt.timestamp("us") >= self._news_since_us
        return rows.filter(~late), rows.filter(late)

    def _put(self, table: str, frame: pl.DataFrame) -> None:
        """The frame as a table; one of that name is replaced, for statements that begin after this."""
        rows = _Rows(frame)  # noqa: F841 (DuckDB finds it by its name)
        self._connection.execute(f"CREATE OR REPLACE TABLE {CATALOG}.main.{table} AS SELECT * FROM rows")

    def _append(self, table: str, frame: pl.DataFrame) -> None:
        rows = _Rows(frame)  # noqa: F841 (DuckDB finds it by its name)
        self._connection.execute(f"INSERT INTO {CATALOG}.main.{table} SELECT * FROM rows")

    @contextlib.contextmanager
    def _at_once(self) -> Iterator[None]:
        """All tables that change within change together, for statements that begin after it."""
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


class RunsCopy(Copy):
    """Slices of whole runs, the latest versions of jobs, and what rows of failures began with."""

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
            lambda: _bounded(
                ask,
                catalogue.RUN_SLICES,
                {**self._slices_since(self.start_us), "whole_runs": True, "silent_us": _SILENT_US},
            ),
            lambda: _bounded(ask, catalogue.CHANGED_JOBS, {"since_us": 0}),
            lambda: self._failing(ask),
            lambda: _bounded(
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
            "scan_start_us": self.start_us - int(limits.STREAK_LOOKBACK_HOURS * _HOUR_US),
            "since_us": self.start_us,
            "window_end_us": self.whole_us,
            "run_ids": ",".join(self._repaired_ids),
        }
        return _bounded(ask, catalogue.FAILING_RUNS, asked)

    def _slices_since(self, since_us: int) -> dict[str, Value]:
        return {
            "scan_start_us": self._scan_start_us,
            "since_us": since_us,
            "window_end_us": self.whole_us,
            "run_ids": "",
        }

    @property
    def _scan_start_us(self) -> int:
        return self.start_us - int(limits.RUN_LOOKBACK_HOURS * _HOUR_US)

    def read_news(self, ask: Asker, end_us: int) -> None:
        news = _bounded(
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
        changed = _bounded(ask, catalogue.CHANGED_JOBS, {"since_us": self.whole_us - _OVERLAP_US})
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
        slices = _bounded(ask, catalogue.RUN_SLICES, asked)
        settled = pl.col("period_end_time").dt.timestamp("us") < self._news_since_us
        return slices.filter(pl.col("run_id").is_in(ids.implode()) & settled)


class EventsCopy(Copy):
    """Warehouse events, with what each warehouse was when the window began, and the warehouses' latest versions."""

    answers = (catalogue.WAREHOUSE_METRICS, catalogue.WAREHOUSE_EVENT_COUNTS)
    _views = f"""
        CREATE SCHEMA {CATALOG}.compute;
        CREATE VIEW {CATALOG}.compute.warehouse_events AS
            FROM {CATALOG}.main.settled UNION ALL BY NAME FROM {CATALOG}.main.news;
        CREATE VIEW {CATALOG}.compute.warehouses AS
            FROM {CATALOG}.main.warehouses UNION ALL BY NAME FROM {CATALOG}.main.changed_warehouses;
    """

    def _read_whole(self, ask: Asker) -> None:
        events, warehouses = together(
            lambda: _bounded(
                ask,
                catalogue.CARRIED_EVENTS,
                {
                    "scan_start_us": self.start_us - int(limits.WAREHOUSE_LOOKBACK_HOURS * _HOUR_US),
                    "since_us": self.start_us,
                    "window_end_us": self.whole_us,
                },
            ),
            lambda: _bounded(ask, catalogue.CHANGED_WAREHOUSES, {"since_us": 0}),
        )
        settled, news = self._split(events, "event_time")
        self._put("settled", settled)
        self._put("news", news)
        self._put("warehouses", warehouses)
        self._put("changed_warehouses", warehouses.clear())

    def read_news(self, ask: Asker, end_us: int) -> None:
        news = _bounded(
            ask,
            catalogue.CARRIED_EVENTS,
            {
                "scan_start_us": self._news_since_us,
                "since_us": self._news_since_us,
                "window_end_us": end_us,
            },
        )
        changed = _bounded(ask, catalogue.CHANGED_WAREHOUSES, {"since_us": self.whole_us - _OVERLAP_US})
        with self._at_once():
            self._put("news", news)
            self._put("changed_warehouses", changed)
        self.read_us = end_us


def _bounded(ask: Asker, statement: Statement, values: Mapping[str, Value]) -> pl.DataFrame:
    """The answer's rows with instants as the engine keeps them. Raises TooWide."""
    rows = ask(statement, {**values, "row_limit": statement.ceiling + 1})
    if rows.height > statement.ceiling:
        raise TooWide
    return rows


class _Rows:
    """A frame that DuckDB reads by the Arrow stream; for a Polars frame itself it wants pyarrow."""

    def __init__(self, frame: pl.DataFrame) -> None:
        instants = pl.selectors.datetime(time_zone="*").dt.replace_time_zone(None)
        self._frame = frame.with_columns(instants)

    def __arrow_c_stream__(self, schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(schema)
