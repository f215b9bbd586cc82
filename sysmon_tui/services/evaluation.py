"""The rules on a tenant's tables: which statements each needs, and what each was found to say."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import polars as pl

from sysmon_tui import limits
from sysmon_tui.alerts import freshness, rules, runs, security, warehouses
from sysmon_tui.alerts.counted import in_all
from sysmon_tui.alerts.episodes import HOUR
from sysmon_tui.alerts.finding import Finding, Seen
from sysmon_tui.alerts.life import Judged
from sysmon_tui.alerts.own_rules import OwnRule, own_rules
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.alerts.verdict import unknown, verdicts
from sysmon_tui.config import Thresholds
from sysmon_tui.config.rules import RuleConfig
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.services import rule_rows
from sysmon_tui.services.query import QueryService
from sysmon_tui.services.result import Result


@dataclass(frozen=True)
class RuleBook:
    """What a tenant's configuration says of rules. `lateness` and `stale_after` by fact table."""

    thresholds: Thresholds
    lateness: dict[str, timedelta]
    stale_after: dict[str, timedelta]
    configured: dict[str, RuleConfig]

    def built_in(self) -> dict[str, Rule]:
        """Those that are on, by id."""
        found = {
            name: rules.configured(rule, self.configured.get(name)) for name, rule in rules.BUILT_IN.items()
        }
        return {name: rule for name, rule in found.items() if rule is not None}


_Family = Callable[[float, bool], Awaitable[list[Judged]]]


class Evaluation:
    """Evaluates the rules when asked; a table that can't be read makes its own rules unknown and no others."""

    def __init__(self, service: QueryService, book: RuleBook) -> None:
        self._service = service
        self._book = book
        self._rules = book.built_in()
        self._own = own_rules(book.configured)
        self._thresholds = book.thresholds

    @property
    def active(self) -> frozenset[str]:
        """The ids of all rules that are on."""
        return frozenset(self._rules) | {own.rule.id for own in self._own}

    def category_of(self, rule_id: str) -> str | None:
        own = {one.rule.id: one.rule for one in self._own}
        rule = self._rules.get(rule_id) or own.get(rule_id)
        return None if rule is None else rule.category

    async def judged(self, *, hours: float, category: str | None, fresh: bool) -> list[Judged]:
        """Every rule that is on (of one category), on what its tables have shown in the last `hours`."""
        families = await asyncio.gather(*(family(hours, fresh) for family in self._families(category)))
        found = [one for family in families for one in family]
        judged = [one for one in found if category in (None, one.rule.category)]
        if category not in (None, "freshness"):
            return judged
        return [*judged, *await self._freshness(found, fresh)]

    def _families(self, category: str | None) -> Iterable[_Family]:
        """Rules that share a statement."""
        families: tuple[tuple[_Family, tuple[Rule, ...]], ...] = (
            (self._streaks, (rules.CONSECUTIVE_FAILURES,)),
            (self._failed_runs, (rules.FAILED_RUNS,)),
            (self._slow_runs, (rules.SLOW_RUNS,)),
            (self._queries, (rules.FAILED_QUERIES, rules.SLOW_QUERIES, rules.QUEUEING)),
            (self._audit, tuple(rule for rule in rules.BUILT_IN.values() if rule.table == "audit")),
            (self._failed_starts, (rules.FAILED_STARTS,)),
            (self._idle, (rules.IDLE,)),
        )
        for family, of in families:
            on = [rule for rule in of if rule.id in self._rules and rule.category != "freshness"]
            if on and (category in (None, "freshness") or any(rule.category == category for rule in on)):
                yield family
        asked: dict[Ask, list[OwnRule]] = {}
        for own in self._own:
            if category in (None, own.rule.category, "freshness"):
                asked.setdefault(rule_rows.of_own(own, limits.DEFAULT_HOURS), []).append(own)
        for mine in asked.values():
            yield self._own_family(mine)

    # Families ------------------------------------------------------------------------------------------------

    async def _streaks(self, hours: float, fresh: bool) -> list[Judged]:
        rule = self._rules[rules.CONSECUTIVE_FAILURES.id]
        threshold = rule.threshold(self._thresholds)
        ask = asks.failure_streaks(hours=max(limits.DEFAULT_HOURS, hours), threshold=threshold)
        seen = self._seen(rule, await self._service.answer(ask, fresh=fresh))
        return [self._judged(rule, seen, threshold, runs.consecutive(seen, rule, threshold))]

    async def _failed_runs(self, hours: float, fresh: bool) -> list[Judged]:
        rule = self._rules[rules.FAILED_RUNS.id]
        threshold = rule.threshold(self._thresholds)
        seen = self._seen(rule, await self._last_window_too(rule_rows.failed_runs, hours, fresh))
        found = in_all(rule, seen, threshold, time="end_time", who="workflow_name")
        return [self._judged(rule, seen, threshold, found)]

    async def _slow_runs(self, hours: float, fresh: bool) -> list[Judged]:
        rule = self._rules[rules.SLOW_RUNS.id]
        threshold = rule.threshold(self._thresholds)
        ask = asks.long_runs(hours=rule_rows.read_hours(hours), min_seconds=threshold * 60.0)
        long_runs, baselines = await asyncio.gather(
            self._service.answer(ask, fresh=fresh), self._service.answer(asks.run_baselines())
        )
        seen = self._seen(rule, long_runs)
        if baselines.state in ("denied", "failed"):
            seen = replace(seen, state=baselines.state, reason=baselines.reason, code=baselines.code)
        return [self._judged(rule, seen, threshold, runs.slow(seen, baselines.frame, rule, threshold))]

    async def _queries(self, hours: float, fresh: bool) -> list[Judged]:
        limits_of = self._thresholds
        result = await self._last_window_too(self.query_signals_ask, hours, fresh)
        found = []
        rule = self._rules.get(rules.FAILED_QUERIES.id)
        if rule is not None:
            seen = _where(self._seen(rule, result), status="FAILED")
            threshold = rule.threshold(limits_of)
            counted = in_all(rule, seen, threshold, time="end_time", who="error_class")
            found.append(self._judged(rule, seen, threshold, counted))
        rule = self._rules.get(rules.SLOW_QUERIES.id)
        if rule is not None:
            seen = _where(self._seen(rule, result), total_duration_ms=limits_of.slow_query_seconds * 1000)
            threshold = rule.threshold(limits_of)
            counted = in_all(rule, seen, threshold, time="end_time", who="user_email")
            found.append(self._judged(rule, seen, threshold, counted))
        rule = self._rules.get(rules.QUEUEING.id)
        if rule is not None:
            seen, threshold = self._seen(rule, result), rule.threshold(limits_of)
            names = (await self._service.answer(asks.warehouse_names())).frame
            queued_ms = limits_of.queued_query_seconds * 1000
            queued = warehouses.queueing(seen, rule, threshold, names, queued_ms)
            found.append(self._judged(rule, seen, threshold, queued))
        return found

    async def _audit(self, hours: float, fresh: bool) -> list[Judged]:
        wanted = {name: rule for name, rule in self._rules.items() if rule.category == "security"}
        rule = next(iter(wanted.values()))
        longest = max(one.window for one in wanted.values())
        # What is counted by the day has to be whole up to where late rows may still come, on a table that lags.
        hours += (longest - HOUR) / timedelta(hours=4)
        result = await self._last_window_too(self._security_ask, hours, fresh, longest)
        seen = grave = self._seen(rule, result)
        if seen.cut:
            ask = partial(self._security_ask, grave_only=True)
            grave = self._seen(rule, await self._last_window_too(ask, hours, fresh, longest))
        found = security.findings(seen, grave, wanted, self._thresholds)
        return [
            self._judged(rule, seen, security.shown_threshold(rule, self._thresholds), found[rule.id])
            for rule in wanted.values()
        ]

    async def _failed_starts(self, hours: float, fresh: bool) -> list[Judged]:
        rule = self._rules[rules.FAILED_STARTS.id]
        threshold = rule.threshold(self._thresholds)
        result = await self._service.answer(
            asks.failed_starts(hours=rule_rows.read_hours(hours)), fresh=fresh
        )
        seen = self._seen(rule, result)
        return [self._judged(rule, seen, threshold, warehouses.failed_starts(seen, rule, threshold))]

    async def _idle(self, hours: float, fresh: bool) -> list[Judged]:
        rule = self._rules[rules.IDLE.id]
        threshold = rule.threshold(self._thresholds)
        # The question of the Warehouse and Health tabs: their answer serves here too.
        metrics_ask, statements_ask = asks.warehouse_metrics(hours=limits.DEFAULT_HOURS)
        metrics, statements = await asyncio.gather(
            self._service.answer(metrics_ask, fresh=fresh), self._service.answer(statements_ask, fresh=fresh)
        )
        seen = self._seen(rule, metrics)
        of_statements = self._seen(rules.FAILED_QUERIES, statements)
        if not of_statements.trusted and seen.trusted:
            seen = replace(
                seen, state=of_statements.state, reason=of_statements.reason, code=of_statements.code
            )
        if of_statements.since is not None:  # what began before this can be seen by nobody any more
            seen = replace(seen, since=of_statements.since + timedelta(minutes=threshold))
        found = warehouses.idle(seen, of_statements, rule, threshold) if of_statements.trusted else []
        return [self._judged(rule, seen, threshold, found)]

    def _own_family(self, mine: Sequence[OwnRule]) -> _Family:
        """Rules of the user's own that read the same rows."""

        async def family(hours: float, fresh: bool) -> list[Judged]:
            longest = max(own.rule.window for own in mine)
            lateness = self._book.lateness[mine[0].rule.table]
            reading = min(
                limits.MAX_HOURS, rule_rows.read_hours(hours) + math.ceil((longest + lateness) / HOUR)
            )
            ask = self._with_late_rows(rule_rows.of_own(mine[0], reading))
            result = await self._service.answer(ask, fresh=fresh)
            seen = self._seen(mine[0].rule, result)
            return [self._own_judged(own, seen, result) for own in mine]

        return family

    def _own_judged(self, own: OwnRule, seen: Seen, result: Result) -> Judged:
        judged = self._judged(own.rule, seen, own.value, own.findings(seen, result.window.start))
        if not seen.cut or any(verdict.state == "firing" for verdict in judged.verdicts):
            return judged
        reason = (
            f"{result.total} rows match what can be asked of the table, and {seen.frame.height} are read at most: "
            "narrow the rule's filter."
        )
        blind = replace(seen, state="failed", reason=reason)
        return Judged(
            own.rule, blind, own.value, (), unknown(own.rule, blind, own.value, self._service.tenant)
        )

    async def _freshness(self, judged: Sequence[Judged], fresh: bool) -> list[Judged]:
        """By what the other rules have just seen of the tables; one of which none is on is looked at by itself."""
        found = []
        for table, of in rules.FRESHNESS.items():
            rule = self._rules.get(of.id)
            if rule is None:
                continue
            # One statement may fail where others do not; that one is told by its own rules.
            seen = min(
                (one.seen for one in judged if one.rule.table == table),
                key=lambda one: (one.state in ("denied", "failed"), one.code is not None),
                default=None,
            )
            seen = seen or await self._looked_at(rule, fresh)
            stale_after = self._book.stale_after[table]
            verdict = freshness.verdict(rule, seen, stale_after, self._service.tenant)
            minutes = stale_after // timedelta(minutes=1)
            tenant = self._service.tenant
            blind = unknown(rule, seen, minutes, tenant) if verdict is None and not seen.trusted else None
            found.append(Judged(rule, seen, minutes, [verdict] if verdict else [], blind))
        return found

    async def _looked_at(self, rule: Rule, fresh: bool) -> Seen:
        head = await self._service.answer(asks.head(rule.table), fresh=fresh)
        newest = head.frame.get_column("head").max() if head.frame.height else None
        return replace(self._seen(rule, head), as_of=newest if isinstance(newest, datetime) else None)

    # Parts ---------------------------------------------------------------------------------------------------

    def _judged(self, rule: Rule, seen: Seen, threshold: int | None, found: Sequence[Finding]) -> Judged:
        tenant = self._service.tenant
        judged = [verdict for one in found for verdict in verdicts(one, tenant)]
        blind = not seen.trusted and not any(verdict.state == "firing" for verdict in judged)
        return Judged(
            rule, seen, threshold, judged, unknown(rule, seen, threshold, tenant) if blind else None
        )

    async def _last_window_too(
        self, ask: Callable[[float], Ask], hours: float, fresh: bool, length: timedelta = HOUR
    ) -> Result:
        """The rows of the window, and of the last one of that length that the table has shown, however late it is."""
        result = await self._service.answer(ask(hours), fresh=fresh)
        if result.as_of is None:
            return result
        # A window of an hour is whole up to there anyway where a day is read.
        lateness = self._book.lateness[ask(hours).statement.table or ""] if length > HOUR else timedelta(0)
        needed = length + lateness
        if result.as_of - needed >= result.window.start:
            return result
        late_hours = math.ceil((result.window.end - result.as_of + needed) / HOUR)
        return await self._service.answer(ask(late_hours), fresh=fresh)

    def _seen(self, rule: Rule, result: Result) -> Seen:
        return Seen(
            self._service.table_name(rule.table),
            result.frame,
            result.total,
            result.as_of,
            result.fetched_at,
            result.state,
            result.reason,
            self._book.lateness[rule.table],
            result.code,
            result.window.start,
        )

    def query_signals_ask(self, hours: float) -> Ask:
        """Also the newest failed queries of Health."""
        return self._with_late_rows(rule_rows.query_signals(hours, self._thresholds))

    def _security_ask(self, hours: float, *, grave_only: bool = False) -> Ask:
        return self._with_late_rows(
            rule_rows.security_signals(hours, self._thresholds, grave_only=grave_only)
        )

    def _with_late_rows(self, ask: Ask) -> Ask:
        """So that a row is seen by the evaluation after its arrival, however late it is allowed to come."""
        lateness = self._book.lateness[ask.statement.table or ""]
        return replace(ask, overlap_hours=max(ask.overlap_hours, lateness / HOUR))


def _where(seen: Seen, *, status: str | None = None, total_duration_ms: int | None = None) -> Seen:
    """The rows that one of the rules on queries counts."""
    frame = seen.frame
    if status is not None:
        frame = frame.filter(pl.col("status") == status)
    if total_duration_ms is not None:
        frame = frame.filter(pl.col("total_duration_ms") >= total_duration_ms)
    return seen.with_rows(frame)
