"""What a rule found for one entity: when its condition held, and the words for it. Pure."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from sysmon_tui.alerts.episodes import HOUR, Episode
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.clock import rfc3339
from sysmon_tui.datasets.statement import TABLES, quoted
from sysmon_tui.text import one_line
from sysmon_tui.views.answer import State

_EVIDENCE_ROWS = 20

RowId = tuple[str | None, str | None]  # its workspace, its id


@dataclass(frozen=True)
class Seen:
    """Rows that a rule counts, newest first, and what is known of their table. `total` counts those left out too.

    `table` is the name that the tenant's configuration gives it. `lateness` is how much later than newer rows a row
    of it may come. `since` is how far back was read.
    """

    table: str
    frame: pl.DataFrame
    total: int
    as_of: datetime | None
    fetched_at: datetime
    state: State
    reason: str | None
    lateness: timedelta
    code: str | None = None
    since: datetime | None = None

    @property
    def trusted(self) -> bool:
        """Whether what it does not show can be taken for what did not happen, up to where it is settled."""
        return self.as_of is not None and self.state in ("fresh", "empty")

    @property
    def settled(self) -> datetime | None:
        """Up to here no more rows come."""
        return None if self.as_of is None else self.as_of - self.lateness

    @property
    def cut(self) -> bool:
        return self.total > self.frame.height

    def with_rows(self, rows: pl.DataFrame) -> Seen:
        """With these of its rows, or more columns; what was cut off may be any."""
        return replace(self, frame=rows, total=rows.height + self.total - self.frame.height)


@dataclass(frozen=True)
class Words:
    """What an alert says of an episode. `value` where it is another than the episode's; `rows` are the evidence."""

    title: str
    message: str
    value: int | None = None
    rows: Sequence[RowId] = ()
    since: datetime | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """`identity` is what makes the alert's id, `entity` what is shown of it. `episodes` are oldest first."""

    rule: Rule
    seen: Seen
    threshold: int | None
    episodes: Sequence[Episode]
    words: Callable[[Episode], Words]
    entity: dict[str, Any] = field(default_factory=dict)
    identity: dict[str, Any] | None = None


def alert_id(tenant: str, rule: str, identity: dict[str, Any]) -> str:
    """The same for the same rule and entity, whenever it is evaluated and whatever the entity is called today."""
    text = json.dumps([tenant, rule, identity], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def evidence(finding: Finding, words: Words) -> dict[str, Any]:
    """The rows' ids, and a statement for a SQL editor that shows them; only plain ids get into its text."""
    rule, table = finding.rule, finding.seen.table
    known = [(workspace, row_id) for workspace, row_id in words.rows if row_id][:_EVIDENCE_ROWS]
    plain = [(workspace, row_id) for workspace, row_id in known if _is_plain(workspace) and _is_plain(row_id)]
    statement = None
    if plain and words.since is not None:
        moment = (
            f"DATE'{words.since:%Y-%m-%d}'"
            if rule.pruned_by == "event_date"
            else f"TIMESTAMP'{rfc3339(words.since)}'"
        )
        statement = (
            f"SELECT * FROM {table if table in TABLES.values() else quoted(table)}"
            f" WHERE {rule.pruned_by} >= {moment}"
            f" AND workspace_id IN ({_listed(workspace for workspace, _ in plain)})"
            f" AND {rule.key} IN ({_listed(row_id for _, row_id in plain)})"
        )
    return {
        "ids": [row_id for _, row_id in known],
        "dataset": rule.dataset,
        "parameters": words.parameters,
        "statement": statement,
    }


def _is_plain(text: str | None) -> bool:
    return text is not None and re.fullmatch(r"[\w-]+", text, re.ASCII) is not None


def _listed(texts: Iterable[str | None]) -> str:
    return ", ".join(f"'{text}'" for text in dict.fromkeys(texts))


def row_ids(frame: pl.DataFrame, key: str) -> list[RowId]:
    """The first rows, each once: a warehouse may have several."""
    ids = frame.select("workspace_id", key).unique(maintain_order=True)
    return list(ids.head(_EVIDENCE_ROWS).iter_rows())


def oldest(frame: pl.DataFrame, *columns: str) -> datetime | None:
    """Of the first of these columns that the frame has."""
    column = next(name for name in columns if name in frame.columns)
    found = frame.get_column(column).min()
    return found if isinstance(found, datetime) else None


def hours_back(seen: Seen, instant: datetime) -> int:
    """The window, in whole hours up to now, in which the dataset shows what happened since that instant."""
    return max(1, math.ceil((seen.fetched_at - instant) / HOUR))


def commonest(frame: pl.DataFrame, column: str) -> str:
    """`nightly (4), hourly (2)`: the three that stand there most often."""
    names = Counter(str(name) for name in frame.get_column(column).to_list() if name)
    return ", ".join(f"{one_line(name, 60)} ({count})" for name, count in names.most_common(3))


def minute(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M UTC")


def span(length: timedelta) -> str:
    """`an hour`, `a day`, `90 minutes`."""
    names = {HOUR: "an hour", timedelta(days=1): "a day"}
    return names.get(length, f"{length // timedelta(minutes=1)} minutes")
