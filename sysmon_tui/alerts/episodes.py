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
    # The count changes only where an event comes or leaves the hour; one that comes as another leaves changes nothing.
    instants = sorted({*arrivals, *(time + HOUR for time in arrivals if time + HOUR <= head)})
    found: list[Episode] = []
    started: datetime | None = None
    come = left = inside = highest = 0
    for now in instants:
        while come < len(arrivals) and arrivals[come] <= now:
            come += 1
        while left < come and arrivals[left] + HOUR <= now:
            left += 1
        inside = come - left
        if inside >= threshold:
            started = started or now
            highest = max(highest, inside)
        elif started is not None:
            found.append(Episode(started, now, highest))
            started, highest = None, 0
    if started is not None:
        found.append(Episode(started, None, inside))
    return found
