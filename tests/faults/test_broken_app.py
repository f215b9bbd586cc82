"""A fault of our own in the app: the terminal is left as it was, the fault is told, and no variable's value is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.tui.terminal import Terminal

_PROGRAM = """
import sys
sys.argv = ["sysmon-tui", "--demo"]
from sysmon_tui.tui.tabs.workflows import WorkflowsTab

async def broken(self, monitor, question, fresh):
    token = "dapi-" + "planted"
    name = "\\x1b]52;c;ZXZpbA==\\x07"
    raise RuntimeError("a stranger's words: " + name)

WorkflowsTab.ask = broken
from sysmon_tui.cli import main
main()
"""


def test_a_fault_of_our_own_shows_no_secret(tmp_path: Path) -> None:
    """The traceback is printed without local variables and with strangers' bytes made harmless; exit status 1."""
    environment = {**os.environ, "SYSMON_STATE_DIR": str(tmp_path), "TERM": "xterm-256color"}
    with Terminal([sys.executable, "-c", _PROGRAM], env=environment, columns=100, rows=40) as terminal:
        assert terminal.until(lambda: "HEALTHY" in terminal.text, 60)
        terminal.press("2")
        assert terminal.until(lambda: terminal.process.poll() is not None, 30)
        terminal.settle()
        printed = bytes(terminal.printed)
        assert terminal.process.returncode == 1
    assert b"stranger" in printed
    assert b"dapi-planted" not in printed
    assert b"\x1b]52" not in printed
    assert b"\x1b[?1049l" in printed  # back from the alternate screen
