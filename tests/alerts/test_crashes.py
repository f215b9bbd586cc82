"""Processes killed while they evaluate and deliver: nothing is lost, and a receiver that keys incidents has one."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.crashes import STEPS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")

# Each has two deaths at least, and some more: 1,000 of them. More with the variable.
_TRIALS = int(os.environ.get("SYSMON_CRASH_TRIALS", "455"))
_SHARED = Path("/dev/shm")  # noqa: S108 (where a file is as fast as memory, 500 stores take seconds)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Emptied afterwards; in memory where the system has that."""
    if not os.access(_SHARED, os.W_OK):
        yield tmp_path
        return
    made = Path(tempfile.mkdtemp(prefix="sysmon-crashes-", dir=_SHARED))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def trials(way: str, folder: Path, count: int) -> list[dict[str, Any]]:
    """By two processes at once."""
    halves = [(0, count // 2), (count // 2, count - count // 2)]
    running = []
    for first, many in halves:
        (part := folder / str(first)).mkdir()
        command = [sys.executable, "-m", "tests.alerts.crashes", way, str(part), str(first), str(many)]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    found: list[dict[str, Any]] = []
    said = [process.communicate(timeout=600) for process in running]
    for process, (out, error) in zip(running, said, strict=True):
        assert process.returncode == 0, error[-4000:]
        found += [json.loads(line) for line in out.splitlines()]
        found += [{"trial": "any", "killed": [], "wrong": [error[-2000:]]}] if error else []
    return found


@pytest.mark.long
def test_a_death_at_every_step(folder: Path) -> None:
    """Firing, then resolved, with a death in each and others that go on after the lease.

    One incident per key, opened and ended; what comes twice had arrived and was not recorded, and has the same key;
    the store is sound and nothing waits. A thousand deaths, at every step.
    """
    found = trials("alone", folder, _TRIALS)
    assert [one for one in found if one["wrong"]] == []
    assert len(found) == _TRIALS
    deaths = Counter(death for one in found for death in one["killed"])
    assert deaths.total() >= 2.2 * _TRIALS
    few = {f"{state} {step}" for state in ("firing", "resolved") for step in STEPS if step != "moment"}
    assert {step for step in few if deaths[step] < _TRIALS // 20} == set()


def test_two_at_once(folder: Path) -> None:
    """Two processes evaluate and deliver at the same time, and either or both die."""
    found = trials("together", folder, _TRIALS // 12)
    assert [one for one in found if one["wrong"]] == []
    assert sum(len(one["killed"]) for one in found) >= _TRIALS // 12


_WRITE = """
import sys, threading
from datetime import datetime, timedelta
from pathlib import Path
from sysmon_tui.alerts.store import AlertStore
from sysmon_tui.alerts.store_file import StoreFile
now = datetime.fromisoformat("2026-11-22T03:00:00+00:00")
store = AlertStore(StoreFile(Path(sys.argv[1])), "t")
def work():
    for number in range(60):
        store.silence({"rule": "x"}, now, now + timedelta(hours=1), str(number), sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_threads_of_two_processes_share_a_store(folder: Path) -> None:
    """Four threads in each of two processes write: all that was written is there, and nobody was refused."""
    path = folder / "shared.sqlite"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITE, str(path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert errors == ["", ""]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM silence").fetchone() == (480,)
