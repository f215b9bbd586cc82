"""What a configuration may say, as frozen structs. default_config.toml explains each key."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from sysmon_tui import limits
from sysmon_tui.config.keys import KeysConfig
from sysmon_tui.config.kinds import Count, Name, Port, Text
from sysmon_tui.config.notifications import NotificationsConfig
from sysmon_tui.config.rules import AlertsConfig, RuleConfig, RuleId
from sysmon_tui.config.screen import FilterConfig, FilterName, ScreenConfig

# The tables as a configuration calls them; datasets/statement.py has where Databricks keeps them.
FACT_TABLES = ("job_run_timeline", "query_history", "warehouse_events", "audit")
TABLE_NAMES = ("jobs", "job_task_run_timeline", "warehouses", "workspaces", *FACT_TABLES)


class Thresholds(Struct, frozen=True, forbid_unknown_fields=True):
    """An alert fires at this many or more; what is not a count says its unit."""

    failed_workflows_per_hour: Count = 5
    failed_queries_per_hour: Count = 10
    failed_logins_per_hour: Count = 20
    consecutive_failures: Count = 3
    slow_run_minutes: Count = 5
    slow_queries_per_hour: Count = 20
    slow_query_seconds: Count = 600
    brute_force_failures: Count = 10
    password_spray_users: Count = 10
    denied_requests_per_hour: Count = 30
    deletes_per_day: Count = 50
    token_lifetime_hours: Count = 72
    failed_starts_per_hour: Count = 1
    queued_queries_per_hour: Count = 10
    queued_query_seconds: Count = 60
    idle_warehouse_minutes: Count = 120


def _one_of(names: tuple[str, ...]) -> Meta:
    """For keys of a dict: `extra["known"]` is where the nearest known key is looked for."""
    return Meta(pattern=rf"^({'|'.join(names)})\Z", extra={"known": names})


_SomeThresholds = dict[Annotated[str, _one_of(Thresholds.__struct_fields__)], Count]
_TableName = Annotated[str, _one_of(TABLE_NAMES)]
_FactTable = Annotated[str, _one_of(FACT_TABLES)]
_Identifier = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,2}\Z",
        max_length=255,
        description="a table such as catalog.schema.table, of letters, digits, '_' and '-'",
    ),
]
_WorkspaceId = Annotated[
    str, Meta(pattern=r"^[0-9]{1,20}\Z", description="a workspace id of digits, as a text")
]
_WarehouseId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z", description="a warehouse id such as 0123456789abcdef")
]
_Host = Annotated[
    str,
    Meta(
        pattern=r"^(https?://)?[A-Za-z0-9.-]+(:[0-9]{1,5})?/?\Z",
        description="a host such as https://adb-1.azuredatabricks.net",
    ),
]
_RefreshSeconds = Annotated[int, Meta(ge=5, le=86_400, description="a whole number from 5 to 86400")]
_Hours = Annotated[
    float, Meta(gt=0, le=limits.MAX_HOURS, description=f"a number above 0, at most {limits.MAX_HOURS:.0f}")
]
_TableRows = Annotated[
    int,
    Meta(ge=1, le=limits.MAX_TABLE_ROWS, description=f"a whole number from 1 to {limits.MAX_TABLE_ROWS}"),
]
_TimeoutSeconds = Annotated[int, Meta(ge=5, le=3600, description="a whole number from 5 to 3600")]
_Amount = Annotated[float, Meta(gt=0, le=1_000_000, description="a number above 0, at most 1000000")]
_Minutes = Annotated[int, Meta(ge=1, le=525_600, description="a whole number from 1 to 525600")]


class TenantConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One place to watch. `thresholds` and `rules` hold only what differs."""

    source: Literal["databricks", "embedded", "demo", "spark"]
    profile: Text | None = None
    host: _Host | None = None
    warehouse_id: _WarehouseId | None = None
    database: Text | None = None
    environment: Name | None = None
    workspace_ids: tuple[_WorkspaceId, ...] = ()
    tables: dict[_TableName, _Identifier] = {}
    thresholds: _SomeThresholds = {}
    rules: dict[RuleId, RuleConfig] = {}


class EnvironmentConfig(Struct, frozen=True, forbid_unknown_fields=True):
    thresholds: _SomeThresholds = {}
    rules: dict[RuleId, RuleConfig] = {}


class RefreshConfig(Struct, frozen=True, forbid_unknown_fields=True):
    seconds: _RefreshSeconds = 60
    wake: Literal["never", "on_demand", "keep_warm"] = "on_demand"


class CostConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """None: no budget; the list price."""

    dbu_per_day: _Amount | None = None
    usd_per_dbu: _Amount | None = None


class LiveConfig(Struct, frozen=True, forbid_unknown_fields=True):
    enabled: bool = True


class WindowConfig(Struct, frozen=True, forbid_unknown_fields=True):
    hours: _Hours = limits.DEFAULT_HOURS


class LimitsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    table_rows: _TableRows = limits.DEFAULT_TABLE_ROWS
    statement_timeout_seconds: _TimeoutSeconds = 120


def _stale_after_minutes() -> dict[str, int]:
    return {"job_run_timeline": 240, "query_history": 180, "warehouse_events": 1440, "audit": 180}


def _allowed_lateness_minutes() -> dict[str, int]:
    return dict.fromkeys(FACT_TABLES, 180)


class FreshnessConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A row may come as much later than newer ones of its table as `allowed_lateness_minutes` says."""

    stale_after_minutes: dict[_FactTable, _Minutes] = msgspec.field(default_factory=_stale_after_minutes)
    allowed_lateness_minutes: dict[_FactTable, _Minutes] = msgspec.field(
        default_factory=_allowed_lateness_minutes
    )


class HttpConfig(Struct, frozen=True, forbid_unknown_fields=True):
    host: Text = "127.0.0.1"
    port: Port = 8000


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    default_tenant: Name | None = None
    tenants: dict[Name, TenantConfig] = {}
    environments: dict[Name, EnvironmentConfig] = {}
    thresholds: Thresholds = Thresholds()
    rules: dict[RuleId, RuleConfig] = {}
    alerts: AlertsConfig = AlertsConfig()
    refresh: RefreshConfig = RefreshConfig()
    window: WindowConfig = WindowConfig()
    screen: ScreenConfig = ScreenConfig()
    keys: KeysConfig = KeysConfig()
    filters: dict[FilterName, FilterConfig] = {}
    limits: LimitsConfig = LimitsConfig()
    freshness: FreshnessConfig = msgspec.field(default_factory=FreshnessConfig)
    cost: CostConfig = CostConfig()
    live: LiveConfig = LiveConfig()
    http: HttpConfig = HttpConfig()
    notifications: NotificationsConfig = msgspec.field(default_factory=NotificationsConfig)

    def thresholds_for(self, tenant: str) -> Thresholds:
        """The narrowest wins: tenant, environment, global. KeyError for a tenant that is not configured."""
        config = self.tenants[tenant]
        environment = self.environments.get(config.environment or "", EnvironmentConfig())
        return msgspec.structs.replace(self.thresholds, **{**environment.thresholds, **config.thresholds})

    def rules_for(self, tenant: str) -> dict[str, RuleConfig]:
        """Per rule that is configured what holds for a tenant: key by key, the narrowest wins."""
        config = self.tenants[tenant]
        environment = self.environments.get(config.environment or "", EnvironmentConfig())
        found: dict[str, RuleConfig] = {}
        for rules in (self.rules, environment.rules, config.rules):
            for name, rule in rules.items():
                said = {
                    key: value for key, value in msgspec.structs.asdict(rule).items() if value is not None
                }
                found[name] = msgspec.structs.replace(found.get(name, RuleConfig()), **said)
        return found
