"""A result in its chunks: read side by side, put in order, within bounds.

A chunk by links takes two requests, one for the link and one for its bytes. It is begun with the first of them sent and
the second under way, and finished when its rows are here.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import polars as pl

from sysmon_tui import limits
from sysmon_tui.datasets.statement import Statement
from sysmon_tui.errors import StatementFailed
from sysmon_tui.sources.base import conform
from sysmon_tui.sources.databricks.decode import PartUnreadable, arrow_frame, empty_frame, rows_frame
from sysmon_tui.sources.databricks.link_body import Body
from sysmon_tui.sources.databricks.side_by_side import SideBySide

# What an entry of `external_links` leads to.
OpenLink = Callable[[Mapping[str, Any]], Body]
# The answer of the workspace about the chunk of that number.
GetChunk = Callable[[int], dict[str, Any]]


class _Begun(NamedTuple):
    """A chunk on its way; `body` is that of its first link, None if it has none or the storage refuses it."""

    number: int
    answer: Mapping[str, Any]
    body: Body | None


class Chunks:
    """The rows of one statement that has SUCCEEDED. `check` raises when nobody waits for them, or time is up."""

    def __init__(
        self,
        statement: Statement,
        manifest: Mapping[str, Any],
        get: GetChunk,
        open_link: OpenLink,
        check: Callable[[], None],
    ) -> None:
        self._statement = statement
        self._manifest = manifest
        self._columns = (manifest.get("schema") or {}).get("columns") or []
        self._get = get
        self._open = open_link
        self._check = check
        self._frames: dict[int, pl.DataFrame] = {}
        self._counting = threading.Lock()
        self._downloads: SideBySide[_Begun] | None = None
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
        if total == 1:
            self._put(self._begin(0, first))
        elif isinstance(total, int):
            self._downloads = SideBySide(total, lambda number: self._begin(number, first), self._put, _drop)
            self._downloads.run()
        else:
            self._walk(self._put(self._begin(0, first)))
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
        except pl.exceptions.PolarsError:  # they name their types differently
            return pl.concat([conform(frame, self._statement) for frame in frames])

    def _walk(self, following: int | None) -> None:
        """Without a count the chunks name each other; the absence of the next number ends them: 0 is a number."""
        index = 0
        while following is not None:
            if following <= index:
                raise StatementFailed("The chunks of the result do not come in order.")
            self._check()
            index = following
            following = self._put(self._begin(index, {}))

    def _begin(self, number: int, first: Mapping[str, Any]) -> _Begun:
        """`first` is the answer about the first chunk."""
        answer = self._get(number) if number else first
        links = answer.get("external_links")
        return _Begun(number, answer, self._opened(links[0]) if links else None)

    def _put(self, begun: _Begun) -> int | None:
        """Keep the rows of a chunk. Answers the number of the one that follows, if it says so."""
        answer = begun.answer
        following = answer.get("next_chunk_index")
        if answer.get("data_array"):
            rows = rows_frame(self._columns, answer["data_array"], self._statement)
            self._frames[begun.number] = rows
            self._count(int(rows.estimated_size()))  # what came over the wire is not told
        for place, link in enumerate(answer.get("external_links") or ()):
            own = link.get("chunk_index", begun.number)
            self._frames[own] = self._linked(link, own, self._opened(link) if place else begun.body)
            following = link.get("next_chunk_index")
        return following

    def _opened(self, link: Mapping[str, Any]) -> Body | None:
        try:
            return self._open(link)
        except PartUnreadable:
            return None

    def _linked(self, link: Mapping[str, Any], index: int, body: Body | None) -> pl.DataFrame:
        """A link that is refused or brings something else than it promised is asked for anew, once."""
        if body is not None:
            with contextlib.suppress(PartUnreadable):
                return self._once(link, body)
        self._check_all()
        again = self._get(index).get("external_links") or []
        link = next((one for one in again if one.get("chunk_index", index) == index), link)
        return self._once(link, self._open(link))

    def _once(self, link: Mapping[str, Any], body: Body) -> pl.DataFrame:
        with body.read(self._count) as stream:
            frame = arrow_frame(stream, self._statement)
        if link.get("row_count", frame.height) != frame.height:
            raise PartUnreadable("A part of the result has other rows than it should.", "Ask again.")
        return frame

    def _check_all(self) -> None:
        self._check()
        if self._downloads is not None and self._downloads.gave_up:
            raise StatementFailed("Another part of the answer failed.")  # which is what will be told

    def _count(self, size_bytes: int) -> None:
        self._check_all()
        with self._counting:
            self.read_bytes += size_bytes
            if self.read_bytes > limits.MAX_RESULT_BYTES:
                raise StatementFailed(
                    "The answer is larger than this program reads.", "Choose a shorter window."
                )

    def _no_rows(self) -> pl.DataFrame:
        return (
            rows_frame(self._columns, [], self._statement) if self._columns else empty_frame(self._statement)
        )


def _drop(begun: _Begun) -> None:
    if begun.body is not None:
        begun.body.close()
