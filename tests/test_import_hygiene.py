"""What is loaded when: a static graph can't see it, a fresh process can."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commanding import ROOT, environment

HEAVY = (
    "polars",
    "textual",
    "databricks",
    "duckdb",
    "msgspec",
    "sqlglot",
    "starlette",
    "uvicorn",
    "httpx",
    "rich",
)

PROGRAM = """
import sys
sys.argv = ["sysmon-tui", *{arguments!r}]
from sysmon_tui import cli
try:
    cli.main()
except SystemExit as end:
    print(end.code, *(name for name in {heavy!r} if name in sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["doctor", "--help"],
        ["--version"],
        ["query", "--help"],
        ["check", "--help"],
        ["backtest", "--help"],
        ["alerts", "--help"],
        ["alerts", "test", "--help"],
        ["serve", "--help"],
        ["config", "--help"],
        ["config", "show", "--help"],
        ["check", "--version"],
    ],
    ids=" ".join,
)
def test_help_loads_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    """Help and version answer without the engines, the app, the server and the SDK."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(arguments=arguments, heavy=HEAVY)],
        env=environment(tmp_path),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout
    assert ended.stderr.split() == ["0"]
