"""Rows 1-8: an estate written by strangers, in the real app on a terminal, key by key; and in what the program logs."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from itertools import cycle, takewhile
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from sysmon_tui.config import load
from sysmon_tui.runtime import Runtime
from tests.commanding import COMMAND, environment, run
from tests.faults.hostile import ROWS, hostile_estate
from tests.faults.scene import look
from tests.tui.escapes import acts, copied, strange
from tests.tui.terminal import Terminal

_WIDE, _SMALL = (120, 40), (80, 24)
# The user's own words pass the gate as well.
_CONFIG: Final = r"""
default_tenant = "hostile"
[tenants.hostile]
source = "embedded"
database = "hostile.duckdb"
[tenants.gone]
source = "embedded"
database = "[/x]\u009d52;c;ZXZpbA==\u009c\u009b2J\u202e.duckdb"
[thresholds]
failed_queries_per_hour = 1
failed_logins_per_hour = 1
slow_query_seconds = 60
slow_queries_per_hour = 1
denied_requests_per_hour = 1
[rules."own.statements"]
dataset = "queries"
filter = { status = "FAILED" }
group_by = ["user_email"]
value = 1
title = "[@click=app.quit]\u009d0;x\u009c\u009b2J[/x]"
"""
# What is pressed, a screen each: keys that do nothing there, or nothing yet, do no harm.
_ON_A_ROW = ("enter", "tab", "enter", "escape", "escape")
_ON_A_TAB = (
    *("enter", "pagedown", "y", "Y", "o", "escape", "f", "f", "s", "S", "b", "enter", "escape", "escape"),
    *("y", "Y", "o", "i", "tab", "enter", "escape", "escape", "g"),
)
_ANYWHERE = (
    *("6", "a", "z", "enter", "z", "escape", "a", "enter", "i", "escape", "g", "?", "pagedown", "escape"),
    *(
        "2",
        "]",
        "[",
        "end",
        "home",
        "e",
        "enter",
        "enter",
        "escape",
        "escape",
        "+",
        "-",
        "space",
        "space",
        "r",
    ),
    *("/", "a=\x1b", "enter", "/", "[/x]", "enter", "escape", "/", "[bold", "enter", "escape"),
    *("ctrl+p", "sort", "enter", "ctrl+p", "screenshot", "enter"),
    *("t", "escape", "t", "down", "enter", "2", "1", "t", "up", "enter"),
)
_VISITED = 2  # rows of a tab: most texts hold every payload
_BACK = ("escape", "escape", "escape")


class _Walk:
    """The keys that were pressed since the last look at what they printed."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._pressed: list[str] = []
        self._looked_at = 0
        self._heights = cycle((_WIDE[1] - 1, _WIDE[1]))  # each time another: only then all is printed anew
        self.copies: list[str] = []

    def press(self, *keys: str) -> None:
        """A screen each."""
        for key in keys:
            self._terminal.press(key)
            self._terminal.settle(quiet_s=0.03)
            self._pressed.append(key)
            if self._terminal.process.poll() is not None:
                self._terminal.settle(0.5)
                raise AssertionError(f"{self._pressed} ended it:\n{self._terminal.text}")

    def open(self, tab: str) -> None:
        """To its rows. On a busy machine what was pressed before may still be opening, so perhaps not at once."""
        for _ in range(5):
            self._terminal.press(*_BACK)
            self.press(tab)
            self._terminal.resize(_WIDE[0], next(self._heights))
            if self._terminal.shows(rf"\[{tab} [\s\S]*\n▸ ", 5) is not None:
                self.look()
                return
        raise AssertionError(self._terminal.text)

    def look(self) -> None:
        """Nothing was printed that is not the program's own."""
        self._terminal.settle(quiet_s=0.3)
        new = bytes(self._terminal.printed[self._looked_at :])
        self._looked_at = len(self._terminal.printed)
        self.copies += copied(new)
        assert strange(new) == [], self._pressed
        self._pressed.clear()


@pytest.mark.long
def test_rows_1_to_8_on_the_screen(tmp_path: Path) -> None:
    """Every tab, row, detail view, dialogue: nothing acts, all is told literally, columns stay; `q` ends with 0."""
    hostile_estate(tmp_path / "hostile.duckdb", datetime.now(UTC))
    (tmp_path / "config.toml").write_text(_CONFIG)
    with Terminal(
        [*COMMAND, "--config", "config.toml"],
        env=environment(tmp_path, **_variables(tmp_path)),
        columns=_WIDE[0],
        rows=_WIDE[1],
        cwd=tmp_path,
    ) as terminal:
        walk = _Walk(terminal)
        assert terminal.shows("UNHEALTHY", 30)
        for tab in "23456":  # before anything is pressed: toasts cover rows
            walk.open(tab)
            assert _out_of_place(terminal) == [], terminal.text
        for tab in "123456":
            walk.open(tab)
            for _ in range(_VISITED):
                walk.press(*_ON_A_ROW, "down")
            walk.press(*_ON_A_TAB)
        walk.press(*_ANYWHERE, *_BACK)
        walk.look()
        terminal.resize(*_SMALL)
        for tab in "123456":
            walk.press(tab, "enter", "escape")
        walk.look()
        walk.open("1")
        terminal.press("q")
        assert terminal.ended(within_s=5) == 0
        shown = terminal.printed.decode()
    for literal in (
        "␛]52;c;",
        "␛[2J",
        "[/x]",
        "[bold",
        "[@click=app.quit]x[/]",
        "[link=http://e]",
        "日本",
        "\ufffd",
    ):
        assert literal in shown, literal
    assert walk.copies and "evil" not in walk.copies
    _left_behind_is_inert(tmp_path)


def _variables(home: Path) -> dict[str, str]:
    """Among them a browser that only remembers what it was to open."""
    browser = home / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >>"{home}/opened"\n')
    browser.chmod(0o700)
    return {
        "BROWSER": f"{browser} %s",
        "SYSMON_STATE_DIR": str(home / "state"),
        "TEXTUAL_SCREENSHOT_LOCATION": str(home),
        "TZ": "UTC",
    }


def _out_of_place(terminal: Terminal) -> list[str]:
    """The titles of the table's columns that no longer stand over their column in some row.

    Two blanks lie between columns: before a title over a text, after one over a number.
    """
    cells = terminal.cells
    first = next(y for y, line in enumerate(cells) if line[0] == "▸")  # the cursor is in the first row
    head, rows = cells[first - 1], list(takewhile(lambda line: line[2].strip(), cells[first:]))
    assert len(rows) >= ROWS, terminal.text

    def blank(start: int) -> bool:
        return all("".join(row[start : start + 2]).isspace() for row in rows)

    titles = list(re.finditer(r"\S+(?: \S+)*", "".join(head[:-2])))
    return [title[0] for title in titles[1:] if not (blank(title.start() - 2) or blank(title.end()))]


def _left_behind_is_inert(home: Path) -> None:
    """Pictures are XML, exports are plain lines, links lead to the workspace and nowhere else."""
    for picture in home.glob("*.svg"):
        ElementTree.parse(picture)  # noqa: S314 (the program's own)
    for file in (*home.glob("*.svg"), *home.glob("*.csv")):
        text = file.read_text(encoding="utf-8")
        assert {sign for sign in text if acts(sign)} <= {"\n", "\r"}, file
    if (home / "opened").exists():
        links = (home / "opened").read_text().splitlines()
        assert [link for link in links if not re.fullmatch(r"https://adb-1\.example\.net/[!-~]*", link)] == []


async def test_rows_1_to_8_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """All that is asked of a hostile estate leaves no word of it in the log that could act."""
    caplog.set_level(logging.DEBUG)
    hostile_estate(tmp_path / "hostile.duckdb", datetime.now(UTC))
    config = tmp_path / "config.toml"
    config.write_text(_CONFIG.replace("hostile.duckdb", str(tmp_path / "hostile.duckdb")))
    runtime = Runtime(load(file=config).config)
    try:
        monitor = runtime.tenant("hostile").monitor
        answers = await look(monitor)
        await monitor.health()
        assert all(answer.frame.height for answer in answers.values())
    finally:
        await runtime.close()
    assert not [message for message in caplog.messages if any(acts(sign) for sign in message)]


_COMMANDS = {
    "check": "own.statements",
    "query workflows": "[@click=app.quit]",
    "query audit --tenant gone": "[/x]",
}


@pytest.mark.parametrize("command", _COMMANDS)
def test_rows_1_to_8_in_what_commands_print(tmp_path: Path, command: str) -> None:
    """Tables and complaints on a terminal are as inert as the app."""
    hostile_estate(tmp_path / "hostile.duckdb", datetime.now(UTC))
    (tmp_path / "config.toml").write_text(_CONFIG)
    done = run(tmp_path, *command.split(), "--config", "config.toml")
    printed = (done.stdout + done.stderr).decode()
    assert _COMMANDS[command] in printed
    assert {sign for sign in printed if acts(sign)} <= {"\n"}
