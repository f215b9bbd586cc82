"""Blocking calls off the event loop, in daemon threads.

Not asyncio's executor: its threads are joined at exit, so a statement of half a minute would hold the quit as long.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


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
        except BaseException as caught:  # noqa: BLE001 (handed to the waiter, whatever it is)
            error = caught
        if not loop.is_closed():
            try:
                loop.call_soon_threadsafe(deliver, value, error)
            except RuntimeError:
                return  # the loop closed between the question and the call: nobody waits any more

    threading.Thread(target=work, daemon=True, name="sysmon-source").start()
    return await future
