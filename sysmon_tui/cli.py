"""The command line. Nothing heavy is imported here: `--help` and `--version` answer at once.

Exit codes: 0 well, 2 a wrong configuration, flag or parameter, 130 Ctrl-C, 141 the reader of a pipe went
away; `query`, `check`, `alerts`, `backtest` and `doctor` have their own besides.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import sys
import threading
from typing import Any

import click

from sysmon_tui import limits
from sysmon_tui.commands import app
from sysmon_tui.commands.flags import Flags, global_options
from sysmon_tui.commands.output import note
from sysmon_tui.errors import RequestError, SysmonError

EXIT_WRONG = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141

# Each in the module of its name, imported when it is asked for: the app needs none of them.
_COMMANDS = ("alerts", "backtest", "check", "config", "doctor", "query", "serve")


class _Commands(click.Group):
    """Turns what ends a command into one line and an exit code."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"sysmon_tui.commands.{name}"), name)
        return command

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except SysmonError as error:
            at_fault = f"{error.parameter}: " if isinstance(error, RequestError) and error.parameter else ""
            note(f"sysmon-tui: {at_fault}{error.sentence}")
            context.exit(EXIT_WRONG)
        except KeyboardInterrupt:
            context.exit(EXIT_INTERRUPTED)
        except BrokenPipeError:
            context.exit(EXIT_BROKEN_PIPE)


@click.group(
    cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--row-limit",
    type=click.IntRange(1, limits.MAX_TABLE_ROWS),
    metavar="N",
    help="The most rows that a table of the app loads. Default: limits.table_rows, 10000.",
)
@click.option("--low-bandwidth", is_flag=True, help="The app draws less: for slow lines.")
@global_options
@click.pass_context
def cli(context: click.Context, row_limit: int | None, low_bandwidth: bool) -> None:
    """Databricks System Tables: what is failing, since when, and how old that knowledge is.

    Without a command the terminal app starts. Without a configured workspace it shows invented data.
    """
    if context.invoked_subcommand is None:
        app.run(context.ensure_object(Flags), row_limit=row_limit, low_bandwidth=low_bandwidth)
    elif row_limit is not None or low_bandwidth:
        raise click.UsageError("--row-limit and --low-bandwidth belong to the app, not to a command.")


def _stop_as_ctrl_c_does() -> None:
    """SIGTERM and SIGHUP cancel what runs on the warehouse. The app and `serve` have ways of their own."""

    def interrupt(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)  # a second one ends at once
        signal.raise_signal(signal.SIGINT)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_DFL:
            signal.signal(getattr(signal, name), interrupt)


def main() -> None:
    """Runs the command line and ends the process."""
    _stop_as_ctrl_c_does()
    # The SDK's first message would otherwise give the root logger a handler that writes over the screen.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        cli(prog_name="sysmon-tui")
    except SystemExit as end:
        if threading.active_count() == 1:
            raise
        # A statement that did not stop in time still sits in its thread. Python would tear down the engine
        # beneath it, and that aborts the process.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(end.code if isinstance(end.code, int) else EXIT_WRONG)
