"""`alerts`: what people and pipelines do about alert rules and alerts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sysmon_tui.commands import alert_actions
from sysmon_tui.commands.flags import Flags, global_options
from sysmon_tui.commands.output import write_stdout
from sysmon_tui.errors import ConfigError

if TYPE_CHECKING:
    from sysmon_tui.services.evaluation import RuleBook
    from sysmon_tui.services.rule_tests.plan import Suite


@click.group(short_help="Test the rules; take, silence and send alerts again.")
def alerts() -> None:
    """What people and pipelines do about alert rules and alerts. `query alerts` lists them."""


for _command in alert_actions.COMMANDS:
    alerts.add_command(_command)


@alerts.command(short_help="Rows and their arrival against the states expected.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@global_options
@click.pass_obj
def test(flags: Flags, files: tuple[Path, ...]) -> None:
    """Run rule tests: each FILE (TOML) has rows with the time of the event and of their arrival, and the states that
    the rules should then be in, time by time.

    The rules are those of the configuration (--config, --tenant), with what the file says over them. Nothing outside
    is asked, stored or told. Exit 0: all passed. 1: a test failed. 2: a file or the configuration is wrong.
    """
    from sysmon_tui.services.rule_tests.load import load  # noqa: PLC0415 (not for --help)
    from sysmon_tui.services.rule_tests.run import schema  # noqa: PLC0415

    columns = schema()
    # All are read before the first is run: a mistake in the last should not come after minutes.
    suites = [load(file, lambda defaults: _rules(flags, defaults=defaults), columns) for file in files]
    failed = False
    for suite in suites:
        failed = _run(suite, named=len(suites) > 1) or failed
    raise click.exceptions.Exit(1 if failed else 0)


def _rules(flags: Flags, *, defaults: bool) -> RuleBook:
    """What holds of rules for the tenant; with `defaults` what holds where nothing is configured."""
    from sysmon_tui.config import Config, TenantConfig  # noqa: PLC0415 (not for --help)
    from sysmon_tui.runtime import rule_book  # noqa: PLC0415

    if defaults:
        return rule_book(Config(tenants={"defaults": TenantConfig(source="demo")}), "defaults")
    config = flags.load().config
    name = flags.tenant or config.default_tenant
    if name is None:
        raise ConfigError(
            "Several tenants are configured, and their rules may differ.",
            f"Name one with --tenant: {', '.join(config.tenants)}.",
        )
    return rule_book(config, name)


def _run(suite: Suite, *, named: bool) -> bool:
    """Whether a test failed. Each is told as soon as it has run."""
    from sysmon_tui.services.rule_tests.report import lines  # noqa: PLC0415 (not for --help)
    from sysmon_tui.services.rule_tests.run import run  # noqa: PLC0415

    failed = False
    for case in suite.tests:
        outcome = asyncio.run(run(case, suite.book))
        told = lines(outcome, suite.times, suite.file if named else None)
        write_stdout("".join(f"{line}\n" for line in told).encode())
        failed = failed or not outcome.passed
    return failed
