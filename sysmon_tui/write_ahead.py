"""SQLite's write-ahead log for files that several processes write: who commits doesn't wait for the disk with the lock.

With a rollback journal each commit holds the file through several flushes; on a slow disk two busy writers kept a
third from it for longer than it waits.
"""

from __future__ import annotations

import sqlite3
import time


def use_write_ahead_log(connection: sqlite3.Connection, busy_s: float) -> None:
    """SQLite's own wait does not cover two processes that switch a new file at once, so wait here.

    Raises sqlite3.Error where the file is none of SQLite's, or is held for longer than `busy_s`.
    """
    deadline = time.monotonic() + busy_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
