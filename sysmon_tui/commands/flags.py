"""The options that every command takes, before or after its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sysmon_tui import __version__
from sysmon_tui.errors import ConfigError

if TYPE_CHECKING:
    from sysmon_tui.config import Loaded
    from sysmon_tui.runtime import Tells

F = TypeVar("F", bound=Callable[..., Any])

# The estate's own floor, and a size that a laptop still builds in a minute.
_FEWEST_DEMO_ROWS = 50_000
_MOST_DEMO_ROWS = 20_000_000


@dataclass
class Flags:
    config: Path | None = None
    tenant: str | None = None
    demo: bool = False
    demo_rows: int | None = None

    def load(self, overrides: Mapping[str, object] | None = None) -> Loaded:
        """The configuration under these flags; `overrides` are the command's own, by dotted key.

        Raises ConfigError, also for a tenant that is not configured.
        """
        from sysmon_tui.config.check import nearest  # noqa: PLC0415 (not for --help)
        from sysmon_tui.config.load import load  # noqa: PLC0415

        loaded = load(file=self.config, demo=self.demo, overrides=overrides)
        tenants = loaded.config.tenants
        if self.tenant is not None and self.tenant not in tenants:
            near = nearest(self.tenant, tenants)
            raise ConfigError(f'--tenant: "{self.tenant}" is no configured tenant{near}')
        return loaded

    def tells(self, loaded: Loaded) -> Tells:
        """Whom a process that goes on evaluating tells: nobody of invented alerts that it was not configured for."""
        return "nobody" if self.demo or loaded.nothing_configured else "all"


def _remember(context: click.Context, option: click.Parameter, value: Any) -> None:
    flags = context.find_root().ensure_object(Flags)
    if value is not None and option.name is not None:
        setattr(flags, option.name, value)


_OPTIONS = (
    click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A configuration file over the user's own.",
        expose_value=False,
        callback=_remember,
    ),
    click.option(
        "--tenant",
        metavar="NAME",
        help="The configured tenant to look at.",
        expose_value=False,
        callback=_remember,
    ),
    click.option(
        "--demo",
        is_flag=True,
        default=None,
        help="Invented data alone, whatever is configured.",
        expose_value=False,
        callback=_remember,
    ),
    click.option(
        "--demo-rows",
        type=click.IntRange(_FEWEST_DEMO_ROWS, _MOST_DEMO_ROWS),
        metavar="N",
        help="Rows of the invented data.",
        expose_value=False,
        callback=_remember,
    ),
    click.version_option(__version__, prog_name="sysmon-tui", message="%(prog)s %(version)s"),
)


def global_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
