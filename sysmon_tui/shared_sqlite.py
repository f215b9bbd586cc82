"""SQLite files that several processes write at once, on disks that may be slow.

They have a log written ahead: with a rollback journal each commit holds the file through several flushes, and readers
keep writers out. And who waits asks again at short, uneven times: SQLite's own wait asks ever more seldom, so that who
waits long loses to who came just now, and is refused where many are at it.
"""

from __future__ import annotations

import random
import sqlite3
import time

_PAUSES_S = (0.001, 0.015)


def use_write_ahead_log(connection: sqlite3.Connection, busy_s: float) -> None:
    """Two processes may switch a new file at once, which SQLite's own wait does not cover.

    Raises sqlite3.Error where the file is none of SQLite's, or is held for longer than `busy_s`.
    """
    _execute(connection, "PRAGMA journal_mode = WAL", busy_s)


def begin(connection: sqlite3.Connection, busy_s: float) -> None:
    """Begin a transaction that writes. Raises sqlite3.Error where others hold the file for longer than `busy_s`."""
    connection.execute("PRAGMA busy_timeout = 0")
    _execute(connection, "BEGIN IMMEDIATE", busy_s)


def _execute(connection: sqlite3.Connection, statement: str, busy_s: float) -> None:
    deadline_s = time.monotonic() + busy_s
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline_s:
                raise
            time.sleep(random.uniform(*_PAUSES_S))  # noqa: S311 (no secret)
        else:
            return
