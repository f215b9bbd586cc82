"""The embedded source: DuckDB, the same statement text through sqlglot.

The tables lie in an attached database named `system_tables`, because DuckDB keeps the catalog name `system` for
itself; the catalog is renamed in the syntax tree, never in the text.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import duckdb
import polars as pl

from sysmon_tui.errors import AccessDenied, SchemaDrift, SourceError, StatementCanceled, StatementFailed
from sysmon_tui.sources.base import Request, conform
from sysmon_tui.sources.translations import prepared

CATALOG = "system_tables"

# What Databricks has and DuckDB spells otherwise, beyond what sqlglot translates.
_MACROS = "CREATE OR REPLACE MACRO timestamp_micros(us) AS make_timestamp(us)"

# sqlglot loads its dialects when they are first used: two threads at once may see one that is half there.
_translating = threading.Lock()

_MISSING = re.compile("(Table|Schema|Catalog|View) with name")
_UNKNOWN_COLUMN = re.compile("column .* not found|does not have a column|Could not find key", re.IGNORECASE)


def to_duckdb(text: str) -> str:
    """Databricks SQL as DuckDB SQL. A translation costs 5 to 40 ms, so results are kept."""
    known = prepared(text)
    if known is not None:
        return known
    with _translating:
        return translated(text)


@lru_cache(maxsize=256)
def translated(text: str) -> str:
    """The same, always by sqlglot. One thread at a time."""
    import sqlglot  # noqa: PLC0415 (0.1 s, and only for texts that are not prepared)
    from sqlglot import exp  # noqa: PLC0415

    tree = sqlglot.parse_one(text, read="databricks")
    within = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):  # range(...) and its like
            continue
        if table.catalog.lower() == "system" or (table.db and not table.catalog):
            table.set("catalog", exp.to_identifier(CATALOG))
        elif not table.db and table.name not in within:  # a configured name of one part
            table.set("db", exp.to_identifier("main"))
            table.set("catalog", exp.to_identifier(CATALOG))
    return tree.sql(dialect="duckdb")


def frame_of(
    cursor: duckdb.DuckDBPyConnection, text: str, values: Mapping[str, object] | None = None
) -> pl.DataFrame:
    """The rows of a DuckDB statement; no columns for one that answers nothing. Raises duckdb.Error alone.

    Rows stream into the frame, so an interrupt or a lack of memory may come while Polars reads: it then wears
    Polars' type around DuckDB's words.
    """
    relation = cursor.sql(text, params=dict(values or {}))
    if relation is None:
        return pl.DataFrame()
    try:
        return pl.DataFrame(relation)
    except pl.exceptions.ComputeError as error:
        kind = duckdb.InterruptException if "INTERRUPT Error" in str(error) else duckdb.Error
        raise kind(str(error)) from error


class EmbeddedSource:
    """Runs statements on a DuckDB connection that has the database `system_tables` attached.

    `before` is called before each statement: the demo estate moves its time there.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, before: Callable[[], object] | None = None
    ) -> None:
        self._connection = connection
        self._connection.execute(_MACROS)
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        self._before = before
        self._lock = threading.Lock()
        self._running: dict[str, duckdb.DuckDBPyConnection] = {}
        self._canceled: set[str] = set()
        self._closed = False

    @classmethod
    def open(cls, database: Path) -> EmbeddedSource:
        """A DuckDB file with the schemas lakeflow, query, compute and access, opened for reading."""
        connection = duckdb.connect()
        try:
            # ATTACH takes no parameters; the path comes from the user's own configuration.
            connection.execute(
                f"ATTACH '{str(database).replace(chr(39), chr(39) * 2)}' AS {CATALOG} (READ_ONLY)"
            )
        except duckdb.Error as error:
            raise StatementFailed(
                f"The database {database} cannot be opened: {_first_line(error)}",
                "Check the tenant's `database`.",
            ) from error
        return cls(connection)

    def execute(self, request: Request) -> pl.DataFrame:
        cursor = self._cursor(request.id)
        timer = threading.Timer(request.timeout_s, cursor.interrupt)
        timer.daemon = True
        try:
            if self._before is not None:
                self._before()
            text = to_duckdb(request.text)
            if (
                request.id in self._canceled or self._closed
            ):  # an interrupt before the statement begins has nothing to stop
                raise StatementCanceled("The statement was cancelled.")
            timer.start()
            return conform(frame_of(cursor, text, request.values), request.statement)
        except duckdb.InterruptException as error:
            if request.id in self._canceled or self._closed:
                raise StatementCanceled("The statement was cancelled.") from error
            raise StatementFailed(
                f"The statement {request.statement.name} took longer than {request.timeout_s:.0f} s.",
                "Choose a shorter window.",
            ) from error
        except duckdb.Error as error:
            if isinstance(error, duckdb.CatalogException) and _MISSING.search(str(error)):
                raise AccessDenied(
                    f"A table that {request.statement.name} reads is not there: {_first_line(error)}",
                    "Check the tenant's `tables` and `database`.",
                ) from error
            if isinstance(error, duckdb.BinderException) and _UNKNOWN_COLUMN.search(str(error)):
                raise SchemaDrift(
                    f"A table that {request.statement.name} reads changed: {_first_line(error)}",
                    "A column may have been renamed; compare the table with the reference schema.",
                ) from error
            raise StatementFailed(
                f"The embedded engine refused {request.statement.name}: {_first_line(error)}"
            ) from error
        finally:
            timer.cancel()
            if timer.is_alive():
                timer.join()  # a thread that still holds a cursor at exit makes DuckDB print a leak report
            self._forget(request.id)

    def _cursor(self, request_id: str) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._closed:
                raise StatementCanceled("The source is closed.")
            cursor = self._connection.cursor()
            self._running[request_id] = cursor
            return cursor

    def _forget(self, request_id: str) -> None:
        with self._lock:
            cursor = self._running.pop(request_id, None)
            self._canceled.discard(request_id)
        if cursor is not None:
            with contextlib.suppress(duckdb.Error, SourceError):  # it is thrown away anyhow
                cursor.close()

    def cancel(self, request_id: str) -> None:
        with self._lock:
            cursor = self._running.get(request_id)
            if cursor is not None:
                self._canceled.add(request_id)
                cursor.interrupt()

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for cursor in self._running.values():
                cursor.interrupt()
        with contextlib.suppress(duckdb.Error):  # still busy with what was interrupted: it ends with that
            self._connection.close()


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:300]
