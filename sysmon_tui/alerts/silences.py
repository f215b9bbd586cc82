"""Silences: alerts that nobody is to be told of for a while. Pure."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sysmon_tui.errors import RequestError

# What a matcher may look at beside the fields of the entity.
LABELS = ("id", "rule", "category", "severity")


@dataclass(frozen=True)
class Silence:
    """An alert that meets every matcher (label or entity field → text, `*` for any characters) is silent until then."""

    id: str
    matchers: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    reason: str
    created_by: str

    def covers(self, alert: Mapping[str, Any], now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at and matches(self.matchers, alert)


def matches(matchers: Mapping[str, str], alert: Mapping[str, Any]) -> bool:
    """Whether the alert has every label or entity field as its matcher wants it."""
    entity = alert.get("entity")
    fields = entity if isinstance(entity, Mapping) else {}
    for name, wanted in matchers.items():
        value = alert.get(name) if name in LABELS else fields.get(name)
        if value is None or not like(wanted, str(value)):
            return False
    return True


def like(wanted: str, value: str) -> bool:
    """Literal and case-sensitive; a `*` stands for any run of characters."""
    return _pattern(wanted).fullmatch(value) is not None


@lru_cache(maxsize=512)
def _pattern(wanted: str) -> re.Pattern[str]:
    # Runs of stars as one: `**…*x` would take long to fail. fnmatch builds patterns that do not backtrack.
    literal = "*".join(re.sub(r"([\[?])", r"[\1]", part) for part in re.split(r"\*+", wanted))
    return re.compile(fnmatch.translate(literal), re.DOTALL)


def silenced_until(silences: Iterable[Silence], alert: Mapping[str, Any], now: datetime) -> datetime | None:
    """Up to when the longest of the silences that cover it lasts."""
    return max((one.ends_at for one in silences if one.covers(alert, now)), default=None)


def parsed_matchers(texts: Iterable[str]) -> dict[str, str]:
    """From `rule=workflow.*` and the like. Raises RequestError."""
    found: dict[str, str] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if not value or not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
            raise RequestError(
                "A matcher is NAME=TEXT, such as rule=workflow.* or workflow_name=nightly.",
                parameter="matcher",
            )
        if name in found:
            raise RequestError(f"{name} is given twice; each name once.", parameter="matcher")
        found[name] = value
    if not found:
        raise RequestError("A silence needs at least one matcher.", parameter="matcher")
    return found
