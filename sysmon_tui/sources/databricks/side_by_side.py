"""Downloads in two steps, begun and finished: several at a time, and the next of each begun before it is needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from sysmon_tui import limits
from sysmon_tui.threads import together

Begun = TypeVar("Begun")


class SideBySide(Generic[Begun]):
    """All numbers below `count`, from several threads. What was begun is either finished or dropped.

    More at a time while they are slow, which is the network's; on a fast one more would only be in the way.
    """

    def __init__(
        self,
        count: int,
        begin: Callable[[int], Begun],
        finish: Callable[[Begun], object],
        drop: Callable[[Begun], None],
    ) -> None:
        self._count = count
        self._begin, self._finish, self._drop = begin, finish, drop
        self._numbers = iter(range(count))
        self._taking = threading.Lock()
        self._gate = threading.Semaphore(limits.CHUNKS_AT_FIRST)
        self._more = iter(range(limits.CHUNKS_AT_ONCE - limits.CHUNKS_AT_FIRST))
        self._slow = threading.Event()
        self._gave_up = threading.Event()

    def run(self) -> None:
        """Raises what the first of them raised; nothing is begun after that."""
        together(*[self._work] * min(limits.CHUNKS_AT_ONCE, self._count))

    def _work(self) -> None:
        with self._gate:
            held: list[Begun] = []
            try:
                self._take(held)
                while held:
                    began_s = time.monotonic()
                    # Slow ones are better begun by another, who reads them at the same time.
                    if not self._slow.is_set():
                        self._take(held)
                    self._finish(held[0])
                    del held[0]
                    if time.monotonic() - began_s > limits.SLOW_CHUNK_S:
                        self._admit_another()
                    if not held:
                        self._take(held)
            except BaseException:
                self._gave_up.set()
                raise
            finally:
                for begun in held:
                    self._drop(begun)

    def _take(self, held: list[Begun]) -> None:
        with self._taking:
            number = None if self._gave_up.is_set() else next(self._numbers, None)
        if number is not None:
            held.append(self._begin(number))

    def _admit_another(self) -> None:
        self._slow.set()
        with self._taking:
            admitted = next(self._more, None)
        if admitted is not None:
            self._gate.release()
