"""The file of what was spent: shared by processes, private, and never in the way when it can't be used."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.runtime import Runtime
from sysmon_tui.services.ledger import Ledger, Spent
from sysmon_tui.services.meter import Meter
from tests.estate import at
from tests.services.billed import ASK, Place, refreshed, service_of

_DAY = "2999-03-10"  # a day that is not old enough to be thrown away
_ONE = Spent(1, 2.0, 3, 4)


def file_of(directory: Path) -> Callable[[], Path]:
    return lambda: directory / "spent.sqlite3"


def test_what_was_spent_outlives_the_process(tmp_path: Path) -> None:
    """A ledger opened later on the same file goes on where the other ended; tenants are apart."""
    with closing(Ledger("a", file_of(tmp_path))) as first:
        assert first.add(_DAY, "queries", _ONE, 1000.0, 1600.0) == 600.0
    with closing(Ledger("a", file_of(tmp_path))) as later, closing(Ledger("b", file_of(tmp_path))) as other:
        assert later.add(_DAY, "queries", _ONE, 1300.0, 1900.0) == 300.0
        assert later.day(_DAY) == ({"queries": Spent(2, 4.0, 6, 8)}, 900.0)
        assert other.day(_DAY) == ({}, 0.0) and later.is_kept


def test_the_file_is_in_the_state_directory_for_its_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mode 0600, beside what else is kept, for tenants that bill; the others write none."""
    monkeypatch.setenv("SYSMON_STATE_DIR", str(tmp_path / "state"))
    tenants = {
        "demo": TenantConfig(source="demo"),
        "prod": TenantConfig(source="databricks", warehouse_id="w"),
    }
    runtime = Runtime(Config(tenants=tenants), clock=HeldClock(at("12:00")))
    runtime.tenant("demo").monitor.meter.today()
    assert not (tmp_path / "state").exists()
    runtime.tenant("prod").monitor.meter.today()
    files = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "state").iterdir()}
    assert files.keys() >= {"spent.sqlite3"} and set(files.values()) == {0o600}
    asyncio.run(runtime.close())


def unusable(kind: str, directory: Path) -> Callable[[], Path]:
    path = directory / "spent.sqlite3"
    if kind == "corrupt":
        path.write_bytes(b"not a database at all" * 100)
    elif kind == "a directory":
        path.mkdir()
    elif kind == "of another version":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE spent (day TEXT)")
    elif kind == "no state directory":
        (directory / "file").write_text("")
        return lambda: directory / "file" / "state" / "spent.sqlite3"
    elif kind == "refused":

        def refused() -> Path:
            raise PermissionError("[Errno 13] Permission denied: state")

        return refused
    return lambda: path


@pytest.mark.parametrize(
    "kind", ["corrupt", "a directory", "of another version", "no state directory", "refused"]
)
def test_a_file_that_cant_be_used_is_done_without(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The figures hold for this process, which is warned of once and told as not kept."""
    clock = HeldClock(at("12:00"))
    ledger = Ledger("t", unusable(kind, tmp_path))
    meter = Meter(clock, ledger)
    with caplog.at_level(logging.WARNING):
        for start_s in range(0, 3000, 1000):
            ledger.add(_DAY, "queries", _ONE, float(start_s), start_s + 500.0)
            ledger.day(_DAY)
    assert ledger.day(_DAY) == ({"queries": Spent(3, 6.0, 9, 12)}, 1500.0)
    assert len(caplog.records) == 1 and meter.document()["kept"] is False


def test_a_file_that_breaks_meanwhile_takes_no_figures_along(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Changed by somebody in mid-run: one warning, and what this day has cost so far is not told as less."""
    with closing(Ledger("t", file_of(tmp_path))) as ledger:
        ledger.add(_DAY, "queries", _ONE, 0.0, 600.0)
        ledger.day(_DAY)
        with closing(sqlite3.connect(tmp_path / "spent.sqlite3")) as other:
            other.execute("DROP TABLE spent")
        with caplog.at_level(logging.WARNING):
            ledger.add(_DAY, "queries", _ONE, 1000.0, 1600.0)
        assert not ledger.is_kept and len(caplog.records) == 1
        assert ledger.day(_DAY) == ({"queries": Spent(2, 4.0, 6, 8)}, 1200.0)


_ADDS = """
import sys
from pathlib import Path
from sysmon_tui.services.ledger import Ledger, Spent
ledger = Ledger("t", lambda: Path(sys.argv[1]))
for number in range(100):
    ledger.add("2999-03-10", sys.argv[2], Spent(1, 1.0, 1, 1), number * 10.0, number * 10.0 + 10.0)
assert ledger.is_kept
"""


def test_processes_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    """Three processes add a hundred statements each to one file: all are there, the shared time counts once."""
    path = tmp_path / "spent.sqlite3"
    command = [sys.executable, "-c", _ADDS, str(path)]
    processes = [subprocess.Popen([*command, panel]) for panel in ("a", "b", "b")]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    with closing(Ledger("t", lambda: path)) as ledger:
        panels, awake_s = ledger.day(_DAY)
    assert {panel: one.statements for panel, one in panels.items()} == {"a": 100, "b": 200}
    assert awake_s == 1000.0


def test_a_reader_keeps_nobody_from_adding(tmp_path: Path) -> None:
    """Somebody looks at the file and stays in it: additions wait for no reader, and none is lost."""
    with closing(Ledger("t", file_of(tmp_path))) as ledger:
        ledger.add(_DAY, "a", _ONE, 0.0, 1.0)
        with closing(sqlite3.connect(tmp_path / "spent.sqlite3", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT statements FROM spent").fetchall() == [(1,)]
            ledger.add(_DAY, "a", _ONE, 5.0, 6.0)
            assert ledger.is_kept and ledger.day(_DAY)[0]["a"].statements == 2


async def longest_pause_s(seconds: float) -> float:
    """How long the event loop stood still at most."""
    longest_s, until_s = 0.0, time.monotonic() + seconds
    while time.monotonic() < until_s:
        began_s = time.monotonic()
        await asyncio.sleep(0.005)
        longest_s = max(longest_s, time.monotonic() - began_s)
    return longest_s


async def test_a_locked_file_stops_no_screen(tmp_path: Path) -> None:
    """Another process holds the file for seconds, a budget is kept: the event loop goes on, answers come."""
    clock = HeldClock(at("12:00"))
    place = Place(clock)
    service = service_of(place, wake="keep_warm", dbu_per_day=100.0, ledger=Ledger("t", file_of(tmp_path)))
    await refreshed(service)
    with closing(sqlite3.connect(tmp_path / "spent.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        pause = asyncio.create_task(longest_pause_s(3.0))
        await asyncio.sleep(0.01)
        service.pace.spacing_s()  # as the app asks for it every second
        service.meter.document()
        assert (await service.answer(ASK, fresh=True)).state == "fresh"
        assert await pause < 0.5
    await service.close()


async def test_a_lock_of_a_moment_loses_nothing(tmp_path: Path) -> None:
    """Held for half a second, as a slow disk may: the statement is counted, and the file is still used."""
    ledger = Ledger("t", file_of(tmp_path))
    ledger.add(_DAY, "a", _ONE, 0.0, 1.0)
    with closing(sqlite3.connect(tmp_path / "spent.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        adding = asyncio.create_task(asyncio.to_thread(ledger.add, _DAY, "a", _ONE, 5.0, 6.0))
        await asyncio.sleep(0.5)
        other.execute("ROLLBACK")
    assert await adding == 1.0 and ledger.is_kept and ledger.day(_DAY)[1] == 2.0
    ledger.close()


def test_a_clock_that_was_ahead_once_does_not_make_all_later_free(tmp_path: Path) -> None:
    """A statement was booked a year ahead, the clock was set right: what runs now is counted as awake again."""
    with closing(Ledger("t", file_of(tmp_path))) as ledger:
        ledger.add("2999-03-10", "a", _ONE, 365 * 86400.0, 365 * 86400.0 + 600)
        assert ledger.add(_DAY, "a", _ONE, 1000.0, 1600.0) == 600.0
