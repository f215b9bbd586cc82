"""The configuration of the app's screen, and the filters that it offers by name. Keys: tests/tui/test_keymap.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sysmon_tui.config.screen import FilterConfig, ScreenConfig
from tests.configuring import loaded, message


def test_screen(tmp_path: Path) -> None:
    """Theme, glyphs, and whether rows are kept; without a word of it the terminal decides, and rows are kept."""
    assert loaded(tmp_path).config.screen == ScreenConfig(None, "auto", True)
    text = '[screen]\ntheme = "textual-light"\nglyphs = "ascii"\nremember_rows = false\n'
    assert loaded(tmp_path, text).config.screen == ScreenConfig("textual-light", "ascii", False)


def test_filters(tmp_path: Path) -> None:
    """By a name of letters, digits, spaces, - and _, each for the rows of one tab."""
    text = (
        '[filters."long größte-runs_2"]\ntab = "workflows"\nfilter = "dur>30m name~etl"\n'
        '[filters.wh]\ntab = "warehouse"\nfilter = "state=running"\n'
    )
    assert loaded(tmp_path, text).config.filters == {
        "long größte-runs_2": FilterConfig("workflows", "dur>30m name~etl"),
        "wh": FilterConfig("warehouse", "state=running"),
    }


def of(filter_text: str, tab: str = "workflows", name: str = "x") -> str:
    return f"[filters.'{name}']\ntab = '{tab}'\nfilter = '{filter_text}'\n"


WRONG = [
    (
        "[screen]\nglyphs = 'brail'",
        "line 2: screen.glyphs: expected one of auto, braille, blocks, ascii; did you mean",
    ),
    ("[screen]\nremember_rows = 'no'", "screen.remember_rows: expected"),
    ("[screen]\ntheme = 'a b'", "screen.theme: expected a name of letters"),
    ("[screen]\nthemes = 'x'", 'screen.themes: unknown key; did you mean "theme"?'),
    (
        of("x", tab="warehouses"),
        "line 2: filters.x.tab: expected one of workflows, queries, warehouse, audit, alerts; ",
    ),
    (of("x", tab="health"), "filters.x.tab: expected one of workflows"),
    (of("x", name="a.b"), 'line 1: filters."a.b": the name is not a name of 1 to 40 letters'),
    (of("x", name="x" * 41), "the name is not a name of 1 to 40 letters"),
    (of("x", name=" x"), 'filters." x": the name is not'),
    (of(""), "filters.x.filter: expected a text of one line"),
    ("[filters.x]\ntab = 'audit'", "line 1: filters.x.filter: is missing"),
    (of("dur>5m stats=failed"), "line 3: filters.x.filter: column 8: "),
    (of("dur>5m stats=failed"), "status"),
    (of("severity=high"), "filters.x.filter: column 1: "),
]


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_wrong_is_one_line(tmp_path: Path, text: str, expected: str) -> None:
    """File, line, key, what was expected; in a filter also the column, counted from 1, and the nearest field."""
    assert expected in message(tmp_path, text)


def test_every_tab_with_a_filter_has_rows_in_the_filter_language(tmp_path: Path) -> None:
    """A word is a filter for each of them."""
    for tab in ("workflows", "queries", "warehouse", "audit", "alerts"):
        assert loaded(tmp_path, of("word", tab=tab)).config.filters["x"].tab == tab


def test_the_filter_language_is_loaded_only_where_there_are_filters() -> None:
    """Every command reads the configuration: none pays for what it does not use, and none for the engines."""
    program = (
        "import sys; from sysmon_tui.config import load; load(demo=True);"
        "print('sysmon_tui.views.filter_language' in sys.modules, 'textual' in sys.modules, 'polars' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["False"] * 3
