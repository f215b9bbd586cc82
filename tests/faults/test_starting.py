"""A warehouse that takes its time, a workspace that hangs at first."""

from __future__ import annotations

import asyncio
import time

import pytest

from sysmon_tui.clock import SystemClock
from sysmon_tui.runtime import Runtime
from sysmon_tui.sources.databricks import api
from sysmon_tui.tui.app import SysmonApp
from tests.faults.scene import ENDED, Scene, all_ended, comes_true, look, states
from tests.tui.driving import screen
from tests.workspace import Fault


def app_over(scene: Scene) -> SysmonApp:
    runtime = Runtime(scene.config(), incremental=True, patience_s=0.2)
    return SysmonApp(runtime, tenant=None, row_limit=500)


_SHORT = "[limits]\nstatement_timeout_seconds = 5"


async def test_row_43_a_cold_warehouse_is_told_as_starting(scene_now: Scene) -> None:
    """While the warehouse starts: `warehouse_starting`, soon; the rows come from the statements that waited."""
    workspace = scene_now.workspace
    workspace.warehouse.state, workspace.warehouse.start_s = "STOPPED", 1.5
    async with scene_now.monitored(clock=SystemClock(), patience_s=0.2) as monitor:
        answers = await look(monitor)
        assert {one.code for one in answers.values()} == {"warehouse_starting"}
        assert all("starting" in str(one.reason) for one in answers.values())
        assert monitor.is_waiting and workspace.warehouse.starts == 1
        # Who asks again meanwhile sends nothing more.
        sent = scene_now.posts()
        assert {one.code for one in (await look(monitor)).values()} == {"warehouse_starting"}
        assert scene_now.posts() == sent
        assert await comes_true(lambda: not monitor.is_waiting)
        later = await look(monitor)
        assert {one.code for one in later.values()} == {None}
        assert all(one.total for one in later.values())
        assert workspace.warehouse.starts == 1 and len(scene_now.sent("query_history")) == 2
    assert all_ended(workspace)


async def test_row_43_pending_to_the_deadline_is_cancelled_there(scene: Scene) -> None:
    """At the deadline: cancelled on the server and watched to its end; told as a warehouse that did not begin."""
    workspace = scene.workspace
    async with scene.monitored(_SHORT) as monitor:
        before = await monitor.audit()
        workspace.pending_s = 600
        since = len(workspace.statements)
        scene.estate.clock.advance(61)
        began_s = time.monotonic()
        answer = await monitor.audit()
        assert 5 <= time.monotonic() - began_s < 15
        assert (answer.state, answer.code) == ("stale", "warehouse_starting")
        assert answer.frame.equals(before.frame) and answer.fetched_at == before.fetched_at
        [statement] = scene.sent("audit", since=since)
        assert statement.state == "CANCELED" and statement.canceled.is_set()
        cancel = ("POST", f"/api/2.0/sql/statements/{statement.id}/cancel")
        told = workspace.requests.index(cancel)
        assert ("GET", f"/api/2.0/sql/statements/{statement.id}") in workspace.requests[told:]
        workspace.pending_s = 0
        assert (await monitor.queries()).state == "fresh"
    assert all_ended(workspace)


async def test_row_43_a_cancel_that_is_not_heard_is_said_again(scene: Scene) -> None:
    """A cancel that the server drops: it is sent again until the statement has ended."""
    workspace = scene.workspace
    workspace.faults.append(Fault(200, {}, method="POST", path="/cancel"))
    async with scene.monitored(_SHORT) as monitor:
        workspace.pending_s = 600
        assert (await monitor.audit()).code == "warehouse_starting"
    assert len(scene.cancels()) == 2
    assert {one.state for one in workspace.statements} == {"CANCELED"}


async def test_row_43_the_screen_lives_while_the_warehouse_starts(scene_now: Scene) -> None:
    """Keys work, what is shown says that it starts and is no error, and the rows come without a key."""
    workspace = scene_now.workspace
    workspace.warehouse.state, workspace.warehouse.start_s = "STOPPED", 3600
    app = app_over(scene_now)
    async with app.run_test(size=(120, 40)) as pilot:
        assert await comes_true(lambda: "starting" in screen(app))
        await pilot.press("2")
        assert app.tab.id == "workflows"
        assert await comes_true(lambda: "starting" in screen(app))
        assert not any(word in screen(app) for word in ("failed:", "failed ·", "ERROR"))
        workspace.warehouse.start_s = 0
        assert await comes_true(lambda: "nightly" in screen(app))
        await app.session.runtime.close()
    assert all_ended(workspace)


async def test_row_64_a_discovery_that_hangs_delays_no_paint(
    scene_now: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`/.well-known` hangs: the first screen is there before it has answered; then the rows come."""
    monkeypatch.setattr(api, "DISCOVERY_TIMEOUT_S", 1.5)
    workspace = scene_now.workspace
    workspace.faults.append(Fault(path="/.well-known", wait_s=30, times=None))
    app = app_over(scene_now)
    async with app.run_test(size=(120, 40)) as pilot:
        assert "prod" in screen(app) and not workspace.statements
        await pilot.press("2")
        assert app.tab.id == "workflows" and not workspace.statements
        assert await comes_true(lambda: "nightly" in screen(app))
        await app.session.runtime.close()
    assert all_ended(workspace)


async def test_row_64_answers_come_after_a_discovery_that_hangs(scene: Scene) -> None:
    """With the real time that the program gives it, everything is fresh within a quarter of a minute."""
    scene.workspace.faults.append(Fault(path="/.well-known", wait_s=60, times=None))
    began_s = time.monotonic()
    async with scene.monitored() as monitor:
        assert set(states(await look(monitor)).values()) == {"fresh"}
    assert time.monotonic() - began_s < 15
    assert all(one.state in ENDED for one in scene.workspace.statements)


@pytest.mark.parametrize("status", [429, 503])
async def test_row_64_a_discovery_that_asks_to_wait_is_not_waited_for(scene: Scene, status: int) -> None:
    """`/.well-known` answers Retry-After: 600: it is best effort, so the answers come within its bounded budget."""
    scene.workspace.faults.append(
        Fault(status, {"message": "Later."}, headers={"Retry-After": "600"}, path="/.well-known", times=None)
    )
    async with scene.monitored() as monitor:
        answer = await asyncio.wait_for(monitor.audit(), 10)
        assert answer.state == "fresh"
