"""`doctor`: what this principal can see, and what an admin must run for the rest."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from sysmon_tui.commands.flags import Flags, global_options
from sysmon_tui.commands.output import DEMO_DATA, note, write_stdout

if TYPE_CHECKING:
    from sysmon_tui.runtime import Runtime
    from sysmon_tui.views.findings import Report


@click.command(short_help="What this principal can see, and what is missing.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@global_options
@click.pass_obj
def doctor(flags: Flags, form: str) -> None:
    """Connection, SQL warehouse, each system table with its lag, texts, result links and the live API.

    For what is missing it prints the GRANT or API call that an admin must run; it changes nothing itself. Exit 0:
    all that is needed is there. 1: something is missing, or could not be found out. 3: no connection.
    """
    from sysmon_tui.runtime import Runtime  # noqa: PLC0415 (not for --help)

    loaded = flags.load()
    runtime = Runtime(loaded.config, demo_rows=flags.demo_rows)
    report = asyncio.run(_examine(runtime, flags.tenant))
    write_stdout(_document(report) if form == "json" else _lines(report))
    if report.source == "demo":
        note(f"No tenant is configured: {DEMO_DATA}." if loaded.nothing_configured else f"{DEMO_DATA}.")
    raise click.exceptions.Exit(report.exit_code)


async def _examine(runtime: Runtime, name: str | None) -> Report:
    try:
        tenant = runtime.tenant(name)
        from sysmon_tui.services.doctor import examine  # noqa: PLC0415

        config = runtime.config
        minutes = config.freshness.stale_after_minutes
        return await examine(
            tenant.monitor.service,
            source=tenant.config.source,
            stale_after={table: timedelta(minutes=count) for table, count in minutes.items()},
            timeout_s=config.limits.statement_timeout_seconds,
            tell=note,
        )
    finally:
        await runtime.close()


def _lines(report: Report) -> bytes:
    from sysmon_tui.views import doctor as view  # noqa: PLC0415

    return "".join(line + "\n" for line in view.lines(report)).encode()


def _document(report: Report) -> bytes:
    import msgspec  # noqa: PLC0415

    from sysmon_tui.text import inert_json  # noqa: PLC0415
    from sysmon_tui.views import doctor as view  # noqa: PLC0415

    return inert_json(msgspec.json.encode(view.document(report))) + b"\n"
