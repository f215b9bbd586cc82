"""Downloads in two steps, begun and finished: several at a time, and the next of each begun before it is needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from sysmon_tui import limits

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
        """`finish` may ask `gave_up` on its way."""
        self._count = count
        self._begin, self._finish, self._drop = begin, finish, drop
        self._numbers = iter(range(count))
        self._lock = threading.Lock()
        self._workers: list[threading.Thread] = []
        self._slow = False
        self._errors: list[BaseException] = []

    def run(self) -> None:
        """Raises the first thing that went wrong; nothing is begun after that."""
        for _ in range(min(limits.CHUNKS_AT_FIRST, self._count)):
            self._add_worker()
        for worker in self._workers:  # some are added on the way, by one that is still at work
            worker.join()
        if self._errors:
            raise self._errors[0]

    @property
    def gave_up(self) -> bool:
        """Whether something went wrong, and nobody waits for the rest any more."""
        return bool(self._errors)

    def _add_worker(self) -> None:
        with self._lock:
            if len(self._workers) == limits.CHUNKS_AT_ONCE:
                return
            worker = threading.Thread(target=self._work, daemon=True, name="sysmon-source")
            try:
                worker.start()
            except RuntimeError:  # the system has no more threads: those that there are do it
                if not self._workers:
                    raise
                return
            self._workers.append(worker)

    def _work(self) -> None:
        held: list[Begun] = []
        try:
            self._take(held)
            while held and not self.gave_up:
                began_s = time.monotonic()
                # Slow ones are better begun by another, who reads them at the same time.
                if not self._slow:
                    self._take(held)
                self._finish(held[0])
                del held[0]
                if time.monotonic() - began_s > limits.SLOW_CHUNK_S:
                    self._slow = True
                    self._add_worker()
                if not held:
                    self._take(held)
        except BaseException as error:
            self._errors.append(error)
        finally:
            for begun in held:
                self._drop(begun)

    def _take(self, held: list[Begun]) -> None:
        with self._lock:
            number = None if self.gave_up else next(self._numbers, None)
        if number is not None:
            held.append(self._begin(number))
