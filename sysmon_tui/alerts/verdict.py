"""From what was found to what fires, has ended, or can't be known. Pure, in event time.

System tables are late, and an hour that has not arrived is no quiet hour. So a rule fires on what has come (more rows
can't undo "count >= N") and an alert ends only when its table has come past the end by its allowed lateness. Nothing
found on a table that can't be trusted is unknown, not well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sysmon_tui.alerts.episodes import Episode, held_for, merged
from sysmon_tui.alerts.finding import Finding, Seen, Words, alert_id, evidence, minute
from sysmon_tui.alerts.rules import SEVERITIES, Rule
from sysmon_tui.clock import rfc3339

Alert = dict[str, Any]
AlertState = Literal["firing", "pending", "unknown", "resolved"]
STATES: tuple[AlertState, ...] = ("firing", "pending", "unknown", "resolved")


@dataclass(frozen=True)
class Verdict:
    """An alert as one evaluation sees it. `met_until`: up to where its condition has held, by what has come.

    Episodes of it lie more than `hold` apart.
    """

    alert: Alert
    started_at: datetime | None
    met_until: datetime | None
    hold: timedelta = timedelta(0)

    @property
    def id(self) -> str:
        return str(self.alert["id"])

    @property
    def state(self) -> AlertState:
        state: AlertState = self.alert["state"]
        return state


def settles_after(rule: Rule, lateness: timedelta) -> timedelta:
    """How long after an end the table has to come before it is one: as far as the rule wants, and rows may be late.

    Rows that are late can bring an episode back that began within `rule.keep` of the end; so an end is final only
    where there is no such time.
    """
    return timedelta(0) if rule.final and not rule.keep else rule.keep + lateness


def verdicts(finding: Finding, tenant: str) -> list[Verdict]:
    """One an episode, oldest first; the last may be pending."""
    rule, seen = finding.rule, finding.seen
    if seen.as_of is None:
        return []
    until = seen.as_of - seen.lateness if rule.absence else seen.as_of
    kept, pending = held_for(finding.episodes, rule.wait, until)
    if (
        pending is not None
        and kept
        and kept[-1].ended_at
        and pending.started_at <= kept[-1].ended_at + rule.keep
    ):
        kept, pending = [*kept, pending], None  # it fires still: there is nothing to wait for
    found = [_verdict(finding, one, tenant) for one in merged(kept, rule.keep)]
    if pending is not None:
        found.append(_verdict(finding, pending, tenant, pending=True))
    return found


def _verdict(finding: Finding, episode: Episode, tenant: str, *, pending: bool = False) -> Verdict:
    seen, rule = finding.seen, finding.rule
    words = finding.words(episode)
    state: AlertState = "pending" if pending else "firing"
    message, resolved_at, met_until = words.message, None, seen.as_of
    if episode.ended_at is not None and seen.as_of is not None and not pending:
        met_until = episode.ended_at
        settled_at = episode.ended_at + settles_after(rule, seen.lateness)
        if seen.as_of >= settled_at:
            state, resolved_at = "resolved", episode.ended_at + rule.keep
        elif not rule.keep:
            message += (
                f" No longer so since {minute(episode.ended_at)}, by what has come; it ends when"
                f" {seen.table} has come past {minute(settled_at)}."
            )
    alert = document(
        finding, words, tenant, state=state, message=message, episode=episode, resolved_at=resolved_at
    )
    return Verdict(alert, episode.started_at, met_until, rule.keep)


def unknown(rule: Rule, seen: Seen, threshold: int | None, tenant: str) -> Verdict:
    """Nothing fires on a table that can't be trusted: that is a thing to say, not silence."""
    reason = seen.reason or f"{seen.table} has shown no row of the last 30 days."
    words = Words(f"Unknown: {rule.noun} ({seen.table} is {seen.state})", reason)
    alert = document(
        Finding(rule, seen, threshold, (), lambda _: words), words, tenant, state="unknown", message=reason
    )
    return Verdict(alert | {"started_at": rfc3339(seen.as_of)}, None, None)


def document(
    finding: Finding,
    words: Words,
    tenant: str,
    *,
    state: AlertState,
    message: str,
    episode: Episode | None = None,
    resolved_at: datetime | None = None,
) -> Alert:
    """The alert as contract/http.md has it; what only a store knows is null."""
    rule, seen = finding.rule, finding.seen
    identity = finding.entity if finding.identity is None else finding.identity
    value = episode.value if episode is not None and words.value is None else words.value
    return {
        "id": alert_id(tenant, rule.id, identity),
        "rule": rule.id,
        "category": rule.category,
        "severity": rule.severity,
        "state": state,
        "title": words.title,
        "message": message,
        "value": value,
        "threshold": finding.threshold,
        "entity": finding.entity,
        "started_at": rfc3339(episode.started_at if episode else None),
        "detected_at": rfc3339(seen.fetched_at),
        "resolved_at": rfc3339(resolved_at),
        "as_of": rfc3339(seen.as_of),
        "acknowledged_by": None,
        "silenced_until": None,
        "runbook_url": rule.runbook_url,
        "evidence": evidence(finding, words),
        "incident": None,
    }


def in_order(alerts: Iterable[Alert]) -> list[Alert]:
    """What fires first, then pending, unknown, resolved; grave before light, new before old."""
    same_each_time = sorted(alerts, key=lambda alert: (alert["rule"], alert["id"]))
    newest = sorted(same_each_time, key=lambda alert: alert["started_at"] or "", reverse=True)
    return sorted(
        newest, key=lambda alert: (STATES.index(alert["state"]), SEVERITIES.index(alert["severity"]))
    )


def by_severity(alerts: Iterable[Alert]) -> dict[str, int]:
    """How many fire, per severity."""
    firing = Counter(alert["severity"] for alert in alerts if alert["state"] == "firing")
    return {severity: firing.get(severity, 0) for severity in SEVERITIES}


def worth_showing(alerts: Iterable[Alert], *, since: datetime | None) -> list[Alert]:
    """What is open, and with `since` what resolved at or after it."""
    return [
        alert
        for alert in alerts
        if alert["state"] != "resolved"
        or (since is not None and datetime.fromisoformat(alert["resolved_at"]) >= since)
    ]
