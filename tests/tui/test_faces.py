"""What a terminal can draw, and the gate that leaves nothing but ASCII where it can no more."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.color import Color
from textual.containers import VerticalScroll
from textual.theme import BUILTIN_THEMES, Theme
from textual.widgets import Static

import sysmon_tui.tui
from sysmon_tui.text import one_line
from sysmon_tui.tui import themes
from sysmon_tui.tui.app import SysmonApp
from sysmon_tui.tui.faces import AsciiFilter, face_of, in_ascii, line_filters, started_with
from tests.fakes import FakeMonitor, FakeRuntime, answer, run
from tests.tui.driving import lines, press, running

UTF8 = "en_GB.UTF-8"


@pytest.mark.parametrize(
    ("environment", "wanted", "face"),
    [
        ({"LANG": UTF8, "TERM": "xterm-256color"}, "auto", "blocks"),
        ({"LANG": "de_DE.utf8"}, "auto", "blocks"),
        ({"LANG": UTF8}, "braille", "braille"),
        ({"LANG": UTF8}, "ascii", "ascii"),
        ({"LANG": "C"}, "auto", "ascii"),
        ({"LANG": "C"}, "blocks", "blocks"),
        ({"LC_ALL": "POSIX", "LANG": UTF8}, "auto", "ascii"),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": UTF8}, "auto", "blocks"),
        ({"LC_CTYPE": UTF8, "LANG": "C"}, "auto", "blocks"),
        ({"LANG": "en_GB.ISO-8859-1"}, "auto", "ascii"),
        ({}, "auto", "ascii"),
        ({"LANG": UTF8, "TERM": "linux"}, "auto", "ascii"),
        ({"LANG": UTF8, "TERM": "dumb"}, "auto", "ascii"),
    ],
)
def test_faces(environment: dict[str, str], wanted: str, face: str) -> None:
    """The person's wish first, then what the terminal has glyphs for, then the locale in the order of POSIX."""
    assert face_of(environment, wanted) == face


@pytest.mark.parametrize(
    ("given", "face"),
    [
        ({"LANG": "C"}, "ascii"),
        ({}, "ascii"),
        ({"LC_ALL": "C"}, "ascii"),
        ({"LC_CTYPE": "C.UTF-8"}, "blocks"),
        ({"LANG": "C.UTF-8"}, "blocks"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="what a process was started with is in /proc")
def test_a_locale_of_pythons_own_making_is_none(given: dict[str, str], face: str) -> None:
    """Python sets LC_CTYPE=C.UTF-8 where the locale is C; only where the person set it does it mean anything."""
    code = "import os; from sysmon_tui.tui.faces import *; print(face_of(started_with(os.environ)))"
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", **given}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == face


def test_where_nothing_is_kept_of_the_start(tmp_path: Path) -> None:
    """LANG=C beside the LC_CTYPE that Python sets is taken for Python's doing; without LANG for the person's."""
    nowhere = tmp_path / "environ"
    assert face_of(started_with({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, nowhere)) == "ascii"
    assert face_of(started_with({"LC_CTYPE": "UTF-8"}, nowhere)) == "blocks"


_TEXTS = st.text(st.characters(codec="utf-8")) | st.text(
    st.sampled_from("aé漢✓░█⣿│─🔎❤\ufe0f\u0301\u200d👩1\u20e3")
)


@given(_TEXTS)
def test_ascii_takes_as_many_cells(text: str) -> None:
    """Whatever a stranger writes: ASCII comes out, and what stands after it stays in its column."""
    shown = one_line(text)
    assert in_ascii(shown).isascii()
    assert len(in_ascii(shown)) == cell_len(shown)


def test_letters_without_a_likeness() -> None:
    """A question mark for a letter, two for a wide one: nothing is guessed."""
    assert in_ascii("café 東京 Ω") == "caf? ???? ?"


def test_each_of_our_glyphs_has_a_likeness() -> None:
    """No mark, bar or line that the app draws becomes a question mark."""
    for file in Path(next(iter(sysmon_tui.tui.__path__))).rglob("*.py"):
        glyphs = {glyph for glyph in file.read_text(encoding="utf-8") if not glyph.isascii()}
        assert {glyph for glyph in glyphs if "?" in in_ascii(glyph)} == set(), file.name


def test_marks_and_levels_are_told_apart() -> None:
    """Good, bad, warning and open differ, and so does every height of a bar from the next."""
    assert in_ascii("✓✗▲»▸…■●·░") == "+x!>>~#*.:"
    assert len(set(in_ascii("·▁▂▃▄▅▆▇█"))) == 9


def test_the_gate_leaves_styles_and_control_codes() -> None:
    """Only texts change."""
    control = Segment("✓", None, [(ControlType.BELL,)])
    style = Style(bold=True)
    passed = AsciiFilter().apply([control, Segment("✓", style), Segment("ok", style)], Color(0, 0, 0))
    assert passed == [control, Segment("+", style), Segment("ok", style)]


def test_other_faces_need_no_gate() -> None:
    """Blocks and braille are painted as they are."""
    assert [line_filters(face) for face in ("blocks", "braille")] == [(), ()]


class _Scrolling(App[None]):
    CSS = "Static { border: round red; height: 40; } VerticalScroll { border: tall blue; }"

    def __init__(self) -> None:
        super().__init__()
        self._filters.extend(line_filters("ascii"))

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static("✓ 東京", markup=False)


async def test_textuals_own_glyphs_pass_the_gate() -> None:
    """Borders and scrollbars, too."""
    app = _Scrolling()
    async with app.run_test(size=(30, 12)):
        painted = "\n".join(lines(app))
        assert painted.isascii()
        assert "+ ????" in painted


_NO_ALERTS = {"total_alerts": 0, "notifications": {}, "rules": [], "store_reason": None}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_whole_app_in_ascii(size: tuple[int, int]) -> None:
    """Every tab, a detail view, the help: ASCII alone, and each line as wide as the screen."""
    rows = [run(number, workflow_name="東京_乗継 ✗ [/x]", status="FAILED") for number in range(1, 60)]
    alerts = replace(answer("counts", []), extra=_NO_ALERTS)
    runtime = FakeRuntime(FakeMonitor({"workflows": answer("workflows", rows), "alerts": alerts}))
    app = SysmonApp(runtime.as_runtime, row_limit=1000, face="ascii")
    async with running(app, size=size) as pilot:
        for keys in ((), ("2",), ("enter",), ("3",), ("4",), ("5",), ("6",), ("question_mark",)):
            await press(pilot, *keys)
            assert all(line.isascii() and len(line) == size[0] for line in lines(app)), keys


# Themes


def _ratio(one: str, other: str) -> float:
    """The contrast of two colours as WCAG has it, from 1 to 21."""

    def luminance(text: str) -> float:
        parts = [part / 255 for part in Color.parse(text).rgb]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [one for one in themes.THEMES if not one.ansi], ids=lambda one: one.name)
def test_themes_can_be_read(theme: Theme) -> None:
    """Texts and tones stand out from every ground they lie on, more so where contrast is asked for."""
    least = 7.0 if theme.name == themes.CONTRAST else 4.5
    for ground in (theme.background, theme.surface, theme.panel):
        assert _ratio(str(theme.foreground), str(ground)) >= least
    for tone in (theme.error, theme.warning, theme.success):
        assert _ratio(str(tone), str(theme.background)) >= least
    assert _ratio(theme.variables["production"], theme.variables["on-production"]) >= 4.5


def test_the_sixteen_are_the_terminals_own() -> None:
    """No colour of that theme is mixed: each is one that the terminal has."""
    (theme,) = (one for one in themes.THEMES if one.ansi)
    colours = [theme.primary, theme.error, theme.warning, theme.success, theme.background, theme.foreground]
    named = [one for one in theme.variables.values() if one != "reverse"]
    assert all(str(one).startswith("ansi_") for one in [*colours, *named])


@pytest.mark.parametrize(
    ("environment", "theme"),
    [
        ({"TERM": "xterm-256color"}, themes.DARK),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, themes.DARK),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, themes.LIGHT),
        ({"TERM": "xterm-256color", "COLORFGBG": "15;default;0"}, themes.DARK),
        ({"TERM": "xterm-16color"}, themes.SIXTEEN),
        ({"TERM": "linux"}, themes.SIXTEEN),
        ({}, themes.SIXTEEN),
    ],
)
def test_the_theme_suits_the_terminal(environment: dict[str, str], theme: str) -> None:
    """Mixed colours only where there are many; a light theme where the terminal says that it is light."""
    assert themes.for_terminal(environment) == theme


async def test_every_theme_loads_our_styles() -> None:
    """Ours and Textual's: none leaves the style sheet without a colour that it names."""
    app = SysmonApp(FakeRuntime(FakeMonitor()).as_runtime, row_limit=10)
    async with running(app) as pilot:
        for name in [*(one.name for one in themes.THEMES), *BUILTIN_THEMES]:
            app.theme = name
            await pilot.pause()
            assert "PRODUCTION" in lines(app)[0]


class _Colours(App[None]):
    CSS = "Static { background: $production; color: $on-production; }"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.VARIABLES

    def compose(self) -> ComposeResult:
        yield Static("all")


@pytest.mark.parametrize("name", [one.name for one in themes.THEMES])
async def test_no_color_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR nothing that is painted has a colour, whatever the theme."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = _Colours(ansi_color=themes.ansi_color(os.environ))
    for theme in themes.THEMES:
        app.register_theme(theme)
    async with app.run_test(size=(20, 4)) as pilot:
        app.theme = name
        await pilot.pause()
        for strip in app.screen._compositor.render_strips():
            for segment in strip:
                style = segment.style
                assert style is None or all(
                    one is None or one.is_default for one in (style.color, style.bgcolor)
                )


def test_colours_stay_without_no_color() -> None:
    """Nothing is forced where nobody asked."""
    assert themes.ansi_color({"TERM": "xterm"}) is None
