"""`backtest`: which alerts thresholds would have raised over the last days."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from sysmon_tui.commands.flags import Flags, global_options
from sysmon_tui.commands.output import DEMO_DATA, note, write_stdout
from sysmon_tui.errors import RequestError

if TYPE_CHECKING:
    from sysmon_tui.runtime import Runtime
    from sysmon_tui.views.backtest_report import Report

_MOST_DAYS = 365
_MOST_PAGES = 100_000


@click.command(short_help="Which alerts thresholds would have raised.")
@click.option(
    "--days",
    type=click.IntRange(1, _MOST_DAYS),
    required=True,
    metavar="N",
    help=f"The last N days, 1 to {_MOST_DAYS}.",
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="A threshold to try instead of the configured one; may be given again.",
)
@click.option(
    "--pages-per-week",
    type=click.IntRange(1, _MOST_PAGES),
    default=7,
    show_default=True,
    metavar="T",
    help="Suggest thresholds that would have paged at most so often.",
)
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@global_options
@click.pass_obj
def backtest(flags: Flags, days: int, changes: tuple[str, ...], pages_per_week: int, form: str) -> None:
    """Pages that the thresholds would have raised over the last days, by day and rule, and who was noisiest.

    The engine counts over the tables as they are now; what is suggested is counted anew before it is told. Exit 0:
    at least one table is known. 3: none is.
    """
    loaded = flags.load()
    thresholds = _thresholds(changes)
    from sysmon_tui.runtime import Runtime  # noqa: PLC0415 (not for --help)

    runtime = Runtime(loaded.config, demo_rows=flags.demo_rows)
    report = asyncio.run(_try(runtime, flags.tenant, thresholds, days, pages_per_week))
    write_stdout(_document(report) if form == "json" else _lines(report))
    if report.source == "demo":
        note(f"No tenant is configured: {DEMO_DATA}." if loaded.nothing_configured else f"{DEMO_DATA}.")
    raise click.exceptions.Exit(report.exit_code)


def _thresholds(changes: tuple[str, ...]) -> dict[str, int]:
    """What --set says. Raises RequestError."""
    from sysmon_tui.config import Thresholds  # noqa: PLC0415 (not for --help)
    from sysmon_tui.config.check import fits, nearest  # noqa: PLC0415
    from sysmon_tui.config.kinds import Count  # noqa: PLC0415

    known = Thresholds.__struct_fields__
    found: dict[str, int] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise RequestError(
                f'expected NAME=VALUE, such as {known[0]}=20, found "{change}".', parameter="--set"
            )
        if name not in known:
            raise RequestError(f'"{name}" is no threshold{nearest(name, known)}', parameter="--set")
        # A pattern, because int() takes 1_0 and other scripts' digits.
        value = int(text) if re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) else None
        if value is None or not fits(value, Count):
            raise RequestError(f"{name}: expected a whole number of 1 or more.", parameter="--set")
        found[name] = value
    return found


async def _try(
    runtime: Runtime, name: str | None, changes: Mapping[str, int], days: int, pages_per_week: int
) -> Report:
    try:
        tenant = runtime.tenant(name)
        from sysmon_tui.services.backtest import Settings, backtest  # noqa: PLC0415

        config = runtime.config
        minutes = config.freshness.allowed_lateness_minutes
        settings = Settings(
            tenant.config.source,
            config.thresholds_for(tenant.name),
            changes,
            config.rules_for(tenant.name),
            {table: timedelta(minutes=count) for table, count in minutes.items()},
        )
        return await backtest(tenant.monitor.service, settings, days=days, pages_per_week=pages_per_week)
    finally:
        await runtime.close()


def _lines(report: Report) -> bytes:
    from sysmon_tui.views.backtest import lines  # noqa: PLC0415

    return "".join(line + "\n" for line in lines(report)).encode()


def _document(report: Report) -> bytes:
    import msgspec  # noqa: PLC0415

    from sysmon_tui.text import inert_json  # noqa: PLC0415
    from sysmon_tui.views.backtest_document import document  # noqa: PLC0415

    return inert_json(msgspec.json.encode(document(report))) + b"\n"
