"""The demo's live lane: what the API of invented workspaces would tell, from the estate that its tables are read from.

It is ahead of the tables, as a real one is: it knows what has begun or ended but not arrived there yet. One API speaks
for all of the demo's workspaces, because every failed run of the demo is to tell why.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import duckdb
import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import Clock
from sysmon_tui.errors import SourceError, StatementFailed
from sysmon_tui.sources.demo import failure_texts
from sysmon_tui.sources.demo.estate import DemoEstate
from sysmon_tui.sources.embedded import EmbeddedSource, frame_of
from sysmon_tui.sources.live import ACTIVE_RUNS, TaskFailure, WarehouseNow

# A run between two attempts is not under way: of the slices only those count that have begun.
_ACTIVE_RUNS: Final = """
WITH begun AS (
  SELECT workspace_id, job_id, run_id, any_value(run_name) AS run_name, min(period_start_time) AS start_time
  FROM demo_estate.lakeflow.job_run_timeline
  WHERE period_start_time <= $now
  GROUP BY workspace_id, job_id, run_id
  HAVING max(period_end_time) > $now
), named AS (
  SELECT workspace_id, job_id, arg_max(name, change_time) AS name
  FROM demo_estate.lakeflow.jobs
  WHERE change_time <= $now
  GROUP BY workspace_id, job_id
)
SELECT workspace_id, job_id, run_id, coalesce(name, run_name, 'job ' || job_id) AS workflow_name, 'RUNNING' AS status,
  start_time AT TIME ZONE 'UTC' AS start_time,
  'https://' || workspace_url || '/jobs/' || job_id || '/runs/' || run_id || '?o=' || workspace_id AS url
FROM begun
LEFT JOIN named USING (workspace_id, job_id)
LEFT JOIN demo_estate.access.workspaces_latest USING (workspace_id)
ORDER BY start_time DESC, run_id
LIMIT $most
"""

# Events of one instant stand in the order in which a warehouse goes through them.
_WAREHOUSES: Final = """
WITH standing AS (
  SELECT *
  FROM demo_estate.compute.warehouses
  WHERE change_time <= $now
  QUALIFY row_number() OVER (PARTITION BY warehouse_id ORDER BY change_time DESC) = 1 AND delete_time IS NULL
), latest AS (
  SELECT warehouse_id, arg_max(event_type, (event_time, list_position(
    ['STARTING', 'RUNNING', 'SCALED_UP', 'SCALED_DOWN', 'STOPPING', 'STOPPED'], event_type))) AS event_type
  FROM demo_estate.compute.warehouse_events
  WHERE event_time <= $now
  GROUP BY warehouse_id
)
SELECT warehouse_id, warehouse_name,
  CASE WHEN event_type IN ('STARTING', 'STOPPING', 'STOPPED') THEN event_type
       WHEN event_type IS NULL THEN 'STOPPED' ELSE 'RUNNING' END AS state,
  warehouse_size, lower(warehouse_type) AS kind, auto_stop_minutes
FROM standing LEFT JOIN latest USING (warehouse_id)
ORDER BY warehouse_name
"""

# A run without tasks of its own stands for itself. Two workspaces may hold a run of the same id: they fail alike.
_FAILURES: Final = """
WITH ended AS (
  SELECT job_run_id, job_id, run_id, task_key, NULL AS run_name, result_state, termination_code, period_end_time
  FROM demo_estate.lakeflow.job_task_run_timeline
  WHERE list_contains($run_ids, job_run_id)
  UNION ALL
  SELECT run_id, job_id, run_id, '', run_name, result_state, termination_code, period_end_time
  FROM demo_estate.lakeflow.job_run_timeline
  WHERE list_contains($run_ids, run_id)
), named AS (
  SELECT job_id, arg_max(name, change_time) AS name FROM demo_estate.lakeflow.jobs GROUP BY job_id
)
SELECT DISTINCT job_run_id, task_key, run_id, result_state, termination_code, period_end_time,
  coalesce(name, run_name, 'job_' || job_id) AS job_name
FROM ended LEFT JOIN named USING (job_id)
WHERE period_end_time <= $now AND result_state IN ('FAILED', 'ERROR', 'TIMED_OUT')
ORDER BY job_run_id, task_key = '', period_end_time DESC, task_key
"""


class DemoSource(EmbeddedSource):
    """The estate's tables, and the API of its workspaces beside them. Both move the estate to the clock's now."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, estate: DemoEstate, clock: Clock) -> None:
        super().__init__(connection, before=lambda: estate.advance(clock.now()))
        self.live = DemoLive(connection, estate, clock)


class DemoLive:
    """`connection` is of the engine that `estate` was built into."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, estate: DemoEstate, clock: Clock) -> None:
        self._connection = connection
        self._estate = estate
        self._clock = clock

    def warehouse(self) -> WarehouseNow:
        raise SourceError("The demo's statements run in this process, on no SQL warehouse.")

    def warehouses(self) -> list[WarehouseNow]:
        now = self._clock.now()
        return [
            WarehouseNow(
                row["warehouse_id"],
                row["warehouse_name"],
                row["state"],
                # 2X_SMALL in the tables is 2X-Small in the API.
                row["warehouse_size"].replace("_", "-").title(),
                row["kind"],
                60.0 * row["auto_stop_minutes"],
                now,
            )
            for row in self._asked(_WAREHOUSES, now).iter_rows(named=True)
        ]

    def workspace_id(self) -> str | None:
        return None

    def active_runs(self) -> pl.DataFrame:
        found = self._asked(_ACTIVE_RUNS, self._clock.now(), most=limits.ACTIVE_RUNS)
        return found.cast(pl.Schema(ACTIVE_RUNS))

    def run_failures(self, run_id: str) -> list[TaskFailure]:
        return self.failures_of([run_id]).get(run_id, [])

    def failures_of(self, run_ids: Sequence[str]) -> dict[str, list[TaskFailure]]:
        by_run: dict[str, list[dict[str, Any]]] = {}
        for row in self._asked(_FAILURES, self._clock.now(), run_ids=list(run_ids)).iter_rows(named=True):
            by_run.setdefault(row["job_run_id"], []).append(row)
        return {run_id: _failures(run_id, rows) for run_id, rows in by_run.items()}

    def _asked(self, text: str, now: datetime, **values: Any) -> pl.DataFrame:
        """`now` goes along as the tables keep instants: naive UTC."""
        try:
            self._estate.advance(now)
            with self._connection.cursor() as cursor:
                return frame_of(cursor, text, {"now": now.replace(tzinfo=None), **values})
        except duckdb.Error as error:
            raise StatementFailed("The demo's engine did not answer.") from error


def _failures(run_id: str, rows: list[dict[str, Any]]) -> list[TaskFailure]:
    failed = [row for row in rows if row["task_key"]] or rows[:1]
    return [
        TaskFailure(
            row["task_key"],
            row["run_id"],
            row["result_state"],
            *failure_texts.error(row["job_name"], row["task_key"], row["termination_code"], run_id),
        )
        for row in failed[: limits.TASK_ERRORS]
    ]
