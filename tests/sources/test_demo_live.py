"""The demo's API: what it tells agrees with the tables of the same estate, and every failed run has its words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.errors import SourceError
from sysmon_tui.runtime import Runtime
from sysmon_tui.sources.demo import DemoEstate
from sysmon_tui.sources.demo.estate import FEWEST_ROWS
from sysmon_tui.sources.demo.live import DemoSource
from sysmon_tui.sources.live import ACTIVE_RUNS
from tests.sources.demo.estate_asking import BUILT_AT

_FAILED = "('FAILED', 'ERROR', 'TIMED_OUT')"


class Demo:
    """An estate, its source with the API, and a clock that the test moves."""

    def __init__(self) -> None:
        self.clock = HeldClock(BUILT_AT)
        self.connection = duckdb.connect()
        estate = DemoEstate(self.connection, now=BUILT_AT, rows=FEWEST_ROWS)
        self.source = DemoSource(self.connection, estate, self.clock)
        self.live = self.source.live

    def rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, parameters or None).fetchall()


@pytest.fixture
def demo() -> Iterator[Demo]:
    demo = Demo()
    yield demo
    demo.source.close()


def test_every_failed_run_in_the_tables_tells_why(demo: Demo) -> None:
    """Of each job in each workspace the newest failed run has a text; its failed task runs are those of the tables."""
    newest = demo.rows(
        "SELECT workspace_id, run_id FROM system_tables.lakeflow.job_run_timeline "
        f"WHERE result_state IN {_FAILED} "
        "QUALIFY row_number() OVER (PARTITION BY workspace_id, job_id ORDER BY period_end_time DESC) = 1"
    )
    assert len({workspace_id for workspace_id, _ in newest}) == 3
    for workspace_id, run_id in newest:
        tasks = demo.rows(
            "SELECT run_id, task_key FROM system_tables.lakeflow.job_task_run_timeline WHERE workspace_id = $workspace "
            f"AND job_run_id = $run AND result_state IN {_FAILED}",
            workspace=workspace_id,
            run=run_id,
        )
        found = demo.live.run_failures(run_id)
        assert found and all(one.message for one in found)
        assert set(tasks) <= {(one.run_id, one.task_key) for one in found}
        assert len({one.run_id for one in found}) == len(found)


def test_code_of_the_job_leaves_a_trace_that_ends_with_its_error(demo: Demo) -> None:
    """What a task raised is said again in its trace, under the place; where the platform failed there is no trace."""
    tasks = demo.rows(
        "SELECT DISTINCT job_run_id, run_id, termination_code FROM system_tables.lakeflow.job_task_run_timeline "
        f"WHERE result_state IN {_FAILED}"
    )
    codes = {run_id: code for _, run_id, code in tasks}
    assert len(set(codes.values())) > 6
    for one in (one for run_id in {run for run, _, _ in tasks} for one in demo.live.run_failures(run_id)):
        if codes[one.run_id] == "RUN_EXECUTION_ERROR":
            assert one.trace.startswith("Traceback") and one.message in one.trace
        else:
            assert one.trace == ""
        assert "{" not in one.message


def test_the_incident_has_one_cause(demo: Demo) -> None:
    """journey_orchestrator fails by the table that its queries miss as well."""
    [(run_id,)] = demo.rows(
        "SELECT run_id FROM system_tables.lakeflow.job_run_timeline JOIN system_tables.lakeflow.jobs "
        "USING (workspace_id, job_id) WHERE name = 'journey_orchestrator' AND result_state = 'FAILED' "
        "ORDER BY period_end_time DESC LIMIT 1"
    )
    [failure] = demo.live.run_failures(run_id)
    assert "itinerary_events" in failure.message and "journey_orchestrator" in failure.trace


def test_the_same_run_fails_with_the_same_words() -> None:
    """Two demos of one time tell the same of the same run, and a demo tells it again."""
    one, other = Demo(), Demo()
    ids = one.rows(
        f"SELECT run_id FROM system_tables.lakeflow.job_run_timeline WHERE result_state IN {_FAILED} LIMIT 40"
    )
    for (run_id,) in ids:
        assert one.live.run_failures(run_id) == other.live.run_failures(run_id)
        assert one.live.run_failures(run_id) == one.live.run_failures(run_id)


def test_a_run_that_nobody_knows_has_no_failures(demo: Demo) -> None:
    """An unknown id, or one with SQL in it, is nothing known."""
    assert demo.live.run_failures("1") == demo.live.run_failures("' OR 1 = 1 --") == []


def test_active_runs_are_those_between_their_first_and_last_slice(demo: Demo) -> None:
    """Hour by hour, by the rows that the tables show days later: what has ended is not active, what goes on is."""
    seen: list[tuple[Any, list[tuple[str, str]]]] = []
    for _ in range(12):
        active = demo.live.active_runs()
        assert dict(active.schema) == ACTIVE_RUNS and active.height
        assert active.get_column("start_time").is_sorted(descending=True)
        seen.append((demo.clock.now().replace(tzinfo=None), active.select("workspace_id", "run_id").rows()))
        demo.clock.advance(3600)
    demo.clock.advance(4 * 86_400)
    demo.live.active_runs()
    for now, told in seen:
        under_way = demo.rows(
            "SELECT DISTINCT workspace_id, run_id FROM system_tables.lakeflow.job_run_timeline "
            "WHERE period_start_time <= $now AND period_end_time > $now",
            now=now,
        )
        assert sorted(told) == sorted(under_way)


def test_a_failure_is_told_before_the_tables_have_it(demo: Demo) -> None:
    """A run that has ended but not arrived has its words already; one that ends later has none yet."""
    [(run_id, end)] = demo.rows(
        "SELECT run_id, period_end_time FROM demo_estate.lakeflow.job_run_timeline, demo_estate.main.clock "
        f"WHERE result_state IN {_FAILED} AND period_end_time > now AND arrival > period_end_time + INTERVAL 1 MINUTE "
        "ORDER BY period_end_time LIMIT 1"
    )
    assert demo.live.run_failures(run_id) == []
    demo.clock.advance((end - demo.clock.now().replace(tzinfo=None)).total_seconds() + 1)
    assert demo.live.run_failures(run_id)
    shown = "SELECT result_state FROM system_tables.lakeflow.job_run_timeline WHERE run_id = $run"
    assert set(demo.rows(shown, run=run_id)) <= {(None,)}


_STATE_AFTER = {"SCALED_UP": "RUNNING", "SCALED_DOWN": "RUNNING"}


def test_warehouses_are_in_the_state_of_their_last_event(demo: Demo) -> None:
    """Quarter by quarter of an hour, as the tables tell it when all has arrived; a deleted one is not listed."""
    seen = []
    for _ in range(24):
        seen.append((demo.clock.now().replace(tzinfo=None), demo.live.warehouses()))
        demo.clock.advance(900)
    demo.clock.advance(86_400)
    demo.live.warehouses()
    gone = demo.rows(
        "SELECT warehouse_id FROM system_tables.compute.warehouses WHERE delete_time IS NOT NULL"
    )
    states = set()
    for now, warehouses in seen:
        assert warehouses and not {(one.warehouse_id,) for one in warehouses} & set(gone)
        for one in warehouses:
            last = demo.rows(
                "SELECT event_type FROM system_tables.compute.warehouse_events WHERE warehouse_id = $id "
                "AND event_time <= $now QUALIFY rank() OVER (ORDER BY event_time DESC) = 1",
                id=one.warehouse_id,
                now=now,
            )
            assert one.state in {_STATE_AFTER.get(event, event) for (event,) in last}
            assert one.size.replace("-", "").isalnum() and one.kind in ("serverless", "pro", "classic")
            states.add(one.state)
    assert {"RUNNING", "STOPPED"} <= states


def test_no_warehouse_is_invented_for_the_demos_own_statements(demo: Demo) -> None:
    """They run in this process: the API says so instead of naming one."""
    with pytest.raises(SourceError, match="no SQL warehouse"):
        demo.live.warehouse()


def test_after_the_end_it_refuses_as_a_source_does(demo: Demo) -> None:
    """A question that comes when the source is closed is a SourceError, not one of the engine's."""
    demo.source.close()
    for ask in (demo.live.active_runs, demo.live.warehouses, lambda: demo.live.run_failures("1")):
        with pytest.raises(SourceError):
            ask()


async def test_the_newest_failed_runs_of_the_demo_come_with_their_texts() -> None:
    """As from a workspace: listings, health and the runs under way have what the API says."""
    runtime = Runtime(
        Config(tenants={"demo": TenantConfig(source="demo")}),
        clock=HeldClock(BUILT_AT),
        demo_rows=FEWEST_ROWS,
    )
    monitor = runtime.tenant("demo").monitor
    try:
        rows = (await monitor.failed_workflows(limit=10)).rows()
        assert len(rows) == 10 and all(
            row["error_message"] and row["error_source"] == "jobs_api" for row in rows
        )
        active = await monitor.active_runs()
        assert (active.state, active.reason) == ("fresh", None) and active.total > 0
        detailed = await monitor.detailed_health()
        assert all(run["error_message"] for run in detailed["recent_failures"]["workflows"])
        assert detailed["warehouse"]["state"] is None and "this process" in detailed["warehouse"]["reason"]
    finally:
        await runtime.close()
