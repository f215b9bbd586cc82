"""Rows 54-56: terminals that are small, poor, resized, suspended, closed or hammered at, from outside."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

import pytest

from tests.commanding import COMMAND, environment
from tests.faults.hostile import hostile_estate
from tests.tui.terminal import Terminal

_GONE_S = 5.0
# How a terminal is left: mouse, focus, paste and resizing are told no more, the cursor is there, long lines wrap.
_LEFT = {
    **dict.fromkeys((b"1000", b"1002", b"1003", b"1004", b"1006", b"1015", b"1016"), b"l"),
    **dict.fromkeys((b"1049", b"2004", b"2026", b"2048"), b"l"),
    **dict.fromkeys((b"7", b"25"), b"h"),
}
_COLOUR = re.compile(rb"\x1b\[(?:\d+;)*(?:[34][0-8]|9\d|10\d)(?:;\d+)*m")
_STARTED = r"UNHEALTHY"
Start = Callable[..., Terminal]


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration and its rows, written by strangers: no letter of theirs may reach a terminal that has it not."""
    home = tmp_path_factory.mktemp("estate")
    hostile_estate(home / "estate.duckdb", datetime.now(UTC))
    text = f'[tenants.small]\nsource = "embedded"\ndatabase = "{home / "estate.duckdb"}"\n'
    (home / "config.toml").write_text(text)
    return home / "config.toml"


@pytest.fixture
def start(estate: Path, tmp_path: Path) -> Start:
    def started(
        *, columns: int = 80, rows: int = 24, around: str = "{}", variables: dict[str, str] | None = None
    ) -> Terminal:
        """The app; `around` is a line of shell around its command."""
        line = around.format(" ".join([*COMMAND, "--config", str(estate)]))
        more = {"SYSMON_STATE_DIR": str(tmp_path / "state"), **(variables or {})}
        env = environment(tmp_path, **more)
        command = ["/bin/sh", "-c", line if around != "{}" else f"exec {line}"]
        return Terminal(command, env=env, columns=columns, rows=rows, cwd=tmp_path)

    return started


def _is_left_as_it_was(terminal: Terminal) -> bool:
    """By what was printed, mode by mode, and by what `stty` would tell."""
    printed = bytes(terminal.printed)
    assert b"\x1b[?1049h" in printed
    modes = dict(re.findall(rb"\x1b\[\?(\d+)([hl])", printed))
    wrong = {mode: modes[mode] for mode, wanted in _LEFT.items() if modes.get(mode, wanted) != wanted}
    assert wrong == {}
    assert len(re.findall(rb"\x1b\[>\d+u", printed)) == printed.count(b"\x1b[<u")
    return terminal.settings_now() == terminal.settings


def _ends_well(terminal: Terminal, *keys: str) -> None:
    """Alive until then, and `q` ends it with 0."""
    terminal.press(*keys, "q")
    assert terminal.ended(_GONE_S) == 0, terminal.text
    assert b"Traceback" not in terminal.printed
    assert _is_left_as_it_was(terminal)


def test_row_54_windows_of_every_size(start: Start) -> None:
    """20x5 shows the tenant and the newest row; a storm of sizes down to one cell ends in a whole screen."""
    with start(columns=20, rows=5, variables={"NO_COLOR": "1"}) as terminal:
        assert terminal.shows("small", 10)
        terminal.press("2")
        assert terminal.shows(r"\n▸ \S", 20), terminal.text
        sizes = ((20, 5), (1, 1), (200, 50), (3, 40), (300, 2), (80, 24))
        for number, size in enumerate(islice(cycle(sizes), 60)):
            terminal.resize(*size)
            terminal.press("123456"[number % 6])
            terminal.read(0.01)
        terminal.press("2")
        assert terminal.shows(r"small[\s\S]*\[2 Workflows\][\s\S]*FAILED[\s\S]*quit", 10), terminal.text
        assert _COLOUR.findall(bytes(terminal.printed)) == []
        _ends_well(terminal)


def test_row_54_ascii_where_nothing_else_can_be_shown(start: Start) -> None:
    """LANG=C: every byte of every tab, of a detail view, of the help is ASCII, whatever the rows hold."""
    with start(variables={"LANG": "C"}, columns=120, rows=40) as terminal:
        assert terminal.shows(_STARTED, 20), terminal.text
        for keys in ("1", "2", "3", "4", "5", "6", "enter", "escape", "?", "escape", "/", "escape", "t"):
            terminal.press(keys)
            terminal.settle()
            assert terminal.printed.isascii(), (keys, terminal.text)
        _ends_well(terminal, "escape")


def test_row_54_a_dumb_terminal(start: Start) -> None:
    """One line that says so, or an app that can be left."""
    with start(variables={"TERM": "dumb"}) as terminal:
        if terminal.shows(_STARTED, 10):
            _ends_well(terminal)
        else:
            assert terminal.ended(_GONE_S) == 2
            assert terminal.printed.strip().count(b"\n") <= 1 and terminal.printed.isascii()


def test_row_54_no_terminal_to_read_from(start: Start) -> None:
    """One line that says what there is for pipes, and 2; nothing is drawn."""
    with start(around="{} </dev/null") as terminal:
        assert terminal.ended(10) == 2
        said = terminal.printed.decode()
        assert "needs a terminal" in said and "sysmon-tui query" in said and "\x1b" not in said


@pytest.mark.parametrize("after", ["", "small", _STARTED], ids=["at once", "painted", "loaded"])
def test_row_55_ctrl_c_twice(start: Start, after: str) -> None:
    """At any moment: gone, without a traceback, the terminal as it was."""
    with start() as terminal:
        assert terminal.shows(after, 20) if after else terminal.until(lambda: bool(terminal.printed), 10)
        terminal.press("ctrl+c")
        terminal.read(0.1)
        if terminal.process.poll() is None:
            terminal.press("ctrl+c")
        assert terminal.ended(_GONE_S) in (0, 130), terminal.text
        assert b"Traceback" not in terminal.printed
        assert _is_left_as_it_was(terminal)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP], ids=lambda ending: ending.name)
def test_row_55_signals(start: Start, ending: signal.Signals) -> None:
    """Gone, without a traceback, the terminal as it was."""
    with start() as terminal:
        assert terminal.shows("small", 10)
        terminal.process.send_signal(ending)
        assert terminal.ended(_GONE_S) is not None
        assert b"Traceback" not in terminal.printed
        assert _is_left_as_it_was(terminal)


def test_row_55_a_line_that_drops(start: Start) -> None:
    """The terminal is gone: so is the process."""
    with start() as terminal:
        assert terminal.shows(_STARTED, 20)
        terminal.hang_up()
        assert terminal.process.wait(_GONE_S) is not None


def test_row_55_suspended_and_back(start: Start) -> None:
    """Ctrl-Z under a shell with job control: its terminal is as it was; `fg` brings the whole screen back."""
    with start(around="set -m; {}; echo stopped; read line; fg") as terminal:
        assert terminal.shows(_STARTED, 20)
        os.killpg(terminal.foreground, signal.SIGTSTP)
        assert terminal.until(lambda: b"stopped" in terminal.printed, _GONE_S), terminal.text
        assert _is_left_as_it_was(terminal)
        before = len(terminal.printed)
        terminal.press("enter")
        assert terminal.until(lambda: b"\x1b[?1049h" in terminal.printed[before:], _GONE_S)
        terminal.press("2")
        assert terminal.shows(r"\[2 Workflows\][\s\S]*FAILED", 10), terminal.text
        _ends_well(terminal)


def test_row_56_two_hundred_tabs_in_a_second(start: Start) -> None:
    """While everything is asked anew: the last one wins, and the next key is heard."""
    with start(columns=100, rows=30) as terminal:
        assert terminal.shows(_STARTED, 20)
        for key in islice(cycle("r2345613"), 200):
            terminal.press(key)
            terminal.read(0.005)
        terminal.press("4")
        assert terminal.shows(r"\[4 Warehouse\][\s\S]*RUNNING", 20), terminal.text
        terminal.press("5")
        assert terminal.shows(r"\[5 Audit\][\s\S]*login", 10), terminal.text
        _ends_well(terminal)
