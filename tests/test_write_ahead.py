"""The switch to the log written ahead, where several processes open a new file at once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import cast

import pytest

from sysmon_tui.write_ahead import use_write_ahead_log
from tests.alerts.test_store_file_errors import coded


class Switching:
    """A connection whose switch to the log fails in turn, and then goes through; `asked` is what was executed."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.asked: list[str] = []

    def execute(self, statement: str) -> None:
        self.asked.append(statement)
        if self.errors:
            raise self.errors.pop(0)


def switch(connection: Switching) -> None:
    use_write_ahead_log(cast(sqlite3.Connection, connection), 10.0)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, by a clock that goes on by five seconds with each pause."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    monkeypatch.setattr(time, "monotonic", lambda: 100.0 + 5 * len(found))
    return found


def busy(times: int) -> list[Exception]:
    return [coded(sqlite3.SQLITE_BUSY) for _ in range(times)]


def test_a_switch_that_others_hold_up_is_tried_again(pauses: list[float]) -> None:
    """After a moment each, up to ten seconds."""
    connection = Switching(*busy(3))
    switch(connection)
    assert connection.asked == ["PRAGMA journal_mode = WAL"] * 4
    assert pauses == [0.02] * 3


@pytest.mark.parametrize(
    ("errors", "waits"),
    [(lambda: busy(9), 3), (lambda: [coded(sqlite3.SQLITE_IOERR_READ)], 0)],
)
def test_a_switch_that_does_not_get_through_fails(
    pauses: list[float], errors: Callable[[], list[Exception]], waits: int
) -> None:
    """When the time is over; at once where it is nobody's turn to wait for."""
    with pytest.raises(sqlite3.OperationalError, match="as SQLite says it"):
        switch(Switching(*errors()))
    assert len(pauses) == waits
