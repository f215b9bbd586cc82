"""Counts over time as one line of block characters. Pure; needs no polars of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

_BLOCKS = "▁▂▃▄▅▆▇█"
_NONE = "·"
NOT_ARRIVED = "░"


def bars(values: Sequence[int | None]) -> str:
    """A character a value, the largest the highest; `·` for none, `░` for time that has not arrived yet."""
    top = max((value for value in values if value), default=0)
    return "".join(
        NOT_ARRIVED
        if value is None
        else _NONE
        if value == 0
        else _BLOCKS[min(len(_BLOCKS) - 1, (value * len(_BLOCKS) - 1) // top)]
        for value in values
    )


def buckets(
    counts: Iterable[tuple[datetime | None, int]],
    *,
    start: datetime,
    end: datetime,
    bucket: timedelta,
    arrived: datetime | None,
    columns: int,
) -> list[int | None]:
    """Sums per screen column over start..end, equally many buckets each; None for what lies after `arrived`.

    `counts` are (bucket_start, count) with starts on multiples of `bucket` since 1970.
    """
    first, last = _number(start, bucket), _number(end, bucket)
    per_column = max(1, -(-(last - first + 1) // max(1, columns)))
    length = -(-(last - first + 1) // per_column)
    # The newest bucket ends at the right edge, so that an incomplete column is the oldest one.
    offset = length * per_column - 1 - last
    sums: list[int | None] = [0] * length
    for at, count in counts:
        if at is None:  # a window without events comes as one row without a time
            continue
        column = (_number(at, bucket) + offset) // per_column
        if 0 <= column < length:
            sums[column] = (sums[column] or 0) + count
    known = length if arrived is None else (_number(arrived, bucket) + offset) // per_column + 1
    return [value if column < known else None for column, value in enumerate(sums)]


def _number(instant: datetime, bucket: timedelta) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=instant.tzinfo)) // bucket
