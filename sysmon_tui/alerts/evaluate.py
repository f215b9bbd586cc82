"""Rules on frames: what fires, what has resolved, what can't be known. Pure.

Windows end at the head of each table, not at the wall clock: system tables are late, and an hour that has not arrived
is no quiet hour. More rows can't undo "count >= N", so a rule that is met fires even on a late table; one that is not
met on a table that can't be trusted is unknown, not well.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from sysmon_tui.alerts.episodes import HOUR, Episode, episodes
from sysmon_tui.alerts.rules import CONSECUTIVE_FAILURES, SEVERITIES, Rule
from sysmon_tui.clock import rfc3339
from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.text import one_line
from sysmon_tui.views.answer import State

Alert = dict[str, Any]

_EVIDENCE_ROWS = 20


@dataclass(frozen=True)
class Seen:
    """Rows that a rule counts, newest first, and what is known of their table. `total` counts those left out too."""

    frame: pl.DataFrame
    total: int
    as_of: datetime | None
    fetched_at: datetime
    state: State
    reason: str | None


def hourly(rule: Rule, seen: Seen, *, threshold: int, time_column: str, who: str, tenant: str) -> list[Alert]:
    """Alerts of a rule on events within an hour. `who` is the column whose commonest values the message names."""
    found: list[Alert] = []
    if seen.as_of is not None:
        times = seen.frame.get_column(time_column).to_list()
        cut = seen.total > seen.frame.height
        for episode in episodes(times, threshold, seen.as_of):
            found.append(
                _hourly_alert(
                    rule,
                    seen,
                    episode,
                    threshold=threshold,
                    time_column=time_column,
                    who=who,
                    tenant=tenant,
                    cut=cut,
                )
            )
    return _or_unknown(found, rule, seen, threshold, tenant)


def _hourly_alert(
    rule: Rule,
    seen: Seen,
    episode: Episode,
    *,
    threshold: int,
    time_column: str,
    who: str,
    tenant: str,
    cut: bool,
) -> Alert:
    upto = episode.ended_at or seen.as_of or seen.fetched_at
    inside = seen.frame.filter((pl.col(time_column) > upto - HOUR) & (pl.col(time_column) <= upto))
    if episode.ended_at is not None:  # what made it fire, not what was left when it ended
        started = episode.started_at
        inside = seen.frame.filter((pl.col(time_column) > started - HOUR) & (pl.col(time_column) <= upto))
    names = Counter(name for name in inside.get_column(who).to_list() if name)
    top = ", ".join(f"{one_line(name, 60)} ({count})" for name, count in names.most_common(3))
    value = f"at least {episode.value}" if cut else str(episode.value)
    return _alert(
        rule,
        seen,
        tenant,
        entity={},
        value=episode.value,
        threshold=threshold,
        started_at=episode.started_at,
        resolved_at=episode.ended_at,
        title=f"{episode.value} {rule.noun} within an hour",
        message=(
            f"{value} {rule.noun} in the hour up to {_minute(upto)} (threshold {threshold})"
            + (f": {top}." if top else ".")
        ),
        ids=inside.get_column(rule.key).to_list(),
        parameters={"hours": 24},
    )


def consecutive(seen: Seen, *, threshold: int, tenant: str) -> list[Alert]:
    """One alert per job whose last runs all failed, and per such row that a success has ended since."""
    rule = CONSECUTIVE_FAILURES
    found = []
    for row in seen.frame.to_dicts():
        name = one_line(row["workflow_name"] or f"job {row['job_id']}", 120)
        resolved = row["resolved_at"]
        ended = f", until it succeeded at {_minute(resolved)}" if resolved else ""
        found.append(
            _alert(
                rule,
                seen,
                tenant,
                entity={
                    "workspace_id": row["workspace_id"],
                    "job_id": row["job_id"],
                    "workflow_name": row["workflow_name"],
                },
                value=row["failures"],
                threshold=threshold,
                started_at=row["crossed_at"],
                resolved_at=resolved,
                title=f"{name}: {row['failures']} {rule.noun}",
                message=(
                    f"{name} has failed {row['failures']} times in a row since {_minute(row['first_failure'])}, "
                    f"last at {_minute(row['last_failure'])}{ended} (threshold {threshold})."
                ),
                ids=[row["last_run_id"]],
                parameters={"workflow_name": row["workflow_name"], "hours": 24},
                identity={"workspace_id": row["workspace_id"], "job_id": row["job_id"]},
            )
        )
    return _or_unknown(found, rule, seen, threshold, tenant)


def _or_unknown(found: list[Alert], rule: Rule, seen: Seen, threshold: int, tenant: str) -> list[Alert]:
    """Nothing fires on a table that can't be trusted: that is a thing to say, not silence."""
    trusted = seen.state == "fresh" or (seen.state == "empty" and seen.as_of is not None)
    if trusted or any(alert["state"] == "firing" for alert in found):
        return found
    table = TABLES[rule.table]
    reason = seen.reason or f"{table} has shown no row yet."
    return [
        *found,
        _alert(
            rule,
            seen,
            tenant,
            entity={},
            value=None,
            threshold=threshold,
            started_at=seen.as_of,
            resolved_at=None,
            title=f"Unknown: {rule.noun} ({table} is {seen.state})",
            message=reason,
            ids=[],
            parameters={},
            unknown=True,
        ),
    ]


def _alert(
    rule: Rule,
    seen: Seen,
    tenant: str,
    *,
    entity: dict[str, Any],
    value: int | None,
    threshold: int,
    started_at: datetime | None,
    resolved_at: datetime | None,
    title: str,
    message: str,
    ids: list[str | None],
    parameters: dict[str, Any],
    identity: dict[str, Any] | None = None,
    unknown: bool = False,
) -> Alert:
    state = "unknown" if unknown else "resolved" if resolved_at is not None else "firing"
    return {
        "id": alert_id(tenant, rule.id, identity if identity is not None else entity),
        "rule": rule.id,
        "category": rule.category,
        "severity": rule.severity,
        "state": state,
        "title": title,
        "message": message,
        "value": value,
        "threshold": threshold,
        "entity": entity,
        "started_at": rfc3339(started_at),
        "detected_at": rfc3339(seen.fetched_at),
        "resolved_at": rfc3339(resolved_at),
        "as_of": rfc3339(seen.as_of),
        "acknowledged_by": None,
        "silenced_until": None,
        "runbook_url": None,
        "evidence": _evidence(rule, ids, parameters),
    }


def alert_id(tenant: str, rule: str, identity: dict[str, Any]) -> str:
    """The same for the same rule and entity, whenever it is evaluated and whatever the entity is called today."""
    text = json.dumps([tenant, rule, identity], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _evidence(rule: Rule, ids: list[str | None], parameters: dict[str, Any]) -> dict[str, Any]:
    """The rows' ids, and a statement for a SQL editor that shows them; only plain ids get into its text."""
    shown = [row_id for row_id in ids if row_id][:_EVIDENCE_ROWS]
    plain = [f"'{row_id}'" for row_id in shown if re.fullmatch(r"[\w-]+", row_id, re.ASCII)]
    statement = (
        f"SELECT * FROM {TABLES[rule.table]} WHERE {rule.key} IN ({', '.join(plain)})" if plain else None
    )
    return {"ids": shown, "dataset": rule.dataset, "parameters": parameters, "statement": statement}


def in_order(alerts: Iterable[Alert]) -> list[Alert]:
    """What fires first, then unknown, then resolved; grave before light, new before old."""
    states = ("firing", "pending", "unknown", "resolved")
    newest = sorted(alerts, key=lambda alert: alert["started_at"] or "", reverse=True)
    return sorted(
        newest, key=lambda alert: (states.index(alert["state"]), SEVERITIES.index(alert["severity"]))
    )


def by_severity(alerts: Iterable[Alert]) -> dict[str, int]:
    """How many fire, per severity."""
    firing = Counter(alert["severity"] for alert in alerts if alert["state"] == "firing")
    return {severity: firing.get(severity, 0) for severity in SEVERITIES}


def _minute(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M UTC")


def worth_showing(alerts: Iterable[Alert], *, since: datetime | None) -> list[Alert]:
    """What is open, and with `since` what resolved at or after it."""
    return [
        alert
        for alert in alerts
        if alert["state"] != "resolved"
        or (since is not None and datetime.fromisoformat(alert["resolved_at"]) >= since)
    ]
