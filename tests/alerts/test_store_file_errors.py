"""The file behind the store: what is said when it can't be used, and when it is put aside."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sysmon_tui.alerts import store_file
from sysmon_tui.alerts.store_file import StoreError, StoreFile


@pytest.fixture
def file(tmp_path: Path) -> StoreFile:
    return StoreFile(tmp_path / "alerts.sqlite")


def use(file: StoreFile) -> None:
    with file.transaction():
        pass


def names(file: StoreFile) -> list[str]:
    return sorted(path.name for path in file.path.parent.iterdir())


# What is said ----------------------------------------------------------------------------------------------


def test_the_code_of_its_errors_is_stable() -> None:
    """Programs go by it."""
    assert StoreError.code == "alert_store_failed"


def sentence(file: StoreFile) -> str:
    with pytest.raises(StoreError) as caught:
        use(file)
    return caught.value.sentence


def test_a_file_in_a_folder_that_is_gone_names_the_cause(tmp_path: Path) -> None:
    """The system's own words."""
    file = StoreFile(tmp_path / "gone" / "alerts.sqlite")
    assert sentence(file) == (
        "The store of alerts can't be used."
        f" The cause: [Errno 2] No such file or directory: '{tmp_path}/gone/alerts.sqlite'."
    )


def test_what_is_no_plain_file_is_named(file: StoreFile) -> None:
    """And stays where it is."""
    file.path.mkdir()
    assert sentence(file) == "alerts.sqlite is no plain file. Move it away."
    assert names(file) == ["alerts.sqlite"]


def test_a_file_of_a_newer_version_is_named_and_let_go(
    file: StoreFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection to it stays open, and it is not put aside."""
    with file.transaction() as connection:
        connection.execute("PRAGMA user_version = 2")
    opened: list[sqlite3.Connection] = []
    connects = sqlite3.connect

    def noted(*values: Any, **settings: Any) -> sqlite3.Connection:
        opened.append(connects(*values, **settings))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", noted)
    assert sentence(file) == (
        "The store of alerts alerts.sqlite was written by a newer version. Upgrade, or move it away."
    )
    assert len(opened) == 1
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
    assert not any("corrupt" in name for name in names(file))


def test_a_file_that_another_holds_for_too_long_is_said_to_be_locked(
    file: StoreFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in use, not damaged: it stays where it is."""
    use(file)
    monkeypatch.setattr(store_file, "_BUSY_S", 0.0)
    with file.transaction():
        assert sentence(file) == "The store of alerts can't be used. The cause: database is locked."
    assert not any("corrupt" in name for name in names(file))


# Put aside -------------------------------------------------------------------------------------------------


def coded(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "is_garbage"),
    [
        (coded(sqlite3.SQLITE_NOTADB), True),
        (coded(sqlite3.SQLITE_CORRUPT), True),
        (coded(sqlite3.SQLITE_CORRUPT_VTAB), True),
        (coded(sqlite3.SQLITE_BUSY), False),
        (coded(sqlite3.SQLITE_FULL), False),
        (coded(sqlite3.SQLITE_IOERR_READ), False),
        (sqlite3.OperationalError("Could not decode to UTF-8 column 'alert' with text 'x'"), True),
        (sqlite3.OperationalError("no such column: met_us"), True),
        (sqlite3.OperationalError("no such table: life"), True),
        (sqlite3.OperationalError("table notice has no column named receipt"), True),
        (sqlite3.OperationalError("unable to open database file"), False),
        (sqlite3.IntegrityError("NOT NULL constraint failed: life.alert"), False),
        (json.JSONDecodeError("Expecting value", "", 0), True),
        (UnicodeDecodeError("utf-8", b"\xa5", 0, 1, "invalid start byte"), True),
        (OSError("Input/output error"), False),
        (OverflowError("Python int too large to convert to SQLite INTEGER"), False),
    ],
)
def test_only_what_is_unreadable_is_put_aside(file: StoreFile, error: Exception, is_garbage: bool) -> None:
    """Either way it is one error, that names its cause; a full disk or a lock is no damage."""
    with pytest.raises(StoreError) as caught, file.transaction():
        raise error
    assert caught.value.sentence == f"The store of alerts can't be used. The cause: {error}."
    assert caught.value.__cause__ is error
    assert any("corrupt" in name for name in names(file)) is is_garbage


def test_what_is_put_aside_keeps_its_name_and_its_time(
    file: StoreFile, caplog: pytest.LogCaptureFixture
) -> None:
    """Its log goes with it, one line says so, and nothing else in the folder is touched."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.path.with_name(f"alerts.sqlite{suffix}").write_bytes(b"garbage")
    os.utime(file.path, ns=(5, 7))
    with caplog.at_level(logging.WARNING):
        store_file._put_aside(file.path, file.inode)
    assert names(file) == ["alerts.sqlite-journal", "alerts.sqlite.corrupt-7"]
    assert caplog.messages == [
        "the store of alerts was unreadable: moved to alerts.sqlite.corrupt-7, begun anew"
    ]


def test_a_file_without_a_log_is_put_aside_too(file: StoreFile, caplog: pytest.LogCaptureFixture) -> None:
    """There need not be anything beside it; nor need it be known which file it was."""
    file.path.write_bytes(b"garbage")
    store_file._put_aside(file.path, None)
    assert [name.partition("-")[0] for name in names(file)] == ["alerts.sqlite.corrupt"]
    assert len(caplog.messages) == 1


def test_what_is_gone_already_is_put_aside_by_nobody(
    file: StoreFile, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process was quicker: that is no error, and no news."""
    store_file._put_aside(file.path, None)
    store_file._put_aside(file.path, 1)
    assert names(file) == [] and caplog.messages == []


def test_a_file_that_took_the_place_of_garbage_is_used(
    file: StoreFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process put the garbage aside and began anew, just as this one found it: nothing is moved."""
    file.path.write_bytes(b"garbage " * 1000)
    connects = store_file._connect

    def late(path: Path) -> sqlite3.Connection:
        monkeypatch.setattr(store_file, "_connect", connects)
        path.rename(path.with_name("elsewhere"))
        with StoreFile(path).transaction() as connection:
            connection.execute("INSERT INTO duty VALUES ('t', 'ann', 1, 2)")
        raise coded(sqlite3.SQLITE_NOTADB)

    monkeypatch.setattr(store_file, "_connect", late)
    with file.transaction() as connection:
        assert [tuple(row) for row in connection.execute("SELECT * FROM duty")] == [("t", "ann", 1, 2)]
    assert not any("corrupt" in name for name in names(file))
