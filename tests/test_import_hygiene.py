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


def test_the_first_paint_needs_one_tab() -> None:
    """What draws the app brings no engine, no SDK, no other tab than the first and no screen: they come after it."""
    later = ("polars", "duckdb", "databricks", "httpx", "starlette", "sysmon_tui.views", "sysmon_tui.sources")
    program = f"""
import sys
from sysmon_tui import cli, runtime
from sysmon_tui.commands import app
from sysmon_tui.tui.app import SysmonApp
from sysmon_tui.tui.tabs.health import HealthTab
print(*(name for name in sys.modules if name.split(".")[0] in {later!r} or ".".join(name.split(".")[:2]) in {later!r}))
print(*(name for name in sys.modules if name.startswith(("sysmon_tui.tui.screens.", "sysmon_tui.tui.tabs."))))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(ROOT),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    heavy, ours = ended.stdout.split("\n")[:2]
    assert heavy == ""
    assert set(ours.split()) == {"sysmon_tui.tui.tabs.base", "sysmon_tui.tui.tabs.health"}
