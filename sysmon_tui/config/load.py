"""From layers to one configuration; later wins: defaults, the user's file, --config, SYSMON_*, flags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from sysmon_tui import paths
from sysmon_tui.config.check import Fault, KeyPath, check, dotted
from sysmon_tui.config.keys import spellings
from sysmon_tui.config.layers import Layer, at, from_environment, merge, read_file
from sysmon_tui.config.meaning import check_meaning
from sysmon_tui.config.model import Config
from sysmon_tui.config.rule_meaning import check_rules
from sysmon_tui.config.screen import check_filters
from sysmon_tui.config.tenants import DEMO_TENANT, UNCONFIGURED, Session, check_credentials, implied
from sysmon_tui.errors import ConfigError
from sysmon_tui.text import one_line


@dataclass(frozen=True)
class Loaded:
    """`origins`: where each value that was set comes from, by dotted key."""

    config: Config
    origins: dict[str, str]

    @property
    def nothing_configured(self) -> bool:
        """Whether invented data stands in because no tenant is configured, and nobody asked for it."""
        return self.origins.get(f"tenants.{DEMO_TENANT}.source") == UNCONFIGURED


def load(
    *,
    file: Path | None = None,
    env: Mapping[str, str] = os.environ,
    demo: bool = False,
    overrides: Mapping[str, object] | None = None,
    user_file: Path | None = None,
    session: Session | None = None,
) -> Loaded:
    """The effective configuration. Raises ConfigError with one line: where, which key, what was expected.

    `file` is --config; without it the variable SYSMON_CONFIG names one. `user_file` is the platform's own
    when None, and may be missing. `overrides` are flags by dotted key. `demo` puts the configured
    tenants aside. `session` is there when a SparkSession is.
    """
    tree: dict[str, Any] = {}
    origins: dict[KeyPath, Layer] = {}
    for layer in _files(file, env, user_file):
        merge(tree, origins, layer)
    for layer in from_environment(env, tree):
        merge(tree, origins, layer)
    for key, value in (overrides or {}).items():
        merge(tree, origins, at(tuple(key.split(".")), value, "flag"))
    for layer in implied(tree, env, demo=demo, session=session):
        merge(tree, origins, layer)
    try:
        check(tree, Config)
        config = msgspec.convert(tree, Config)
        if config.default_tenant is None and len(config.tenants) == 1:
            config = msgspec.structs.replace(config, default_tenant=next(iter(config.tenants)))
        check_meaning(config, demo=demo)
        check_rules(config)
        spellings(config.keys)
        check_filters(config.filters)
    except Fault as fault:
        raise ConfigError(one_line(f"{_where(fault.path, origins)}: {_sentence(fault)}")) from fault
    check_credentials(config, env)
    found = _leaf_origins(tree, origins)
    if "default_tenant" not in found and config.default_tenant is not None:
        found["default_tenant"] = "the only tenant"
    return Loaded(config, found)


def _files(file: Path | None, env: Mapping[str, str], user_file: Path | None) -> list[Layer]:
    named = named_file(file, env)
    user = user_file or paths.user_config()
    layers = [read_file(paths.packaged_config(), "default")]
    if user.exists():
        layers.append(read_file(user))
    if named is not None:
        layers.append(read_file(named))
    return layers


def named_file(file: Path | None, env: Mapping[str, str]) -> Path | None:
    """The file of --config, else that of SYSMON_CONFIG."""
    variable = env.get("SYSMON_CONFIG")
    return file or (Path(variable) if variable else None)


def _where(path: KeyPath, origins: dict[KeyPath, Layer]) -> str:
    """The layer that said the wrong thing, or the nearest table above a missing one."""
    for length in range(len(path), 0, -1):
        if path[:length] in origins:
            return origins[path[:length]].where(path)
    return "configuration"


def _sentence(fault: Fault) -> str:
    end = "" if fault.text.endswith(("?", ".")) else "."
    return f"{dotted(fault.path)}: {fault.text}{end}"


def _leaf_origins(tree: dict[str, Any], origins: dict[KeyPath, Layer]) -> dict[str, str]:
    """Without tables, and without the keys of tenants that --demo has put aside."""
    found: dict[str, str] = {}
    for path, layer in origins.items():
        here: Any = tree
        for part in path:
            here = here.get(part, {}) if isinstance(here, dict) else {}
        if not isinstance(here, dict):
            found[dotted(path)] = layer.origin
    return found
