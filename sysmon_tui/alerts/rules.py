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


# What the rules on a table have in common; the ids below are theirs.
_RUNS = Rule(
    "workflow",
    category="workflow",
    severity="high",
    table="job_run_timeline",
    setting=None,
    noun="runs",
    dataset="workflows",
    key="run_id",
    pruned_by="period_start_time",
)
_QUERIES = Rule(
    "query",
    category="query",
    severity="medium",
    table="query_history",
    setting=None,
    noun="queries",
    dataset="queries",
    key="statement_id",
    pruned_by="start_time",
)
_EVENTS = Rule(
    "security",
    category="security",
    severity="high",
    table="audit",
    setting=None,
    noun="events",
    dataset="audit",
    key="event_id",
    pruned_by="event_date",
)
# What happened once stays a reason to look for a day.
_ONCE = replace(_EVENTS, keep=DAY)
_WAREHOUSES = Rule(
    "warehouse",
    category="warehouse",
    severity="medium",
    table="warehouse_events",
    setting=None,
    noun="warehouses",
    dataset="warehouses",
    key="warehouse_id",
    pruned_by="event_time",
)

CONSECUTIVE_FAILURES = replace(
    _RUNS,
    id="workflow.consecutive_failures",
    severity="critical",
    setting="consecutive_failures",
    noun="failed runs in a row",
    final=True,
)
FAILED_RUNS = replace(
    _RUNS,
    id="workflow.failed_per_hour",
    setting="failed_workflows_per_hour",
    noun="failed workflow runs",
    dataset="workflows/failed",
)
# A run is seen at its end as a rule: the alert is to be seen as well.
SLOW_RUNS = replace(
    _RUNS,
    id="workflow.slow",
    severity="medium",
    setting="slow_run_minutes",
    noun="slow runs",
    keep=3 * HOUR,
    final=True,
)
FAILED_QUERIES = replace(
    _QUERIES,
    id="query.failed_per_hour",
    setting="failed_queries_per_hour",
    noun="failed queries",
    dataset="queries/failed",
)
SLOW_QUERIES = replace(
    _QUERIES, id="query.slow_per_hour", setting="slow_queries_per_hour", noun="slow queries"
)
QUEUEING = replace(
    _QUERIES,
    id="warehouse.queueing",
    category="warehouse",
    setting="queued_queries_per_hour",
    noun="queries that waited for a free slot",
)
FAILED_LOGINS = replace(
    _EVENTS, id="security.failed_logins_per_hour", setting="failed_logins_per_hour", noun="failed logins"
)
BRUTE_FORCE = replace(
    _ONCE,
    id="security.brute_force",
    severity="critical",
    setting="brute_force_failures",
    noun="logins after refused ones",
)
PASSWORD_SPRAY = replace(
    _EVENTS,
    id="security.password_spray",
    setting="password_spray_users",
    noun="users refused from one address",
)
ADMIN_GRANTED = replace(_ONCE, id="security.admin_granted", noun="grants of administration")
ACCESS_LIST_CHANGED = replace(_ONCE, id="security.access_list_changed", noun="changes of IP access lists")
VENDOR_ACCESS = replace(
    _ONCE, id="security.vendor_access", severity="medium", noun="visits of Databricks staff"
)
LONG_LIVED_TOKEN = replace(
    _ONCE,
    id="security.long_lived_token",
    severity="medium",
    setting="token_lifetime_hours",
    noun="long-lived tokens",
)
DENIED_BURST = replace(
    _EVENTS,
    id="security.denied_burst",
    severity="medium",
    setting="denied_requests_per_hour",
    noun="requests denied by Unity Catalog",
)
MASS_DELETE = replace(
    _EVENTS,
    id="security.mass_delete",
    setting="deletes_per_day",
    noun="deletions by one user",
    window=DAY,
)
FAILED_STARTS = replace(
    _WAREHOUSES, id="warehouse.failed_start", setting="failed_starts_per_hour", noun="failed starts"
)
IDLE = replace(
    _WAREHOUSES, id="warehouse.idle", setting="idle_warehouse_minutes", noun="idle warehouses", final=True
)
FRESHNESS = {
    table: Rule(
        f"freshness.{table}",
        category="freshness",
        severity="medium",
        table=table,
        setting=None,
        noun="minutes without a new row",
        dataset="",
        key="",
        pruned_by="",
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
