"""From what one evaluation after another tells of alerts to the changes of state. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sysmon_tui.services.rule_tests.plan import Alert, Change, Expectation

# Of several alerts that one expectation is about, the gravest state is the state: as the desk tells it of a rule.
_OPEN = ("firing", "unknown", "pending")


class Timeline:
    """The changes of what one expectation is about, from `inactive` on.

    `resolved` is the moment at which something ended; it stays the last word until something else happens.
    """

    def __init__(self, expectation: Expectation) -> None:
        self._expectation = expectation
        self._ended: set[tuple[str, str]] = set()
        self.changes: list[Change] = []

    @property
    def _state(self) -> str:
        return self.changes[-1].state if self.changes else "inactive"

    def see(self, at: datetime, alerts: Sequence[Alert]) -> None:
        mine = [alert for alert in alerts if self._expectation.is_about(alert)]
        ended = [alert for alert in mine if alert["state"] == "resolved" and _key(alert) not in self._ended]
        self._ended.update(_key(alert) for alert in ended)
        for state in _OPEN:
            open_ones = [alert for alert in mine if alert["state"] == state]
            if open_ones:
                if state != self._state:
                    self._change(at, state, open_ones)
                return
        if ended:
            self._change(at, "resolved", ended)
        elif self._state not in ("resolved", "inactive"):
            self._change(at, "inactive", [])

    def _change(self, at: datetime, state: str, alerts: Sequence[Alert]) -> None:
        values = tuple(alert["value"] for alert in alerts) if state != "unknown" else ()
        message = str(alerts[0]["message"]) if alerts else ""
        self.changes.append(Change(at, state, values, message))


def _key(alert: Alert) -> tuple[str, str]:
    """One time that an alert was on."""
    return alert["id"], alert.get("incident") or alert["started_at"]
