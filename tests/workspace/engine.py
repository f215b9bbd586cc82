"""Statement texts on DuckDB, with the errors that a SQL warehouse would give."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import duckdb
import polars as pl
import sqlglot
from duckdb.value import constant
from sqlglot import exp

from sysmon_tui.sources.embedded import EmbeddedSource, frame_of, to_duckdb


class SqlError(Exception):
    """A statement that FAILED: the message as the service writes it."""

    def __init__(self, message: str, sql_state: str) -> None:
        super().__init__(message)
        self.message = message
        self.sql_state = sql_state


class Interrupted(Exception):
    """The statement was cancelled while it ran."""


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


# How a parameter's text is cast, by its type's name.
PARAMETER_TYPES: dict[str, Callable[[str], Any]] = {
    "STRING": constant.StringValue,
    "BIGINT": lambda text: constant.LongValue(int(text)),
    "INT": lambda text: constant.IntegerValue(int(text)),
    "DOUBLE": lambda text: constant.DoubleValue(float(text)),
    "BOOLEAN": lambda text: constant.BooleanValue(_boolean(text)),
    "DATE": lambda text: constant.DateValue(date.fromisoformat(text)),
    "TIMESTAMP": lambda text: constant.TimestampValue(datetime.fromisoformat(text)),
}
_RANGES = {"BIGINT": 2**63, "INT": 2**31}


def cast_parameters(parameters: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The values by name. Raises SqlError for a text that is not of its type."""
    return {item["name"]: _cast(item) for item in parameters}


def _cast(item: Mapping[str, Any]) -> Any:
    text, kind = item.get("value"), item.get("type", "STRING")
    if text is None:
        return None
    try:
        most = _RANGES.get(kind)
        if most is not None and not -most <= int(text) < most:
            raise ValueError(text)
        return PARAMETER_TYPES[kind](text)
    except (ValueError, KeyError):
        raise SqlError(
            f'[CAST_INVALID_INPUT] The value \'{text}\' of the type "STRING" cannot be cast to "{kind}" '
            "because it is malformed. SQLSTATE: 22018",
            "22018",
        ) from None


@lru_cache(maxsize=256)
def tables_of(text: str) -> frozenset[str]:
    """The `catalog.schema.table` names that a text reads."""
    try:
        tree = sqlglot.parse_one(text, read="databricks")
    except sqlglot.errors.ParseError as error:
        first = error.errors[0] if error.errors else {}
        raise SqlError(
            f"\n[PARSE_SYNTAX_ERROR] Syntax error at or near '{first.get('highlight', '')}'. SQLSTATE: 42601 "
            f"(line {first.get('line', 1)}, pos {first.get('col', 0)})\n\n== SQL ==\n{text}",
            "42601",
        ) from None
    return frozenset(
        ".".join(part.name for part in table.parts)
        for table in tree.find_all(exp.Table)
        if len(table.parts) == 3
    )


class Engine:
    """Runs texts on cursors of one connection that has `system_tables` attached."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, before: Callable[[], object] | None) -> None:
        EmbeddedSource(connection)  # it teaches the connection what Databricks SQL has and DuckDB lacks
        self._connection = connection
        self._before = before
        self._lock = threading.Lock()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:  # a connection refuses a call while another is under way
            return self._connection.cursor()

    def run(
        self, cursor: duckdb.DuckDBPyConnection, text: str, parameters: Mapping[str, Any]
    ) -> pl.DataFrame:
        """Raises SqlError, Interrupted."""
        if self._before is not None:
            self._before()
        translated = to_duckdb(text)
        named = set(re.findall(r"\$([a-z_]\w*)", translated))
        missing = sorted(named - set(parameters))
        if missing:
            raise SqlError(
                f"[UNBOUND_SQL_PARAMETER] Found the unbound parameter: {missing[0]}. SQLSTATE: 42P02", "42P02"
            )
        try:
            return frame_of(cursor, translated, {name: parameters[name] for name in named})
        except duckdb.InterruptException:
            raise Interrupted from None
        except duckdb.Error as error:
            raise _translated(error) from None

    def look(self, text: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows of the engine's own SQL: for what the service knows besides the tables."""
        if self._before is not None:
            self._before()
        with self.cursor() as cursor:
            cursor.execute(text, parameters)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _translated(error: duckdb.Error) -> SqlError:
    text = str(error).split("\n", 1)[0]
    name = (re.findall(r'"([^"]+)"', text) or ["?"])[0].replace("system_tables.", "system.")
    if isinstance(error, duckdb.CatalogException):
        return absent(name)
    if isinstance(error, duckdb.BinderException):
        return SqlError(
            f"[UNRESOLVED_COLUMN.WITHOUT_SUGGESTION] A column, variable, or function parameter with name `{name}` "
            "cannot be resolved. SQLSTATE: 42703",
            "42703",
        )
    if isinstance(error, duckdb.ConversionException):
        return SqlError(f"[CAST_INVALID_INPUT] {text} SQLSTATE: 22018", "22018")
    return SqlError(f"[INTERNAL_ERROR] {text} SQLSTATE: XX000", "XX000")


def absent(table: str) -> SqlError:
    """The object is not there, or the caller may not know that it is."""
    quoted = ".".join(f"`{part}`" for part in table.split("."))
    return SqlError(
        f"[TABLE_OR_VIEW_NOT_FOUND] The table or view {quoted} cannot be found. Verify the spelling and correctness "
        "of the schema and catalog.\nIf you did not qualify the name with a schema, verify the current_schema() "
        "output, or qualify the name with the correct schema and catalog. SQLSTATE: 42P01",
        "42P01",
    )


def denied(table: str) -> SqlError:
    schema = table.rsplit(".", 1)[0]
    return SqlError(
        f"[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\nUser does not have USE SCHEMA on Schema '{schema}'. "
        "SQLSTATE: 42501",
        "42501",
    )
