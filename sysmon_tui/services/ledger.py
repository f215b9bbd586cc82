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

T = TypeVar("T")

_log = logging.getLogger(__name__)

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS spent (
        tenant TEXT, day TEXT, panel TEXT, statements INTEGER, seconds REAL, rows INTEGER, bytes INTEGER,
        PRIMARY KEY (tenant, day, panel)
    );
    CREATE TABLE IF NOT EXISTS awake (tenant TEXT, day TEXT, seconds REAL, PRIMARY KEY (tenant, day));
    CREATE TABLE IF NOT EXISTS awake_until (tenant TEXT PRIMARY KEY, at_s REAL);
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
_AWAKE = "SELECT seconds FROM awake WHERE tenant = ? AND day = ?"
_BUSY_S = 2.0
_KEEP_DAYS = 35


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


class Ledger:
    """One tenant's. `path` None keeps it in memory alone. From any thread."""

    def __init__(self, tenant: str, path: Callable[[], Path] | None = None) -> None:
        self._tenant = tenant
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self.is_kept = path is not None

    def add(self, day: str, panel: str, spent: Spent, began_s: float, awake_until_s: float) -> float:
        """Note a statement. Answers by how many seconds it has lengthened the time that the warehouse is awake for us.

        `began_s` and `awake_until_s` are seconds since 1970. What another statement keeps awake anyway counts once.
        """
        values = (spent.statements, spent.seconds, spent.rows, spent.size_bytes)

        def work(connection: sqlite3.Connection) -> float:
            connection.execute(_ADD, (self._tenant, day, panel, *values))
            known = connection.execute(
                "SELECT at_s FROM awake_until WHERE tenant = ?", (self._tenant,)
            ).fetchone()
            longer_s = max(0.0, awake_until_s - max(began_s, known[0] if known else began_s))
            if longer_s:
                connection.execute("REPLACE INTO awake_until VALUES (?, ?)", (self._tenant, awake_until_s))
                connection.execute(_LENGTHEN, (self._tenant, day, longer_s))
            return longer_s

        return self._in_transaction(work)

    def day(self, day: str) -> tuple[dict[str, Spent], float]:
        """What a day's panels have spent, and the seconds that the warehouse was awake for us."""

        def work(connection: sqlite3.Connection) -> tuple[dict[str, Spent], float]:
            found = connection.execute(_OF_DAY, (self._tenant, day)).fetchall()
            awake = connection.execute(_AWAKE, (self._tenant, day)).fetchone()
            return {panel: Spent(*values) for panel, *values in found}, awake[0] if awake else 0.0

        return self._in_transaction(work)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _in_transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                return self._once(work)
            except (sqlite3.Error, OSError) as error:
                if not self.is_kept:
                    raise
                _log.warning("what is spent is not kept over restarts: %s", error)
                self._connection, self.is_kept = None, False
                return self._once(work)

    def _once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._opened()
        with self._connection:  # commits, or rolls back
            self._connection.execute("BEGIN IMMEDIATE")
            return work(self._connection)

    def _opened(self) -> sqlite3.Connection:
        path: str | Path = ":memory:"
        if self.is_kept and self._path is not None:
            path = self._path()
            path.touch(mode=0o600)
        connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        connection.executescript(_SCHEMA)
        connection.execute("DELETE FROM spent WHERE day < date('now', ?)", (f"-{_KEEP_DAYS} days",))
        connection.execute("DELETE FROM awake WHERE day < date('now', ?)", (f"-{_KEEP_DAYS} days",))
        return connection
