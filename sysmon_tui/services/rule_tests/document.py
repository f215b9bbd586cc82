"""What a file of rule tests may say, as frozen structs. tests/example_rule_tests.toml shows each key."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from sysmon_tui.config.kinds import Text
from sysmon_tui.config.model import FACT_TABLES, EnvironmentConfig, FreshnessConfig

# The tables that rules read.
TABLES = (*FACT_TABLES, "jobs", "warehouses")
STATES = ("inactive", "pending", "firing", "resolved", "unknown")

# times.py reads them: check() knows no kind that is a text or one of TOML's own times.
Time = Annotated[
    Any, Meta(description='a time such as "10:20", "+1 02:00" (of the next day) or 2026-03-10T10:20:00Z')
]
# load.py looks into it: a list or a table.
Evaluate = Annotated[Any, Meta(description="a list of times, or a table with from, until and every_minutes")]
_Table = Literal["job_run_timeline", "query_history", "warehouse_events", "audit", "jobs", "warehouses"]
_FactTable = Literal["job_run_timeline", "query_history", "warehouse_events", "audit"]
_State = Literal["inactive", "pending", "firing", "resolved", "unknown"]

_Minutes = Annotated[float, Meta(gt=0, le=527_040, description="minutes above 0, a year of them at most")]
_DelayMinutes = Annotated[float, Meta(ge=0, le=527_040, description="minutes from 0 to a year of them")]
_Heartbeat = Annotated[int, Meta(ge=0, le=1440, description="whole minutes from 0 (none) to 1440")]
_Times = Annotated[int, Meta(ge=1, le=10_000, description="a whole number from 1 to 10000")]
_Value = Annotated[int, Meta(ge=0, le=10**15, description="a whole number of 0 or more")]
_Day = Annotated[date, Meta(description="a date such as 2026-03-10")]
_Column = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z", description="the name of a column")]

DEFAULT_HEARTBEAT_MINUTES = 5


class Every(Struct, frozen=True, forbid_unknown_fields=True):
    from_: Time = field(name="from")
    until: Time
    every_minutes: _Minutes


class Rows(Struct, frozen=True, forbid_unknown_fields=True):
    """`times` rows, `every_minutes` apart. `at` is when it happened, by the column that dates rows of the table.

    `without` are columns that stay NULL although they have a default here.
    """

    table: _Table
    at: Time
    arrives: Time = None
    delay_minutes: _DelayMinutes | None = None
    times: _Times = 1
    every_minutes: _Minutes | None = None
    lasts_minutes: _DelayMinutes | None = None
    columns: dict[_Column, Any] = {}
    without: tuple[_Column, ...] = ()


class State(Struct, frozen=True, forbid_unknown_fields=True):
    at: Time
    state: _State
    value: _Value | None = None


class Expect(Struct, frozen=True, forbid_unknown_fields=True):
    """The changes of state of a rule, or of the alerts of it whose entity has these fields."""

    rule: Text
    states: tuple[State, ...]
    entity: dict[_Column, Text] = {}


class Case(Struct, frozen=True, forbid_unknown_fields=True):
    """`silent`: tables without a heartbeat; `silent_from`: from when on. `others` false: nothing else may fire."""

    name: Text
    evaluate: Evaluate = None
    heartbeat_minutes: _Heartbeat | None = None
    silent: tuple[_FactTable, ...] = ()
    silent_from: dict[_FactTable, Time] = {}
    rows: tuple[Rows, ...] = ()
    expect: tuple[Expect, ...] = ()
    others: bool = True


class Document(EnvironmentConfig, frozen=True, forbid_unknown_fields=True):
    """`thresholds` and `rules` as in an environment of the configuration, over those of the tenant."""

    day: _Day = date(2026, 1, 1)
    defaults: bool = False
    freshness: FreshnessConfig | None = None
    evaluate: Evaluate = None
    heartbeat_minutes: _Heartbeat = DEFAULT_HEARTBEAT_MINUTES
    tests: tuple[Case, ...] = ()
