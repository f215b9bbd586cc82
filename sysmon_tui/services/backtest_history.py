"""The history that thresholds are tried out on: a statement for each table, and what its rows say of each rule.

No rows of the tables come: episodes are counted where they lie (sql/backtest_*.sql).
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from sysmon_tui.config import Thresholds
from sysmon_tui.datasets import asks, backtests
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.datasets.statement import Value
from sysmon_tui.services.backtest_rules import Part, Tried
from sysmon_tui.services.result import Result
from sysmon_tui.views.answer import Window
from sysmon_tui.views.backtest_report import Noisy, Page, RuleResult, Table

_HOUR_US = 3_600_000_000
_NOISIEST = 5


class Service(Protocol):
    """What is needed of a QueryService."""

    @property
    def tenant(self) -> str: ...

    def answer(self, ask: Ask, *, fresh: bool = False) -> Awaitable[Result]: ...

    def table_name(self, table: str) -> str: ...


@dataclass(frozen=True)
class Counted:
    """One run: what is known of each table, and the pages of each rule."""

    window: Window
    tables: tuple[Table, ...]
    rules: tuple[RuleResult, ...]

    @property
    def total(self) -> int:
        return sum(rule.total for rule in self.rules)


class History:
    """The last `days` of the tables that `parts` rest on. `lateness` is how late rows of a table may come."""

    def __init__(
        self, service: Service, parts: Sequence[Part], lateness: Mapping[str, timedelta], days: int
    ) -> None:
        self._service = service
        self._parts = parts
        self._lateness = lateness
        self._days = days
        self._results: dict[Ask, Result] = {}
        self._warehouses: dict[str, str] | None = None

    async def counted(self, thresholds: Thresholds) -> Counted:
        """Pages under these thresholds; tables whose thresholds are as before are not asked again."""
        results = await self._run(thresholds)
        if self._warehouses is None:
            self._warehouses = await self._warehouse_names()
        tables = tuple(self._table(part, results[part.table]) for part in self._parts)
        end = min(result.window.end for result in results.values())
        window = Window.before(end, self._days * 24.0)
        return Counted(window, tables, self._rules(results, tables, thresholds))

    async def _run(self, thresholds: Thresholds) -> dict[str, Result]:
        """By table; what was asked with the same thresholds before is not asked again."""
        wanted = {part.table: self._ask(part, thresholds) for part in self._parts}
        new = [ask for ask in wanted.values() if ask not in self._results]
        self._results |= zip(new, await asyncio.gather(*map(self._service.answer, new)), strict=True)
        return {table: self._results[ask] for table, ask in wanted.items()}

    def _ask(self, part: Part, thresholds: Thresholds) -> Ask:
        lateness = self._lateness[part.table]
        trials = [tried.trial(thresholds, lateness) for tried in part.tried]
        lead_us = backtests.lead_us(trials)
        values: dict[str, Value] = {
            **part.values(thresholds),
            "rules": backtests.rules_text(trials),
            "lead_us": lead_us,
            "row_limit": part.statement.ceiling,
        }
        hours = self._days * 24.0 + lead_us / _HOUR_US
        return Ask(part.statement, hours, tuple(values.items()))

    async def _warehouse_names(self) -> dict[str, str]:
        if not any(tried.entity == "warehouse" for part in self._parts for tried in part.tried):
            return {}
        names = await self._service.answer(asks.warehouse_names())
        return {
            f"{row['workspace_id'] or ''}/{row['warehouse_id']}": row["warehouse_name"]
            for row in names.frame.to_dicts()
            if row["warehouse_name"]
        }

    def _table(self, part: Part, result: Result) -> Table:
        reason = result.reason
        if result.as_of is None and reason is None:
            reason = f"{self._service.table_name(part.table)} has shown no row of the last 30 days."
        ids = tuple(tried.rule.id for tried in part.tried)
        name = self._service.table_name(part.table)
        return Table(part.table, name, result.state, reason, result.as_of, ids)

    def _rules(
        self, results: Mapping[str, Result], tables: Sequence[Table], thresholds: Thresholds
    ) -> tuple[RuleResult, ...]:
        known = {table.table for table in tables if table.is_known}
        found = []
        for part in self._parts:
            by_rule = defaultdict(list)
            for row in results[part.table].frame.to_dicts():
                by_rule[row["rule"]].append(row)
            for tried in part.tried:
                rows = by_rule[tried.rule.id] if part.table in known else []
                found.append(self._rule(part, tried, rows, thresholds, is_known=part.table in known))
        return tuple(found)

    def _rule(
        self, part: Part, tried: Tried, rows: list[dict[str, Any]], thresholds: Thresholds, *, is_known: bool
    ) -> RuleResult:
        pages = [row for row in rows if row["kind"] == "page"]
        return RuleResult(
            rule=tried.rule.id,
            severity=tried.rule.severity,
            table=part.table,
            setting=tried.raisable,
            threshold=tried.threshold(thresholds),
            pages=tuple(
                Page(self._label(tried.entity, row), row["started_at"], row["ended_at"], row["peak"])
                for row in pages
            ),
            total=pages[0]["total"] if pages else 0,
            noisiest=tuple(self._noisiest(tried, rows)),
            is_known=is_known,
        )

    def _noisiest(self, tried: Tried, rows: list[dict[str, Any]]) -> list[Noisy]:
        found = []
        if tried.entity:
            paged = Counter(self._label(tried.entity, row) for row in rows if row["kind"] == "page")
            found = [
                Noisy(tried.entity, name, count, "pages") for name, count in paged.most_common(_NOISIEST)
            ]
        for side, kind in (("who", tried.who), ("what", tried.what)):
            noisy = [row for row in rows if kind and row["kind"] == "noisy" and row["side"] == side]
            found += [Noisy(kind, self._label(kind, row), row["total"], "events") for row in noisy]
        return found

    def _label(self, kind: str, row: Mapping[str, Any]) -> str:
        label = str(row["label"] or "")
        if kind != "warehouse":
            return label
        return (self._warehouses or {}).get(label, label.rpartition("/")[2])
