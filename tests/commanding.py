"""Shared by the tests of the command line: the real command in a process of its own, away from the user's files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, "-m", "sysmon_tui")


def environment(home: Path, **more: str) -> dict[str, str]:
    """Only what a process needs, and `more`: no configuration and no credential of the machine."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), **more}


def run(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    """`sysmon-tui ARGUMENTS` in `home`, with `more` as variables."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(home, **more),
        cwd=home,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
