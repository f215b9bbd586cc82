"""Row 44: the real commands and the app in a terminal, ended by keys and signals."""

from __future__ import annotations

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

from tests.commanding import COMMAND, environment
from tests.faults.scene import Scene, all_ended, eventually, no_secret, running

_GONE_S = 5.0
_SIGNALS = [signal.SIGTERM, signal.SIGHUP]


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
def test_row_44_the_app_leaves_the_terminal_as_it_was(
    scene_now: Scene, ending: signal.Signals | None
) -> None:
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
