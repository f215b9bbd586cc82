"""`query`: the rows that the HTTP routes give, for pipes and files."""

from __future__ import annotations

import asyncio
import shutil
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from sysmon_tui.commands.flags import Flags, global_options
from sysmon_tui.commands.output import DEMO_DATA, new_file, note, write_stdout
from sysmon_tui.text import one_line
from sysmon_tui.views.filter_language import FilterError

if TYPE_CHECKING:
    from sysmon_tui.runtime import Runtime
    from sysmon_tui.views.answer import Answer

_FORMATS = ("table", "csv", "json", "ndjson", "parquet")
_PIPED_WIDTH = 120
EXIT_NO_ROWS = 3


@click.command(short_help="Rows for pipes and files.")
@click.argument("dataset")
@click.option("--workflow-name", metavar="NAME", help="workflows: the name; * matches any run of characters.")
@click.option("--status", metavar="STATUS", help="workflows, queries, audit: the status.")
@click.option("--user-email", metavar="USER", help="queries, audit: the user; * matches any characters.")
@click.option("--warehouse-id", metavar="ID", help="warehouses: this one alone.")
@click.option("--action-name", metavar="NAME", help="audit: the action; * matches any run of characters.")
@click.option(
    "--filter",
    metavar="FILTER",
    help="Rows that pass, such as 'status=failed dur>5m user~etl !wh=prod text'.",
)
@click.option("--hours", metavar="HOURS", help="The window, up to now: above 0, at most 8760. Default 24.")
@click.option("--limit", metavar="N", help="The most rows, 1 to 10000. Default 100.")
@click.option("--cursor", metavar="CURSOR", help="The next page: the cursor that the page before gave.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="table", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="A new file instead of standard output."
)
@click.option("--force", is_flag=True, help="Replace the file of --output.")
@global_options
@click.pass_obj
def query(
    flags: Flags, /, dataset: str, form: str, output: Path | None, force: bool, **filters: str | None
) -> None:
    """Rows of DATASET, newest first: workflows, queries, warehouses, audit or alerts.

    workflows/failed, queries/failed, alerts/workflows and alerts/security are there too. How old the data is
    and how many rows match is told on standard error. Exit 0 with rows (or knowing that there are none), 3
    when the tables could not be read.
    """
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal: use --output FILE or a pipe.")
    from sysmon_tui.runtime import Runtime  # noqa: PLC0415 (not for --help)

    parameters = {name: text for name, text in filters.items() if text is not None}
    runtime = Runtime(flags.load().config, demo_rows=flags.demo_rows)
    file = nullcontext() if output is None else new_file(output, force=force)
    with file as stream:
        try:
            tenant, answer = asyncio.run(_ask(runtime, flags.tenant, dataset, parameters))
        except FilterError as error:
            _point_at(parameters["filter"], error.column)
            raise
        unknown = answer.state in ("denied", "failed")
        # Of a table that can't be read only JSON says so; an empty CSV would look like "nothing there". Alerts come
        # from several tables: what fires on the others is told.
        silent = unknown and form != "json" and answer.frame.is_empty()
        if not silent:
            _write(answer, tenant, form, stream)
        note(_told(answer, demo=runtime.config.tenants[tenant].source == "demo"))
        if silent:
            raise click.exceptions.Exit(EXIT_NO_ROWS)
    if unknown:
        raise click.exceptions.Exit(EXIT_NO_ROWS)


async def _ask(
    runtime: Runtime, name: str | None, dataset: str, parameters: dict[str, str]
) -> tuple[str, Answer]:
    try:
        tenant = runtime.tenant(name)
        return tenant.name, await tenant.monitor.ask(dataset, parameters)
    finally:
        await runtime.close()


def _point_at(line: str, column: int) -> None:
    """The filter, and a caret under the place where it went wrong."""
    from rich.cells import cell_len  # noqa: PLC0415 (not for --help)

    note(line)
    note(" " * cell_len(one_line(line[:column])) + "^")


def _write(answer: Answer, tenant: str, form: str, stream: BinaryIO | None) -> None:
    from sysmon_tui.views import export  # noqa: PLC0415 (not for --help)

    on_terminal = stream is None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if on_terminal else _PIPED_WIDTH
    for part in export.write(answer, tenant, form, width=width):
        if stream is None:
            write_stdout(part)
        else:
            stream.write(part)


def _told(answer: Answer, *, demo: bool) -> str:
    """`fresh: data until 2026-11-22T02:20:00Z, 1260 s old when read; 100 of 1137 rows`, and more."""
    from sysmon_tui.clock import rfc3339  # noqa: PLC0415

    if answer.state in ("denied", "failed"):  # there are no rows, and so nothing to count
        return f"{answer.state}: {answer.reason}"
    until = rfc3339(answer.as_of)
    age = (
        "nothing has been seen"
        if until is None
        else f"data until {until}, {answer.lag_seconds} s old when read"
    )
    parts = [f"{answer.state}: {age}", f"{answer.frame.height} of {answer.total} rows"]
    if demo:
        parts.append(DEMO_DATA)
    if answer.next_cursor is not None:
        parts.append(f"next page: --cursor {answer.next_cursor}")
    if answer.reason:
        parts.append(answer.reason)
    return "; ".join(parts)
