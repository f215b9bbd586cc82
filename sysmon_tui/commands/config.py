"""`config`: write a starting file, show what is effective, say where files lie, validate."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from sysmon_tui import paths
from sysmon_tui.commands.flags import Flags, global_options
from sysmon_tui.commands.output import new_file, write_stdout
from sysmon_tui.files import OutputError
from sysmon_tui.text import inert_json, one_line


@click.group(short_help="Write, show and check the configuration.")
def config() -> None:
    """The configuration. Later wins: defaults, the user's file, --config, SYSMON_* variables, flags."""


@config.command(short_help="Write a commented starting file.")
@click.option("--force", is_flag=True, help="Replace the file.")
@global_options
@click.pass_obj
def init(flags: Flags, force: bool) -> None:
    """Write every key, commented out with its default, to the user's file or to that of --config."""
    file = flags.config or paths.user_config()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{file.parent} cannot be made: {error.strerror}.") from error
    with new_file(file, force=force) as stream:
        stream.write(_starting_file(paths.packaged_config().read_text(encoding="utf-8")).encode())
    _say(str(file))


def _starting_file(reference: str) -> str:
    """What a user has not chosen stays a comment, so that a later version may have a better default."""
    return re.sub(r"^(?=[a-z_]+ *=)", "#", reference, flags=re.MULTILINE)


@config.command(short_help="The effective values, each with its origin.")
@global_options
@click.pass_obj
def show(flags: Flags) -> None:
    """Every effective value as TOML, and where it comes from. There is no secret among them."""
    import msgspec  # noqa: PLC0415 (not for --help)

    loaded = flags.load()
    for key, value in _leaves(msgspec.to_builtins(loaded.config)):
        text = inert_json(json.dumps(value, ensure_ascii=False).encode()).decode()
        leaf = key.partition("[")[0]  # a list comes from one place as a whole
        _say(f"{key} = {text}  # {one_line(loaded.origins.get(leaf, 'default'))}")


def _leaves(tree: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    from sysmon_tui.config.check import dotted  # noqa: PLC0415 (not for --help)

    for name, value in tree.items():
        here = (*path, name)
        if isinstance(value, dict):
            yield from _leaves(value, here)
        elif isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
            for index, item in enumerate(value):
                for key, inner in _leaves(item):
                    yield f"{dotted((*here, index))}.{key}", inner
        elif value is not None:
            yield dotted(here), value


@config.command(short_help="Where files lie.")
@global_options
@click.pass_obj
def path(flags: Flags) -> None:
    """The files that are read, and the directory of what is kept."""
    from sysmon_tui.config.load import named_file  # noqa: PLC0415 (not for --help)

    user, named = paths.user_config(), named_file(flags.config, os.environ)
    rows = [
        ("defaults", str(paths.packaged_config())),
        ("user", str(user) if user.exists() else f"{user} (not there)"),
        *([("named", str(named))] if named else []),
        ("state", _state()),
    ]
    for name, place in rows:
        _say(f"{name:8}  {place}")


def _state() -> str:
    try:
        return str(paths.state_dir())
    except OSError as error:
        return f"{Path(error.filename or '')} (cannot be made: {error.strerror})"


@config.command(short_help="Validate.")
@global_options
@click.pass_obj
def check(flags: Flags) -> None:
    """Exit 0 if the configuration is right; else exit 2 with what is wrong, in one line."""
    tenants = flags.load().config.tenants
    _say(f"The configuration is right. Tenants: {', '.join(tenants)}.")


def _say(line: str) -> None:
    write_stdout(f"{one_line(line)}\n".encode())
