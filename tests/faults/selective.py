"""A stand-in that refuses system tables where a statement would read too wide a window of them."""

from __future__ import annotations

from typing import Any, Self

import duckdb

from tests.workspace import Workspace
from tests.workspace.engine import SqlError, tables_of
from tests.workspace.statements import StandInStatement

TOO_MUCH = "System Table query returned too much data. Please repeat query with more selective predicates."
_HOUR_US = 3_600_000_000


class SelectiveWorkspace(Workspace):
    """`widest_hours` is how much of a window each table gives at once; a table that is not in it gives all."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self.widest_hours: dict[str, float] = {}
        super().__init__(*arguments, **settings)

    def __enter__(self) -> Self:
        return self

    def _answer(self, statement: StandInStatement, cursor: duckdb.DuckDBPyConnection) -> None:
        for table in tables_of(statement.text):
            if width_hours(statement) > self.widest_hours.get(table, float("inf")):
                raise SqlError(TOO_MUCH, "54000")
        super()._answer(statement, cursor)


def width_hours(statement: StandInStatement) -> float:
    """Of the rows that it asks for, without the lookback; 0 where it asks for no window."""
    values = statement.parameters
    begins = values.get("since_us") or values.get("window_start_us")
    ends = values.get("window_end_us")
    if begins is None or ends is None:
        return 0.0
    return (int(ends["value"]) - int(begins["value"])) / _HOUR_US
