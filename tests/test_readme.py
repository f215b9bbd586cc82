"""The README is held to the program: its keys, routes, rules and commands are those that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sysmon_tui.alerts.rules import BUILT_IN, Rule
from sysmon_tui.cli import cli
from sysmon_tui.config import Thresholds
from sysmon_tui.server.routes import ENDPOINTS
from sysmon_tui.tui.actions import help_rows
from tests.configuring import loaded

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def key_table() -> str:
    """The table between the markers; to renew it: python -c "from tests.test_readme import *; print(key_table())"."""
    rows = "\n".join(f"| `{key}` | {does} |" for key, does in help_rows())
    return f"| key | does |\n| --- | --- |\n{rows}\n"


def first_block(heading: str) -> str:
    match = re.search(rf"^## {heading}\n.*?^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert match is not None
    return match[1].strip()


def test_the_key_table_is_the_registry() -> None:
    """Every key of the app stands in the README, with the words of its help."""
    match = re.search(r"<!-- keys:.*?-->\n(.*)<!-- /keys -->", README, re.DOTALL)
    assert match is not None and match[1] == key_table()


def test_every_route_is_named() -> None:
    """A route that a client may call is in the table of routes."""
    assert [endpoint.path for endpoint in ENDPOINTS if f"`{endpoint.path}`" not in README] == []


@pytest.mark.parametrize("rule", BUILT_IN.values(), ids=lambda rule: rule.id)
def test_every_rule_is_named_with_its_threshold(rule: Rule) -> None:
    """Severity and default threshold as the program has them."""
    name = r"freshness\.<table>" if rule.category == "freshness" else re.escape(rule.id)
    threshold = f"{rule.threshold(Thresholds())} " if rule.setting else ""
    assert re.search(rf"^\| `{name}` \| {rule.severity} \| {threshold}", README, re.MULTILINE)


def test_the_two_commands_are_one_line_each() -> None:
    """Setting up and opening the demo, setting up and passing the tests: a command each, of files that exist."""
    for heading in ("Quick start", "Tests"):
        command = first_block(heading)
        assert "\n" not in command and command.startswith("sh .ci/setup")
    assert (ROOT / ".ci" / "setup").is_file()


def test_the_commands_that_it_shows_exist() -> None:
    """Each `sysmon-tui WORD` in a block of the README is a command or an option of the program."""
    context = click.Context(cli)
    known = set(cli.list_commands(context))
    words = re.findall(r"^\S*bin/sysmon-tui(?: +([a-z]\S*))?", README, re.MULTILINE)
    assert words and {word for word in words if word} <= known


def test_the_version_stands_in_the_changelog() -> None:
    """What is built has an entry that says what it brings."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_pictures_are_there() -> None:
    """Every picture of the README is a file of the tree."""
    pictures = re.findall(r"!\[[^\]]*\]\(<?([^)>]+)>?\)", README)
    assert pictures and [picture for picture in pictures if not (ROOT / picture).is_file()] == []


def test_the_rule_test_that_it_shows_passes(tmp_path: Path) -> None:
    """Pasted into a file and run as it says."""
    example = re.search(r"^```toml\n(\[\[tests\]\].*?)^```", README, re.DOTALL | re.MULTILINE)
    assert example is not None
    file = tmp_path / "tests.toml"
    file.write_text(f"defaults = true\n{example[1]}")
    ended = CliRunner().invoke(cli, ["alerts", "test", str(file)])
    assert (ended.exit_code, ended.output.split()[0]) == (0, "ok"), ended.output


def test_the_rule_that_it_shows_is_valid(tmp_path: Path) -> None:
    """As a configuration of one's own."""
    example = re.search(r'^```toml\n(\[rules\."etl.*?)^```', README, re.DOTALL | re.MULTILINE)
    assert example is not None
    assert list(loaded(tmp_path, example[1]).config.rules) == ["etl.merge_failed"]
