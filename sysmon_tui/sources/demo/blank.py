"""The demo's tables without its rows: whoever fills them says when each row arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Final

import duckdb

from sysmon_tui.clock import to_micros
from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.sources.transaction import transaction

_FILES: Final = ("macros.sql", "schema.sql", "views.sql")
# Ours, beside the published columns.
_ARRIVAL: Final = "arrival"


class BlankEstate:
    """The estate's schema in `connection`'s engine, empty. Rows are seen from their arrival on, once `advance` said so.

    Tables are keys of TABLES.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._cursor = connection.cursor()
        self._cursor.execute(
            "ATTACH ':memory:' AS system_tables; ATTACH ':memory:' AS demo_estate; USE demo_estate"
        )
        for name in _FILES:
            self._cursor.execute(_text(name))

    def columns(self, table: str) -> dict[str, Any]:
        """The published columns of a table with DuckDB's types."""
        of = self._cursor.sql(f"SELECT * EXCLUDE ({_ARRIVAL}) FROM {_base(table)} LIMIT 0")
        return dict(zip(of.columns, of.types, strict=True))

    def add(self, table: str, rows: Sequence[tuple[Mapping[str, Any], datetime]]) -> None:
        """Rows, each with its arrival; columns that are not given are NULL, instants are aware."""
        by_columns: dict[tuple[str, ...], list[list[Any]]] = {}
        for columns, arrival in rows:
            values = [_naive(value) for value in (*columns.values(), arrival)]
            by_columns.setdefault((*columns, _ARRIVAL), []).append(values)
        with transaction(self._cursor):
            for names, values_of in by_columns.items():
                listed = ", ".join(f'"{name}"' for name in names)
                marks = ", ".join("?" for _ in names)
                self._cursor.executemany(f"INSERT INTO {_base(table)} ({listed}) VALUES ({marks})", values_of)

    def advance(self, now: datetime) -> None:
        """Lets arrive what has arrived by `now`, to the second."""
        self._cursor.execute(_text("clock.sql"), {"now": to_micros(now) // 1_000_000})


def _base(table: str) -> str:
    return TABLES[table].partition(".")[2]


def _naive(value: Any) -> Any:
    """As the tables keep instants."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
