"""What the REST API tells beside the tables: kept for a while, never in the way, harmless by the time it is shown."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from sysmon_tui import limits
from sysmon_tui.errors import AccessDenied, SourceUnreachable
from sysmon_tui.sources.live import TaskFailure
from tests.estate import WORKSPACE, Estate, at
from tests.services.lanes import NOW, Lane, WithApi, live_of, with_api
from tests.workspace import Fault, Workspace


async def test_what_the_api_says_holds_for_a_moment() -> None:
    """Asked by twenty at once it is one call, and one more after LIVE_S; the meter hears of the warehouse."""
    one = Lane()
    told = await asyncio.gather(*(one.lane.warehouse() for _ in range(20)))
    assert len(one.api.calls) == 1 and all(each is told[0] for each in told)
    assert one.meter.warehouse is told[0].value is not None and told[0].read_at == NOW
    one.clock.advance(limits.LIVE_S - 1)
    await one.lane.warehouse()
    assert len(one.api.calls) == 1
    one.clock.advance(1)
    await one.lane.warehouse()
    await one.lane.active_runs()
    assert one.api.calls == ["warehouse", "warehouse", "active_runs"]


async def test_a_lane_that_is_closed_to_us_is_not_asked_each_time() -> None:
    """Denied: again after DENIED_RETRY_S; failed: after FAILED_RETRY_S; the last value stays, with its time and why."""
    one = Lane()
    for error, retry_s in (
        (AccessDenied("No CAN VIEW."), limits.DENIED_RETRY_S),
        (SourceUnreachable("Down."), limits.FAILED_RETRY_S),
    ):
        good = await one.lane.warehouse()
        one.clock.advance(limits.DENIED_RETRY_S)
        one.api.error = error
        count = len(one.api.calls)
        told = await one.lane.warehouse()
        assert (told.value, told.read_at, told.reason) == (good.value, good.read_at, error.sentence)
        assert told.denied is isinstance(error, AccessDenied)
        one.clock.advance(retry_s - 1)
        assert await one.lane.warehouse() is told and len(one.api.calls) == count + 1
        one.clock.advance(1)
        one.api.error = None
        assert (await one.lane.warehouse()).reason is None


async def test_a_lane_that_is_switched_off_asks_nothing() -> None:
    """live.enabled = false: no source is opened, no call made, and every answer says why it is empty."""
    one = Lane(enabled=False)
    for ask in (one.lane.warehouse, one.lane.warehouses, one.lane.active_runs):
        told = await ask()
        assert (told.value, told.reason) == (None, "live.enabled is off.")
    assert (await one.lane.run_failures("1", "7", NOW)).value is None
    assert await one.lane.workspace_id() is None and one.opened == 0 and one.api.calls == []


async def test_errors_of_a_run_are_kept_and_only_the_own_workspaces_asked() -> None:
    """An ended run is asked for once, one under way each LIVE_S, another workspace's never; KNOWN_ERRORS are kept."""
    one = Lane()
    other = await one.lane.run_failures("2", "7", NOW)
    assert other.value is None and "workspace 2" in str(other.reason) and one.api.calls == []
    for _ in range(3):
        assert (await one.lane.run_failures("1", "7", NOW)).value is not None
        await one.lane.run_failures("1", "8", None)
        one.clock.advance(86_400)
    assert one.api.calls == ["run 7", "run 8", "run 8", "run 8"]
    await one.lane.run_failures("1", "7", at("13:00"))  # repaired: it has ended anew
    assert one.api.calls.count("run 7") == 2
    for number in range(1000, 1000 + limits.KNOWN_ERRORS):
        await one.lane.run_failures("1", str(number), NOW)
    assert len(one.lane._failures) == limits.KNOWN_ERRORS
    await one.lane.run_failures("1", "1511", NOW)
    await one.lane.run_failures("1", "7", NOW)
    assert one.api.calls.count("run 1511") == 1 and one.api.calls.count("run 7") == 3


async def test_a_listing_tells_why_its_newest_failed_runs_failed() -> None:
    """RUNS_WITH_ERRORS of them have the API's words, marked as such; the rest, and runs that succeeded, have none."""
    _, api, monitor = with_api()
    api.errors["r1"] = []  # the API knows it no more
    rows = {row["run_id"]: row for row in (await monitor.workflows()).rows()}
    told = [f"r{number}" for number in range(limits.RUNS_WITH_ERRORS - 1)]
    assert {key for key, row in rows.items() if row["error_source"]} == set(told) - {"r1"}
    assert (
        rows["r0"]["error_message"] == "load: KeyError: 'fare'" and rows["r0"]["error_source"] == "jobs_api"
    )
    for key in ("r1", "r11", "good", "elsewhere"):
        assert rows[key]["error_message"] is rows[key]["error_source"] is None
    assert sorted(api.calls) == sorted(f"run {key}" for key in told)


@pytest.mark.parametrize("listing", ["workflows", "warehouses"])
async def test_an_api_that_hangs_holds_no_listing(listing: str) -> None:
    """Runs come after three seconds without the words, warehouses without their states."""
    _, api, monitor = with_api()
    api.held = threading.Event()
    asked = asyncio.create_task(getattr(monitor, listing)())
    try:
        done, _ = await asyncio.wait({asked}, timeout=4.5)
        assert done and (await asked).state in ("fresh", "empty")
    finally:
        api.held.set()
        await asked


async def test_words_that_came_too_late_stand_in_the_next_answer() -> None:
    """A listing did not wait for them; they were kept when they came, and nobody asks for them twice."""
    _, api, monitor = with_api(3)
    api.held = threading.Event()
    assert {row["error_source"] for row in (await monitor.workflows()).rows()} == {None}
    api.held.set()
    await asyncio.sleep(0.2)
    assert [row["error_source"] for row in (await monitor.workflows()).rows()].count("jobs_api") == 3
    assert len(api.calls) == 3


async def test_run_errors_that_hang_leave_the_warehouses_state_alone() -> None:
    """Ten runs wait for their errors: what the warehouse's state is, which refreshes rest on, is told all the same."""
    _, api, monitor = with_api()
    hang = threading.Event()
    api.run_failures = lambda run_id: [][: hang.wait(20)]  # type: ignore[method-assign]
    await monitor.workflows()
    try:
        assert (await asyncio.wait_for(monitor.service.live.warehouse(), 2)).value is not None
    finally:
        hang.set()


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    for name in ("HOST", "TOKEN", "CONFIG_PROFILE", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"DATABRICKS_{name}", raising=False)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", "/dev/null")
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS system_tables")
        with Workspace(connection) as workspace:
            yield workspace


_HOSTILE = ["\ud800 lone", "\x1b[31mred\x1b[0m \x1b]0;title\x07", "é" * 100_000, '"}]', "", "\0", "\u202e"]


@pytest.mark.parametrize("place", ["error", "state_message", "task_key"])
@pytest.mark.parametrize("text", _HOSTILE)
async def test_hostile_words_are_cut_and_valid(workspace: Workspace, place: str, text: str) -> None:
    """Whatever the API says of a task: the listing answers, its text is at most 4096 and its document is JSON."""
    workspace.org_id = WORKSPACE
    state = {"life_cycle_state": "TERMINATED", "result_state": "FAILED", "state_message": "m"}
    task = {"task_key": "load", "state": {**state, **({place: text} if place == "state_message" else {})}}
    task |= {"task_key": text} if place == "task_key" else {}
    workspace.runs[7] = {"run_id": 7, "state": state, "tasks": [{**task, "run_id": 20 + n} for n in range(8)]}
    workspace.outputs = {20 + n: {"error": text if place == "error" else ""} for n in range(8)}
    estate = Estate(NOW)
    estate.slice("7", at("10:00"), at("11:00"), "FAILED")
    source = WithApi(estate.connection)
    source.live = live_of(workspace)
    answer = await estate.monitor(open_source=lambda: source).failed_workflows()
    [row] = answer.rows()
    assert row["error_source"] == "jobs_api" and len(row["error_message"]) <= limits.MAX_TEXT_CHARS + 1
    assert json.loads(json.dumps(answer.document("t"), ensure_ascii=False).encode())


@pytest.mark.parametrize("status", [400, 404])
def test_a_run_that_the_api_knows_no_more_has_no_errors(workspace: Workspace, status: int) -> None:
    """Sixty days later: the run, or a task's output alone, is gone; that is no failure."""
    gone = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run 7 does not exist."}
    workspace.faults.append(Fault(status, gone, path="/runs/get", times=1))
    live = live_of(workspace)
    assert live.run_failures("7") == []
    state = {"life_cycle_state": "TERMINATED", "result_state": "FAILED", "state_message": "Workload failed"}
    workspace.runs[7] = {
        "run_id": 7,
        "state": state,
        "tasks": [{"run_id": 8, "task_key": "a", "state": state}],
    }
    workspace.faults.append(Fault(status, gone, path="/runs/get-output", times=1))
    assert live.run_failures("7") == [TaskFailure("a", "8", "FAILED", "Workload failed")]


def test_a_trace_is_told_without_its_colours_and_cut(workspace: Workspace) -> None:
    """Escapes of a notebook, megabytes and lone surrogates of its error: cut, valid, eight tasks at most."""
    state = {"life_cycle_state": "TERMINATED", "result_state": "FAILED"}
    tasks = [{"run_id": number, "task_key": f"t{number}", "state": state} for number in range(20, 40)]
    workspace.runs[7] = {"run_id": 7, "state": state, "tasks": tasks}
    text = "\x1b[0;31mKeyError\x1b[0m \ud83d" + "x" * 1_000_000
    workspace.outputs = {number: {"error": text, "error_trace": text} for number in range(20, 40)}
    found = live_of(workspace).run_failures("7")
    assert len(found) == limits.TASK_ERRORS
    for said in (found[0].message, found[0].trace):
        assert said.startswith("KeyError \ufffdx") and len(said) <= limits.MAX_ERROR_CHARS


def test_active_runs_are_paged_within_a_bound(workspace: Workspace) -> None:
    """Of a thousand runs the newest 240, in pages of 24, newest first."""
    running = {"life_cycle_state": "RUNNING"}
    workspace.active_runs = [
        {"run_id": number, "job_id": 1, "start_time": 1_000_000 + number, "state": running}
        for number in range(1, 1001)
    ]
    frame = live_of(workspace).active_runs()
    assert frame.get_column("run_id").to_list() == [str(number) for number in range(1000, 760, -1)]
    assert workspace.requests.count(("GET", "/api/2.2/jobs/runs/list")) == 10


def test_pages_without_runs_come_to_an_end(workspace: Workspace) -> None:
    """A list that always names a next page and never a run: the pages of the bound are read, no more."""
    workspace.faults += [
        Fault(body={"next_page_token": "again"}, path="/runs/list", times=60),
        Fault(body={}, path="/runs/list", times=None),
    ]
    assert live_of(workspace).active_runs().height == 0
    assert workspace.requests.count(("GET", "/api/2.2/jobs/runs/list")) <= 20


_ODD: list[tuple[str, str, dict[str, Any]]] = [
    ("warehouses", "/sql/warehouses", {"warehouses": [{"id": "x", "auto_stop_mins": "soon"}]}),
    ("warehouses", "/sql/warehouses", {"warehouses": [None]}),
    ("warehouse", "/sql/warehouses", {"id": "x", "auto_stop_mins": {}}),
    ("active_runs", "/runs/list", {"runs": [{"run_id": 1, "state": "RUNNING"}]}),
    ("active_runs", "/runs/list", {"runs": [{"run_id": 1, "start_time": 10**18}]}),
    ("active_runs", "/runs/list", {"runs": [{"run_id": 1, "run_page_url": "http://\ud800"}]}),
    ("active_runs", "/runs/list", {"runs": {"a": 1}}),
]


@pytest.mark.parametrize(("method", "path", "body"), _ODD)
async def test_an_odd_answer_is_a_reason(
    workspace: Workspace, method: str, path: str, body: dict[str, Any]
) -> None:
    """The lane raises nothing: an answer of another shape is told as nothing known, or read as far as it goes."""
    workspace.faults.append(Fault(body=body, path=path, times=None))
    one = Lane(live=live_of(workspace))
    told = await getattr(one.lane, method)()
    assert told.value is not None or told.reason
