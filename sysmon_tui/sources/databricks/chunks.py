"""A result in its chunks: read side by side, put in order, within bounds.

A chunk by links takes two requests, one for the link and one for its bytes. Most of that is waiting, so several are
under way at a time.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import polars as pl

from sysmon_tui import limits
from sysmon_tui.datasets.statement import Statement
from sysmon_tui.errors import StatementFailed
from sysmon_tui.sources.base import conform
from sysmon_tui.sources.databricks.decode import PartUnreadable, arrow_frame, empty_frame, rows_frame
from sysmon_tui.threads import together

# Lends the bytes behind a link; calls the second argument with the size of each block, which may raise.
ReadLink = Callable[[Mapping[str, Any], Callable[[int], None]], AbstractContextManager[io.BytesIO]]
# The answer of the workspace about the chunk of that number.
GetChunk = Callable[[int], dict[str, Any]]


class Chunks:
    """The rows of one statement that has SUCCEEDED. `check` raises when nobody waits for them, or time is up."""

    def __init__(
        self,
        statement: Statement,
        manifest: Mapping[str, Any],
        get: GetChunk,
        read: ReadLink,
        check: Callable[[], None],
    ) -> None:
        self._statement = statement
        self._manifest = manifest
        self._columns = (manifest.get("schema") or {}).get("columns") or []
        self._get = get
        self._read = read
        self._check = check
        self._frames: dict[int, pl.DataFrame] = {}
        self._taking = threading.Lock()
        self._gave_up = threading.Event()
        self.read_bytes = 0

    def frame(self, first: Mapping[str, Any]) -> pl.DataFrame:
        """All rows; `first` is what came with the manifest.

        Raises SourceError, and StorageUnreachable if the links lead nowhere.
        """
        rows = self._manifest.get("total_row_count")
        if isinstance(rows, int) and rows > limits.MAX_RESULT_ROWS:
            raise StatementFailed(
                f"The answer has {rows:,} rows, more than this program reads.", "Choose a shorter window."
            )
        total = self._manifest.get("total_chunk_count")
        if isinstance(total, int):
            self._read_together(first, total)
        else:
            self._walk(self._put(first, 0))
        # Once, not part by part: that was a tenth of the time of a large answer.
        frame = conform(self._joined(), self._statement)
        if isinstance(rows, int) and frame.height != rows:
            raise StatementFailed(f"{frame.height} of {rows} rows arrived.", "Ask again.")
        return frame

    def _joined(self) -> pl.DataFrame:
        """The parts in order. They are let go: what becomes of the whole needs their memory."""
        frames = [self._frames.pop(index) for index in sorted(self._frames)] or [self._no_rows()]
        try:
            return pl.concat(frames)
        except pl.exceptions.PolarsError as error:
            raise StatementFailed(
                f"The parts of the answer to {self._statement.name} differ in their columns.", "Ask again."
            ) from error

    def _read_together(self, first: Mapping[str, Any], total: int) -> None:
        """More at a time while chunks are slow, which is the network's; on a fast one more would only be in the way."""
        indexes = iter(range(total))
        gate = threading.Semaphore(limits.CHUNKS_AT_FIRST)
        more = iter(range(limits.CHUNKS_AT_ONCE - limits.CHUNKS_AT_FIRST))

        def work() -> None:
            while True:
                with gate:
                    began_s = time.monotonic()
                    with self._taking:
                        index = None if self._gave_up.is_set() else next(indexes, None)
                    if index is None:
                        return
                    try:
                        self._put(self._get(index) if index else first, index)
                    except BaseException:
                        self._gave_up.set()
                        raise
                    if time.monotonic() - began_s > limits.SLOW_CHUNK_S and next(more, None) is not None:
                        gate.release()

        if total == 1:
            self._put(first, 0)
        elif total:
            together(*[work] * min(limits.CHUNKS_AT_ONCE, total))

    def _walk(self, following: int | None) -> None:
        """Without a count the chunks name each other; the absence of the next number ends them: 0 is a number."""
        index = 0
        while following is not None:
            if following <= index:
                raise StatementFailed("The chunks of the result do not come in order.")
            self._check()
            index = following
            following = self._put(self._get(index), index)

    def _put(self, part: Mapping[str, Any], index: int) -> int | None:
        """Keep the rows of a chunk. Answers the number of the one that follows, if it says so."""
        following = part.get("next_chunk_index")
        if part.get("data_array"):
            self._frames[index] = rows_frame(self._columns, part["data_array"], self._statement)
            self._count(int(self._frames[index].estimated_size()))  # what came over the wire is not told
        for link in part.get("external_links") or ():
            own = link.get("chunk_index", index)
            self._frames[own] = self._linked(link, own)
            following = link.get("next_chunk_index")
        return following

    def _linked(self, link: Mapping[str, Any], index: int) -> pl.DataFrame:
        """A link that is refused or brings something else than it promised is asked for anew, once."""
        try:
            return self._once(link)
        except PartUnreadable:
            again = self._get(index).get("external_links") or []
        return self._once(next((one for one in again if one.get("chunk_index", index) == index), link))

    def _once(self, link: Mapping[str, Any]) -> pl.DataFrame:
        with self._read(link, self._count) as stream:
            frame = arrow_frame(stream, self._statement)
        if link.get("row_count", frame.height) != frame.height:
            raise PartUnreadable("A part of the result has other rows than it should.", "Ask again.")
        return frame

    def _count(self, size_bytes: int) -> None:
        self._check()
        with self._taking:
            self.read_bytes += size_bytes
            if self.read_bytes > limits.MAX_RESULT_BYTES:
                raise StatementFailed(
                    "The answer is larger than this program reads.", "Choose a shorter window."
                )

    def _no_rows(self) -> pl.DataFrame:
        return (
            rows_frame(self._columns, [], self._statement) if self._columns else empty_frame(self._statement)
        )
