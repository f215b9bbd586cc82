"""When a condition held, in event time: from rows to episodes. Pure.

A sliding window is half-open, (t - window, t]. Episodes are facts about rows alone: whatever order they came in, and
however often somebody looked, the same rows make the same episodes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Episode:
    """From the event that met the condition to the moment at which it no longer held; None while it holds at the head.

    `value` is what was measured at the head for one that holds, the most for one that ended.
    """

    started_at: datetime
    ended_at: datetime | None
    value: int


def at_least(
    times: Sequence[datetime],
    threshold: int,
    head: datetime,
    window: timedelta = HOUR,
    who: Sequence[Hashable] | None = None,
) -> list[Episode]:
    """Episodes of `events in (t - window, t] >= threshold` for t up to the head, oldest first.

    With `who`, one for each of `times`, different ones are counted instead of events. `times` may come in any order.
    """
    known = sorted(
        ((time, None if who is None else who[number]) for number, time in enumerate(times) if time <= head),
        key=lambda one: one[0],
    )
    found: list[Episode] = []
    started: datetime | None = None
    inside: Counter[Hashable] = Counter()
    come = left = measured = highest = 0
    # What is measured changes only where an event comes or leaves; one that comes as another leaves is one change.
    instants = sorted(
        {time for time, _ in known} | {time + window for time, _ in known if time + window <= head}
    )
    for now in instants:
        while come < len(known) and known[come][0] <= now:
            inside[known[come][1]] += 1
            come += 1
        while left < come and known[left][0] + window <= now:
            inside[known[left][1]] -= 1
            if not inside[known[left][1]]:
                del inside[known[left][1]]
            left += 1
        measured = come - left if who is None else len(inside)
        if measured >= threshold:
            started = started or now
            highest = max(highest, measured)
        elif started is not None:
            found.append(Episode(started, now, highest))
            started, highest = None, 0
    if started is not None:
        found.append(Episode(started, None, measured))
    return found


def below(
    times: Sequence[datetime],
    threshold: int,
    *,
    since: datetime,
    settled: datetime,
    head: datetime,
    window: timedelta = HOUR,
) -> list[Episode]:
    """Episodes of `events in (t - window, t] < threshold` for t from `since` to the head; `value` is the least counted.

    A row that comes late can undo it, so one begins no later than at `settled`, up to where no more rows come; a row
    that is there already ends it wherever it lies.
    """
    enough = at_least(times, threshold, head, window)
    found: list[Episode] = []
    began = since
    for one in [*enough, None]:
        ended = one.started_at if one is not None else None
        if began <= settled and (ended is None or ended > began):
            found.append(Episode(began, ended, _least(times, began, ended or settled, window)))
        if one is None or one.ended_at is None:
            break
        began = max(since, one.ended_at)
    return found


def _least(times: Sequence[datetime], start: datetime, end: datetime, window: timedelta) -> int:
    instants = {start, *(time + window for time in times if start <= time + window <= end)}
    return min(sum(1 for time in times if now - window < time <= now) for now in instants)


def held_for(
    found: Iterable[Episode], wanted: timedelta, known: datetime
) -> tuple[list[Episode], Episode | None]:
    """Those that held for at least this long, and the last that may yet turn out to.

    `known` is up to where it is known that they held; an episode may end beyond it.
    """
    kept, pending = [], None
    for one in found:
        until = known if one.ended_at is None else min(one.ended_at, known)
        if until - one.started_at >= wanted:
            kept.append(one)
        elif one.ended_at is None or one.ended_at > known:
            pending = one
    return kept, pending


def merged(found: Iterable[Episode], hold: timedelta) -> list[Episode]:
    """Those that begin no later than `hold` after the one before ended are one with it: flapping is one episode."""
    kept: list[Episode] = []
    for one in found:
        last = kept[-1] if kept else None
        if last is not None and (last.ended_at is None or one.started_at <= last.ended_at + hold):
            holds = last.ended_at is None or one.ended_at is None
            ended_at = (
                None if last.ended_at is None or one.ended_at is None else max(last.ended_at, one.ended_at)
            )
            value = one.value if holds and one.ended_at is None else max(one.value, last.value)
            kept[-1] = replace(last, ended_at=ended_at, value=value)
        else:
            kept.append(one)
    return kept
