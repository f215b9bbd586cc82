"""Rules of the user's own: a dataset, what its rows must be, how many of them within how long. Pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from sysmon_tui.alerts.counted import in_all, of_each
from sysmon_tui.alerts.episodes import Episode, below
from sysmon_tui.alerts.finding import (
    Finding,
    Seen,
    Words,
    hours_back,
    minute,
    oldest,
    row_ids,
    span,
)
from sysmon_tui.alerts.rules import Category, Rule
from sysmon_tui.config.rules import BUILT_IN, RuleConfig, number_columns
from sysmon_tui.text import one_line


@dataclass(frozen=True)
class _Dataset:
    category: Category
    table: str
    listing: str
    key: str
    pruned_by: str
    time: str
    who: str


DATASETS = {
    "workflows": _Dataset(
        "workflow",
        "job_run_timeline",
        "workflows",
        "run_id",
        "period_start_time",
        "end_time",
        "workflow_name",
    ),
    "queries": _Dataset(
        "query", "query_history", "queries", "statement_id", "start_time", "end_time", "user_email"
    ),
    "audit": _Dataset("security", "audit", "audit", "event_id", "event_date", "event_time", "user_email"),
    "warehouse_events": _Dataset(
        "warehouse",
        "warehouse_events",
        "warehouses",
        "warehouse_id",
        "event_time",
        "event_time",
        "warehouse_id",
    ),
}
_NUMBER = re.compile(r"(>=|<=|>|<|=)?\s*(-?[0-9]+(?:\.[0-9]+)?)\Z")
_COMPARE: dict[str, Callable[[pl.Expr, float], pl.Expr]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


@dataclass(frozen=True)
class OwnRule:
    """`rule` with what it asks of rows. `at_most` turns it round: it fires where fewer than `value` rows are."""

    rule: Rule
    dataset: str
    filter: tuple[tuple[str, str], ...]
    group_by: tuple[str, ...]
    value: int
    at_most: bool

    @property
    def of(self) -> _Dataset:
        return DATASETS[self.dataset]

    def matching(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that the filter lets through, and that belong to a moment (a run that goes on does not)."""
        wanted = [pl.col(self.of.time).is_not_null()]
        wanted += [condition(self.dataset, column, text) for column, text in self.filter]
        return frame.filter(pl.all_horizontal(wanted))

    def findings(self, seen: Seen, since: datetime) -> list[Finding]:
        """`seen` holds rows of the dataset that matter from `since` on."""
        matching = self.matching(seen.frame)
        mine = seen.with_rows(matching)
        if seen.as_of is None or seen.settled is None:
            return []
        if self.group_by:
            keys = list(self.group_by)
            if self.at_most:
                parts = matching.drop_nulls(keys).partition_by(keys, maintain_order=True)
                return [self._few_of_one(mine, part, since) for part in parts]
            return of_each(self.rule, mine, self.value, time=self.of.time, by=keys, named=keys[0])
        if self.at_most:
            return [self._few(mine, matching, since, {})]
        return in_all(self.rule, mine, self.value, time=self.of.time, who=self.of.who)

    def _few_of_one(self, seen: Seen, rows: pl.DataFrame, since: datetime) -> Finding:
        """Of an entity: before its first row nobody knew of it."""
        first: datetime = rows.get_column(self.of.time).to_list()[-1]  # newest first
        entity = rows.select(self.group_by).row(0, named=True)
        return self._few(seen, rows, max(since, first - self.rule.window), entity)

    def _few(self, seen: Seen, rows: pl.DataFrame, since: datetime, entity: dict[str, Any]) -> Finding:
        episodes: list[Episode] = []
        if seen.as_of is not None and seen.settled is not None and not seen.cut:
            times = rows.get_column(self.of.time).to_list()
            first = since + self.rule.window
            episodes = below(
                times,
                self.value,
                since=first,
                settled=seen.settled,
                head=seen.as_of,
                window=self.rule.window,
            )
        return Finding(self.rule, seen, self.value, episodes, self._words(seen, rows, entity), entity)

    def _words(self, seen: Seen, rows: pl.DataFrame, entity: dict[str, Any]) -> Callable[[Episode], Words]:
        of = "".join(f"{one_line(str(value), 120)}: " for value in list(entity.values())[:1])

        def words(episode: Episode) -> Words:
            since = episode.started_at - self.rule.window
            until = episode.ended_at or seen.settled or seen.fetched_at
            there = rows.filter((pl.col(self.of.time) > since) & (pl.col(self.of.time) <= until))
            few = f"{of}{episode.value} {self.rule.noun} within {span(self.rule.window)}"
            return Words(
                title=few,
                message=f"{few}, up to {minute(until)} (fewer than {self.value}).",
                rows=row_ids(there, self.rule.key),
                since=oldest(there, "start_time", self.of.time),
                parameters={"hours": hours_back(seen, since)},
            )

        return words


def condition(dataset: str, column: str, text: str) -> pl.Expr:
    """What a filter says of a column. Raises ValueError for a number column and a text that is none."""
    if column in number_columns(dataset):
        match = _NUMBER.match(text)
        if match is None:
            raise ValueError(f"expected a number or a comparison such as >= 600 for {column}")
        return _COMPARE[match[1] or "="](pl.col(column).cast(pl.Float64), float(match[2])).fill_null(False)
    if "*" not in text:
        return pl.col(column).eq(text).fill_null(False)
    pattern = ".*".join(re.escape(part) for part in text.split("*"))
    return pl.col(column).str.contains(f"(?s)^{pattern}$").fill_null(False)


def own_rules(configs: dict[str, RuleConfig]) -> list[OwnRule]:
    """The rules that are no built-in ones and are on."""
    return [
        _own(name, config)
        for name, config in configs.items()
        if name not in BUILT_IN and config.enabled is not False
    ]


def _own(name: str, config: RuleConfig) -> OwnRule:
    dataset = config.dataset or "workflows"
    of = DATASETS[dataset]
    comparison, value = config.comparison or ">=", config.value or 1
    at_most = comparison in ("<", "<=")
    rule = Rule(
        name,
        of.category,
        config.severity or "medium",
        of.table,
        None,
        one_line(config.title or f"rows of {name}", 120),
        of.listing,
        of.key,
        of.pruned_by,
        window=timedelta(minutes=config.window_minutes or 60),
        wait=timedelta(minutes=config.for_minutes or 0),
        keep=timedelta(minutes=config.keep_firing_minutes or 0),
        # A row that is there ends "too few" for good.
        final=at_most,
        absence=at_most,
        runbook_url=config.runbook_url,
    )
    return OwnRule(
        rule,
        dataset,
        tuple((config.filter or {}).items()),
        config.group_by or (),
        # Whole numbers: more than 4 is 5 or more, at most 4 is fewer than 5.
        value + 1 if comparison in (">", "<=") else value,
        at_most,
    )
