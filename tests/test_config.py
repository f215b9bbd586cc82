"""The configuration: its reference file, its layers, what a tenant means, and its one-line errors."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sysmon_tui import paths
from sysmon_tui.config import (
    AlertmanagerChannel,
    AppriseChannel,
    Config,
    EmailChannel,
    PagerDutyChannel,
    SlackChannel,
    TeamsChannel,
    WebhookChannel,
    load,
)
from sysmon_tui.config.model import FACT_TABLES, TABLE_NAMES
from sysmon_tui.datasets.statement import TABLES
from tests.configuring import NOWHERE, TENANTS, keys_of, loaded, message

# The reference file ------------------------------------------------------------------------------------------


def reference() -> str:
    return paths.packaged_config().read_text(encoding="utf-8")


def uncommented() -> str:
    """Every example switched on: a key or table that is commented out has no space after its `#`."""
    return re.sub(r"^#(?=[a-z_]+ *=|\[)", "", reference(), flags=re.MULTILINE)


def keys_in(tree: object) -> set[str]:
    if isinstance(tree, dict):
        return set(tree) | {key for inner in tree.values() for key in keys_in(inner)}
    if isinstance(tree, list):
        return {key for inner in tree for key in keys_in(inner)}
    return set()


def test_reference_is_complete() -> None:
    """Every key of the structs stands in default_config.toml, active or commented out."""
    wanted = keys_of(Config) | set(TABLE_NAMES)
    # One of two ways to say the same, each named in the comment of the other.
    ways = {"url_file", "routing_key_file", "password_env", "token_file"}
    assert wanted - keys_in(tomllib.loads(uncommented())) == ways
    for way in ways:
        assert way in reference()


def test_reference_gives_the_defaults() -> None:
    """Loading the packaged file alone gives the structs' own defaults: what it says is what is."""
    assert msgspec.convert(tomllib.loads(reference()), Config) == Config()


def test_reference_examples_are_right(tmp_path: Path) -> None:
    """Every example of the reference, switched on, is a valid configuration."""
    config = loaded(tmp_path, uncommented()).config
    assert list(config.tenants) == ["prod", "laptop"]
    kinds = [type(channel) for channel in config.notifications.channels.values()]
    assert kinds == [
        SlackChannel,
        PagerDutyChannel,
        EmailChannel,
        SlackChannel,
        TeamsChannel,
        WebhookChannel,
        AlertmanagerChannel,
        AppriseChannel,
    ]


def test_table_names_are_those_of_the_statements() -> None:
    """A configuration names exactly the tables that statements read."""
    assert set(TABLE_NAMES) == set(TABLES)
    assert set(Config().freshness.stale_after_minutes) == set(FACT_TABLES)


# Layers ------------------------------------------------------------------------------------------------------


def test_later_layers_win(tmp_path: Path) -> None:
    """Packaged, user's file, --config, environment, flags: each overrides the one before, and is its origin."""
    user, given = tmp_path / "user.toml", tmp_path / "given.toml"
    user.write_text("[thresholds]\n" + "\n".join(f"{name} = 101" for name in list(_thresholds())[1:]))
    given.write_text("[thresholds]\n" + "\n".join(f"{name} = 102" for name in list(_thresholds())[2:]))
    env = {"SYSMON_THRESHOLDS__CONSECUTIVE_FAILURES": "103"}
    result = load(file=given, env=env, user_file=user, overrides={"http.port": 1})
    assert list(msgspec.to_builtins(result.config.thresholds).values()) == [5, 101, 102, 103, *[102] * 12]
    assert result.config.http.port == 1
    assert [result.origins[f"thresholds.{name}"] for name in _thresholds()] == [
        "default",
        str(user),
        str(given),
        "environment SYSMON_THRESHOLDS__CONSECUTIVE_FAILURES",
        *[str(given)] * 12,
    ]
    assert result.origins["http.port"] == "flag"


def _thresholds() -> dict[str, int]:
    found: dict[str, int] = msgspec.to_builtins(Config().thresholds)
    return found


def test_tables_merge_and_lists_replace(tmp_path: Path) -> None:
    """A later layer changes single keys of a table; a list is one value."""
    user = tmp_path / "user.toml"
    user.write_text(TENANTS + 'workspace_ids = ["1", "2"]\n[freshness.stale_after_minutes]\naudit = 7\n')
    given = tmp_path / "given.toml"
    given.write_text('[tenants.prod]\nworkspace_ids = ["3"]\n')
    config = load(file=given, env={}, user_file=user).config
    assert config.tenants["prod"].workspace_ids == ("3",)
    assert config.tenants["prod"].warehouse_id == "abc"
    assert config.freshness.stale_after_minutes == {**Config().freshness.stale_after_minutes, "audit": 7}


def test_variable_names_a_file(tmp_path: Path) -> None:
    """SYSMON_CONFIG names a file like --config, which stands in its place; SYSMON_STATE_DIR is no key."""
    named = tmp_path / "named.toml"
    named.write_text("[http]\nport = 81\n")
    env = {"SYSMON_CONFIG": str(named), "SYSMON_STATE_DIR": str(tmp_path)}
    assert load(env=env, user_file=NOWHERE).config.http.port == 81
    assert loaded(tmp_path, "[http]\nhost = 'localhost'\n", env).config.http.port == 8000


@pytest.mark.parametrize(
    ("variable", "value", "key", "expected"),
    [
        ("SYSMON_HTTP__HOST", "localhost", "http.host", "localhost"),
        ("SYSMON_HTTP__HOST", '"localhost"', "http.host", "localhost"),
        ("SYSMON_WINDOW__HOURS", "1.5", "window.hours", 1.5),
        ("SYSMON_WINDOW__HOURS", "6", "window.hours", 6.0),
        ("SYSMON_TENANTS__PROD__WAREHOUSE_ID", "123456", "tenants.prod.warehouse_id", "123456"),
        ("SYSMON_TENANTS__PROD__WORKSPACE_IDS", '["1"]', "tenants.prod.workspace_ids", ["1"]),
        ("SYSMON_TENANTS__EU_WEST__HOST", "h.example", "tenants.eu-west.host", "h.example"),
        ("SYSMON_TENANTS__PROD__PROFILE", "x\ny = 1", "tenants.prod.profile", None),
        ("SYSMON_HTTP__PORT", "", "http.port", 8000),
    ],
)
def test_variable_values(tmp_path: Path, variable: str, value: str, key: str, expected: object) -> None:
    """A value is TOML or bare text, text where the key takes text; a line break begins no second key; '' is unset."""
    text = TENANTS + '[tenants.eu-west]\nsource = "demo"\n'
    if expected is None:
        assert f"environment {variable}: {key}: expected a text of one line" in message(
            tmp_path, text, {variable: value}
        )
        return
    found: Any = msgspec.to_builtins(loaded(tmp_path, text, {variable: value}).config)
    for part in key.split("."):
        found = found[part]
    assert list(found) == expected if isinstance(found, tuple) else found == expected


def test_thresholds_narrowest_wins(tmp_path: Path) -> None:
    """Tenant over environment over global, each threshold on its own; an environment needs no section."""
    text = TENANTS + (
        "[tenants.prod.thresholds]\nfailed_logins_per_hour = 1\n"
        "[environments.production.thresholds]\nfailed_logins_per_hour = 2\nfailed_queries_per_hour = 2\n"
        "[thresholds]\nfailed_logins_per_hour = 3\nfailed_queries_per_hour = 3\nconsecutive_failures = 4\n"
        '[tenants.dev]\nsource = "demo"\nenvironment = "dev"\n'
    )
    config = loaded(tmp_path, text).config
    assert list(msgspec.to_builtins(config.thresholds_for("prod")).values())[:4] == [5, 2, 1, 4]
    assert config.thresholds_for("dev") == config.thresholds


# Tenants -----------------------------------------------------------------------------------------------------


def test_without_tenants_demo(tmp_path: Path) -> None:
    """Nothing configured: invented data as demo_tenant, which is also the default tenant."""
    config = loaded(tmp_path).config
    assert {name: (each.source, each.environment) for name, each in config.tenants.items()} == {
        "demo_tenant": ("demo", "demo")
    }
    assert config.default_tenant == "demo_tenant"


def test_without_tenants_warehouse_from_environment(tmp_path: Path) -> None:
    """DATABRICKS_WAREHOUSE_ID alone makes the tenant `default`; host and token stay with the SDK."""
    env = {"DATABRICKS_WAREHOUSE_ID": "77", "DATABRICKS_HOST": "h.example", "DATABRICKS_TOKEN": "dapi-secret"}
    result = loaded(tmp_path, env=env)
    (tenant,) = result.config.tenants.values()
    assert (tenant.source, tenant.warehouse_id, tenant.host) == ("databricks", "77", None)
    assert result.config.default_tenant == "default"
    assert result.origins["tenants.default.warehouse_id"] == "environment DATABRICKS_WAREHOUSE_ID"
    assert "dapi-secret" not in repr(result)


@pytest.mark.parametrize(
    "variable",
    ["DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_PROFILE", "DATABRICKS_CLIENT_ID"],
)
def test_a_sign_in_without_warehouse_is_refused(tmp_path: Path, variable: str) -> None:
    """A workspace without a warehouse is a mistake to name, not a reason to show invented data; --demo still does."""
    env = {variable: "x"}
    said = message(tmp_path, env=env)
    assert variable in said
    assert "DATABRICKS_WAREHOUSE_ID" in said
    assert "--demo" in said
    assert list(loaded(tmp_path, env=env, demo=True).config.tenants) == ["demo_tenant"]


def test_demo_puts_tenants_aside(tmp_path: Path) -> None:
    """--demo shows demo_tenant alone, whatever tenants, default and routes are configured; the rest holds."""
    text = (
        'default_tenant = "prod"\n'
        + TENANTS
        + '[http]\nport = 9\n[notifications.channels.ops]\ntype = "slack"\nurl_env = "HOOK"\n'
        '[[notifications.routes]]\nchannels = ["ops"]\ntenants = ["prod"]\n'
    )
    result = loaded(tmp_path, text, demo=True)
    assert list(result.config.tenants) == ["demo_tenant"]
    assert result.config.default_tenant == "demo_tenant"
    assert result.config.http.port == 9
    assert not [key for key in result.origins if "prod" in key]


def test_tenant_takes_warehouse_from_environment(tmp_path: Path) -> None:
    """A databricks tenant without warehouse_id takes DATABRICKS_WAREHOUSE_ID; its own wins; others take none."""
    text = '[tenants.a]\nsource = "databricks"\n[tenants.b]\nsource = "demo"\n' + TENANTS
    config = loaded(tmp_path, text, {"DATABRICKS_WAREHOUSE_ID": "77"}).config
    assert {name: each.warehouse_id for name, each in config.tenants.items()} == {
        "a": "77",
        "b": None,
        "prod": "abc",
    }
    assert config.default_tenant is None
