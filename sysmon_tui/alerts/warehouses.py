"""Rules on warehouses: starts that fail, and those that are up without work. Pure."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from sysmon_tui.alerts.counted import of_each
from sysmon_tui.alerts.episodes import Episode
from sysmon_tui.alerts.finding import Finding, Seen, Words, hours_back, minute
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.clock import EPOCH
from sysmon_tui.text import one_line

_WAREHOUSE = ("workspace_id", "warehouse_id")


def failed_starts(seen: Seen, rule: Rule, threshold: int) -> list[Finding]:
    """`seen` holds a row a failed start."""
    rows = seen.frame.with_columns(warehouse_name=_named())
    return of_each(
        rule,
        seen.with_rows(rows),
        threshold,
        time="failed_at",
        by=[*_WAREHOUSE, "warehouse_name"],
        named="warehouse_name",
        identity=_identity,
    )


def queueing(seen: Seen, rule: Rule, threshold: int, names: pl.DataFrame, queued_ms: int) -> list[Finding]:
    """Statements that waited this long for a free slot, by warehouse. `seen` holds statements, `names` warehouses."""
    waited = seen.frame.filter(pl.col("waiting_at_capacity_duration_ms") >= queued_ms)
    rows = waited.join(names, on=list(_WAREHOUSE), how="left", maintain_order="left").with_columns(
        warehouse_name=_named()
    )
    return of_each(
        rule,
        seen.with_rows(rows),
        threshold,
        time="end_time",
        by=[*_WAREHOUSE, "warehouse_name"],
        named="warehouse_name",
        identity=_identity,
    )


def idle(seen: Seen, statements: Seen, rule: Rule, threshold_minutes: int) -> list[Finding]:
    """Warehouses that are up, and of which no statement has ended for this long.

    `seen` holds a row a warehouse, `statements` what ran, by span of time. That nothing ran is known only from where
    statements were read up to where no more rows of query history come, and that it is up only up to the newest event
    of any warehouse.
    """
    known = [instant for instant in (seen.as_of, statements.settled) if instant is not None]
    if len(known) < 2:
        return []
    last_work = _last_work(statements.frame)
    found = []
    for row in seen.frame.filter(pl.col("state") == "RUNNING").to_dicts():
        since = max(filter(None, (row["last_event_time"], last_work.get(_key(row)), statements.since)))
        began = since + timedelta(minutes=threshold_minutes)
        if began <= min(known):
            minutes = (min(known) - since) // timedelta(minutes=1)
            at_least = "at least " if since == statements.since else ""
            episode = Episode(began, None, minutes)
            found.append(_idle(seen, rule, threshold_minutes, row=row, episode=episode, at_least=at_least))
    return found


def _idle(
    seen: Seen, rule: Rule, threshold_minutes: int, *, row: dict[str, Any], episode: Episode, at_least: str
) -> Finding:
    since = episode.started_at - timedelta(minutes=threshold_minutes)
    name = one_line(row["warehouse_name"] or f"warehouse {row['warehouse_id']}", 120)

    def words(of: Episode) -> Words:
        return Words(
            title=f"{name} has been up for {at_least}{of.value} minutes without a statement",
            message=(
                f"{name} is up, and no statement on it has ended since {minute(since)}: {at_least}{of.value} minutes "
                f"(threshold {threshold_minutes}). A statement that still runs is not in the table yet."
            ),
            parameters={"warehouse_id": row["warehouse_id"], "hours": hours_back(seen, since)},
        )

    entity = {name: row[name] for name in (*_WAREHOUSE, "warehouse_name")}
    return Finding(rule, seen, threshold_minutes, [episode], words, entity, _identity(entity))


def _last_work(spans: pl.DataFrame) -> dict[tuple[str, str], datetime]:
    """When the last statement of each warehouse ended, from the intervals of each span."""
    ends: dict[tuple[str, str], datetime] = {}
    for row in spans.select(*_WAREHOUSE, "span_us", "busy").iter_rows(named=True):
        ended = EPOCH + timedelta(microseconds=row["span_us"] + max(json.loads(row["busy"])[1::2], default=0))
        ends[_key(row)] = max(ended, ends.get(_key(row), ended))
    return ends


def _key(row: dict[str, Any]) -> tuple[str, str]:
    return row["workspace_id"], row["warehouse_id"]


def _identity(entity: dict[str, Any]) -> dict[str, Any]:
    return {name: entity[name] for name in _WAREHOUSE}


def _named() -> pl.Expr:
    name = pl.col("warehouse_name")
    return pl.when(name != "").then(name).otherwise(pl.concat_str(pl.lit("warehouse "), "warehouse_id"))
