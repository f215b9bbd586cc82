"""An empty estate for golden scenarios: the reference's tables in DuckDB, filled by hand, row by row.

Times are written as minutes or texts relative to nothing: `at("10:30")` is that time of the scenario's day.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import duckdb
import sqlglot
from sqlglot import exp

from sysmon_tui.alerts.store import AlertStore
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig, Thresholds
from sysmon_tui.config.rules import RuleConfig
from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.runtime import rule_book
from sysmon_tui.services.desk import AlertDesk
from sysmon_tui.services.evaluation import Evaluation
from sysmon_tui.services.meter import Meter
from sysmon_tui.services.monitor import Monitor
from sysmon_tui.services.pace import Pace
from sysmon_tui.services.query import QueryService
from sysmon_tui.sources.base import Source
from sysmon_tui.sources.embedded import CATALOG, EmbeddedSource

REFERENCE = Path(__file__).parent / "reference" / "system_tables.sql"
DAY = datetime(2026, 3, 10, tzinfo=UTC)
WORKSPACE = "1111111111111111"
OTHER_WORKSPACE = "2222222222222222"


def at(clock: str, day: int = 0) -> datetime:
    """`at("09:15")` on the scenario's day; `day=-1` is the day before."""
    hours, minutes, *seconds = (int(part) for part in clock.split(":"))
    return DAY + timedelta(days=day, hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)


@cache
def _ddl() -> tuple[str, ...]:
    texts = []
    for statement in sqlglot.parse(REFERENCE.read_text(encoding="utf-8"), read="databricks"):
        if not isinstance(statement, exp.Create) or statement.kind != "TABLE":
            continue
        for table in statement.find_all(exp.Table):
            table.set("catalog", exp.to_identifier(CATALOG))
        statement.set("properties", None)
        texts.append(statement.sql(dialect="duckdb").replace("TIMESTAMPTZ", "TIMESTAMP"))
    return tuple(texts)


class _Rows:
    """The connection to whoever uses it: rows that wait are written first, many of a kind by one statement.

    A row by itself takes milliseconds: binding the widest tables costs more than the row.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._waiting: dict[tuple[str, Any], list[dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def add(self, table: str, values: dict[str, Any]) -> None:
        with self._lock:
            self._waiting.setdefault((table, _shape(values)), []).append(values)

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            for (table, _), rows in waiting.items():
                self._write(table, rows)
        return getattr(self._connection, name)

    def _write(self, table: str, rows: list[dict[str, Any]]) -> None:
        names = ", ".join(f'"{name}"' for name in rows[0])
        marks = ", ".join(f"({', '.join('?' * len(rows[0]))})" for _ in rows)
        values = [value for row in rows for value in row.values()]
        self._connection.cursor().execute(f"INSERT INTO {table} ({names}) VALUES {marks}", values)


def _shape(value: Any) -> Any:
    """Names of columns and of fields, however deep: rows of one shape can be written together."""
    if isinstance(value, dict):
        return tuple((name, _shape(field)) for name, field in value.items())
    return tuple(_shape(one) for one in value) if isinstance(value, list) else None


class Estate:
    """`add` rows, then ask a `monitor`. Columns that are not given are NULL. In memory, or in a DuckDB file."""

    def __init__(self, now: datetime, database: Path | None = None) -> None:
        self.clock = HeldClock(now)
        # Where monitors find the rows unless they are told: a source, and its names of the tables.
        self.engine: Callable[[], tuple[Source, Mapping[str, str] | None]] = lambda: (self.source(), None)
        self.rows_added = 0
        connection = duckdb.connect()
        connection.execute("SET threads = 1")  # a few rows: threads would cost more than they do
        connection.execute(f"ATTACH '{database or ':memory:'}' AS {CATALOG}")
        for schema in sorted({table.split(".")[1] for table in TABLES.values()}):
            connection.execute(f"CREATE SCHEMA {CATALOG}.{schema}")
        for text in _ddl():
            connection.execute(text)
        self._rows = _Rows(connection)
        self.connection = cast(duckdb.DuckDBPyConnection, self._rows)

    def add(self, table: str, **columns: Any) -> None:
        """A row of a table, by its key in TABLES; instants are aware and stored as UTC."""
        schema, name = TABLES[table].split(".")[1:]
        values = {
            key: value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
            for key, value in columns.items()
        }
        self._rows.add(f"{CATALOG}.{schema}.{name}", values)
        self.rows_added += 1

    def slice(
        self,
        run_id: str | None,
        start: datetime,
        end: datetime,
        result: str | None = None,
        *,
        job_id: str = "7",
        workspace_id: str = WORKSPACE,
        **columns: Any,
    ) -> None:
        """A slice of a run; `result` ends it."""
        self.add(
            "job_run_timeline",
            workspace_id=workspace_id,
            job_id=job_id,
            run_id=run_id,
            period_start_time=start,
            period_end_time=end,
            result_state=result,
            **{"run_type": "JOB_RUN", **columns},
        )

    def job(
        self,
        job_id: str,
        name: str | None,
        changed: datetime,
        *,
        workspace_id: str = WORKSPACE,
        **columns: Any,
    ) -> None:
        self.add("jobs", workspace_id=workspace_id, job_id=job_id, name=name, change_time=changed, **columns)

    def query(
        self,
        statement_id: str | None,
        start: datetime | None,
        end: datetime,
        status: str = "FINISHED",
        **columns: Any,
    ) -> None:
        warehouse_id = columns.pop("warehouse_id", "wh1")
        self.add(
            "query_history",
            statement_id=statement_id,
            start_time=start,
            end_time=end,
            execution_status=status,
            **{
                "workspace_id": WORKSPACE,
                "executed_by": "ann@example.com",
                "compute": {"type": "WAREHOUSE", "cluster_id": None, "warehouse_id": warehouse_id},
                "total_duration_ms": None if start is None else (end - start) // timedelta(milliseconds=1),
                **columns,
            },
        )

    def task(
        self,
        run_id: str,
        key: str,
        start: datetime,
        end: datetime,
        result: str | None = None,
        *,
        job_run_id: str = "1",
        workspace_id: str = WORKSPACE,
        **columns: Any,
    ) -> None:
        """A slice of a task run; `result` ends it."""
        self.add(
            "job_task_run_timeline",
            workspace_id=workspace_id,
            job_id="7",
            run_id=run_id,
            job_run_id=job_run_id,
            task_key=key,
            period_start_time=start,
            period_end_time=end,
            result_state=result,
            **columns,
        )

    def warehouse(
        self,
        warehouse_id: str,
        name: str | None,
        changed: datetime,
        *,
        workspace_id: str = WORKSPACE,
        **columns: Any,
    ) -> None:
        self.add(
            "warehouses",
            workspace_id=workspace_id,
            warehouse_id=warehouse_id,
            warehouse_name=name,
            change_time=changed,
            **columns,
        )

    def warehouse_event(
        self,
        kind: str,
        when: datetime,
        clusters: int = 1,
        *,
        warehouse_id: str = "wh1",
        workspace_id: str = WORKSPACE,
    ) -> None:
        self.add(
            "warehouse_events",
            workspace_id=workspace_id,
            warehouse_id=warehouse_id,
            event_type=kind,
            cluster_count=clusters,
            event_time=when,
        )

    def event(
        self, event_id: str | None, when: datetime, action: str, status: int | None = 200, **columns: Any
    ) -> None:
        """An audit event of the service `accounts`, at account level."""
        email = columns.pop("email", "ann@example.com")
        self.add(
            "audit",
            event_id=event_id,
            event_time=when,
            event_date=when.date(),
            action_name=action,
            **{
                "workspace_id": "0",
                "service_name": "accounts",
                "response": {"status_code": status, "error_message": None, "result": None},
                "user_identity": {"email": email, "subject_name": None},
                **columns,
            },
        )

    def source(self) -> EmbeddedSource:
        return EmbeddedSource(self.connection)

    def monitor(
        self,
        *,
        tenant: str = "t",
        thresholds: Thresholds | None = None,
        workspace_ids: tuple[str, ...] = (),
        open_source: Callable[[], Source] | None = None,
        tables: Mapping[str, str] | None = None,
        incremental: bool = False,
        rules: Mapping[str, RuleConfig] | None = None,
        store: AlertStore | None = None,
    ) -> Monitor:
        """A monitor of this estate with the default configuration. Without `store` alerts live in memory."""
        if open_source is None:
            source, names = self.engine()
            open_source, tables = (lambda: source), tables or names
        config = Config(
            tenants={tenant: TenantConfig(source="demo")},
            thresholds=thresholds or Thresholds(),
            rules=dict(rules or {}),
        )
        meter = Meter(self.clock)
        service = QueryService(
            tenant,
            open_source,
            self.clock,
            pace=Pace(self.clock, meter, refresh_s=config.refresh.seconds),
            meter=meter,
            timeout_s=30,
            stale_after={
                table: timedelta(minutes=minutes)
                for table, minutes in config.freshness.stale_after_minutes.items()
            },
            workspace_ids=workspace_ids,
            tables=tables,
            incremental=incremental,
        )
        evaluation = Evaluation(service, rule_book(config, tenant))
        return Monitor(service, AlertDesk(evaluation, self.clock, store=store))
