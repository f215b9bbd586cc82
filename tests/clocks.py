"""A clock that runs faster than the machine's, for hours that a test has minutes for."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta


class FastClock:
    """`rate` seconds pass in each second of the machine's."""

    def __init__(self, rate: float, *, start: datetime | None = None) -> None:
        self._rate = rate
        self._start = start or datetime.now(UTC)
        self._began_s = time.monotonic()

    def monotonic_s(self) -> float:
        return (time.monotonic() - self._began_s) * self._rate

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic_s())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._rate)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds / self._rate)
