"""The file behind the store: how it is made, and that nobody else can read it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from sysmon_tui.alerts import store_file
from sysmon_tui.alerts.store_file import StoreFile


@pytest.fixture
def file(tmp_path: Path) -> StoreFile:
    return StoreFile(tmp_path / "alerts.sqlite")


def use(file: StoreFile) -> None:
    with file.transaction():
        pass


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


# How it is made --------------------------------------------------------------------------------------------


def test_a_transaction_has_a_connection_as_the_store_needs_it(file: StoreFile) -> None:
    """Rows by name, a log written ahead, every commit on the disk, the version written."""
    with file.transaction() as connection:
        settings = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "user_version")
        }
        assert connection.execute("SELECT 1 AS one").fetchone()["one"] == 1
        assert connection.isolation_level is None and connection.in_transaction
    assert settings == {"journal_mode": "wal", "synchronous": 2, "user_version": 1}


def test_a_new_file_has_every_table(file: StoreFile) -> None:
    """And the indexes on them."""
    with file.transaction() as connection:
        made = connection.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
        assert [row["name"] for row in made] == [
            "duty",
            "incident",
            "incident_open",
            "judged",
            "life",
            "life_by_state",
            "notice",
            "notice_by_status",
            "silence",
        ]


def test_tables_that_another_process_has_made_are_left_as_they_are(file: StoreFile) -> None:
    """It was quicker, while this one waited for the lock: what it wrote meanwhile stays."""
    with file.transaction() as connection:
        connection.execute("INSERT INTO duty VALUES ('t', 'ann', 1, 2)")
    connection = sqlite3.connect(file.path, isolation_level=None)
    store_file._make_schema(connection)
    assert not connection.in_transaction
    assert connection.execute("SELECT * FROM duty").fetchall() == [("t", "ann", 1, 2)]
    connection.close()


def test_a_transaction_is_written_at_its_end_and_its_connection_closed(file: StoreFile) -> None:
    """What raises within is rolled back, and reaches the caller as it is."""
    with file.transaction() as connection:
        connection.execute("INSERT INTO duty VALUES ('t', 'ann', 1, 2)")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
    with pytest.raises(RuntimeError, match="in the middle"), file.transaction() as connection:
        connection.execute("DELETE FROM duty")
        raise RuntimeError("in the middle")
    with file.transaction() as connection:
        assert [tuple(row) for row in connection.execute("SELECT * FROM duty")] == [("t", "ann", 1, 2)]


def test_without_a_path_it_lies_in_the_state_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked up at the first use, and the same from then on."""
    file = StoreFile()
    assert file.inode is None
    monkeypatch.setenv("SYSMON_STATE_DIR", str(tmp_path / "first"))
    assert file.path == tmp_path / "first" / "alerts.sqlite"
    monkeypatch.setenv("SYSMON_STATE_DIR", str(tmp_path / "second"))
    assert file.path == tmp_path / "first" / "alerts.sqlite"


def test_which_file_it_is(file: StoreFile) -> None:
    """None while there is none."""
    assert file.inode is None
    use(file)
    assert file.inode == file.path.stat().st_ino
    file.path.unlink()
    assert file.inode is None


# Private ---------------------------------------------------------------------------------------------------


def test_a_new_file_is_private_whatever_the_process_would_give(file: StoreFile) -> None:
    """0600 from its first moment, made only where nothing is, and through no link."""
    before = os.umask(0)
    try:
        store_file._make_private(file.path)
    finally:
        os.umask(before)
    assert mode(file.path) == 0o600


@pytest.mark.parametrize("has_no_follow", [True, False])
def test_a_file_is_made_only_where_nothing_is(
    file: StoreFile, monkeypatch: pytest.MonkeyPatch, has_no_follow: bool
) -> None:
    """The system is asked to refuse what is there, and links where it knows how to."""
    asked: list[tuple[int, int]] = []
    opens = os.open

    def noted(path: Path, flags: int, mode: int) -> int:
        asked.append((flags, mode))
        return opens(path, flags, mode)

    wanted = os.O_RDWR | os.O_CREAT | os.O_EXCL
    if has_no_follow:
        wanted |= os.O_NOFOLLOW
    else:
        monkeypatch.delattr(os, "O_NOFOLLOW")
    monkeypatch.setattr(os, "open", noted)
    store_file._make_private(file.path)
    assert asked == [(wanted, 0o600)]


def test_a_file_that_another_process_makes_meanwhile_is_used(
    file: StoreFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not there when this one looked, and is there when it would make it."""
    file.path.write_bytes(b"")

    def missing(_path: Path) -> os.stat_result:
        raise FileNotFoundError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "lstat", missing)
        store_file._make_private(file.path)
    use(file)


@pytest.mark.parametrize("found", [0o644, 0o660, 0o700, 0o400])
def test_a_file_of_another_mode_is_made_private(file: StoreFile, found: int) -> None:
    """Whatever it was, it is 0600."""
    file.path.touch()
    file.path.chmod(found)
    store_file._make_private(file.path)
    assert mode(file.path) == 0o600


def test_a_file_that_is_private_is_not_touched(file: StoreFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may lie where modes can't be changed."""
    use(file)

    def refused(_path: Path, _mode: int) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refused)
    use(file)
