"""Row 44: what runs on the warehouse ends with the program, however that ends."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress

import pytest

from sysmon_tui import tui
from sysmon_tui.runtime import Runtime
from sysmon_tui.tui.app import SysmonApp
from tests.faults.scene import Scene, all_ended, comes_true, look, running
from tests.workspace import Fault

_GONE_S = 5.0
_SIGNALS = [signal.SIGTERM, signal.SIGHUP]


async def test_row_44_closing_cancels_all_that_runs(scene: Scene) -> None:
    """Six statements and more run: close returns within five seconds, and none runs on."""
    workspace = scene.workspace
    workspace.running_s = 600
    async with scene.monitored() as monitor:
        asked = asyncio.create_task(look(monitor))
        assert await comes_true(lambda: len(running(workspace)) >= 6)
        began_s = time.monotonic()
    assert time.monotonic() - began_s < _GONE_S
    assert all_ended(workspace, within_s=1)
    assert {one.state for one in workspace.statements} == {"CANCELED"}
    with suppress(asyncio.CancelledError):
        await asked


@pytest.mark.parametrize("state", ["pending", "running"])
async def test_row_44_q_is_quick_while_statements_wait(scene_now: Scene, state: str) -> None:
    """`q` with statements of half a minute: the app is gone within a second, and they are cancelled."""
    workspace = scene_now.workspace
    setattr(workspace, f"{state}_s", 30)
    runtime = Runtime(scene_now.config(), incremental=True, patience_s=2.0)
    app = SysmonApp(runtime, tenant=None, row_limit=500)
    async with app.run_test(size=(100, 30)) as pilot:
        assert await comes_true(lambda: len(running(workspace)) >= 3)
        began_s = time.monotonic()
        await pilot.press("q")
        assert await comes_true(lambda: not app.is_running, within_s=5)
        assert time.monotonic() - began_s < 1
    began_s = time.monotonic()
    await runtime.close()
    assert time.monotonic() - began_s < _GONE_S
    assert all_ended(workspace, within_s=1)


async def test_row_44_closing_is_bounded_while_the_host_hangs(scene: Scene) -> None:
    """The workspace answers nothing any more, no cancel either: close returns within five seconds all the same."""
    workspace = scene.workspace
    async with scene.monitored() as monitor:
        await monitor.audit()
        workspace.faults.append(Fault(wait_s=60, times=None))
        asked = asyncio.create_task(look(monitor, fresh=True))
        await asyncio.sleep(0.3)
        began_s = time.monotonic()
    assert time.monotonic() - began_s < _GONE_S
    with suppress(asyncio.CancelledError):
        await asked


async def test_row_44_who_waits_no_longer_cancels(scene: Scene) -> None:
    """A caller that is cancelled takes its statements along; what another waits for goes on."""
    workspace = scene.workspace
    workspace.running_s = 600
    async with scene.monitored("[live]\nenabled = false") as monitor:
        first, second = (asyncio.create_task(monitor.audit()) for _ in range(2))
        lonely = asyncio.create_task(monitor.failed_logins())
        assert await comes_true(lambda: len(running(workspace)) == 2)
        first.cancel()
        lonely.cancel()
        assert await comes_true(lambda: len(running(workspace)) == 1)
        [left] = [one for one in workspace.statements if not one.ended.is_set()]
        assert left.parameters["failed_logins"]["value"] == "false"
        second.cancel()
        assert await comes_true(lambda: not running(workspace))


async def test_row_44_an_exception_in_the_app_cancels_too(
    scene_now: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app breaks down in the middle: its statements are cancelled as with `q`."""
    workspace = scene_now.workspace
    workspace.running_s = 600

    async def broken(app: SysmonApp, **options: object) -> None:
        monitor = app.session.runtime.tenant(None).monitor
        asked = asyncio.create_task(look(monitor))
        assert await comes_true(lambda: len(running(workspace)) >= 3)
        asked.add_done_callback(lambda done: done.cancelled() or done.exception())
        raise RuntimeError("broken")

    monkeypatch.setattr(SysmonApp, "run_async", broken)
    runtime = Runtime(scene_now.config())
    began_s = time.monotonic()
    with pytest.raises(RuntimeError, match="broken"):
        await tui._run(runtime, None, 500, False)
    assert time.monotonic() - began_s < 15
    assert all_ended(workspace, within_s=1)
