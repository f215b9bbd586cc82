"""The built-in rules on a tenant's tables: which statements each needs, and one answer of all of them."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from datetime import datetime

import polars as pl

from sysmon_tui import limits
from sysmon_tui.alerts import evaluate, rules
from sysmon_tui.alerts.episodes import HOUR
from sysmon_tui.config import Thresholds
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.services.query import QueryService
from sysmon_tui.services.result import Result
from sysmon_tui.views.answer import Answer, Window, worst

_Evaluated = tuple[Result, list[evaluate.Alert]]


class Evaluation:
    """Evaluates the rules when asked; a table that can't be read makes its own rules unknown and no others."""

    def __init__(self, service: QueryService, thresholds: Thresholds) -> None:
        self._service = service
        self._thresholds = thresholds

    async def run(self, *, hours: float | None, category: str | None, fresh: bool) -> Answer:
        """What fires now, or can't be known; with `hours` also what fired and resolved within them."""
        look_back = asks.checked_hours(limits.DEFAULT_HOURS if hours is None else hours)
        evaluated = await asyncio.gather(
            *(
                call(look_back, fresh)
                for rule_category, call in self._evaluations()
                if category in (None, rule_category)
            )
        )
        seen = [one for one, _ in evaluated]
        found = [alert for _, alerts in evaluated for alert in alerts]
        # The rules read an hour more than was asked; the answer is about what was asked.
        window = Window.before(min(one.window.end for one in seen), look_back)
        shown = evaluate.in_order(
            evaluate.worth_showing(found, since=None if hours is None else window.start)
        )
        severities = evaluate.by_severity(shown)
        state = worst(one.state for one in seen)
        reason = next(one.reason for one in seen if one.state == state)
        return Answer(
            "alerts",
            _alert_frame(shown),
            len(shown),
            window,
            min((one.as_of for one in seen if one.as_of is not None), default=None),
            min(one.fetched_at for one in seen),
            state,
            reason,
            extra={"total_alerts": sum(severities.values()), "by_severity": severities},
            records=shown,
        )

    def _evaluations(
        self,
    ) -> list[tuple[str, Callable[[float, bool], Awaitable[_Evaluated]]]]:
        return [
            ("workflow", self._consecutive),
            ("workflow", self._failed_runs_alerts),
            ("security", self._failed_logins_alerts),
            ("query", self._failed_queries_alerts),
        ]

    async def _consecutive(self, hours: float, fresh: bool) -> _Evaluated:
        threshold = self._thresholds.consecutive_failures
        result = await self._service.answer(
            asks.failure_streaks(hours=hours, threshold=threshold), fresh=fresh
        )
        return result, evaluate.consecutive(
            self._seen(rules.CONSECUTIVE_FAILURES, result), threshold=threshold, tenant=self._service.tenant
        )

    async def _failed_runs_alerts(self, hours: float, fresh: bool) -> _Evaluated:
        result = await self._last_hour_too(failed_runs_ask, hours, fresh)
        return result, self._hourly(rules.FAILED_RUNS, result, "end_time", "workflow_name")

    async def _failed_queries_alerts(self, hours: float, fresh: bool) -> _Evaluated:
        result = await self._last_hour_too(failed_queries_ask, hours, fresh)
        return result, self._hourly(rules.FAILED_QUERIES, result, "end_time", "error_class")

    async def _failed_logins_alerts(self, hours: float, fresh: bool) -> _Evaluated:
        result = await self._last_hour_too(failed_logins_ask, hours, fresh)
        return result, self._hourly(rules.FAILED_LOGINS, result, "event_time", "user_email")

    async def _last_hour_too(self, ask: Callable[[float], Ask], hours: float, fresh: bool) -> Result:
        """The rows of the window, and of the last hour that the table has shown, however late the table is."""
        result = await self._service.answer(ask(hours), fresh=fresh)
        if result.as_of is None or result.as_of - HOUR >= result.window.start:
            return result
        late_hours = math.ceil((result.window.end - result.as_of) / HOUR) + 1
        return await self._service.answer(ask(late_hours), fresh=fresh)

    def _seen(self, rule: rules.Rule, result: Result) -> evaluate.Seen:
        return evaluate.Seen(
            self._service.table_name(rule.table),
            result.frame,
            result.total,
            result.as_of,
            result.fetched_at,
            result.state,
            result.reason,
        )

    def _hourly(self, rule: rules.Rule, result: Result, time_column: str, who: str) -> list[evaluate.Alert]:
        threshold: int = getattr(self._thresholds, rule.setting)
        return evaluate.hourly(
            rule,
            self._seen(rule, result),
            threshold=threshold,
            time_column=time_column,
            who=who,
            tenant=self._service.tenant,
        )


def _alert_hours(hours: float) -> float:
    """What the rules read: a day and an hour at least, whatever was asked.

    Their last hour ends at the head of a table that may be hours late; `hours` only says which resolved alerts are
    shown. The hour more is for the first hour to be counted whole.
    """
    return min(limits.MAX_HOURS, max(limits.DEFAULT_HOURS, hours) + 1)


def failed_runs_ask(hours: float) -> Ask:
    return asks.runs(hours=_alert_hours(hours), status="failed", limit=limits.ALERT_ROWS)


def failed_queries_ask(hours: float) -> Ask:
    return asks.queries(hours=_alert_hours(hours), status="failed", limit=limits.ALERT_ROWS)


def failed_logins_ask(hours: float) -> Ask:
    return asks.audit_events(hours=_alert_hours(hours), failed_logins=True, limit=limits.ALERT_ROWS)


def _alert_frame(alerts: list[evaluate.Alert]) -> pl.DataFrame:
    """Alerts as columns for tables and exports; what nests stands as JSON text."""
    flat = [{name: _cell(name, value) for name, value in alert.items()} for alert in alerts]
    return pl.DataFrame(flat, schema=_ALERT_SCHEMA, orient="row")


def _cell(name: str, value: object) -> object:
    if isinstance(value, dict):
        return json.dumps(value)
    return datetime.fromisoformat(value) if name in _ALERT_TIMES and isinstance(value, str) else value


_ALERT_TIMES = ("started_at", "detected_at", "resolved_at", "as_of", "silenced_until")
_INSTANT = pl.Datetime("us", "UTC")
_ALERT_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(("id", "rule", "category", "severity", "state", "title", "message"), pl.String()),
    "value": pl.Int64(),
    "threshold": pl.Int64(),
    "entity": pl.String(),
    **dict.fromkeys(("started_at", "detected_at", "resolved_at", "as_of"), _INSTANT),
    "acknowledged_by": pl.String(),
    "silenced_until": _INSTANT,
    "runbook_url": pl.String(),
    "evidence": pl.String(),
}
