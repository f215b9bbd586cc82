"""A local copy of a table: what all copies have in common.

A copy is what a whole reading found, which never changes, and the news: all rows since a moment well before the newest
event of that reading, read again as a whole each time. Nothing is deleted or counted on, so nothing can drift.
"""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Protocol, Self

import duckdb
import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import to_micros
from sysmon_tui.datasets.statement import Statement, Value
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.embedded import CATALOG, EmbeddedSource

HOUR_US = 3_600_000_000
# Of all copies in the process: what they do takes milliseconds, and memory.
_one_at_a_time = threading.Lock()
OVERLAP_US = int(limits.MIRROR_OVERLAP_HOURS * HOUR_US)


class TooWide(Exception):
    """The window has more rows than a copy may hold, or they can't all be had: the source itself has to answer."""


@contextlib.contextmanager
def _narrow() -> Iterator[None]:
    """What our own engine can't hold is too wide. Raises TooWide."""
    try:
        yield
    except duckdb.Error as error:
        raise TooWide from error


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
        self._connection = duckdb.connect(
            config={
                "threads": 1,
                "preserve_insertion_order": False,  # it would hold rows back; our statements order theirs
                "temp_directory": "",  # rows of a workspace go to no disk
            }
        )
        self._connection.execute(f"ATTACH ':memory:' AS {CATALOG} (COMPRESS)")
        self._local = EmbeddedSource(self._connection.cursor())

    @classmethod
    def whole(cls, ask: Asker, start_us: int, end_us: int) -> Self:
        """A copy made anew. Raises SourceError, TooWide."""
        copy = cls(start_us, end_us)
        try:
            with _narrow():
                copy._read_whole(ask)
                copy._connection.execute(cls._views)
                copy._pack()
        except BaseException:
            copy.close()  # an error that somebody keeps would keep its rows
            raise
        return copy

    def read_news(self, ask: Asker, end_us: int) -> None:
        """What may have changed up to `end_us`. Raises SourceError, TooWide; the copy is then as it was."""
        with _narrow():
            self._read_news(ask, end_us)
            self._pack()
        self.read_us = end_us

    @abstractmethod
    def _read_whole(self, ask: Asker) -> None: ...

    @abstractmethod
    def _read_news(self, ask: Asker, end_us: int) -> None: ...

    def knows(self, statement: Statement) -> bool:
        """Whether it can answer one of `answers` now."""
        return True

    def execute(self, request: Request) -> pl.DataFrame:
        with _one_at_a_time:
            try:
                return self._local.execute(replace(request, text=request.statement.without_comments))
            finally:
                self._give_back()

    def cancel(self, request_id: str) -> None:
        self._local.cancel(request_id)

    def close(self) -> None:
        self._local.close()
        with contextlib.suppress(duckdb.Error):
            self._connection.close()

    def _pack(self) -> None:
        """The rows as small as they get: a table in memory is compressed by a checkpoint, and by nothing else."""
        with _one_at_a_time:  # no statement may be at work
            self._connection.execute(f"CHECKPOINT {CATALOG}")
            self._give_back()

    def _give_back(self) -> None:
        """Free memory to the system: the engine's allocator does that when a limit is set, hardly ever by itself."""
        with contextlib.suppress(duckdb.Error):  # closed meanwhile, or more is in use: statements then say so
            self._connection.execute(f"SET memory_limit = '{limits.MIRROR_MEMORY_MB}MB'")

    def _put_split(self, rows: pl.DataFrame, time: str) -> None:
        """What is settled and what is news as tables, by how far the rows have come."""
        newest = rows.get_column(time).max()
        if isinstance(newest, datetime):
            self._news_since_us = to_micros(newest) - OVERLAP_US
        late = pl.col(time).dt.timestamp("us") >= self._news_since_us
        self._put("settled", rows.clear())
        for part in rows.iter_slices(limits.MIRROR_SLICE_ROWS):  # not all at once: that would hold them twice
            self._append("settled", part.filter(~late))
        self._put("news", rows.filter(late))

    def _put(self, table: str, frame: pl.DataFrame) -> None:
        """The frame as a table; one of that name is replaced, for statements that begin after this."""
        rows = _Rows(frame)  # noqa: F841 (DuckDB finds it by its name)
        self._connection.execute(f"CREATE OR REPLACE TABLE {CATALOG}.main.{table} AS SELECT * FROM rows")

    def _append(self, table: str, frame: pl.DataFrame) -> None:
        rows = _Rows(frame)  # noqa: F841 (DuckDB finds it by its name)
        self._connection.execute(f"INSERT INTO {CATALOG}.main.{table} SELECT * FROM rows")


def bounded(ask: Asker, statement: Statement, values: Mapping[str, Value]) -> pl.DataFrame:
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
