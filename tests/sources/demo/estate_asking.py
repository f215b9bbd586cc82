"""Questions to an estate: any one, or the one that stands at BUILT_AT for the tests that only read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import duckdb

from sysmon_tui.sources.demo import DemoEstate

BUILT_AT = datetime(2026, 11, 20, 14, 37, 12, tzinfo=UTC)


class Ask(Protocol):
    def __call__(self, sql: str, /, **parameters: Any) -> Any:
        """The first value of the answer; parameters go by name."""


def ask_of(connection: duckdb.DuckDBPyConnection) -> Ask:
    def ask(sql: str, /, **parameters: Any) -> Any:
        row = connection.execute(sql, parameters or None).fetchone()
        return row[0] if row else None

    return ask


def standing(sql: str, /, **parameters: Any) -> Any:
    """Asks the default estate as built. `lakeflow.jobs` will do; `$built` is its time."""
    if "$built" in sql:
        parameters["built"] = BUILT_AT.replace(tzinfo=None)
    return _standing()(sql, **parameters)


@cache
def _standing() -> Ask:
    connection = duckdb.connect()
    DemoEstate(connection, now=BUILT_AT)
    connection.execute("USE system_tables")
    return ask_of(connection)


def questions(name: str) -> dict[str, str]:
    """The statements of an .sql file of this room, each under the comment line that stands above it."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return dict(re.findall(r"^-- ([^\n]+)\n([A-Z].+?);$", text, re.MULTILINE | re.DOTALL))
