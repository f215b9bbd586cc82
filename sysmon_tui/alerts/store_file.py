"""The file behind the record of deliveries: how it is made, opened and, when unreadable, put aside."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from pathlib import Path

from sysmon_tui.errors import SysmonError

_log = logging.getLogger(__name__)

_BUSY_S = 10.0
_VERSION = 1

_SCHEMA = """
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  tenant TEXT NOT NULL,
  alert_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('firing', 'resolved')),
  started_at_us INTEGER NOT NULL,
  channel TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed', 'dead')),
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  next_attempt_at_us INTEGER NOT NULL,
  lease_until_us INTEGER NOT NULL DEFAULT 0,
  lease_owner TEXT,
  created_at_us INTEGER NOT NULL,
  updated_at_us INTEGER NOT NULL,
  alert TEXT,  -- JSON; emptied when it is no longer needed
  UNIQUE (tenant, alert_id, state, started_at_us, channel)
)
"""


class StoreError(SysmonError):
    """The record can't be read or written: nothing is sent then, for it could be sent without end."""

    code = "delivery_record_failed"


def open_record(path: Path) -> sqlite3.Connection:
    """A connection to the record, made (0600) when it is missing, without an open transaction.

    An unreadable file is renamed to `.corrupt-<its last write>`. Raises StoreError for one of a newer
    version, sqlite3.Error and OSError for what the disk does.
    """
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise
    # A record that can't be read must not silence the alerts: a repeated notice is the smaller harm.
    aside = path.with_name(f"{path.name}.corrupt-{path.stat().st_mtime_ns}")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    _log.warning("the record of deliveries was unreadable: moved to %s, begun anew", aside.name)
    return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    # SQLite gives its side files the mode of the main file, so this one mode is enough.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        _use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            _make_schema(connection)
        elif version != _VERSION:
            raise StoreError(
                f"The record of deliveries {path.name} was written by a newer version.",
                "Upgrade, or move it away.",
            )
    except BaseException:
        connection.close()
        raise
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """SQLite's own wait does not cover two processes that switch a new file at once, so wait here."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _make_schema(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have made it while this one waited for the lock.
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        connection.execute(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")
