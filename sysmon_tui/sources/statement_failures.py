"""What an engine says about a statement that failed, as one of our errors with a sentence and a hint.

Warehouses and Spark sessions speak of missing tables and grants in the same classes of errors.
"""

from __future__ import annotations

import re
from typing import Final

from sysmon_tui.errors import AccessDenied, SchemaDrift, SourceError, TooMuchData
from sysmon_tui.text import one_line

_MAX_CHARS: Final = 300

# `[CLASS]` or `CLASS:` begins a message.
_CLASS = re.compile(r"\s*(?:\[([A-Z0-9_.]+)\]|([A-Z_]{4,}):)")
_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_READ = re.compile(r"\b(?:FROM|JOIN)\s+((?:`[^`]+`|\w+)(?:\.(?:`[^`]+`|\w+))*)", re.IGNORECASE)
_SDK_CONFIG = re.compile(r"\.?\s*\b(Config|Env): .*", re.DOTALL)
_SECRET = re.compile(r"\bdapi[0-9a-f]+(-\d+)?|(?<=Bearer )\S+|(?<=://)[^\s/@]+@|(?<=[?&])\S+=\S+")

_DENIED = ("INSUFFICIENT_PERMISSIONS", "PERMISSION_DENIED", "UNAUTHORIZED_ACCESS")
_ABSENT = (
    "TABLE_OR_VIEW_NOT_FOUND",
    "SCHEMA_NOT_FOUND",
    "CATALOG_NOT_FOUND",
    "NO_SUCH_CATALOG_EXCEPTION",
    "NO_SUCH_SCHEMA_EXCEPTION",
    # What a session without Unity Catalog says of a name in three parts.
    "REQUIRES_SINGLE_PART_NAMESPACE",
)
_CHANGED = (
    "UNRESOLVED_COLUMN",
    "UNRESOLVED_FIELD",
    "FIELD_NOT_FOUND",
    "DATATYPE_MISMATCH",
    "INVALID_EXTRACT",
)


def of_message(message: str, sql_state: str, text: str) -> SourceError | None:
    """The error for a message whose meaning does not depend on the engine; None for any other.

    `text` is the statement's, for messages that name no table.
    """
    if "returned too much data" in message:
        return TooMuchData("The system table refused to return so much data.", "Choose a shorter window.")
    found = _CLASS.match(message)
    kind = (found[1] or found[2]) if found else ""
    if kind.startswith(_DENIED) or (not kind and sql_state == "42501"):
        return _not_granted(_table_in(message, text))
    if kind in _ABSENT:
        return _not_enabled(_table_in(message, text))
    if kind.startswith(_CHANGED):
        return SchemaDrift(
            f"{one_line(' or '.join(sorted(set(_tables_read(text)))) or 'A table', _MAX_CHARS)} changed: "
            f"{cleaned(message)}",
            "A column may have been renamed or may have another type; compare the table, or the view in the "
            "tenant's `tables`, with the reference schema.",
        )
    return None


def _not_granted(table: str) -> AccessDenied:
    catalog, schema = _schema_of(table)
    return AccessDenied(
        f"There is no permission to read {table}.",
        f"An admin grants it: GRANT USE CATALOG ON CATALOG {catalog} TO `<principal>`; "
        f"GRANT USE SCHEMA, SELECT ON SCHEMA {catalog}.{schema} TO `<principal>`.",
        table=table,
    )


def _not_enabled(table: str) -> AccessDenied:
    catalog, schema = _schema_of(table)
    grant = f"GRANT USE SCHEMA, SELECT ON SCHEMA {catalog}.{schema} TO `<principal>`"
    if catalog != "system":
        return AccessDenied(
            f"{table} is not there, or not granted.",
            f"Check the tenant's `tables`, or let an admin run {grant}.",
            table=table,
        )
    return AccessDenied(
        f"{table} is not there: the schema {schema} is not enabled, or not granted.",
        "An admin enables it with PUT /api/2.1/unity-catalog/metastores/{metastore_id}/systemschemas/"
        f"{schema} and runs GRANT USE CATALOG ON CATALOG system TO `<principal>`; {grant}.",
        table=table,
    )


def _table_in(message: str, text: str) -> str:
    """The table that the message is about: of those that the statement reads the first that is named, or whose
    schema is; a name that the statement does not read only if it reads none."""
    tables, said = _tables_read(text), message.replace("`", "")
    names: list[str] = _NAME.findall(said)
    meant = [table for name in names for table in tables if table == name or table.startswith(f"{name}.")]
    meant += [table for table in tables if "." not in table and re.search(rf"\b{re.escape(table)}\b", said)]
    return one_line((meant or tables or names or ["a system table"])[0], _MAX_CHARS)


def _tables_read(text: str) -> list[str]:
    """The tables by their names without back-ticks; a plain word of one part is a name within the statement."""
    return [name.replace("`", "") for name in _READ.findall(text) if "." in name or "`" in name]


def _schema_of(table: str) -> tuple[str, str]:
    parts = table.split(".")
    return (parts[0], parts[1]) if len(parts) > 1 else ("system", "<schema>")


def cleaned(message: str) -> str:
    """The first line that says something, harmless, without secrets, at most 300 characters."""
    first = next((line.strip() for line in message.splitlines() if line.strip()), "")
    return one_line(_SECRET.sub("…", _SDK_CONFIG.sub("", first)), _MAX_CHARS)
