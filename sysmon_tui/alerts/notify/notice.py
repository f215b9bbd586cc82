"""What a channel says of an alert: the same words everywhere, harmless wherever they are shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sysmon_tui.text import one_line

_MAX_FACT_CHARS = 500
_MAX_MESSAGE_CHARS = 2000


@dataclass(frozen=True)
class Notice:
    """An alert on its way out. `alert` is the alert dict, `tenant` whose it is, `sent_at` now; `demo`: invented."""

    alert: dict[str, Any]
    tenant: str
    environment: str | None
    sent_at: datetime
    demo: bool = False

    @property
    def resolved(self) -> bool:
        return bool(self.alert["state"] == "resolved")

    @property
    def headline(self) -> str:
        """`[FIRING] high: 7 failed queries within an hour (prod)`"""
        state = "RESOLVED" if self.resolved else "FIRING"
        severity, title = self._text("severity", 20), self._text("title", 200)
        invented = "DEMO DATA, " if self.demo else ""
        return f"[{state}] {invented}{severity}: {title} ({self.tenant})"

    @property
    def message(self) -> str:
        return self._text("message", _MAX_MESSAGE_CHARS)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Label and value; only what the alert knows."""
        entity = self.alert.get("entity")
        named = entity.items() if isinstance(entity, dict) else ()
        pairs = [
            ("Tenant", self.tenant),
            ("Environment", self.environment),
            ("Rule", self.alert.get("rule")),
            *((str(label).replace("_", " ").capitalize(), value) for label, value in named),
            ("Value", self.alert.get("value")),
            ("Threshold", self.alert.get("threshold")),
            ("Started", self.alert.get("started_at")),
            ("Resolved", self.alert.get("resolved_at")),
            ("Data until", self.alert.get("as_of")),
            ("Runbook", self.alert.get("runbook_url")),
        ]
        return [
            (one_line(label, 60), one_line(str(value), _MAX_FACT_CHARS))
            for label, value in pairs
            if value is not None
        ]

    @property
    def alert_key(self) -> str:
        """The same for every notice about this alert, at most 255 characters (what PagerDuty takes)."""
        plain = f"sysmon_tui/{self.tenant}/{self.alert['id']}"
        return plain if plain.isascii() and plain.isprintable() and len(plain) <= 255 else _digest(plain)

    @property
    def delivery_key(self) -> str:
        """The same for every attempt at this notice; another state or episode has another."""
        return _digest(f"{self.alert_key}\n{self.alert['state']}\n{self.alert['started_at']}")

    def _text(self, field: str, max_chars: int) -> str:
        value = self.alert.get(field)
        return "" if value is None else one_line(str(value), max_chars)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:40]
