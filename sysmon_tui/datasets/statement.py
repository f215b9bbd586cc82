"""A statement: its text, the types of its parameters, the schema of its answer, the tables it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib import resources

import polars as pl

Value = str | int | float | bool | date | None

# The tables by the name that a configuration uses, and where Databricks has them.
TABLES: dict[str, str] = {
    "jobs": "system.lakeflow.jobs",
    "job_run_timeline": "system.lakeflow.job_run_timeline",
    "job_task_run_timeline": "system.lakeflow.job_task_run_timeline",
    "query_history": "system.query.history",
    "warehouses": "system.compute.warehouses",
    "warehouse_events": "system.compute.warehouse_events",
    "audit": "system.access.audit",
    "workspaces": "system.access.workspaces_latest",
}

_INCLUDE = re.compile(r"^-- include: (\w+)$", re.MULTILINE)
_PHYSICAL = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in TABLES.values()))
_PARAMETER = re.compile(r"(?<![:\w]):([a-z]\w*)")


def _read(name: str) -> str:
    text = resources.files("sysmon_tui.datasets").joinpath("sql", f"{name}.sql").read_text()
    return _INCLUDE.sub(lambda match: _read(match[1]), text)


@dataclass(frozen=True, eq=False)  # one object a statement: identity is enough, and hashable
class Statement:
    """One question to the system tables.

    `schema` is what the answer's columns are cast to; a column that is missing is an error, an extra one is ignored.
    `table` is the fact table whose newest event dates the answer (a key of TABLES); None for a dimension.
    `lookback_hours` is how far before the window the scan begins.
    `ceiling` is the most rows it may answer. `keep_s` is how long an answer holds where the usual refresh is too often.
    """

    name: str
    parameters: Mapping[str, str]
    schema: Mapping[str, pl.DataType]
    table: str | None = None
    lookback_hours: float = 0.0
    ceiling: int = 10_000
    keep_s: float | None = None

    @cached_property
    def text(self) -> str:
        """Databricks SQL with `:name` markers and the tables' own names."""
        return _read(self.name)

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Keys of TABLES that the text reads."""
        found = set(_PHYSICAL.findall(self.without_comments))
        return tuple(key for key, physical in TABLES.items() if physical in found)

    @property
    def incremental(self) -> bool:
        """Whether it can be asked for the end of a window alone, and its answers of two readings be joined."""
        return "since_us" in self.parameters and "span_us" in self.schema

    @property
    def without_comments(self) -> str:
        return re.sub(r"--[^\n]*", "", self.text)

    @cached_property
    def markers(self) -> frozenset[str]:
        """The parameters that the text names."""
        return frozenset(_PARAMETER.findall(self.without_comments))

    def text_for(self, physical: Mapping[str, str]) -> str:
        """The text with tables replaced by the configured ones (quoted identifiers, checked by the configuration)."""
        if not physical:
            return self.without_comments
        names = {TABLES[key]: name for key, name in physical.items()}
        return _PHYSICAL.sub(lambda match: names.get(match[0], match[0]), self.without_comments)


def quoted(table: str) -> str:
    """`a.b.c` as back-ticked parts; the parts are already known to be plain identifiers."""
    return ".".join(f"`{part}`" for part in table.split("."))
