"""The command line itself: global options, errors, exit codes, and the `config` commands."""

from __future__ import annotations

import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sysmon_tui import __version__, paths
from sysmon_tui.cli import cli
from sysmon_tui.commands.config import _starting_file
from sysmon_tui.config import load
from tests.commanding import COMMAND, environment, run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home: no user file, no variable of ours or of Databricks."""
    for name in (
        "DATABRICKS_HOST",
        "DATABRICKS_WAREHOUSE_ID",
        "SYSMON_CONFIG",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def invoke(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=env, prog_name="sysmon-tui")


# Global options ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [["--version"], ["query", "--version"], ["config", "show", "--version"]]
)
def test_version(arguments: list[str]) -> None:
    """--version stands before or after a command."""
    result = invoke(*arguments)
    assert (result.exit_code, result.output) == (0, f"sysmon-tui {__version__}\n")


@pytest.mark.parametrize("before", [True, False])
def test_global_options_before_and_after(home: Path, before: bool) -> None:
    """The same options mean the same on both sides of the command."""
    file = home / "given.toml"
    file.write_text('[tenants.a]\nsource = "demo"\n[http]\nport = 81\n')
    options = ["--config", str(file), "--tenant", "a"]
    result = invoke(*options, "config", "show") if before else invoke("config", "show", *options)
    assert f"http.port = 81  # {file}\n" in result.output
    result = (
        invoke(*options, "--demo", "config", "show")
        if before
        else invoke("config", "show", *options, "--demo")
    )
    assert result.exit_code == 2
    assert result.stderr == ('sysmon-tui: --tenant: "a" is no configured tenant; known here: demo_tenant.\n')


def test_later_option_wins(home: Path) -> None:
    """Given on both sides, the one after the command holds."""
    for port in (81, 82):
        (home / f"{port}.toml").write_text(f"[http]\nport = {port}\n")
    result = invoke("--config", str(home / "81.toml"), "config", "show", "--config", str(home / "82.toml"))
    assert "http.port = 82" in result.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--demo-rows", "49999", "check"], "49999 is not in the range 50000<=x<=20000000"),
        (["check", "--demo-rows", "20000001"], "20000001 is not in the range"),
        (["--row-limit", "0"], "0 is not in the range 1<=x<=1000000"),
        (["--row-limit", "5", "check"], "belong to the app"),
        (["--low-bandwidth", "check"], "belong to the app"),
        (["chekc"], "No such command 'chekc'"),
        (["serve", "--port", "x"], "'x' is not a valid integer"),
    ],
)
def test_wrong_flags(home: Path, arguments: list[str], expected: str) -> None:
    """A flag out of its range or place: usage on standard error, exit 2, nothing on standard output."""
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert expected in result.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["query", "workflow"], "sysmon-tui: dataset: There is no dataset of that name"),
        (
            ["query", "workflows", "--limit", "0"],
            "sysmon-tui: limit: limit is a whole number from 1 to 10000.",
        ),
        (["query", "workflows", "--limit", "1e3"], "sysmon-tui: limit: "),
        (["query", "workflows", "--hours", "nan"], "sysmon-tui: hours: hours is a number greater than 0"),
        (["query", "workflows", "--hours", "8761"], "sysmon-tui: hours: "),
        (["query", "workflows", "--status", ""], "sysmon-tui: status: status is empty"),
        (["query", "warehouses", "--limit", "5"], "sysmon-tui: limit: warehouses has no such parameter"),
        (["query", "queries", "--cursor", "x"], "sysmon-tui: cursor: "),
        (
            ["query", "workflows", "--tenant", "demo_tennant"],
            '"demo_tennant" is no configured tenant; did you mean "demo_tenant"?',
        ),
        (["serve", "--host", "0.0.0.0"], "only loopback is allowed"),  # noqa: S104 (it is refused)
        (
            ["serve", "--port", "65536"],
            "sysmon-tui: flag: http.port: expected a whole number from 0 to 65535",
        ),
        (["config", "check", "--config", "absent.toml"], "sysmon-tui: absent.toml: cannot be read"),
        ([], "sysmon-tui: The app needs a terminal."),
    ],
)
def test_wrong_requests_are_one_line(home: Path, arguments: list[str], expected: str) -> None:
    """What is wrong is one line that names the parameter; exit 2, no traceback, nothing on standard output."""
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(expected if expected.startswith("sysmon-tui") else "sysmon-tui: ")
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1


def test_wrong_configuration_in_a_process(tmp_path: Path) -> None:
    """The same from a real process: one line with file, line, key and nearest key, exit 2."""
    (tmp_path / "c.toml").write_text("[refresh]\nsecond = 3\n")
    for command in (["check"], ["query", "workflows"], ["serve"], ["config", "check"]):
        ended = run(tmp_path, "--config", "c.toml", *command)
        assert (ended.returncode, ended.stdout) == (2, b"")
        assert ended.stderr.decode() == (
            'sysmon-tui: c.toml, line 2: refresh.second: unknown key; did you mean "seconds"?\n'
        )


def test_standard_output_full(tmp_path: Path) -> None:
    """A disk without room is one line and exit 2."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*COMMAND, "config", "show"],
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stderr == b"sysmon-tui: Standard output cannot be written: No space left on device.\n"


# config ------------------------------------------------------------------------------------------------------


def test_config_init(home: Path) -> None:
    """Writes the reference with every value commented out, for the user alone; does not overwrite without --force."""
    file = paths.user_config()
    result = invoke("config", "init")
    assert (result.exit_code, result.stdout) == (0, f"{file}\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load(env={}).config == load(env={}, user_file=home / "none").config
    again = invoke("config", "init")
    assert again.exit_code == 2
    assert again.stderr == f"sysmon-tui: {file} exists already. Use --force to replace it.\n"
    file.write_text("[http]\nport = 1\n")
    assert invoke("config", "init", "--force").exit_code == 0
    assert "port = 8000" in file.read_text()


def test_config_init_sets_nothing() -> None:
    """The starting file holds tables and comments: what a user has not chosen follows later defaults."""
    text = _starting_file(paths.packaged_config().read_text(encoding="utf-8"))
    assert not _leaves(tomllib.loads(text))
    assert "#failed_queries_per_hour = 10" in text


def _leaves(tree: dict[str, object]) -> list[str]:
    return [key for key, value in tree.items() if not isinstance(value, dict) or _leaves(value)]


def test_config_show(home: Path) -> None:
    """Every effective value with where it comes from, as TOML that loads to the same; no credential among them."""
    file = home / "c.toml"
    file.write_text(
        '[tenants."a.b"]\nsource = "databricks"\nhost = "https://h.example"\n'
        + '[notifications.channels.ops]\ntype = "slack"\nurl_env = "HOOK"\n'
        '[[notifications.routes]]\nchannels = ["ops"]\nseverities = ["high"]\n'
    )
    secrets = {"DATABRICKS_TOKEN": "dapi-planted", "HOOK": "https://hooks.example/dapi-planted"}
    result = invoke(
        "config",
        "show",
        "--config",
        str(file),
        DATABRICKS_WAREHOUSE_ID="77",
        SYSMON_HTTP__PORT="81",
        **secrets,
    )
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert 'tenants."a.b".warehouse_id = "77"  # environment DATABRICKS_WAREHOUSE_ID' in lines
    assert f'tenants."a.b".host = "https://h.example"  # {file}' in lines
    assert "http.port = 81  # environment SYSMON_HTTP__PORT" in lines
    assert "refresh.seconds = 60  # default" in lines
    assert 'default_tenant = "a.b"  # the only tenant' in lines
    assert 'notifications.channels.ops.url_env = "HOOK"  # ' + str(file) in lines
    assert f'notifications.routes[0].severities = ["high"]  # {file}' in lines
    assert "dapi-planted" not in result.output


def test_config_path(home: Path) -> None:
    """Where the defaults, the user's file, the named file and the state lie, and whether the user's is there."""
    result = invoke("config", "path", SYSMON_CONFIG="named.toml")
    assert result.stdout.splitlines() == [
        f"defaults  {paths.packaged_config()}",
        f"user      {home}/.config/sysmon_tui/config.toml (not there)",
        "named     named.toml",
        f"state     {home}/.local/state/sysmon_tui",
    ]


def test_config_check(home: Path) -> None:
    """A right configuration: exit 0 and its tenants."""
    result = invoke("config", "check")
    assert (result.exit_code, result.stdout) == (0, "The configuration is right. Tenants: demo_tenant.\n")
