"""What a channel says of alerts: the same words everywhere, harmless wherever they are shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sysmon_tui.alerts.rules import SEVERITIES
from sysmon_tui.text import one_line

_MAX_FACT_CHARS = 500
_MAX_MESSAGE_CHARS = 2000
_MAX_LISTED = 20

# firing: also when another alert joins its group. summary: alerts that the limit of pages has held back.
Kind = Literal["firing", "repeat", "acknowledged", "resolved", "summary"]
_WORDS: Mapping[Kind, str] = {
    "firing": "FIRING",
    "repeat": "STILL FIRING",
    "acknowledged": "ACKNOWLEDGED",
    "resolved": "RESOLVED",
    "summary": "SUMMARY",
}


@dataclass(frozen=True)
class Notice:
    """One message about an incident: one alert, or those of a group, the gravest first.

    `incident` is the incident's key, the same for each of its notices; `number` tells notices of one incident and
    kind apart. `alerts` are alert dicts. `demo`: invented.
    """

    kind: Kind
    alerts: tuple[dict[str, Any], ...]
    incident: str
    number: str
    tenant: str
    environment: str | None
    sent_at: datetime
    demo: bool = False

    @property
    def resolved(self) -> bool:
        return self.kind == "resolved"

    @property
    def alert(self) -> dict[str, Any]:
        """The first of them: what the notice is about where it is about one."""
        return self.alerts[0]

    @property
    def severity(self) -> str:
        """The gravest."""
        found = {alert.get("severity") for alert in self.alerts}
        return next((severity for severity in SEVERITIES if severity in found), "high")

    @property
    def started_at(self) -> str:
        """RFC 3339, of the oldest."""
        return min(str(alert["started_at"]) for alert in self.alerts)

    @property
    def headline(self) -> str:
        """`[FIRING] high: 7 failed queries within an hour (prod)`"""
        invented = "DEMO DATA, " if self.demo else ""
        return f"[{_WORDS[self.kind]}] {invented}{self.severity}: {self.title} ({self.tenant})"

    @property
    def title(self) -> str:
        title = _text(self.alert, "title", 200)
        others = len(self.alerts) - 1
        return f"{title}, and {others} more" if others else title

    @property
    def message(self) -> str:
        """One alert's own message, or a line for each."""
        if len(self.alerts) == 1:
            return _text(self.alert, "message", _MAX_MESSAGE_CHARS)
        lines = [
            f"{_text(alert, 'state', 20)} {_text(alert, 'severity', 20)}: {_text(alert, 'title', 200)}"
            for alert in self.alerts[:_MAX_LISTED]
        ]
        more = len(self.alerts) - _MAX_LISTED
        return "\n".join([*lines, *([f"and {more} more"] if more > 0 else [])])

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Label and value; only what is known. Of a group what its alerts share."""
        entity = self.alert.get("entity") if len(self.alerts) == 1 else None
        named = entity.items() if isinstance(entity, dict) else ()
        pairs = [
            ("Tenant", self.tenant),
            ("Environment", self.environment),
            ("Rule", self._shared("rule")),
            *((str(label).replace("_", " ").capitalize(), value) for label, value in named),
            ("Value", self._shared("value") if len(self.alerts) == 1 else None),
            ("Threshold", self._shared("threshold")),
            ("Started", self.started_at),
            ("Resolved", self._shared("resolved_at")),
            ("Data until", self._shared("as_of")),
            ("Acknowledged by", self._shared("acknowledged_by")),
            ("Runbook", self._shared("runbook_url")),
        ]
        return [
            (one_line(label, 60), one_line(str(value), _MAX_FACT_CHARS))
            for label, value in pairs
            if value is not None
        ]

    @property
    def runbook_url(self) -> str | None:
        url = self._shared("runbook_url")
        return one_line(url) if isinstance(url, str) and url.startswith("https://") else None

    @property
    def incident_key(self) -> str:
        """The same for every notice about this incident, at most 255 characters (what PagerDuty takes)."""
        plain = f"sysmon_tui/{self.tenant}/{self.incident}"
        return plain if plain.isascii() and plain.isprintable() and len(plain) <= 255 else _digest(plain)

    @property
    def delivery_key(self) -> str:
        """The same for every attempt at this notice; another one has another."""
        return _digest(f"{self.incident_key}\n{self.kind}\n{self.number}")

    def _shared(self, field: str) -> Any:
        values = [alert.get(field) for alert in self.alerts]
        return values[0] if all(value == values[0] for value in values) else None


def _text(alert: dict[str, Any], field: str, max_chars: int) -> str:
    value = alert.get(field)
    return "" if value is None else one_line(str(value), max_chars)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:40]
