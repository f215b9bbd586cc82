"""Row 46: a system table is no longer what it was."""

from __future__ import annotations

import pytest

from tests.faults.scene import Scene, all_ended, look, others, states

_HISTORY, _AUDIT = "query.history", "access.audit"
_RUNS, _EVENTS = "lakeflow.job_run_timeline", "compute.warehouse_events"
# (panel, table, column): what the panel can't do without.
_NEEDED = [
    ("workflows", _RUNS, "period_end_time"),
    ("workflows", _RUNS, "result_state"),
    ("queries", _HISTORY, "executed_by"),
    ("queries", _HISTORY, "end_time"),
    ("warehouses", _EVENTS, "event_type"),
    ("audit", _AUDIT, "action_name"),
    ("audit", _AUDIT, "response"),
]


def alter(scene: Scene, table: str, change: str) -> None:
    scene.estate.connection.execute(f"ALTER TABLE system_tables.{table} {change}")


def untouched(panel: str, table: str) -> tuple[str, ...]:
    """What may say something of a table: warehouses show figures of queries too."""
    return (panel, "warehouses") if table == _HISTORY else (panel,)


@pytest.mark.parametrize("incremental", [False, True], ids=["at once", "incremental"])
@pytest.mark.parametrize("needed", _NEEDED, ids="-".join)
async def test_row_46_a_column_that_is_gone(
    scene: Scene, needed: tuple[str, str, str], incremental: bool
) -> None:
    """That panel alone keeps its rows and names the column; it is well again when the column is back."""
    panel, table, column = needed
    async with scene.monitored(incremental=incremental) as monitor:
        before = await look(monitor)
        assert set(states(before).values()) == {"fresh"}
        alter(scene, table, f"RENAME COLUMN {column} TO {column}_v2")
        scene.estate.clock.advance(61)
        answers = await look(monitor)
        assert (answers[panel].state, answers[panel].code) == ("stale", "schema_drift")
        assert column in str(answers[panel].reason) and f"system.{table}" in str(answers[panel].reason)
        assert answers[panel].frame.equals(before[panel].frame)
        assert others(answers, *untouched(panel, table)) == {"fresh"}
        assert answers["warehouses"].state in ("fresh", "stale")
        health = await monitor.health()
        assert health["status"] != "healthy"
        alter(scene, table, f"RENAME COLUMN {column}_v2 TO {column}")
        scene.estate.clock.advance(61)
        assert set(states(await look(monitor)).values()) == {"fresh"}
    assert all_ended(scene.workspace)


@pytest.mark.parametrize(("panel", "table", "column"), [one for one in _NEEDED if one[2] == "executed_by"])
async def test_row_46_missing_from_the_first_reading(
    scene: Scene, panel: str, table: str, column: str
) -> None:
    """With no rows from before: failed, and the sentence names the column and the table."""
    alter(scene, table, f"DROP COLUMN {column}")
    async with scene.monitored() as monitor:
        answers = await look(monitor)
        assert (answers[panel].state, answers[panel].code) == ("failed", "schema_drift")
        assert column in str(answers[panel].reason)
        assert others(answers, *untouched(panel, table)) == {"fresh"}


_TYPES = [
    ("queries", _HISTORY, "total_duration_ms", "VARCHAR USING 'nine seconds'"),
    ("queries", _HISTORY, "end_time", "VARCHAR USING 'at noon'"),
    ("workflows", _RUNS, "period_start_time", "VARCHAR USING 'at noon'"),
    ("audit", _AUDIT, "response", "VARCHAR USING 'no struct'"),
    ("audit", _AUDIT, "event_time", "VARCHAR USING 'at noon'"),
    ("warehouses", _EVENTS, "cluster_count", "VARCHAR USING 'two'"),
]


@pytest.mark.parametrize(("panel", "table", "column", "kind"), _TYPES)
async def test_row_46_a_type_that_does_not_fit(
    scene: Scene, panel: str, table: str, column: str, kind: str
) -> None:
    """What can't be read as what it was: that panel alone, with a sentence; no exception reaches anybody."""
    async with scene.monitored() as monitor:
        await look(monitor)
        alter(scene, table, f"ALTER COLUMN {column} TYPE {kind}")
        scene.estate.clock.advance(61)
        answers = await look(monitor)
        assert answers[panel].state == "stale" and answers[panel].reason
        assert answers[panel].code in ("schema_drift", "statement_failed")
        assert others(answers, *untouched(panel, table)) == {"fresh"}


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        (_HISTORY, "total_duration_ms", "VARCHAR"),
        (_HISTORY, "read_rows", "DECIMAL(38, 0)"),
        (_RUNS, "execution_duration_seconds", "INTEGER"),
        (_RUNS, "run_id", "VARCHAR"),
        (_EVENTS, "cluster_count", "BIGINT"),
    ],
)
async def test_row_46_a_type_that_can_be_cast(scene: Scene, table: str, column: str, kind: str) -> None:
    """The same values in another type: the same rows."""
    async with scene.monitored() as monitor:
        before = await look(monitor)
        alter(scene, table, f"ALTER COLUMN {column} TYPE {kind}")
        answers = await look(monitor, fresh=True)
        assert set(states(answers).values()) == {"fresh"}
        assert all(answer.frame.equals(before[panel].frame) for panel, answer in answers.items())


@pytest.mark.parametrize(
    ("panel", "table", "column"),
    [
        ("queries", _HISTORY, "executed_by"),
        ("queries", _HISTORY, "compute"),
        ("queries", _HISTORY, "total_duration_ms"),
        ("workflows", _RUNS, "run_name"),
        ("workflows", _RUNS, "job_id"),
        ("audit", _AUDIT, "user_identity"),
        ("audit", _AUDIT, "response"),
        ("warehouses", _EVENTS, "cluster_count"),
    ],
)
async def test_row_46_a_column_of_nulls(scene: Scene, panel: str, table: str, column: str) -> None:
    """All NULL: the rows are there and the cells empty; every panel is fresh."""
    scene.estate.connection.execute(f"UPDATE system_tables.{table} SET {column} = NULL")
    async with scene.monitored() as monitor:
        answers = await look(monitor)
        assert set(states(answers).values()) == {"fresh"}
        assert answers[panel].total


async def test_row_46_a_column_of_no_type(scene: Scene) -> None:
    """NULLs that the service types as VOID: cast, and the rows are there."""
    alter(scene, _HISTORY, 'ALTER COLUMN client_application TYPE "NULL" USING NULL')
    async with scene.monitored() as monitor:
        answers = await look(monitor)
        assert set(states(answers).values()) == {"fresh"} and answers["queries"].total


@pytest.mark.parametrize("incremental", [False, True], ids=["at once", "incremental"])
async def test_row_46_columns_that_are_new(scene: Scene, incremental: bool) -> None:
    """Extra columns in every table, in mid-run: nobody sees them."""
    async with scene.monitored(incremental=incremental) as monitor:
        before = await look(monitor)
        for table in (_HISTORY, _AUDIT, _RUNS, _EVENTS, "lakeflow.jobs", "compute.warehouses"):
            alter(scene, table, "ADD COLUMN status STRUCT(a INTEGER)")
            alter(scene, table, "ADD COLUMN sort_us VARCHAR DEFAULT 'x'")
        answers = await look(monitor, fresh=True)
        assert set(states(answers).values()) == {"fresh"}
        assert all(answer.frame.equals(before[panel].frame) for panel, answer in answers.items())
