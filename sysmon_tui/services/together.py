"""Answers of several tenants as one. Pure: a row says whose it is, the whole is no better known than its parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from sysmon_tui.alerts.verdict import in_order
from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.views.alerts import alert_frame
from sysmon_tui.views.answer import Answer, State, worst

TENANT = "tenant"
# From the best to the worst: what is not known is worse than health, and better than what is known to be bad.
_STATUSES = ("healthy", "unknown", "degraded", "unhealthy")


def listing(answers: Mapping[str, Answer], newest: str | None = None) -> Answer:
    """The rows of all with a first column `tenant`, by the column `newest` from the latest on, else tenant by tenant.

    `as_of` is the oldest of them: until then all are known.
    """
    frames = [_of(tenant, answer.frame) for tenant, answer in answers.items()]
    rows = pl.concat(frames, how="diagonal_relaxed")
    if newest is not None and newest in rows.columns:
        rows = rows.sort(newest, descending=True, nulls_last=True, maintain_order=True)
    return replace(_about(answers), frame=rows, extra=_extra([answer.extra for answer in answers.values()]))


def alerts(answers: Mapping[str, Answer]) -> Answer:
    """In the order of the contract over all tenants; the reasons of stores and channels name theirs."""
    records = in_order(
        {**record, TENANT: tenant} for tenant, answer in answers.items() for record in answer.rows()
    )
    frame = alert_frame(records).insert_column(
        0, pl.Series(TENANT, [record[TENANT] for record in records], pl.String)
    )
    extras = {tenant: answer.extra for tenant, answer in answers.items()}
    severities = _summed(extra["by_severity"] for extra in extras.values())
    troubles = [
        f"{tenant}: {extra['store_reason']}" for tenant, extra in extras.items() if extra["store_reason"]
    ]
    extra = {
        "total_alerts": sum(extra["total_alerts"] for extra in extras.values()),
        "by_severity": severities,
        "rules": [{**rule, TENANT: tenant} for tenant, extra in extras.items() for rule in extra["rules"]],
        "store_reason": "; ".join(troubles) or None,
        "notifications": {
            f"{tenant} {channel}": told
            for tenant, extra in extras.items()
            for channel, told in extra["notifications"].items()
        },
    }
    return replace(_about(answers), frame=frame, records=records, extra=extra)


def counts(answers: Mapping[str, Answer]) -> Answer:
    """Counts of the same buckets stand beside each other; whoever draws them adds them up."""
    frames = [answer.frame for answer in answers.values()]
    return replace(_about(answers), frame=pl.concat(frames, how="diagonal_relaxed"))


def recent_failures(
    of_each: Mapping[str, dict[str, list[dict[str, Any]]]],
) -> dict[str, list[dict[str, Any]]]:
    first = next(iter(of_each.values()))
    return {
        kind: [{**row, TENANT: tenant} for tenant, one in of_each.items() for row in one[kind]]
        for kind in first
    }


def yesterday(tallies: Mapping[str, dict[str, int | None]]) -> dict[str, int | None]:
    return _tally(list(tallies.values()))


def health(documents: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The document of `Monitor.health` over all: sums, the gravest status, each table as its worst tenant has it."""
    every = list(documents.values())
    first = every[0]
    alerts = in_order(
        {**alert, TENANT: tenant} for tenant, one in documents.items() for alert in one["alerts"]["alerts"]
    )
    return {
        **first,
        "tenant": None,
        "status": max((one["status"] for one in every), key=_STATUSES.index),
        "fetched_at": min(one["fetched_at"] for one in every),
        "summary": {kind: _tally([one["summary"][kind] for one in every]) for kind in first["summary"]},
        "alerts": {
            "total_alerts": sum(one["alerts"]["total_alerts"] for one in every),
            "by_severity": _summed(one["alerts"]["by_severity"] for one in every),
            "alerts": alerts,
        },
        "recent_failures": recent_failures(
            {tenant: one["recent_failures"] for tenant, one in documents.items()}
        ),
        "sources": {
            table: _source({tenant: one["sources"][table] for tenant, one in documents.items()})
            for table in first["sources"]
            if table in TABLES
        },
    }


def _of(tenant: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.lit(tenant).alias(TENANT), pl.all())


def _about(answers: Mapping[str, Answer]) -> Answer:
    """State, reason, window and ages of all."""
    every = list(answers.values())
    state, reason = _state({tenant: (one.state, one.reason) for tenant, one in answers.items()})
    dated = [one.as_of for one in every if one.as_of is not None]
    window = replace(
        every[0].window,
        start=min(one.window.start for one in every),
        end=max(one.window.end for one in every),
    )
    codes = {one.code for one in every}
    return replace(
        every[0],
        total=sum(one.total for one in every),
        window=window,
        as_of=min(dated, default=None),
        fetched_at=min(one.fetched_at for one in every),
        state=state,
        reason=reason,
        next_cursor=next((one.next_cursor for one in every if one.next_cursor), None),
        records=None,
        extra={},
        code=codes.pop() if len(codes) == 1 else None,
    )


def _state(states: Mapping[str, tuple[State, str | None]]) -> tuple[State, str | None]:
    """Where some tenants are known and others aren't, the whole is stale, and says whose part is missing."""
    worst_state = worst(state for state, _ in states.values())
    if worst_state == "fresh" or all(state == worst_state for state, _ in states.values()):
        return worst_state, _joined({tenant: reason for tenant, (_, reason) in states.items()})
    said = {
        tenant: reason or ("shows nothing at all in the window." if state == "empty" else state)
        for tenant, (state, reason) in states.items()
        if state != "fresh"
    }
    return "stale", _joined(said)


def _joined(reasons: Mapping[str, str | None]) -> str | None:
    return " ".join(f"{tenant}: {reason}" for tenant, reason in reasons.items() if reason) or None


def _source(sources: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    state, reason = _state({tenant: (one["state"], one["reason"]) for tenant, one in sources.items()})
    dated = [one for one in sources.values() if one["as_of"] is not None]
    oldest = min(dated, key=lambda one: one["as_of"], default={"as_of": None, "lag_seconds": None})
    return {
        "state": state,
        "as_of": oldest["as_of"],
        "lag_seconds": oldest["lag_seconds"],
        "reason": reason,
    }


def _tally(tallies: list[dict[str, Any]]) -> dict[str, Any]:
    """Sums of what all of them know; what one does not know the whole does not know either."""
    return {name: _sum_of(name, tallies) for name in tallies[0]}


def _sum_of(name: str, tallies: list[dict[str, Any]]) -> Any:
    values = [one.get(name) for one in tallies]
    if all(isinstance(value, dict) for value in values):
        return _tally([value for value in values if isinstance(value, dict)])
    if any(value is None for value in values):
        return None
    if name == "success_rate":
        total = sum(one["total"] for one in tallies)
        return (total - sum(one["failed"] for one in tallies)) / total if total else None
    return sum(value for value in values if isinstance(value, int | float))


def _summed(tallies: Iterable[Mapping[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for one in tallies:
        for name, count in one.items():
            sums[name] = sums.get(name, 0) + count
    return sums


def _extra(extras: list[dict[str, Any]]) -> dict[str, Any]:
    """What stands beside the rows of warehouses: their totals added up."""
    return (
        {"totals": _tally([one["totals"] for one in extras])}
        if all("totals" in one for one in extras)
        else {}
    )
