"""Threads that the process leaves behind when it ends."""

from __future__ import annotations

import subprocess
import sys

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
