"""Times as a file of rule tests writes them, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sysmon_tui.config.check import Fault, KeyPath

_CLOCK = re.compile(r"(?:([+-][0-9]{1,3}) +)?([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?\Z", re.ASCII)
_EXPECTED = 'expected a time such as "10:20", "+1 02:00" (of the next day) or 2026-03-10T10:20:00Z'

# As far back as the tables keep rows.
_FARTHEST = timedelta(days=366)


@dataclass(frozen=True)
class Times:
    """`day` is the one that times without a date are of. All are UTC."""

    day: date

    @property
    def midnight(self) -> datetime:
        return datetime.combine(self.day, time(), UTC)

    def read(self, value: object, path: KeyPath) -> datetime:
        """Raises Fault."""
        found = self._instant(value)
        if found is None:
            raise Fault(path, _EXPECTED)
        if abs(found - self.midnight) > _FARTHEST:
            raise Fault(path, f"is more than {_FARTHEST.days} days from {self.day}")
        return found

    def _instant(self, value: object) -> datetime | None:
        if isinstance(value, str):
            match = _CLOCK.match(value)
            if match is not None:
                days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
                return self.midnight + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            try:
                value = datetime.fromisoformat(value) if ":" in value else None
            except ValueError:
                return None
        if isinstance(value, time):
            value = datetime.combine(self.day, value, value.tzinfo)
        if not isinstance(value, datetime):
            return None
        try:
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError:
            return None

    def text(self, instant: datetime) -> str:
        """`10:20`, `+1 02:00`, `10:20:30`."""
        days = (instant.date() - self.day).days
        clock = f"{instant:%H:%M:%S}" if instant.second else f"{instant:%H:%M}"
        return f"{days:+d} {clock}" if days else clock
