"""What a configuration says about alert rules: the built-in ones changed, and rules of the user's own."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from sysmon_tui.config.kinds import Count, Severity, Text

# alerts/rules.py has what they are; here they are names that a configuration may use.
BUILT_IN = (
    "workflow.consecutive_failures",
    "workflow.failed_per_hour",
    "workflow.slow",
    "query.failed_per_hour",
    "query.slow_per_hour",
    "security.failed_logins_per_hour",
    "security.brute_force",
    "security.password_spray",
    "security.admin_granted",
    "security.access_list_changed",
    "security.vendor_access",
    "security.long_lived_token",
    "security.denied_burst",
    "security.mass_delete",
    "warehouse.failed_start",
    "warehouse.queueing",
    "warehouse.idle",
    "freshness.job_run_timeline",
    "freshness.query_history",
    "freshness.warehouse_events",
    "freshness.audit",
)

# What fires at a single event, or by the clock: there is nothing that could hold for a while.
AT_ONCE = (
    "security.brute_force",
    "security.admin_granted",
    "security.access_list_changed",
    "security.vendor_access",
    "security.long_lived_token",
    *(name for name in BUILT_IN if name.startswith("freshness.")),
)

_TEXTS = {
    "workflows": (
        "workspace_id",
        "job_id",
        "run_id",
        "workflow_name",
        "run_type",
        "trigger_type",
        "status",
        "termination_code",
        "termination_type",
        "run_as",
    ),
    "queries": (
        "workspace_id",
        "statement_id",
        "status",
        "user_email",
        "warehouse_id",
        "statement_type",
        "statement_text",
        "error_class",
        "error_message",
        "client_application",
    ),
    "audit": (
        "workspace_id",
        "user_email",
        "service_name",
        "action_name",
        "status",
        "error_message",
        "source_ip",
        "user_agent",
    ),
    "warehouse_events": ("workspace_id", "warehouse_id", "event_type"),
}
_NUMBERS = {
    "workflows": ("duration_seconds", "attempts"),
    "queries": (
        "total_duration_ms",
        "waiting_for_compute_duration_ms",
        "waiting_at_capacity_duration_ms",
        "compilation_duration_ms",
        "execution_duration_ms",
        "read_rows",
        "read_bytes",
        "produced_rows",
        "spilled_local_bytes",
    ),
    "audit": ("status_code",),
    "warehouse_events": ("cluster_count",),
}
DATASETS = tuple(_TEXTS)
Dataset = Literal["workflows", "queries", "audit", "warehouse_events"]

RuleId = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+\Z",
        max_length=64,
        description="a name of two parts or more, such as etl.merge_failed, of lower-case letters, digits and '_'",
    ),
]
_Column = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z", description="a column of the dataset")]
_WindowMinutes = Annotated[int, Meta(ge=1, le=1440, description="a whole number from 1 to 1440")]
_Minutes = Annotated[int, Meta(ge=0, le=1440, description="a whole number from 0 to 1440")]
_Runbook = Annotated[str, Meta(pattern=r"^https://[^\s\x00-\x20]{1,1000}\Z", description="an https address")]


class RuleConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A built-in rule takes the first five; one of your own needs `dataset` and `value` besides.

    `filter`: columns and what they must be: a text (`*` matches any characters), or for numbers `">= 600"`.
    """

    enabled: bool | None = None
    severity: Severity | None = None
    runbook_url: _Runbook | None = None
    for_minutes: _Minutes | None = None
    keep_firing_minutes: _Minutes | None = None
    dataset: Dataset | None = None
    filter: dict[_Column, Text] | None = None
    group_by: tuple[_Column, ...] | None = None
    window_minutes: _WindowMinutes | None = None
    comparison: Literal[">=", ">", "<", "<="] | None = None
    value: Count | None = None
    title: Text | None = None


OF_OWN_RULES = ("dataset", "filter", "group_by", "window_minutes", "comparison", "value", "title")


class AlertsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`max_page_age_minutes`: what ended longer ago is shown and nobody is told of it."""

    max_page_age_minutes: Count = field(default=360)


def text_columns(dataset: str) -> tuple[str, ...]:
    return _TEXTS[dataset]


def number_columns(dataset: str) -> tuple[str, ...]:
    return _NUMBERS[dataset]
