"""The file behind the store of alerts: how it is made, opened and, when unreadable, put aside."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sysmon_tui import paths
from sysmon_tui.errors import SysmonError
from sysmon_tui.shared_sqlite import begin, use_write_ahead_log

_log = logging.getLogger(__name__)

_BUSY_S = 10.0
_VERSION = 1

# Instants are microseconds since 1970 (`_us`). `scope` is a tenant and the place that its rows come from.
_SCHEMA = """
CREATE TABLE life (
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  incident INTEGER NOT NULL,
  rule TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'firing', 'resolved')),
  started_us INTEGER NOT NULL,
  met_us INTEGER NOT NULL,
  detected_us INTEGER NOT NULL,
  head_us INTEGER NOT NULL,
  resolved_us INTEGER,
  unverified TEXT,
  acknowledged_by TEXT,
  acknowledged_us INTEGER,
  updated_us INTEGER NOT NULL,
  alert TEXT NOT NULL,
  PRIMARY KEY (scope, id, incident)
);
CREATE INDEX life_by_state ON life (scope, state, updated_us);
CREATE TABLE judged (
  scope TEXT NOT NULL,
  rule TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (scope, rule)
);
CREATE TABLE duty (
  scope TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  since_us INTEGER NOT NULL,
  until_us INTEGER NOT NULL
);
CREATE TABLE silence (
  id TEXT NOT NULL PRIMARY KEY,
  scope TEXT NOT NULL,
  matchers TEXT NOT NULL,
  starts_us INTEGER NOT NULL,
  ends_us INTEGER NOT NULL,
  reason TEXT NOT NULL,
  created_by TEXT NOT NULL
);
CREATE TABLE incident (
  scope TEXT NOT NULL,
  channel TEXT NOT NULL,
  key TEXT NOT NULL,
  opened INTEGER NOT NULL,
  told TEXT NOT NULL,
  held TEXT NOT NULL,
  told_us INTEGER,
  repeats INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL,
  is_open INTEGER NOT NULL,
  PRIMARY KEY (scope, channel, key, opened)
);
CREATE INDEX incident_open ON incident (scope, is_open);
CREATE TABLE notice (
  id INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  channel TEXT NOT NULL,
  key TEXT NOT NULL,
  opened INTEGER NOT NULL,
  kind TEXT NOT NULL,
  number TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed', 'dead')),
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  next_attempt_us INTEGER NOT NULL,
  lease_until_us INTEGER NOT NULL DEFAULT 0,
  lease_owner TEXT,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  alerts TEXT NOT NULL,
  receipt TEXT,
  UNIQUE (scope, channel, key, opened, kind, number)
);
CREATE INDEX notice_by_status ON notice (scope, channel, status);
"""


class StoreError(SysmonError):
    """The store can't be read or written."""

    code = "alert_store_failed"


class StoreFile:
    """Opens or makes the store at `path` (default: alerts.sqlite in the state directory), 0600.

    Each transaction opens its own connection: nothing is shared by threads or carried through a fork.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """Looked up at the first use, and the same from then on."""
        if self._path is None:
            self._path = paths.state_dir() / "alerts.sqlite"
        return self._path

    @property
    def inode(self) -> int | None:
        """Which file it is; None while there is none."""
        return None if self._path is None else _inode(self._path)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One writer at a time; what raises within is rolled back. Raises StoreError where the file can't be used."""
        inode = None
        try:
            inode = _inode(self.path)
            connection = _connect_anew(self.path, inode)
            inode = _inode(self.path)
            with closing(connection):  # closed without COMMIT, it is rolled back
                begin(connection, _BUSY_S)
                yield connection
                connection.execute("COMMIT")
        except (sqlite3.Error, OSError, OverflowError, json.JSONDecodeError, UnicodeDecodeError) as error:
            if _is_garbage(error):
                _put_aside(self.path, inode)
            raise StoreError("The store of alerts can't be used.", f"The cause: {error}.") from error


def _connect_anew(path: Path, inode: int | None) -> sqlite3.Connection:
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if not _is_garbage(error):
            raise
    _put_aside(path, inode)
    return _connect(path)


def _is_garbage(error: Exception) -> bool:
    """Whether what the file holds is not what was written, or of another making."""
    if not isinstance(error, sqlite3.Error):
        return isinstance(error, ValueError)
    code = getattr(error, "sqlite_errorcode", None)
    text = str(error)
    return (code is not None and code & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)) or any(
        words in text for words in ("Could not decode", "no such column", "no such table", "has no column")
    )


def _put_aside(path: Path, inode: int | None) -> None:
    """A store that can't be read must not silence the alerts: the next use begins it anew.

    A repeated notice is the smaller harm. `inode` is the file that was found so: of two processes that find it, the
    second must not take the new one away.
    """
    with contextlib.suppress(OSError):
        if inode is not None and _inode(path) != inode:
            return
        aside = path.with_name(f"{path.name}.corrupt-{path.stat().st_mtime_ns}")
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        _log.warning("the store of alerts was unreadable: moved to %s, begun anew", aside.name)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _connect(path: Path) -> sqlite3.Connection:
    """A connection; the file is made (0600) when it is missing."""
    _make_private(path)
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        use_write_ahead_log(connection, _BUSY_S)
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            _make_schema(connection)
        elif version != _VERSION:
            raise StoreError(
                f"The store of alerts {path.name} was written by a newer version.",
                "Upgrade, or move it away.",
            )
    except BaseException:
        connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    """SQLite gives its side files the mode of the main file, so this one mode is enough.

    The file is not opened where it is there: closing it would drop the locks that SQLite holds on it in this process.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with contextlib.suppress(FileExistsError):  # another process was quicker
            os.close(os.open(path, flags, 0o600))
        return
    if not stat.S_ISREG(status.st_mode):
        raise StoreError(f"{path.name} is no plain file.", "Move it away.")
    if os.name == "posix" and stat.S_IMODE(status.st_mode) != 0o600:
        path.chmod(0o600)


def _make_schema(connection: sqlite3.Connection) -> None:
    begin(connection, _BUSY_S)
    # Another process may have made it while this one waited for the lock.
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")
