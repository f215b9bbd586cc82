"""What stands after an operator of a filter: numbers, durations, sizes, instants. Imports no polars.

Every reader answers None for a text that is no value of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sysmon_tui.views.filter_fields import Kind

_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_DURATION_S = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(rf"(?:{_NUMBER}\s*(?:ms|s|min|m|h|d|w)\s*)+", re.ASCII | re.IGNORECASE)
_DURATION_PART = re.compile(rf"({_NUMBER})\s*(ms|s|min|m|h|d|w)", re.ASCII | re.IGNORECASE)
_SIZE = re.compile(rf"({_NUMBER})\s*(?:([kmgtp])(i?))?b", re.ASCII | re.IGNORECASE)
_POWERS = {letter: power for power, letter in enumerate("kmgtp", start=1)}
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?", re.ASCII)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?",
    re.ASCII | re.IGNORECASE,
)
# What a calendar can add to and every zone can shift without leaving it.
_YEARS = range(1900, 2200)
_OLDEST_S = 100 * 365 * 86_400.0

_MINUTE, _SECOND, _INSTANT = timedelta(minutes=1), timedelta(seconds=1), timedelta(microseconds=1)


@dataclass(frozen=True)
class Age:
    """How long ago."""

    seconds: float


@dataclass(frozen=True)
class ClockTime:
    """A minute or second of the day, `width` long: today's in the user's zone, or yesterday's where that lies ahead."""

    at: time
    width: timedelta


@dataclass(frozen=True)
class Moment:
    """A day, minute or second, `width` long; in the user's zone where `at` has none."""

    at: datetime
    width: timedelta


When = Age | ClockTime | Moment


def number(text: str) -> float | None:
    """An int where it is a whole number, so that it meets whole numbers exactly."""
    return _whole(float(text)) if re.fullmatch(rf"-?{_NUMBER}", text, re.ASCII) else None


def share(text: str) -> float | None:
    """A share of 1; `45%` is 0.45."""
    found = number(text.removesuffix("%"))
    return found / 100 if found is not None and text.endswith("%") else found


def seconds(text: str) -> float | None:
    """`250ms`, `5m`, `1h30m`, `2d`, `21m 03s`; a bare number is seconds."""
    if not _DURATION.fullmatch(text):
        return number(text)
    parts = _DURATION_PART.findall(text)
    return _whole(round(sum(float(amount) * _DURATION_S[unit.lower()] for amount, unit in parts), 9))


def milliseconds(text: str) -> float | None:
    """The same in milliseconds; a bare number is milliseconds."""
    if (bare := number(text)) is not None:
        return bare
    found = seconds(text)
    return None if found is None else _whole(round(found * 1000, 6))


def size_bytes(text: str) -> float | None:
    """`10MB` (1000s), `1GiB` (1024s); a bare number is bytes."""
    if not (found := _SIZE.fullmatch(text)):
        return number(text)
    amount, letter, binary = found.groups()
    base: int = 1024 if binary else 1000
    return _whole(float(amount) * float(base ** _POWERS.get((letter or "").lower(), 0)))


def flag(text: str) -> bool | None:
    return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower())


def when(text: str) -> When | None:
    """An age (`2h`), a time of day (`02:30`), a day or a time of a day (`2026-03-01`, `2026-03-01T10:00Z`)."""
    if _DURATION.fullmatch(text):
        age_s = seconds(text)
        return Age(age_s) if age_s is not None and age_s <= _OLDEST_S else None
    try:
        if clock := _CLOCK.fullmatch(text):
            hour, minute, second = clock.groups()
            return ClockTime(time(int(hour), int(minute), int(second or 0)), _SECOND if second else _MINUTE)
        if not (named := _MOMENT.fullmatch(text)):
            return None
        at = datetime.fromisoformat(text.upper())
    except ValueError:  # 25:00, 2026-02-30
        return None
    of_day, second, fraction, _ = named.groups()
    width = _INSTANT if fraction else _SECOND if second else _MINUTE if of_day else timedelta(days=1)
    return Moment(at, width) if at.year in _YEARS else None


def _whole(value: float) -> float:
    """Above 2**53 a float knows no single steps either, and an engine's integers end."""
    return int(value) if value == int(value) and abs(value) <= 2**53 else value


# How values of each kind that is no text are read, and what they look like.
READERS: dict[Kind, tuple[Callable[[str], float | bool | When | None], str]] = {
    "number": (number, "a number such as 403"),
    "share": (share, "a share such as 45% or 0.45"),
    "seconds": (seconds, "a duration such as 250ms, 5m or 1h30m, or a number of seconds"),
    "milliseconds": (milliseconds, "a duration such as 250ms, 5m or 1h30m, or a number of milliseconds"),
    "bytes": (size_bytes, "a size such as 10MB or 1GiB, or a number of bytes"),
    "instant": (when, "a time such as 02:30, 2026-03-01 or 2026-03-01T10:00, or an age such as 2h"),
    "flag": (flag, "true or false"),
}
