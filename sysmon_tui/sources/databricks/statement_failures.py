"""What a warehouse says about a statement that FAILED, as one of our errors with a sentence and a hint."""

from __future__ import annotations

import re
from typing import Any

from sysmon_tui.errors import (
    AccessDenied,
    ResultTooLarge,
    SourceBusy,
    SourceError,
    StatementFailed,
    TooMuchData,
)
from sysmon_tui.sources.databricks.failures import CHECK_CREDENTIALS, cleaned
from sysmon_tui.text import one_line

# `[CLASS]` or `CLASS:` begins a message.
_CLASS = re.compile(r"\s*(?:\[([A-Z0-9_.]+)\]|([A-Z_]{4,}):)")
_NAME = re.compile(r"\b\w+\.\w+(?:\.\w+)?\b")
_READ = re.compile(r"\b(?:FROM|JOIN)\s+(\w+(?:\.\w+)+)", re.IGNORECASE)
_MAX_NAME_CHARS = 300

_DENIED = ("INSUFFICIENT_PERMISSIONS", "PERMISSION_DENIED", "UNAUTHORIZED_ACCESS")
_ABSENT = (
    "TABLE_OR_VIEW_NOT_FOUND",
    "SCHEMA_NOT_FOUND",
    "CATALOG_NOT_FOUND",
    "NO_SUCH_CATALOG_EXCEPTION",
    "NO_SUCH_SCHEMA_EXCEPTION",
)
_BUSY = (
    "RESOURCE_EXHAUSTED",
    "SERVICE_UNDER_MAINTENANCE",
    "TEMPORARILY_UNAVAILABLE",
    "WORKSPACE_TEMPORARILY_UNAVAILABLE",
)


def of_statement(status: dict[str, Any], text: str) -> SourceError:
    """The failure of a statement that was accepted: state FAILED, which arrives with HTTP 200.

    `text` is the statement's, for messages that name no table.
    """
    error = status.get("error") or {}
    message, code = str(error.get("message") or ""), str(error.get("error_code") or "")
    if "returned too much data" in message:
        return TooMuchData("The system table refused to return so much data.", "Choose a shorter window.")
    if "Inline byte limit exceeded" in message:
        return ResultTooLarge("The answer is larger than the 25 MiB that come inline.", "Choose fewer rows.")
    found = _CLASS.match(message)
    kind = (found[1] or found[2]) if found else ""
    if kind.startswith(_DENIED) or (not kind and status.get("sql_state") == "42501"):
        return _not_granted(_table_in(message, text))
    if kind in _ABSENT:
        return _not_enabled(_table_in(message, text))
    return _by_code(code, cleaned(message))


def _by_code(code: str, said: str) -> SourceError:
    """Nearly every mistake in SQL is BAD_REQUEST; the other codes are about the service."""
    if code in _BUSY:
        return SourceBusy(f"The SQL warehouse is busy or being maintained: {said}", "Try again later.")
    if code == "UNAUTHENTICATED":
        return AccessDenied("The warehouse refused the credential.", CHECK_CREDENTIALS)
    return StatementFailed(f"The warehouse could not run the statement: {said or code or 'no reason given'}")


def _not_granted(table: str) -> AccessDenied:
    catalog, schema = _schema_of(table)
    return AccessDenied(
        f"There is no permission to read {table}.",
        f"An admin grants it: GRANT USE CATALOG ON CATALOG {catalog} TO `<principal>`; "
        f"GRANT USE SCHEMA, SELECT ON SCHEMA {catalog}.{schema} TO `<principal>`.",
    )


def _not_enabled(table: str) -> AccessDenied:
    catalog, schema = _schema_of(table)
    grant = f"GRANT USE SCHEMA, SELECT ON SCHEMA {catalog}.{schema} TO `<principal>`"
    if catalog != "system":
        return AccessDenied(
            f"{table} is not there, or not granted.",
            f"Check the tenant's `tables`, or let an admin run {grant}.",
        )
    return AccessDenied(
        f"{table} is not there: the schema {schema} is not enabled, or not granted.",
        "An admin enables it with PUT /api/2.1/unity-catalog/metastores/{metastore_id}/systemschemas/"
        f"{schema} and runs GRANT USE CATALOG ON CATALOG system TO `<principal>`; {grant}.",
    )


def _table_in(message: str, text: str) -> str:
    """The table that the message is about: of those that the statement reads the first that is named, or whose
    schema is; a name that the statement does not read only if it reads none."""
    tables: list[str] = _READ.findall(text.replace("`", ""))
    names: list[str] = _NAME.findall(message.replace("`", ""))
    meant = [table for name in names for table in tables if table == name or table.startswith(f"{name}.")]
    return one_line((meant or tables or names or ["a system table"])[0], _MAX_NAME_CHARS)


def _schema_of(table: str) -> tuple[str, str]:
    parts = table.split(".")
    return (parts[0], parts[1]) if len(parts) > 1 else ("system", "<schema>")
