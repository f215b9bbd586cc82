"""Ages, windows and counts in words. Pure; loads no polars."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

# Of a tab that has never asked and may not now.
PAUSED = "Nothing has been asked here yet. {refresh} asks once, {pause} goes on."
# What `[` and `]` walk through, in hours.
WINDOWS_HOURS: tuple[float, ...] = (1, 6, 24, 168, 720)
# What `+` and `-` walk through, in seconds.
INTERVALS_S: tuple[float, ...] = (5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)


def window_words(hours: float) -> str:
    """`24 h`, `7 d`."""
    if hours > 24 and hours % 24 == 0:
        return f"{hours / 24:g} d"
    return f"{hours:g} h"


def age_words(seconds: float) -> str:
    """`under 1 min`, `21 min`, `3 h 05 min`, `2 d 4 h`: coarse, so that it seldom changes."""
    minutes = int(max(0.0, seconds)) // 60
    if minutes < 1:
        return "under 1 min"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def clock_words(instant: datetime, zone: ZoneInfo, now: datetime, *, zone_name: bool = True) -> str:
    """`02:41 UTC`, with the day in front when it is another one than now's."""
    local = instant.astimezone(zone)
    pattern = "%H:%M" if local.date() == now.astimezone(zone).date() else "%Y-%m-%d %H:%M"
    return local.strftime(f"{pattern} %Z" if zone_name else pattern)


def number_words(number: int) -> str:
    return f"{number:,}"


def counted_words(number: int, things: str) -> str:
    """`1 run`, `547 runs`; `things` in the plural."""
    one = f"{things.removesuffix('ies')}y" if things.endswith("ies") else things.removesuffix("s")
    return f"{number_words(number)} {one if number == 1 else things}"


def is_production(environment: str | None) -> bool:
    """Whether an environment's name says that people depend on it."""
    name = (environment or "").lower()
    return name in ("live", "prd") or name.startswith("prod")
