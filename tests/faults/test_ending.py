"""Row 44: what runs on the warehouse ends with the program, however that ends."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sysmon_tui import tui
from sysmon_tui.runtime import Runtime
from sysmon_tui.tui.app import SysmonApp
from tests.commanding import COMMAND, environment
from tests.faults.scene import Scene, all_ended, comes_true, eventually, look, no_secret, running
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


@contextmanager
def _process(scene: Scene, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """The real command, in a process of its own, on the stand-in."""
    file = scene.home / "config.toml"
    file.write_text(scene.toml(), encoding="utf-8")
    process = subprocess.Popen(
        [*COMMAND, *words, "--config", str(file)],
        env=_environment(scene),
        cwd=scene.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _environment(scene: Scene, **more: str) -> dict[str, str]:
    return environment(
        scene.home,
        DATABRICKS_TOKEN=scene.workspace.token,
        SYSMON_STATE_DIR=str(scene.home / "state"),
        **more,
    )


_COMMANDS = {"serve": ("serve", "--port", "0"), "query": ("query", "audit"), "check": ("check",)}


@pytest.mark.parametrize("ending", _SIGNALS, ids=lambda ending: ending.name)
@pytest.mark.parametrize("command", _COMMANDS)
def test_row_44_a_signal_ends_commands_and_their_statements(
    scene_now: Scene, command: str, ending: signal.Signals
) -> None:
    """SIGTERM, SIGHUP: the process is gone within five seconds, and the server has seen every cancel."""
    workspace = scene_now.workspace
    workspace.running_s = 30
    with _process(scene_now, *_COMMANDS[command]) as process:
        assert eventually(lambda: "RUNNING" in running(workspace), within_s=30), process.poll()
        began_s = time.monotonic()
        process.send_signal(ending)
        _, said = process.communicate(timeout=20)
        assert time.monotonic() - began_s < _GONE_S
    assert all_ended(workspace, within_s=1), running(workspace)
    assert {one.state for one in workspace.statements} <= {"CANCELED", "SUCCEEDED"}
    assert b"Traceback" not in said and no_secret(workspace, [said])


@pytest.mark.parametrize("command", _COMMANDS)
def test_row_44_ctrl_c_ends_commands_and_their_statements(scene_now: Scene, command: str) -> None:
    """Ctrl-C: the same."""
    workspace = scene_now.workspace
    workspace.running_s = 30
    with _process(scene_now, *_COMMANDS[command]) as process:
        assert eventually(lambda: "RUNNING" in running(workspace), within_s=30), process.poll()
        began_s = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert time.monotonic() - began_s < _GONE_S
    assert all_ended(workspace, within_s=1), running(workspace)
    assert b"Traceback" not in said


@pytest.mark.parametrize("ending", [None, *_SIGNALS], ids=["q", "SIGTERM", "SIGHUP"])
def test_row_44_the_app_leaves_the_terminal_as_it_was(scene_now: Scene, ending: signal.Signals | None) -> None:
    """`q`, SIGTERM, SIGHUP with statements under way: gone within five seconds, terminal restored, none runs on."""
    workspace = scene_now.workspace
    workspace.running_s = 30
    file = scene_now.home / "config.toml"
    file.write_text(scene_now.toml(), encoding="utf-8")
    terminal, screen = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "--config", str(file)],
        env=_environment(scene_now, TERM="xterm-256color", COLUMNS="100", LINES="30"),
        cwd=scene_now.home,
        stdin=screen,
        stdout=screen,
        stderr=screen,
    )
    os.close(screen)
    try:
        shown = _shown(terminal, lambda _: "RUNNING" in running(workspace), 30)
        assert b"\x1b[?1049h" in shown
        began_s = time.monotonic()
        if ending is None:
            os.write(terminal, b"q")
        else:
            process.send_signal(ending)
        shown += _shown(terminal, lambda _: process.poll() is not None, 20)
        assert time.monotonic() - began_s < _GONE_S
        assert b"\x1b[?1049l" in shown and b"\x1b[?25h" in shown
        assert b"Traceback" not in shown and no_secret(workspace, [shown])
        assert all_ended(workspace, within_s=1), running(workspace)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def _shown(terminal: int, enough: object, within_s: float) -> bytes:
    """What the terminal shows until it is enough."""
    shown, until_s = b"", time.monotonic() + within_s
    assert callable(enough)
    while not enough(shown) and time.monotonic() < until_s:
        if select.select([terminal], [], [], 0.05)[0]:
            with suppress(OSError):  # the other end has closed
                shown += os.read(terminal, 65_536)
                continue
            time.sleep(0.02)
    with suppress(OSError):
        while select.select([terminal], [], [], 0)[0]:
            more = os.read(terminal, 65_536)
            if not more:
                break
            shown += more
    return shown


def test_row_44_state_is_written_nowhere_else(scene_now: Scene) -> None:
    """A command that was ended leaves its files in the state directory alone."""
    scene_now.workspace.running_s = 30
    with _process(scene_now, "query", "audit") as process:
        assert eventually(lambda: "RUNNING" in running(scene_now.workspace), within_s=30)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert {path.name for path in Path(scene_now.home).iterdir()} <= {"config.toml", "state", ".cache"}


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
