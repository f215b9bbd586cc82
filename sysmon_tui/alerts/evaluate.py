"""Rules on frames: what fires, what has resolved, what can't be known. Pure.

Windows end at the head of each table, not at the wall clock: system tables are late, and an hour that has not arrived
is no quiet hour. More rows can't undo "count >= N", so a rule that is met fires even on a late table; one that is not
met on a table that can't be trusted is unknown, not well.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from sysmon_tui import limits
from sysmon_tui.alerts.episodes import HOUR, Episode, episodes
from sysmon_tui.alerts.rules import CONSECUTIVE_FAILURES, SEVERITIES, Rule
from sysmon_tui.clock import rfc3339
from sysmon_tui.datasets.statement import TABLES, quoted
from sysmon_tui.text import one_line
from sysmon_tui.views.answer import State

Alert = dict[str, Any]

_EVIDENCE_ROWS = 20

_Row = tuple[str | None, str | None]  # its workspace, its id


@dataclass(frozen=True)
class Seen:
    """Rows that a rule counts, newest first, and what is known of their table. `total` counts those left out too.

    `table` is the name that the tenant's configuration gives it.
    """

    table: str
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
        rows=_rows(inside, rule.key),
        since=_oldest(inside, "start_time" if "start_time" in inside.columns else time_column),
        parameters={"hours": _hours_back(seen, episode.started_at - HOUR)},
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
                rows=[
                    (row["workspace_id"], run.partition("/")[2])
                    for run in (row["last_runs"] or "").split(",")
                ],
                since=row["first_failure"] - timedelta(hours=limits.RUN_LOOKBACK_HOURS),
                parameters={
                    "workflow_name": row["workflow_name"],
                    "hours": _hours_back(seen, row["first_failure"]),
                },
                identity={"workspace_id": row["workspace_id"], "job_id": row["job_id"]},
            )
        )
    return _or_unknown(found, rule, seen, threshold, tenant)


def _or_unknown(found: list[Alert], rule: Rule, seen: Seen, threshold: int, tenant: str) -> list[Alert]:
    """Nothing fires on a table that can't be trusted: that is a thing to say, not silence."""
    trusted = seen.state == "fresh" or (seen.state == "empty" and seen.as_of is not None)
    if trusted or any(alert["state"] == "firing" for alert in found):
        return found
    reason = seen.reason or f"{seen.table} has shown no row of the last 30 days."
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
            title=f"Unknown: {rule.noun} ({seen.table} is {seen.state})",
            message=reason,
            rows=[],
            since=None,
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
    rows: list[_Row],
    since: datetime | None,
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
        "evidence": _evidence(rule, seen.table, rows, since, parameters),
    }


def alert_id(tenant: str, rule: str, identity: dict[str, Any]) -> str:
    """The same for the same rule and entity, whenever it is evaluated and whatever the entity is called today."""
    text = json.dumps([tenant, rule, identity], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _evidence(
    rule: Rule, table: str, rows: list[_Row], since: datetime | None, parameters: dict[str, Any]
) -> dict[str, Any]:
    """The rows' ids, and a statement for a SQL editor that shows them; only plain ids get into its text."""
    known = [(workspace, row_id) for workspace, row_id in rows if row_id][:_EVIDENCE_ROWS]
    ids = [row_id for _, row_id in known]
    plain = [(workspace, row_id) for workspace, row_id in known if _is_plain(workspace) and _is_plain(row_id)]
    statement = None
    if plain and since is not None:
        moment = (
            f"DATE'{since:%Y-%m-%d}'" if rule.pruned_by == "event_date" else f"TIMESTAMP'{rfc3339(since)}'"
        )
        statement = (
            f"SELECT * FROM {table if table in TABLES.values() else quoted(table)}"
            f" WHERE {rule.pruned_by} >= {moment}"
            f" AND workspace_id IN ({_listed(workspace for workspace, _ in plain)})"
            f" AND {rule.key} IN ({_listed(row_id for _, row_id in plain)})"
        )
    return {"ids": ids, "dataset": rule.dataset, "parameters": parameters, "statement": statement}


def _is_plain(text: str | None) -> bool:
    return text is not None and re.fullmatch(r"[\w-]+", text, re.ASCII) is not None


def _listed(texts: Iterable[str | None]) -> str:
    return ", ".join(f"'{text}'" for text in dict.fromkeys(texts))


def _rows(frame: pl.DataFrame, key: str) -> list[_Row]:
    return list(frame.select("workspace_id", key).iter_rows())


def _oldest(frame: pl.DataFrame, column: str) -> datetime | None:
    oldest = frame.get_column(column).min()
    return oldest if isinstance(oldest, datetime) else None


def _hours_back(seen: Seen, instant: datetime) -> int:
    """The window, in whole hours up to now, in which the dataset shows what happened since that instant."""
    return max(1, math.ceil((seen.fetched_at - instant) / HOUR))


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
