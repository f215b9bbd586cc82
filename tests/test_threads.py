"""Threads that the process leaves behind when it ends."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from sysmon_tui.threads import begun, together

_LEAVES_A_WORKER = """
import asyncio, threading, time
import duckdb
from sysmon_tui.threads import in_daemon_thread

holds = threading.Event()

def call():
    types = duckdb.connect().sql("SELECT 1 AS one").types
    holds.set()
    time.sleep(0.15)
    return types

async def main():
    question = asyncio.ensure_future(in_daemon_thread(call))
    while not holds.is_set():
        await asyncio.sleep(0.01)
    question.cancel()

asyncio.run(main())
"""


def test_a_worker_that_is_about_to_end_is_waited_for() -> None:
    """DuckDB complains at the end of a process of what a thread still holds: a script that closes nothing hears none of
    it."""
    command = [sys.executable, "-c", _LEAVES_A_WORKER]
    assert subprocess.run(command, capture_output=True, timeout=60, check=True).stderr == b""


def test_what_is_begun_goes_on_while_nobody_waits() -> None:
    """The call runs at once; its value is there for whoever asks, as often as they do."""
    done = threading.Event()

    def call() -> int:
        done.set()
        return 7

    value = begun(call)
    assert done.wait(10)
    assert (value(), value()) == (7, 7)


def test_what_is_begun_fails_for_whoever_waits() -> None:
    """What the call raised comes out where its value is asked for, and nowhere else."""

    def call() -> int:
        raise ValueError("no rows today")

    value = begun(call)
    for _ in range(2):
        with pytest.raises(ValueError, match="no rows today"):
            value()


def test_calls_together_are_all_waited_for() -> None:
    """The first failure is raised, after the last call has ended."""
    ended = []

    def fails() -> None:
        raise ValueError("the first")

    def ends_later() -> None:
        threading.Event().wait(0.05)
        ended.append(True)

    with pytest.raises(ValueError, match="the first"):
        together(fails, ends_later)
    assert ended
