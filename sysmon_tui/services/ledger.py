"""What was spent by day, kept over restarts and shared by all processes of a user: today is more than this process.

A SQLite file in the state directory. Where it can't be written the figures hold for this process alone, which is said.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from sysmon_tui.shared_sqlite import begin, use_write_ahead_log

T = TypeVar("T")

_log = logging.getLogger(__name__)

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS spent (
        tenant TEXT, day TEXT, panel TEXT, statements INTEGER, seconds REAL, rows INTEGER, bytes INTEGER,
        PRIMARY KEY (tenant, day, panel)
    );
    CREATE TABLE IF NOT EXISTS awake (tenant TEXT, day TEXT, seconds REAL, PRIMARY KEY (tenant, day));
    CREATE TABLE IF NOT EXISTS awake_span (tenant TEXT PRIMARY KEY, from_s REAL, until_s REAL);
"""
_ADD = """
    INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        statements = statements + excluded.statements, seconds = seconds + excluded.seconds,
        rows = rows + excluded.rows, bytes = bytes + excluded.bytes
"""
_LENGTHEN = """
    INSERT INTO awake VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seconds = seconds + excluded.seconds
"""
_OF_DAY = "SELECT panel, statements, seconds, rows, bytes FROM spent WHERE tenant = ? AND day = ?"
_SPAN = "SELECT from_s, until_s FROM awake_span WHERE tenant = ?"
_AWAKE = "SELECT seconds FROM awake WHERE tenant = ? AND day = ?"
_BUSY_S = 2.0
_GLANCE_S = 0.05
_KEEP_DAYS = 35
# A span that ends so far after what runs now was written by a clock that was wrong.
_CLOCK_WAS_AHEAD_S = 86_400.0


@dataclass(frozen=True)
class Spent:
    """Statements, their seconds from hand-in to last row, the rows and bytes that they answered."""

    statements: int = 0
    seconds: float = 0.0
    rows: int = 0
    size_bytes: int = 0

    def plus(self, other: Spent) -> Spent:
        return replace(
            self,
            statements=self.statements + other.statements,
            seconds=self.seconds + other.seconds,
            rows=self.rows + other.rows,
            size_bytes=self.size_bytes + other.size_bytes,
        )


# A day, what its panels spent, the seconds awake.
Day = tuple[str, dict[str, Spent], float]


class Ledger:
    """One tenant's. `path` None keeps it in memory alone. From any thread."""

    def __init__(self, tenant: str, path: Callable[[], Path] | None = None) -> None:
        self._tenant = tenant
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._known: Day | None = None
        self.is_kept = path is not None

    def add(self, day: str, panel: str, spent: Spent, began_s: float, awake_until_s: float) -> float:
        """Note a statement. Answers by how many seconds it has lengthened the time that the warehouse is awake for us.

        `began_s` and `awake_until_s` are seconds since 1970. What another statement keeps awake anyway counts once.
        """
        values = (spent.statements, spent.seconds, spent.rows, spent.size_bytes)

        def work(connection: sqlite3.Connection) -> tuple[float, Day]:
            connection.execute(_ADD, (self._tenant, day, panel, *values))
            known = connection.execute(_SPAN, (self._tenant,)).fetchone()
            if known is not None and known[1] > awake_until_s + _CLOCK_WAS_AHEAD_S:
                known = None
            from_s, until_s, longer_s = _lengthened(known, began_s, awake_until_s)
            connection.execute("REPLACE INTO awake_span VALUES (?, ?, ?)", (self._tenant, from_s, until_s))
            connection.execute(_LENGTHEN, (self._tenant, day, longer_s))
            return longer_s, self._read(connection, day)

        longer_s, self._known = self._in_transaction(work)
        return longer_s

    def day(self, day: str) -> tuple[dict[str, Spent], float]:
        """What a day's panels have spent, and the seconds that the warehouse was awake for us.

        Where another holds the file, as this process saw it last: a screen must not wait for that.
        """
        try:
            self._known = self._in_transaction(lambda connection: self._read(connection, day), _GLANCE_S)
        except (sqlite3.Error, OSError):
            if self._known is None or self._known[0] != day:
                return {}, 0.0
        return self._known[1], self._known[2]

    def _read(self, connection: sqlite3.Connection, day: str) -> Day:
        found = connection.execute(_OF_DAY, (self._tenant, day)).fetchall()
        awake = connection.execute(_AWAKE, (self._tenant, day)).fetchone()
        return day, {panel: Spent(*values) for panel, *values in found}, awake[0] if awake else 0.0

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _in_transaction(self, work: Callable[[sqlite3.Connection], T], busy_s: float = _BUSY_S) -> T:
        glance = busy_s < _BUSY_S
        if not self._lock.acquire(timeout=busy_s if glance else -1):
            raise sqlite3.OperationalError("another thread is at it")
        try:
            return self._once(work, busy_s)
        except (sqlite3.Error, OSError) as error:
            if not self.is_kept or glance:
                raise
            _log.warning("what is spent is not kept over restarts: %s", error)
            self._connection, self.is_kept = None, False
            return self._once(work, busy_s)
        finally:
            self._lock.release()

    def _once(self, work: Callable[[sqlite3.Connection], T], busy_s: float) -> T:
        if self._connection is None:
            self._connection = self._opened(busy_s)
        with self._connection:  # commits, or rolls back
            begin(self._connection, busy_s)
            return work(self._connection)

    def _opened(self, busy_s: float) -> sqlite3.Connection:
        path: str | Path = ":memory:"
        if self.is_kept and self._path is not None:
            path = self._path()
            path.touch(mode=0o600)
        connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
        if self.is_kept:
            use_write_ahead_log(connection, busy_s)
            connection.execute(
                "PRAGMA synchronous = NORMAL"
            )  # after a power cut the last figures may be missing
        connection.executescript(_SCHEMA)
        if not self.is_kept and self._known is not None:
            self._carry(connection, self._known)
        connection.execute("DELETE FROM spent WHERE day < date('now', ?)", (f"-{_KEEP_DAYS} days",))
        connection.execute("DELETE FROM awake WHERE day < date('now', ?)", (f"-{_KEEP_DAYS} days",))
        return connection

    def _carry(self, connection: sqlite3.Connection, known: Day) -> None:
        """What is known of the day into a record that begins anew."""
        day, panels, awake_s = known
        for panel, spent in panels.items():
            values = (spent.statements, spent.seconds, spent.rows, spent.size_bytes)
            connection.execute(_ADD, (self._tenant, day, panel, *values))
        connection.execute(_LENGTHEN, (self._tenant, day, awake_s))


def _lengthened(
    known: tuple[float, float] | None, began_s: float, until_s: float
) -> tuple[float, float, float]:
    """The span awake with this statement in it, and by how much it is longer; never too little."""
    if known is None or began_s > known[1]:
        return began_s, until_s, until_s - began_s
    earlier_s, later_s = max(0.0, known[0] - began_s), max(0.0, until_s - known[1])
    return min(known[0], began_s), max(known[1], until_s), earlier_s + later_s
