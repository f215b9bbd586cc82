"""The built-in rules: what each counts, how grave it is, and where the rows behind it are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from sysmon_tui.alerts.episodes import HOUR
from sysmon_tui.config.model import FACT_TABLES, Thresholds
from sysmon_tui.config.rules import RuleConfig

Category = Literal["workflow", "query", "security", "warehouse", "freshness"]
Severity = Literal["critical", "high", "medium"]

SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium")

DAY = timedelta(days=1)
_NONE = timedelta(0)


@dataclass(frozen=True)
class Rule:
    """`table` dates the rule and its windows; `setting` is its threshold's name in the configuration.

    `wait` is how long the condition must have held, `keep` how long it must be over, in event time. A `final` end is
    one that no row which comes later can undo: it needs no waiting for late rows. One on `absence` is met by what is
    not there: known only up to where no more rows come, and not over because nothing is seen of it.
    """

    id: str
    category: Category
    severity: Severity
    table: str
    setting: str | None
    noun: str  # "failed runs": what is counted
    dataset: str  # the listing that shows the rows behind it
    key: str  # the column that identifies those rows
    pruned_by: str  # the column by which the table finds them without reading all of it
    window: timedelta = HOUR
    wait: timedelta = _NONE
    keep: timedelta = _NONE
    final: bool = False
    absence: bool = False
    runbook_url: str | None = None

    def threshold(self, thresholds: Thresholds) -> int:
        """It fires at this many or more; at the first where nothing else is said."""
        return 1 if self.setting is None else int(getattr(thresholds, self.setting))


def _runs(
    name: str,
    severity: Severity,
    setting: str,
    noun: str,
    dataset: str,
    *,
    final: bool = False,
    keep: timedelta = _NONE,
) -> Rule:
    return Rule(
        f"workflow.{name}",
        "workflow",
        severity,
        "job_run_timeline",
        setting,
        noun,
        dataset,
        "run_id",
        "period_start_time",
        keep=keep,
        final=final,
    )


def _queries(name: str, setting: str, noun: str, dataset: str) -> Rule:
    return Rule(
        name, _category(name), "medium", "query_history", setting, noun, dataset, "statement_id", "start_time"
    )


def _audit(
    name: str,
    severity: Severity,
    setting: str | None,
    noun: str,
    *,
    window: timedelta = HOUR,
    keep: timedelta = _NONE,
) -> Rule:
    return Rule(
        f"security.{name}",
        "security",
        severity,
        "audit",
        setting,
        noun,
        "audit",
        "event_id",
        "event_date",
        window=window,
        keep=keep,
    )


def _warehouses(name: str, setting: str, noun: str, *, final: bool = False) -> Rule:
    return Rule(
        f"warehouse.{name}",
        "warehouse",
        "medium",
        "warehouse_events",
        setting,
        noun,
        "warehouses",
        "warehouse_id",
        "event_time",
        final=final,
    )


def _category(name: str) -> Category:
    return "warehouse" if name.startswith("warehouse.") else "query"


CONSECUTIVE_FAILURES = _runs(
    "consecutive_failures",
    "critical",
    "consecutive_failures",
    "failed runs in a row",
    "workflows",
    final=True,
)
FAILED_RUNS = _runs(
    "failed_per_hour", "high", "failed_workflows_per_hour", "failed workflow runs", "workflows/failed"
)
# A run is seen at its end as a rule: the alert is to be seen as well.
SLOW_RUNS = _runs("slow", "medium", "slow_run_minutes", "slow runs", "workflows", final=True, keep=3 * HOUR)
FAILED_QUERIES = _queries(
    "query.failed_per_hour", "failed_queries_per_hour", "failed queries", "queries/failed"
)
SLOW_QUERIES = _queries("query.slow_per_hour", "slow_queries_per_hour", "slow queries", "queries")
QUEUEING = _queries(
    "warehouse.queueing", "queued_queries_per_hour", "queries that waited for a free slot", "queries"
)
FAILED_LOGINS = _audit("failed_logins_per_hour", "high", "failed_logins_per_hour", "failed logins")
# What happened once stays a reason to look for a day.
BRUTE_FORCE = _audit("brute_force", "critical", "brute_force_failures", "logins after refused ones", keep=DAY)
PASSWORD_SPRAY = _audit("password_spray", "high", "password_spray_users", "users refused from one address")
ADMIN_GRANTED = _audit("admin_granted", "high", None, "grants of administration", keep=DAY)
ACCESS_LIST_CHANGED = _audit("access_list_changed", "high", None, "changes of IP access lists", keep=DAY)
VENDOR_ACCESS = _audit("vendor_access", "medium", None, "visits of Databricks staff", keep=DAY)
LONG_LIVED_TOKEN = _audit("long_lived_token", "medium", "token_lifetime_hours", "long-lived tokens", keep=DAY)
DENIED_BURST = _audit(
    "denied_burst", "medium", "denied_requests_per_hour", "requests denied by Unity Catalog"
)
MASS_DELETE = _audit("mass_delete", "high", "deletes_per_day", "deletions by one user", window=DAY)
FAILED_STARTS = _warehouses("failed_start", "failed_starts_per_hour", "failed starts")
IDLE = _warehouses("idle", "idle_warehouse_minutes", "idle warehouses", final=True)
FRESHNESS = {
    table: Rule(
        f"freshness.{table}",
        "freshness",
        "medium",
        table,
        None,
        "minutes without a new row",
        "",
        "",
        "",
        final=True,
    )
    for table in FACT_TABLES
}
BUILT_IN: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        CONSECUTIVE_FAILURES,
        FAILED_RUNS,
        SLOW_RUNS,
        FAILED_QUERIES,
        SLOW_QUERIES,
        FAILED_LOGINS,
        BRUTE_FORCE,
        PASSWORD_SPRAY,
        ADMIN_GRANTED,
        ACCESS_LIST_CHANGED,
        VENDOR_ACCESS,
        LONG_LIVED_TOKEN,
        DENIED_BURST,
        MASS_DELETE,
        FAILED_STARTS,
        QUEUEING,
        IDLE,
        *FRESHNESS.values(),
    )
}


def configured(rule: Rule, config: RuleConfig | None) -> Rule | None:
    """The rule as a tenant's configuration wants it; None where it is off."""
    if config is None:
        return rule
    if config.enabled is False:
        return None
    return replace(
        rule,
        severity=config.severity or rule.severity,
        runbook_url=config.runbook_url,
        wait=rule.wait if config.for_minutes is None else timedelta(minutes=config.for_minutes),
        keep=rule.keep
        if config.keep_firing_minutes is None
        else timedelta(minutes=config.keep_firing_minutes),
    )
