"""Each system table of a tenant, examined: whether it can be read, how far it has come, what would open it.

A table that is not enabled and one that is not granted can look the same; the metastore's list of system schemas
tells them apart, where we may see it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sysmon_tui.clock import rfc3339
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.services import grants
from sysmon_tui.services.freshness import state_of
from sysmon_tui.services.query import QueryService
from sysmon_tui.services.result import Result
from sysmon_tui.sources.inspection import Metastore
from sysmon_tui.views.findings import ApiCall, Finding

# A result has no class of error, only its sentence: this one begins like so where the engine names a missing privilege
# and not a missing table.
_NO_GRANT = "There is no permission to read "

# So few rows prove nothing about texts.
_FEWEST_ROWS = 5

_UNSEEN = Metastore(None, None, "This source does not tell which system schemas are enabled.")


@dataclass(frozen=True)
class Readings:
    """What reading each table (a key of TABLES) once gave."""

    results: Mapping[str, Result]
    names: Mapping[str, str]

    @property
    def refused(self) -> list[str]:
        return [table for table, result in self.results.items() if result.code == "access_denied"]

    @property
    def refused_system_tables(self) -> bool:
        return any(grants.system_schema_of(self.names[table]) for table in self.refused)

    @property
    def lost(self) -> Result | None:
        """An answer of a source that could not be reached, if all are such."""
        results = list(self.results.values())
        return results[0] if all(result.code == "source_unreachable" for result in results) else None

    @property
    def open_catalogs(self) -> set[str | None]:
        """Of these a table can be read."""
        return {
            grants.catalog_of(self.names[table]) for table, result in self.results.items() if not result.code
        }


async def read_tables(service: QueryService) -> Readings:
    results = await asyncio.gather(*(service.answer(asks.probe(table), fresh=True) for table in TABLES))
    names = {table: service.table_name(table) for table in TABLES}
    return Readings(dict(zip(TABLES, results, strict=True)), names)


def table_findings(
    readings: Readings,
    stale_after: Mapping[str, timedelta],
    *,
    has_grants: bool,
    principal: str | None = None,
    metastore: Metastore | None = None,
) -> Iterable[Finding]:
    """One a table. Where the source has no grants (a file), what is not there is just not there."""
    for table, result in readings.results.items():
        name = readings.names[table]
        if result.code is None:
            yield _readable(table, name, result, stale_after.get(table))
        elif result.code != "access_denied":
            yield Finding(name, "unknown", result.reason or result.code, facts=_facts(name))
        elif not has_grants:
            yield Finding(name, "absent", result.reason or "It is not there.", facts=_facts(name))
        else:
            has_catalog = grants.catalog_of(name) in readings.open_catalogs
            sql = grants.to_read(name, principal, has_catalog=has_catalog)
            is_denied = (result.reason or "").startswith(_NO_GRANT)
            yield _refused(name, is_denied, sql, metastore or _UNSEEN)


def _readable(table: str, name: str, result: Result, stale_after: timedelta | None) -> Finding:
    if "head" not in result.frame.columns:
        return Finding(name, "well", "can be read.", facts=_facts(name, granted=True))
    newest = result.frame.get_column("head").max() if result.frame.height else None
    as_of = newest if isinstance(newest, datetime) else None
    facts = _facts(name, granted=True, as_of=as_of, read_at=result.fetched_at)
    state, reason = state_of(name, result.window, as_of, stale_after)
    if as_of is None:
        days = f"{result.window.hours / 24:.0f}"
        return Finding(name, "empty", f"can be read, and has no row of the last {days} days.", facts=facts)
    if state == "stale":
        return Finding(name, "stale", reason or "", facts=facts)
    newest_at = rfc3339(as_of.replace(microsecond=0))
    return Finding(name, "well", f"newest row {_span(facts['lag_seconds'])} old ({newest_at}).", facts=facts)


def _span(seconds: object) -> str:
    """`45 s`, `12 min`, `6 h 12 min`."""
    whole = seconds if isinstance(seconds, int) else 0
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _refused(name: str, is_denied: bool, sql: tuple[str, ...], metastore: Metastore) -> Finding:
    """`is_denied` says that the engine itself named a missing privilege."""
    schema = grants.system_schema_of(name)
    if is_denied and (schema is None or metastore.schemas is None):
        return _denied(name, sql)
    if schema is None:
        said = "is not there, or not granted."
        todo = "Check the name in the tenant's `tables`; if it is right, grant it: the SQL is below."
        return Finding(name, "missing", said, todo, sql=sql, facts=_facts(name))
    call = grants.to_enable(schema, metastore.metastore_id)
    if metastore.schemas is not None:
        return _in_schema(name, schema, metastore.schemas.get(schema, ""), call, sql)
    said = f"the schema {schema} is not enabled, or not granted; which of the two can't be seen."
    todo = "Enable it unless it is enabled, and grant it: the calls and the SQL are below."
    return Finding(name, "missing", said, todo, (call,), sql, facts=_facts(name))


def _in_schema(name: str, schema: str, state: str, call: ApiCall, sql: tuple[str, ...]) -> Finding:
    """By the state of its schema; a schema that is not in the list has none, like one that was never enabled."""
    facts = _facts(name, enabled=False)
    match state:
        case "ENABLE_COMPLETED" | "MANAGED":
            return _denied(name, sql)
        case "ENABLE_INITIALIZED" | "DISABLE_INITIALIZED":
            said = f"the schema {schema} is just being changed ({state})."
            return Finding(name, "absent", said, "Ask again in a while, then grant it.", sql=sql, facts=facts)
        case "UNAVAILABLE":
            said = f"the schema {schema} can't be enabled in this metastore ({state})."
            return Finding(name, "absent", said, "Ask Databricks.", facts=facts)
    todo = "Enable it, then grant it: the calls and the SQL are below."
    return Finding(name, "absent", f"the schema {schema} is not enabled.", todo, (call,), sql, facts=facts)


def _denied(name: str, sql: tuple[str, ...]) -> Finding:
    enabled = None if grants.system_schema_of(name) is None else True
    return Finding(
        name,
        "denied",
        "is there, and not granted.",
        "Grant it: the SQL is below.",
        sql=sql,
        facts=_facts(name, granted=False, enabled=enabled),
    )


def _facts(
    name: str,
    *,
    granted: bool | None = None,
    enabled: bool | None = None,
    as_of: datetime | None = None,
    read_at: datetime | None = None,
) -> dict[str, object]:
    """What can be read is enabled too, where that is a question."""
    if granted and grants.system_schema_of(name) is not None:
        enabled = True
    lag = None if as_of is None or read_at is None else max(0, int((read_at - as_of).total_seconds()))
    return {
        "table": name,
        "enabled": enabled,
        "granted": granted,
        "as_of": rfc3339(as_of),
        "lag_seconds": lag,
    }


async def text_finding(service: QueryService) -> Finding:
    """Whether the texts of statements and errors reach us, or customer-managed keys keep them back."""
    result = await service.answer(asks.redaction(), fresh=True)
    name = "texts of statements"
    if result.code is not None or not result.frame.height:
        return Finding(name, "unknown", "not looked at, query history can't be read.", needed=False)
    statements, without_text, failed, without_message = result.frame.row(0)
    facts = {
        "statements": statements,
        "without_text": without_text,
        "failed": failed,
        "without_message": without_message,
    }
    gone = []
    if statements >= _FEWEST_ROWS and without_text == statements:
        gone.append(f"statement_text in all of {statements:,}")
    if failed >= _FEWEST_ROWS and without_message == failed:
        gone.append(f"error_message in all of {failed:,} that failed")
    if gone:
        return Finding(
            name,
            "redacted",
            f"of the statements of the last day empty is {' and '.join(gone)}. Customer-managed keys do that, to the "
            "description of jobs as well.",
            "A key configuration on the catalog `system` brings them back; adding one drops earlier grants on "
            "system.query.",
            needed=False,
            facts=facts,
        )
    if statements < _FEWEST_ROWS:
        said = f"the last day has {statements} statements, too few to tell whether texts are kept back."
        return Finding(name, "unknown", said, needed=False, facts=facts)
    said = f"{statements - without_text:,} of {statements:,} of the last day have theirs"
    if failed:
        said += f", {failed - without_message:,} of {failed:,} failed ones their message"
    return Finding(name, "well", f"{said}.", needed=False, facts=facts)
