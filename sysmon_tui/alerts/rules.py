"""The built-in rules: what each counts, how grave it is, and what its alert says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Category = Literal["workflow", "query", "security", "warehouse", "freshness"]
Severity = Literal["critical", "high", "medium"]

SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium")


@dataclass(frozen=True)
class Rule:
    """`setting` is the threshold's name in the configuration; `table` dates the rule and its windows."""

    id: str
    category: Category
    severity: Severity
    setting: str
    table: str
    noun: str  # "failed runs": what is counted
    dataset: str  # the listing that shows the rows behind it
    key: str  # the column that identifies those rows
    pruned_by: str  # the column by which the table finds them without reading all of it


FAILED_RUNS = Rule(
    "workflow.failed_per_hour",
    "workflow",
    "high",
    "failed_workflows_per_hour",
    "job_run_timeline",
    "failed workflow runs",
    "workflows/failed",
    "run_id",
    "period_start_time",
)
CONSECUTIVE_FAILURES = Rule(
    "workflow.consecutive_failures",
    "workflow",
    "critical",
    "consecutive_failures",
    "job_run_timeline",
    "failed runs in a row",
    "workflows",
    "run_id",
    "period_start_time",
)
FAILED_QUERIES = Rule(
    "query.failed_per_hour",
    "query",
    "medium",
    "failed_queries_per_hour",
    "query_history",
    "failed queries",
    "queries/failed",
    "statement_id",
    "start_time",
)
FAILED_LOGINS = Rule(
    "security.failed_logins_per_hour",
    "security",
    "high",
    "failed_logins_per_hour",
    "audit",
    "failed logins",
    "audit",
    "event_id",
    "event_date",
)
RULES = (CONSECUTIVE_FAILURES, FAILED_RUNS, FAILED_LOGINS, FAILED_QUERIES)
