"""Files that several processes write: who waits is neither refused early nor kept for ever."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from sysmon_tui import shared_sqlite
from sysmon_tui.shared_sqlite import begin, use_write_ahead_log
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
    """How long was waited, by a clock that goes on by five seconds with each pause.

    For that module alone: a server of other tests that reads such a clock sleeps for hours.
    """
    found: list[float] = []
    clock = SimpleNamespace(sleep=found.append, monotonic=lambda: 100.0 + 5 * len(found))
    monkeypatch.setattr(shared_sqlite, "time", clock)
    return found


def busy(times: int) -> list[Exception]:
    return [coded(sqlite3.SQLITE_BUSY) for _ in range(times)]


def test_a_switch_that_others_hold_up_is_tried_again(pauses: list[float]) -> None:
    """After a moment each, up to ten seconds."""
    connection = Switching(*busy(3))
    switch(connection)
    assert connection.asked == ["PRAGMA journal_mode = WAL"] * 4
    assert len(pauses) == 3 and all(0 < pause <= 0.02 for pause in pauses)


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


def test_who_waits_is_let_in_between_others(tmp_path: Path) -> None:
    """Others take the file in turn and leave it for a moment only, as on a slow disk: the first gap or a later one."""
    path = tmp_path / "shared.sqlite3"
    stop = threading.Event()
    let_in = threading.Event()

    def hog() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            while not stop.is_set():
                begin(connection, 30.0)
                let_in.set()
                time.sleep(0.03)
                connection.execute("ROLLBACK")

    with closing(sqlite3.connect(path, isolation_level=None)) as waiting:
        use_write_ahead_log(waiting, 10.0)
        hogs = [threading.Thread(target=hog) for _ in range(3)]
        for one in hogs:
            one.start()
        assert let_in.wait(10.0)
        try:
            for _ in range(20):
                begin(waiting, 30.0)
                waiting.execute("ROLLBACK")
        finally:
            stop.set()
            for one in hogs:
                one.join()
