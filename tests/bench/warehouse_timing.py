"""The course of one client's measurement, in a process that does nothing else."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final, Protocol

import msgspec
import polars as pl

from tests.bench.warehouse_question import ONE_ROW, Standing, checksum

ONE_ROW_RUNS: Final = 200
_ONE_ROW_WARM_UPS: Final = 20


class Client(Protocol):
    """Connected already, as in a program that lives longer than a question."""

    def history(self) -> pl.DataFrame:
        """The answer to HISTORY_TEXT."""

    def one_row(self) -> object:
        """The answer to ONE_ROW_TEXT."""


class Timed(msgspec.Struct, frozen=True):
    """Seconds are medians; `peak_bytes` is the most that the process has held when all of the history was read."""

    history_s: float
    peak_bytes: int
    one_row_s: float


def timed(client: Client, standing: Standing, runs: int) -> Timed:
    """After one run that is not counted."""
    if str(ONE_ROW.date()) not in str(client.one_row()):
        raise RuntimeError("not the row that was sent")
    history_s = [_history_s(client, standing) for _ in range(runs + 1)][1:]
    peak = peak_bytes()
    one_row_s = [_one_row_s(client) for _ in range(_ONE_ROW_WARM_UPS + ONE_ROW_RUNS)][_ONE_ROW_WARM_UPS:]
    return Timed(median(history_s), peak, median(one_row_s))


def _history_s(client: Client, standing: Standing) -> float:
    began_s = time.perf_counter()
    frame = client.history()
    seconds = time.perf_counter() - began_s
    found = checksum(frame)
    if found != standing.history:
        raise RuntimeError(f"not the rows that were sent: {found}")
    return seconds


def _one_row_s(client: Client) -> float:
    began_s = time.perf_counter()
    client.one_row()
    return time.perf_counter() - began_s


def peak_bytes() -> int:
    """The most that this process has held in memory. Not ru_maxrss: that one begins with what the parent held."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def main(connected: Callable[[Standing], Client]) -> None:
    """The number of runs is the first argument, the Standing is on standard input; a Timed is the last line out."""
    logging.disable(logging.WARNING)  # of what the stand-in lacks, and that `use_sea` will go
    standing = msgspec.json.decode(sys.stdin.buffer.read(), type=Standing)
    result = timed(connected(standing), standing, int(sys.argv[1]))
    print(msgspec.json.encode(result).decode())
