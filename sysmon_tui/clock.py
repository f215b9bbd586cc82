"""Time. Everything that asks for the hour asks a Clock, so that a test can hold it.

Inside the program every instant is an aware UTC `datetime`; the user's zone appears only on the screen.
"""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

# How soon a sleeper notices that a held clock was moved.
_LOOK_S = 0.02

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    def now(self) -> datetime:
        """The instant, aware, in UTC."""

    def monotonic_s(self) -> float:
        """Seconds on a clock that never jumps: for ages, deadlines and time to live."""

    async def sleep(self, seconds: float) -> None:
        """Until `monotonic_s` has gone on by this."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """In a thread: for the event, at most this long. Whether it is set."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


class HeldClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)
        self._monotonic_s = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return self._monotonic_s

    async def sleep(self, seconds: float) -> None:
        until_s = self._monotonic_s + seconds
        while self._monotonic_s < until_s:
            await asyncio.sleep(_LOOK_S)  # it is moved from any thread

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """By the machine's clock: whoever waits for a network must get on while this one stands."""
        return event.wait(seconds)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self._monotonic_s += seconds

    def step(self, seconds: float) -> None:
        """The time of day is set, as a machine's may be; what never jumps stays."""
        with self._lock:
            self._now += timedelta(seconds=seconds)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exact (a float of seconds is not)."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def rfc3339(instant: datetime | None) -> str | None:
    """`2026-11-22T02:41:00Z`; the fraction is written only when there is one."""
    if instant is None:
        return None
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
