"""What the stand-in promises to the tests that use it: warehouses, job runs, the set-up, faults."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import httpx
import pytest

from sysmon_tui.clock import HeldClock
from tests.workspace import Fault, Workspace, demo_workspace

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WAREHOUSES = "/api/2.0/sql/warehouses"
RUNS = "/api/2.2/jobs/runs"
UNITY = "/api/2.1/unity-catalog"
ME = "/api/2.0/preview/scim/v2/Me"


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOW)


@pytest.fixture
def workspace(clock: HeldClock) -> Iterator[Workspace]:
    """No tables, and a warehouse on a clock that the test moves."""
    with duckdb.connect() as connection, Workspace(connection, clock=clock) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def estate() -> Iterator[tuple[Workspace, duckdb.DuckDBPyConnection]]:
    with demo_workspace(NOW, rows=50_000) as workspace:
        yield workspace, workspace._engine.cursor()


def ask(workspace: Workspace, path: str, **parameters: object) -> httpx.Response:
    return httpx.get(
        workspace.url + path,
        params={name: str(value) for name, value in parameters.items()},
        headers={"Authorization": f"Bearer {workspace.token}"},
        trust_env=False,
    )


def tell(workspace: Workspace, path: str, **parameters: object) -> Any:
    answer = ask(workspace, path, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(workspace: Workspace, path: str, **parameters: object) -> tuple[int, str, str]:
    answer = ask(workspace, path, **parameters)
    return answer.status_code, answer.json()["error_code"], answer.json()["message"]


def start(workspace: Workspace) -> str:
    """The id of a statement that was sent and not waited for."""
    answer = httpx.post(
        f"{workspace.url}/api/2.0/sql/statements",
        json={"statement": "SELECT 1", "warehouse_id": workspace.warehouse_id, "wait_timeout": "0s"},
        headers={"Authorization": f"Bearer {workspace.token}"},
        trust_env=False,
    )
    return str(answer.json()["statement_id"])


def finish(workspace: Workspace) -> None:
    statement = workspace.statement(start(workspace))
    assert statement is not None and statement.ended.wait(5)


def run_of_a_test(run_id: int, start_ms: int) -> dict[str, Any]:
    return {"run_id": run_id, "start_time": start_ms, "state": {"life_cycle_state": "RUNNING"}}


def test_a_statement_starts_a_stopped_warehouse(workspace: Workspace, clock: HeldClock) -> None:
    """All statements are PENDING until the start has taken its time; it is counted once."""
    workspace.warehouse.state, workspace.warehouse.start_s = "STOPPED", 240
    clock.advance(1)
    first, second = start(workspace), start(workspace)
    clock.advance(239)
    time.sleep(0.05)
    assert workspace.warehouse.state == "STARTING"
    assert [one.state for one in workspace.statements] == ["PENDING", "PENDING"]
    clock.advance(1)
    for one in workspace.statements:
        assert one.ended.wait(5) and one.state == "SUCCEEDED" and one.id in (first, second)
    assert workspace.warehouse.starts == 1
    assert workspace.warehouse.log == [("RUNNING", 0), ("STOPPED", 0), ("STARTING", 1), ("RUNNING", 241)]


def test_a_warehouse_stops_when_no_statement_has_run_for_long_enough(
    workspace: Workspace, clock: HeldClock
) -> None:
    """The minutes count from the end of the last statement; one that still waits keeps it up."""
    clock.advance(500)
    finish(workspace)
    clock.advance(599)
    assert workspace.warehouse.state == "RUNNING"
    workspace.pending_s = 30
    statement = workspace.statement(start(workspace))
    clock.advance(5000)
    assert workspace.warehouse.state == "RUNNING" and statement is not None
    statement.cancel()
    clock.advance(600)
    assert workspace.warehouse.log[-1] == ("STOPPED", 6699)
    assert workspace.warehouse.starts == 0


def test_a_look_at_a_warehouse_neither_starts_it_nor_keeps_it_up(
    workspace: Workspace, clock: HeldClock
) -> None:
    """The list and the single answer say the state that is."""
    clock.advance(599)
    one = tell(workspace, f"{WAREHOUSES}/{workspace.warehouse_id}")
    assert (one["state"], one["num_clusters"], one["health"]) == ("RUNNING", 1, {"status": "HEALTHY"})
    clock.advance(1)
    (one,) = tell(workspace, WAREHOUSES)["warehouses"]
    assert (one["state"], one["num_clusters"], one["auto_stop_mins"]) == ("STOPPED", 0, 10)
    assert (one["cluster_size"], one["warehouse_type"]) == ("2X-Small", "PRO")
    assert one["enable_serverless_compute"] is True
    assert workspace.warehouse.starts == 0
    assert refusal(workspace, f"{WAREHOUSES}/feed")[:2] == (404, "RESOURCE_DOES_NOT_EXIST")


def test_a_waiting_statement_can_be_cancelled(workspace: Workspace) -> None:
    """A start that never ends holds nobody up."""
    workspace.warehouse.state, workspace.warehouse.start_s = "STOPPED", 1e9
    statement = workspace.statement(start(workspace))
    assert statement is not None
    statement.cancel()
    assert statement.state == "CANCELED" and workspace.warehouse.statements == 0


def test_the_list_of_runs_comes_in_pages(workspace: Workspace) -> None:
    """At most 24 at once, the latest first, each once; a limit outside 1..24 is refused."""
    workspace.active_runs = [run_of_a_test(100 + number, 5000 + number % 7) for number in range(30)]
    page = tell(workspace, f"{RUNS}/list", active_only="true", limit=24)
    rest = tell(workspace, f"{RUNS}/list", active_only="true", page_token=page["next_page_token"])
    listed = page["runs"] + rest["runs"]
    assert (len(page["runs"]), len(rest["runs"])) == (24, 6)
    assert len({run["run_id"] for run in listed}) == 30 and "next_page_token" not in rest
    assert [run["start_time"] for run in listed] == sorted(
        (run["start_time"] for run in listed), reverse=True
    )
    workspace.active_runs = []
    assert tell(workspace, f"{RUNS}/list", active_only="true") == {"has_more": False}
    for limit in (0, 25, "many"):
        assert refusal(workspace, f"{RUNS}/list", limit=limit)[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_run_and_its_outputs_are_what_the_test_says(workspace: Workspace) -> None:
    """The output is that of a task run; a job run with tasks has none, an unknown one does not exist."""
    workspace.runs[7] = {"run_id": 7, "tasks": [{"task_key": "bronze_load", "run_id": 71}]}
    workspace.outputs[71] = {"error": "KeyError: 'fare'"}
    assert tell(workspace, f"{RUNS}/get", run_id=7)["tasks"][0]["run_id"] == 71
    assert tell(workspace, f"{RUNS}/get-output", run_id=71) == {"error": "KeyError: 'fare'"}
    status, code, message = refusal(workspace, f"{RUNS}/get-output", run_id=7)
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE") and "multiple tasks" in message
    for call in ("get", "get-output"):
        unknown = (400, "INVALID_PARAMETER_VALUE", "Run 123 does not exist.")
        assert refusal(workspace, f"{RUNS}/{call}", run_id=123) == unknown


def test_the_estates_active_runs_are_there_before_the_tables_show_them(
    estate: tuple[Workspace, duckdb.DuckDBPyConnection],
) -> None:
    """Those of the workspace that started and have not ended, however young; none has an end or a result."""
    workspace, cursor = estate
    (expected,) = cursor.execute(
        "SELECT list(DISTINCT run_id::BIGINT) FROM demo_estate.lakeflow.job_run_timeline, demo_estate.main.clock"
        " WHERE workspace_id = $own AND period_start_time <= now AND period_end_time > now",
        {"own": workspace.org_id},
    ).fetchone() or ([],)
    active = tell(workspace, f"{RUNS}/list", active_only="true")["runs"]
    assert {run["run_id"] for run in active} == set(expected) != set()
    for run in active:
        assert run["end_time"] == 0 and "result_state" not in run["state"]
        assert run["state"]["life_cycle_state"] == run["status"]["state"] == "RUNNING"


def test_a_failed_run_of_the_estate_has_a_message_and_a_trace(
    estate: tuple[Workspace, duckdb.DuckDBPyConnection],
) -> None:
    """In the API's words and units; the message names the task, and the task's output has the colours of a trace."""
    workspace, cursor = estate
    row = cursor.execute(
        "SELECT run_id, epoch_ms(min(period_start_time)), epoch_ms(max(period_end_time))"
        " FROM system_tables.lakeflow.job_run_timeline WHERE workspace_id = $own AND run_type = 'JOB_RUN'"
        " GROUP BY run_id HAVING arg_max(termination_code, period_end_time) = 'RUN_EXECUTION_ERROR'"
        " ORDER BY run_id LIMIT 1",
        {"own": workspace.org_id},
    ).fetchone()
    assert row is not None
    run = tell(workspace, f"{RUNS}/get", run_id=row[0])
    task = run["tasks"][-1]
    assert (run["run_id"], run["start_time"], run["end_time"]) == (int(row[0]), row[1], row[2])
    assert run["state"]["result_state"] == "FAILED"
    said = f"Task {task['task_key']} failed with message: Workload failed, see run output for details."
    assert run["state"]["state_message"] == run["status"]["termination_details"]["message"] == said
    assert run["status"]["termination_details"]["code"] == "RUN_EXECUTION_ERROR"
    output = tell(workspace, f"{RUNS}/get-output", run_id=task["run_id"])
    assert output["error_trace"].count("\n") == 9 and "\x1b[" in output["error_trace"]
    assert re.sub(r"\x1b\[[\d;]*m", "", output["error_trace"]).endswith(output["error"])
    assert output == tell(workspace, f"{RUNS}/get-output", run_id=task["run_id"])
    assert refusal(workspace, f"{RUNS}/get-output", run_id=row[0])[0] == 400


def test_every_run_of_the_estate_can_be_said_in_the_words_of_the_api(
    estate: tuple[Workspace, duckdb.DuckDBPyConnection],
) -> None:
    """No word of the tables is left over: SUCCESS, TIMEDOUT, CANCELED, PERIODIC."""
    workspace, _ = estate
    runs = workspace.estate_runs.listed(workspace.org_id, active_only=False)
    results = {run["state"].get("result_state") for run in runs}
    assert {"SUCCESS", "FAILED", "TIMEDOUT", "CANCELED", None} <= results
    assert not results & {"SUCCEEDED", "TIMED_OUT", "CANCELLED", "ERROR", "SKIPPED", "BLOCKED"}
    assert not {run["trigger"] for run in runs} & {"CRON", "ONETIME", "ONETIME_RETRY"}


def test_the_service_forgets_a_run_after_sixty_days_and_has_none_of_another_workspace(
    estate: tuple[Workspace, duckdb.DuckDBPyConnection],
) -> None:
    """Such runs do not exist for the Jobs API, though the tables have them."""
    workspace, cursor = estate
    insert = (
        "INSERT INTO demo_estate.lakeflow.job_run_timeline BY NAME SELECT $run_id AS run_id, $own AS workspace_id,"
        " '1' AS job_id, 'SUCCEEDED' AS result_state, 'SUCCESS' AS termination_code, now AS arrival,"
        " now - INTERVAL 1 DAY * $days - INTERVAL 1 HOUR AS period_start_time,"
        " now - INTERVAL 1 DAY * $days AS period_end_time FROM demo_estate.main.clock"
    )
    for run_id, days in (("59", 59), ("61", 61)):
        cursor.execute(insert, {"run_id": run_id, "own": workspace.org_id, "days": days})
    cursor.execute(insert, {"run_id": "77", "own": "7730415528016093", "days": 1})
    assert tell(workspace, f"{RUNS}/get", run_id=59)["status"]["state"] == "TERMINATED"
    for gone in (61, 77):
        assert refusal(workspace, f"{RUNS}/get", run_id=gone)[2] == f"Run {gone} does not exist."


def test_the_set_up_can_be_asked_for(workspace: Workspace) -> None:
    """The metastore, which of its system schemas are enabled, and the caller's name."""
    workspace.missing_schemas, workspace.user_name = {"system.access"}, "ana@example.com"
    assignment = ask(workspace, f"{UNITY}/current-metastore-assignment")
    assert assignment.headers["x-databricks-org-id"] == str(assignment.json()["workspace_id"])
    listed = tell(workspace, f"{UNITY}/metastores/{assignment.json()['metastore_id']}/systemschemas")[
        "schemas"
    ]
    states = {one["schema"]: one["state"] for one in listed}
    assert states.pop("access") == "AVAILABLE" and set(states.values()) == {"ENABLE_COMPLETED"}
    assert {"lakeflow", "query", "compute", "billing"} <= set(states)
    assert tell(workspace, ME)["userName"] == "ana@example.com"


def test_a_refused_path_is_not_permitted(workspace: Workspace) -> None:
    """Any request whose path has the part in it, and no other."""
    workspace.refused_paths = {"/jobs/"}
    assert refusal(workspace, f"{RUNS}/list")[:2] == (403, "PERMISSION_DENIED")
    assert ask(workspace, ME).status_code == 200


def test_a_fault_answers_as_often_as_it_says(workspace: Workspace) -> None:
    """Twice where `times` is 2, and until it is taken away where it is None."""
    workspace.faults.append(Fault(503, {}, path="/Me", times=2))
    assert [ask(workspace, ME).status_code for _ in range(3)] == [503, 503, 200]
    lasting = Fault(500, {}, path="/Me", times=None)
    workspace.faults.append(lasting)
    assert [ask(workspace, ME).status_code for _ in range(3)] == [500, 500, 500]
    workspace.faults.remove(lasting)
    assert ask(workspace, ME).status_code == 200


def test_a_connection_can_be_reset_and_a_body_can_trickle(workspace: Workspace) -> None:
    """A reset is no orderly end; a slow body comes whole."""
    workspace.faults.append(Fault(reset=True, path="/Me"))
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        ask(workspace, ME)
    workspace.faults.append(Fault(body=b"0123456789", path="/Me", trickle_s=0.01))
    began_s = time.monotonic()
    assert ask(workspace, ME).content == b"0123456789"
    assert time.monotonic() - began_s >= 0.1
