"""Without a command the app starts: on a terminal, with the flags of the command line."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest

from tests.commanding import COMMAND, environment


@pytest.mark.parametrize("arguments", [["--demo"], ["--demo", "--row-limit", "50", "--low-bandwidth"]])
def test_app_starts_and_quits(tmp_path: Path, arguments: list[str]) -> None:
    """The first screen says that the data is invented; `q` ends it with exit 0."""
    terminal, screen = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(tmp_path, TERM="xterm-256color", COLUMNS="100", LINES="30"),
        cwd=tmp_path,
        stdin=screen,
        stdout=screen,
        stderr=screen,
    )
    os.close(screen)
    try:
        assert b"DEMO DATA" in _read_until(terminal, b"DEMO DATA")
        os.write(terminal, b"q")
        _read_until(terminal, b"\x1b[?1049l")
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def _read_until(terminal: int, wanted: bytes) -> bytes:
    """What the terminal shows up to `wanted`, or all that comes within fifteen seconds."""
    shown, until = b"", time.monotonic() + 15
    while wanted not in shown and time.monotonic() < until:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                shown += os.read(terminal, 65_536)
            except OSError:  # the other end has closed
                break
    return shown
