"""Shared by the tests of `backtest`: a run of it on an estate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sysmon_tui.clock import Clock
from sysmon_tui.config import Thresholds
from sysmon_tui.config.model import FreshnessConfig
from sysmon_tui.config.rules import RuleConfig
from sysmon_tui.services.backtest import Settings, backtest
from sysmon_tui.services.meter import Meter
from sysmon_tui.services.pace import Pace
from sysmon_tui.services.query import QueryService
from sysmon_tui.sources.base import Source
from sysmon_tui.views.backtest_report import Report, RuleResult


def settings(
    thresholds: Thresholds | None = None,
    *,
    changes: Mapping[str, int] | None = None,
    rules: Mapping[str, RuleConfig] | None = None,
) -> Settings:
    """As the command makes them, with the default lateness of three hours."""
    minutes = FreshnessConfig().allowed_lateness_minutes
    lateness = {table: timedelta(minutes=count) for table, count in minutes.items()}
    return Settings("embedded", thresholds or Thresholds(), changes or {}, rules or {}, lateness)


def service_on(source: Source, clock: Clock, names: Mapping[str, str] | None = None) -> QueryService:
    """One that waits for long: a local Spark takes its time."""
    meter = Meter(clock)
    return QueryService(
        "t",
        lambda: source,
        clock,
        pace=Pace(clock, meter, refresh_s=60),
        meter=meter,
        timeout_s=300,
        stale_after={},
        tables=names,
    )


async def tried(
    service: QueryService, wanted: Settings | None = None, *, days: int = 2, pages_per_week: int = 7
) -> Report:
    return await backtest(service, wanted or settings(), days=days, pages_per_week=pages_per_week)


def by_rule(report: Report) -> dict[str, RuleResult]:
    return {rule.rule: rule for rule in report.rules}
