"""When a count within a sliding hour was at or over its threshold. Pure; in event time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Episode:
    """From the event that met the threshold to the moment at which the count fell below it; None while it holds.

    `value` is the count at the head for one that holds, the highest count for one that ended.
    """

    started_at: datetime
    ended_at: datetime | None
    value: int


def episodes(times: Sequence[datetime], threshold: int, head: datetime) -> list[Episode]:
    """Episodes of `count of events in (t - 1 h, t] >= threshold` for t up to the head, oldest first.

    An event at exactly one hour before t is outside: windows are half-open. `times` may come in any order.
    """
    arrivals = sorted(time for time in times if time <= head)
    found: list[Episode] = []
    started: datetime | None = None
    oldest = 0  # index of the oldest event still inside the hour
    highest = 0
    for index, now in enumerate(arrivals):
        while arrivals[oldest] + HOUR <= now:
            expiry = arrivals[oldest] + HOUR
            oldest += 1
            if started is not None and index - oldest < threshold:
                found.append(Episode(started, expiry, highest))
                started, highest = None, 0
        inside = index - oldest + 1
        if inside >= threshold and started is None:
            started = now
        if started is not None:
            highest = max(highest, inside)
    while started is not None and oldest < len(arrivals) and arrivals[oldest] + HOUR <= head:
        expiry = arrivals[oldest] + HOUR
        oldest += 1
        if len(arrivals) - oldest < threshold:
            found.append(Episode(started, expiry, highest))
            started = None
    if started is not None:
        found.append(Episode(started, None, len(arrivals) - oldest))
    return found
