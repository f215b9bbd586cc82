"""Downloads side by side: each once, as many at a time as the network asks for, nothing left open."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_tui import limits
from sysmon_tui.sources.databricks.side_by_side import SideBySide


class Downloads:
    """Takes down what becomes of each number; those in `broken` fail at that step."""

    def __init__(self, begin_breaks: frozenset[int], finish_breaks: frozenset[int], takes_s: float) -> None:
        self.begin_breaks, self.finish_breaks, self.takes_s = begin_breaks, finish_breaks, takes_s
        self.begun: list[int] = []
        self.finished: list[int] = []
        self.dropped: list[int] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def begin(self, number: int) -> int:
        if number in self.begin_breaks:
            raise ValueError(f"begin {number}")
        self.begun.append(number)
        return number

    def finish(self, number: int) -> None:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.takes_s)
        with self._lock:
            self.at_once -= 1
        if number in self.finish_breaks:
            raise ValueError(f"finish {number}")
        self.finished.append(number)

    def run(self, count: int) -> None:
        SideBySide(count, self.begin, self.finish, self.dropped.append).run()


_NUMBERS = st.frozensets(st.integers(0, 40), max_size=3)


@given(count=st.integers(0, 40), begin_breaks=_NUMBERS, finish_breaks=_NUMBERS)
def test_each_is_finished_once_or_dropped(
    count: int, begin_breaks: frozenset[int], finish_breaks: frozenset[int]
) -> None:
    """Without a failure all are finished; with one it is raised, and what was begun is finished or let go."""
    downloads = Downloads(begin_breaks, finish_breaks, takes_s=0)
    if min(begin_breaks | finish_breaks, default=count) >= count:
        downloads.run(count)
        assert sorted(downloads.finished) == list(range(count)) and not downloads.dropped
    else:
        with pytest.raises(ValueError, match=r"begin|finish"):
            downloads.run(count)
        assert len(set(downloads.begun)) == len(downloads.begun)
        assert sorted(downloads.finished + downloads.dropped) == sorted(downloads.begun)


def test_more_at_a_time_while_they_are_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as at first while they are quick; up to the most, and no more, while they are slow."""
    monkeypatch.setattr(limits, "SLOW_CHUNK_S", 60)
    quick = Downloads(frozenset(), frozenset(), takes_s=0.001)
    quick.run(20)
    assert 1 <= quick.most_at_once <= limits.CHUNKS_AT_FIRST
    monkeypatch.setattr(limits, "SLOW_CHUNK_S", 0.01)
    slow = Downloads(frozenset(), frozenset(), takes_s=0.03)
    slow.run(60)
    assert limits.CHUNKS_AT_FIRST < slow.most_at_once <= limits.CHUNKS_AT_ONCE


def test_a_system_without_more_threads_costs_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that there are do the work; without any the failure is told."""
    start, left = threading.Thread.start, [2]

    def limited(thread: threading.Thread) -> None:
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    monkeypatch.setattr(limits, "SLOW_CHUNK_S", 0)
    downloads = Downloads(frozenset(), frozenset(), takes_s=0.001)
    downloads.run(30)
    assert sorted(downloads.finished) == list(range(30))
    with pytest.raises(RuntimeError):
        downloads.run(30)
