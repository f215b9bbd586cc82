"""Requests for tests of sources: a text, its parameters, the columns that it answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import pytest

from sysmon_tui.datasets.statement import Statement, Value
from sysmon_tui.errors import SourceError
from sysmon_tui.sources.base import Request, Source

TEXT = pl.String()
COUNT = pl.Int64()
NUMBER = pl.Float64()
FLAG = pl.Boolean()
INSTANT = pl.Datetime("us", "UTC")

# Long enough to be caught at work on any machine; nothing of it can be answered from statistics.
SLOW = "SELECT SUM(a.id * b.id % 7) AS n FROM range(3000000) AS a(id) CROSS JOIN range(1000000) AS b(id)"

# As long, with a row per step: an engine that streams is caught while its rows become a frame.
STREAMED = "SELECT a.id * b.id AS n FROM range(3000000) AS a(id) CROSS JOIN range(1000000) AS b(id)"


def request(
    text: str,
    schema: Mapping[str, pl.DataType],
    parameters: Mapping[str, tuple[str, Value]] | None = None,
    *,
    ceiling: int = 100,
    timeout_s: float = 20.0,
    name: str = "probe",
) -> Request:
    """`parameters` are (type, value) by name."""
    given = parameters or {}
    statement = Statement(name, {key: kind for key, (kind, _) in given.items()}, schema, ceiling=ceiling)
    return Request(statement, text, {key: value for key, (_, value) in given.items()}, timeout_s, panel=name)


def one(source: Source, text: str, dtype: pl.DataType, **parameters: tuple[str, Value]) -> Any:
    """The single value of `SELECT ... AS v`."""
    return source.execute(request(text, {"v": dtype}, parameters)).item()


def failure(source: Source, wanted: Request, kind: type[SourceError]) -> SourceError:
    """The error that the request ends in."""
    with pytest.raises(kind) as caught:
        source.execute(wanted)
    return caught.value


class Attempt:
    """A call in a thread of its own: what it raised, once it has ended."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.error: BaseException | None = None
        self._call = call
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._call()
        except BaseException as error:
            self.error = error

    def result(self, within_s: float) -> BaseException | None:
        self._thread.join(within_s)
        assert not self._thread.is_alive(), f"still at work after {within_s} s"
        return self.error
