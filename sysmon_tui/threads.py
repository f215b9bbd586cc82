"""Blocking calls off the event loop, in daemon threads.

Not asyncio's executor: its threads are joined at exit, so a statement of half a minute would hold the quit as long.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

# How long threads that have delivered may take to end, when the process ends.
_SETTLE_S = 0.3

_workers: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


async def in_daemon_thread(call: Callable[[], T]) -> T:
    """The call's value or exception. A cancelled waiter leaves the call to end by itself."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def deliver(value: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)  # type: ignore[arg-type]

    def work() -> None:
        value: T | None = None
        error: BaseException | None = None
        try:
            value = call()
        except BaseException as caught:
            error = caught
        if not loop.is_closed():
            try:
                loop.call_soon_threadsafe(deliver, value, error)
            except RuntimeError:
                return  # the loop closed between the question and the call: nobody waits any more

    worker = threading.Thread(target=work, daemon=True, name="sysmon-source")
    _workers.add(worker)
    worker.start()
    return await future


def begun(call: Callable[[], T]) -> Callable[[], T]:
    """Begins the call in a daemon thread. What is returned waits for its value, or raises what it raised."""
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    worker = threading.Thread(target=work, daemon=True, name="sysmon-source")
    _workers.add(worker)
    worker.start()
    return future.result


def together(*calls: Callable[[], T]) -> list[T]:
    """The calls' values, each worked out in a daemon thread of its own. Raises what the first of them raised."""
    values: list[T] = []
    errors: list[BaseException] = []
    for value in [begun(call) for call in calls]:
        try:
            values.append(value())
        except BaseException as error:  # the others are waited for all the same
            errors.append(error)
    if errors:
        raise errors[0]
    return values


@atexit.register
def _settle() -> None:
    """Wait a moment for workers that have delivered to end: DuckDB complains at exit of objects they still hold.

    A worker that hangs costs the whole time and is left behind. Here and not in what closes a source: a script that
    closes nothing ends without complaints too.
    """
    until = time.monotonic() + _SETTLE_S
    for worker in list(_workers):
        worker.join(max(0.0, until - time.monotonic()))
