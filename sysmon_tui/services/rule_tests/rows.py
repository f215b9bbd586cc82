"""The rows of the tables that a test means: what it says of them over what an innocent row would be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sysmon_tui.config.check import Fault, KeyPath, nearest
from sysmon_tui.services.rule_tests.document import Rows
from sysmon_tui.services.rule_tests.times import Times
from sysmon_tui.services.rule_tests.values import column_value, over

WORKSPACE = "1111111111111111"
HEARTBEAT = "heartbeat"
_PERSON = "ann@example.com"

# The column that dates a row, and the one that says since when it lasted.
AT = {
    "job_run_timeline": "period_end_time",
    "query_history": "end_time",
    "warehouse_events": "event_time",
    "audit": "event_time",
    "jobs": "change_time",
    "warehouses": "change_time",
}
_START = {"job_run_timeline": "period_start_time", "query_history": "start_time"}
_LASTS = {"job_run_timeline": timedelta(minutes=1), "query_history": timedelta(seconds=1)}
_MS = timedelta(milliseconds=1)

# By key of TABLES, the columns with their types.
Schema = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Row:
    table: str
    columns: dict[str, Any]
    arrival: datetime


class RowMaker:
    """Makes the rows of one test; ids that are not given are unique in it."""

    def __init__(self, schema: Schema, times: Times) -> None:
        self._schema = schema
        self._times = times
        self._ids = itertools.count(1)

    def rows(self, said: Rows, path: KeyPath) -> Iterator[Row]:
        """Raises Fault."""
        self._check(said, path)
        first = self._times.read(said.at, (*path, "at"))
        arrives = None
        if said.arrives is not None:
            arrives = self._times.read(said.arrives, (*path, "arrives"))
            if arrives < first:
                raise Fault((*path, "arrives"), "expected a time that is not before `at`")
        for number in range(1, said.times + 1):
            at = first + (number - 1) * timedelta(minutes=said.every_minutes or 0)
            arrival = arrives or at + timedelta(minutes=said.delay_minutes or 0)
            yield Row(said.table, self._columns(said, path, at, number), max(arrival, at))

    def _check(self, said: Rows, path: KeyPath) -> None:
        known = self._schema[said.table]
        at, start = AT[said.table], _START.get(said.table)
        for name in said.columns:
            where = (*path, "columns", name)
            if name not in known:
                raise Fault(where, f"{said.table} has no such column{nearest(name, known)}")
            if name == at:
                raise Fault(where, "is what `at` says; expected it there")
            if name == start and said.lasts_minutes is not None:
                raise Fault(where, "is what `lasts_minutes` says too; expected one of them")
            if name in said.without:
                raise Fault((*path, "without"), f"{name} stands in `columns` too; expected one of them")
        for index, name in enumerate(said.without):
            if name not in known:
                raise Fault(
                    (*path, "without", index), f"{said.table} has no such column{nearest(name, known)}"
                )
        if said.lasts_minutes is not None and start is None:
            raise Fault((*path, "lasts_minutes"), f"is for {' and '.join(_START)}")
        if said.arrives is not None and said.delay_minutes is not None:
            raise Fault((*path, "delay_minutes"), "`arrives` says it too; expected one of them")
        if said.every_minutes is not None and said.times == 1:
            raise Fault((*path, "every_minutes"), "is for rows with `times`")

    def _columns(self, said: Rows, path: KeyPath, at: datetime, number: int) -> dict[str, Any]:
        known = self._schema[said.table]
        given = over(innocent(said.table, at, f"{said.table}-{next(self._ids)}"), said.columns)
        start = _START.get(said.table)
        if start is not None and start not in given:
            lasts = (
                _LASTS[said.table] if said.lasts_minutes is None else timedelta(minutes=said.lasts_minutes)
            )
            given[start] = at - lasts
        found = {
            name: column_value(value, known[name], (*path, "columns", name), self._times, number)
            for name, value in given.items()
            if name not in said.without
        }
        if said.table == "query_history" and found.get("start_time") and "total_duration_ms" not in given:
            found["total_duration_ms"] = (at - found["start_time"]) // _MS
        return found


def innocent(table: str, at: datetime, row_id: str) -> dict[str, Any]:
    """A row of which no built-in rule says anything, as a file would write it."""
    of: dict[str, dict[str, Any]] = {
        "job_run_timeline": {
            "job_id": "job-1",
            "run_id": row_id,
            "run_type": "JOB_RUN",
            "trigger_type": "CRON",
            "result_state": "SUCCEEDED",
        },
        "query_history": {
            "statement_id": row_id,
            "executed_by": _PERSON,
            "execution_status": "FINISHED",
            "statement_type": "SELECT",
            "statement_text": "SELECT 1",
            "client_application": "Databricks SQL Editor",
            "compute": {"type": "WAREHOUSE", "warehouse_id": "warehouse-1"},
            "update_time": at,
        },
        "warehouse_events": {"warehouse_id": "warehouse-1", "event_type": "RUNNING", "cluster_count": 1},
        "audit": {
            "workspace_id": "0",
            "event_id": row_id,
            "request_id": row_id,
            "event_date": at.date(),
            "service_name": "accounts",
            "action_name": "login",
            "user_identity": {"email": _PERSON},
            "response": {"status_code": 200},
        },
        "jobs": {"job_id": "job-1"},
        "warehouses": {"warehouse_id": "warehouse-1"},
    }
    return {"workspace_id": WORKSPACE, AT[table]: at, **of[table]}


_OF_HEARTBEAT: dict[str, dict[str, Any]] = {
    "job_run_timeline": {"job_id": HEARTBEAT, "run_name": HEARTBEAT},
    "query_history": {
        "executed_by": "heartbeat@example.com",
        "compute": {"type": "WAREHOUSE", "warehouse_id": HEARTBEAT},
    },
    "warehouse_events": {"warehouse_id": HEARTBEAT},
    "audit": {"action_name": "logout", "user_identity": {"email": "heartbeat@example.com"}},
}


def heartbeat(table: str, every: timedelta, since: datetime, until: datetime, midnight: datetime) -> Rows:
    """Innocent rows that come at once, at whole multiples of `every` from midnight on, within the time."""
    first = midnight - (midnight - since) // every * every
    return Rows(
        table=table,  # type: ignore[arg-type]
        at=first,
        times=max(0, (until - first) // every + 1),
        every_minutes=every / timedelta(minutes=1),
        columns={**_OF_HEARTBEAT[table]},
    )
