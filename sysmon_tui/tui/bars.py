"""Counts over time as bars of characters, and the axis under them. Pure; needs no polars of its own.

A column is a sum: all columns are equally long spans of time, so the sums can be compared, they add up to the total,
and the highest is "top 22 in 30 min". The maximum of the buckets in a column would suit a rate; of counts it leaves out
what the total has, and the picture of a wide screen and of a narrow one would be of different things.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sysmon_tui.tui.faces import Face

_BLOCKS = " ▁▂▃▄▅▆▇█"
_BRAILLE_LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
_BRAILLE_RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)
_NONE = "·"
NOT_ARRIVED = "░"

_DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Columns:
    """A sum for each `span` of time, oldest first; None for what lies after the newest known event."""

    values: list[int | None]
    span: timedelta

    @property
    def total(self) -> int:
        return sum(value or 0 for value in self.values)

    @property
    def top(self) -> int:
        return max((value or 0 for value in self.values), default=0)


def bars(values: Sequence[int | None]) -> str:
    """A character a value, the largest the highest; `·` for none, `░` for time that has not arrived yet."""
    return standing(values, 1)[0]


def standing(values: Sequence[int | None], lines: int, face: Face = "blocks") -> list[str]:
    """So many lines of bars from the top down, the largest value the whole height; what is not zero never vanishes.

    A character a value, in braille one for two. ASCII is blocks, which the gate of faces.py translates.
    """
    steps = 4 if face == "braille" else 8
    top = max((value for value in values if value), default=1)
    heights = [None if value is None else -(-value * lines * steps // top) for value in values]
    if face == "braille":
        if len(heights) % 2:
            heights.insert(0, 0)
        pairs = list(zip(heights[::2], heights[1::2], strict=True))
        return [
            "".join(_braille(left, right, line, bottom=line == 0) for left, right in pairs)
            for line in reversed(range(lines))
        ]
    return [
        "".join(_block(height, line, bottom=line == 0) for height in heights)
        for line in reversed(range(lines))
    ]


def _block(height: int | None, line: int, *, bottom: bool) -> str:
    if not height:
        return (NOT_ARRIVED if height is None else _NONE) if bottom else " "
    return _BLOCKS[_filled(height, line, 8)]


def _braille(left: int | None, right: int | None, line: int, *, bottom: bool) -> str:
    if not left and not right:
        return (NOT_ARRIVED if left is None else _NONE) if bottom else " "
    dots = _BRAILLE_LEFT[_filled(left or 0, line, 4)] | _BRAILLE_RIGHT[_filled(right or 0, line, 4)]
    return chr(0x2800 + dots)


def _filled(height: int, line: int, steps: int) -> int:
    return max(0, min(steps, height - line * steps))


def buckets(
    counts: Iterable[tuple[datetime | None, int]],
    *,
    start: datetime,
    end: datetime,
    bucket: timedelta,
    arrived: datetime | None,
    columns: int,
) -> Columns:
    """Sums of at most so many columns over start..end, equally many buckets each; None for what lies after `arrived`.

    `counts` are (bucket_start, count) with starts on multiples of `bucket` since 1970.
    """
    first, last = _number(start, bucket), _number(end, bucket)
    per_column = max(1, -(-(last - first + 1) // max(1, columns)))
    length = -(-(last - first + 1) // per_column)
    # The newest bucket ends at the right edge, so that an incomplete column is the oldest one.
    offset = length * per_column - 1 - last
    sums = [0] * length
    for at, count in counts:
        if at is None:  # a window without events comes as one row without a time
            continue
        column = (_number(at, bucket) + offset) // per_column
        if 0 <= column < length:
            sums[column] += count
    known = length if arrived is None else (_number(arrived, bucket) + offset) // per_column + 1
    return Columns([value if n < known else None for n, value in enumerate(sums)], bucket * per_column)


def _number(instant: datetime, bucket: timedelta) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=instant.tzinfo)) // bucket


def time_axis(start: datetime, end: datetime, cells: int, zone: ZoneInfo) -> str:
    """Start, middle and end of a bar of so many cells in the person's zone; the middle where there is room for it."""
    pattern = "%H:%M" if end - start < _DAY else "%m-%d %H:%M"
    left, middle = (
        instant.astimezone(zone).strftime(pattern) for instant in (start, start + (end - start) / 2)
    )
    right = end.astimezone(zone).strftime(f"{pattern} %Z")
    before = cells // 2 - len(middle) // 2
    after = cells - len(right) - before - len(middle)
    if before > len(left) and after > 0:
        return f"{left:<{before}}{middle}{' ' * after}{right}"
    return left + " " * max(1, cells - len(left) - len(right)) + right


def span_words(span: timedelta) -> str:
    """`37 s`, `3 min 45 s`, `30 min`, `1 h 45 min`, `7 h 30 min`."""
    seconds = int(span.total_seconds())
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
