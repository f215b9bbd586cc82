"""The command palette: actions by their words, saved filters, themes, and the rows that are loaded."""

from __future__ import annotations

from typing import Any

import pytest
from textual.command import CommandList, CommandPalette
from textual.pilot import Pilot

from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.config.screen import FilterConfig
from sysmon_tui.tui.app import SysmonApp
from sysmon_tui.tui.screens.query import QueryScreen
from sysmon_tui.tui.screens.run import RunScreen
from tests.fakes import NOW, FakeMonitor, FakeRuntime, alert, alerts, answer, run
from tests.tui.driving import app_over, lines, press, running, screen, settled

HOSTILE = "\x1b]52;c;ZXZpbA==\x07[/x][@click=app.quit]x[/] loader"
SAVED = {
    "long runs": FilterConfig("workflows", "dur>5m"),
    "of ann": FilterConfig("queries", "user=ann"),
}


def app_with(rows: list[dict[str, Any]], **more: Any) -> SysmonApp:
    query = {
        "statement_id": "s1",
        "status": "FAILED",
        "user_email": "ann",
        "end_time": NOW,
        "statement_text": "SELECT pears",
        "total_duration_ms": 900,
    }
    monitor = FakeMonitor(
        {
            "workflows": answer("workflows", rows),
            "queries": answer("queries", [query, {**query, "statement_id": "s2", "user_email": "ben"}]),
            "alerts": alerts([alert("a1", title="pears rot")]),
        }
    )
    config = Config(
        tenants={"main": TenantConfig(source="databricks", warehouse_id="w")}, filters=SAVED, **more
    )
    return app_over(monitor, FakeRuntime(monitor, config))


def offered(app: SysmonApp) -> list[str]:
    """What the palette lists, in its order."""
    found = app.screen.query_one(CommandList)
    return [str(found.get_option_at_index(number).prompt) for number in range(found.option_count)]


async def ask(pilot: Pilot[None], words: str, first: str) -> None:
    """Write the words into the palette, and wait until the first that it lists has `first` in it."""
    await pilot.press("ctrl+p")
    await pilot.pause()
    await pilot.press(*words)
    app = pilot.app
    assert isinstance(app, SysmonApp)
    for _ in range(200):
        await pilot.pause(0.02)
        if (now := offered(app)) and first in now[0] and not app.screen._show_busy:  # type: ignore[attr-defined]
            return
    raise AssertionError(offered(app))


async def choose(pilot: Pilot[None], words: str, first: str) -> None:
    await ask(pilot, words, first)
    await press(pilot, "enter")
    if isinstance(pilot.app.screen, CommandPalette):  # the first enter marks, where there are several
        await press(pilot, "enter")
    await settled(pilot)


async def test_it_lists_what_the_keys_do_with_the_keys() -> None:
    """Before a word is written: the registry's actions with their keys, and no other program's."""
    app = app_with([run(1)])
    async with running(app, size=(100, 60)) as pilot:
        await pilot.press("ctrl+p")
        for _ in range(100):
            await pilot.pause(0.02)
            if len(offered(app)) > 20:
                break
        listed = offered(app)
        assert "Refresh more often  (+)" in listed
        assert "Ask the warehouse now  (r)" in listed
        assert "Filter long runs: dur>5m" in listed
        assert any(one.startswith("Theme ") for one in listed)
        assert not any("Screenshot" in one or "Keys and Help" in one for one in listed)


@pytest.mark.parametrize(
    ("words", "first", "seen"),
    [
        ("quer", "Go to Queries", "[3 Queries]"),
        ("longer win", "A longer window", "last 7 d"),
        ("pause", "Pause:", "PAUSED since"),
        ("this list", "This list", "Quit at once"),
    ],
)
async def test_an_action_is_found_by_its_words(words: str, first: str, seen: str) -> None:
    """And does what its key does."""
    app = app_with([run(1)])
    async with running(app, size=(100, 60)) as pilot:
        await choose(pilot, words, first)
        assert seen in screen(app)


async def test_actions_work_on_the_row_that_was_under_the_cursor() -> None:
    """The palette is gone when they do."""
    app = app_with([run(1), run(2)])
    async with running(app) as pilot:
        await press(pilot, "2", "down")
        await choose(pilot, "copy the row", "Copy the row")
        assert "run_id: 2" in app.clipboard.splitlines()
        await press(pilot, "enter")
        await choose(pilot, "copy the row", "Copy the row")
        assert isinstance(app.screen, RunScreen)


async def test_a_saved_filter_goes_to_its_tab() -> None:
    """From wherever the app is, also a detail view; one that was saved here too."""
    app = app_with([run(1, duration_seconds=900.0), run(2)])
    async with running(app) as pilot:
        await press(pilot, "2", "enter")
        await choose(pilot, "of ann", "Filter of ann")
        assert app.tab.id == "queries"
        assert "1 of 2 queries · filter “user=ann”" in screen(app)
        await choose(pilot, "long runs", "Filter long runs")
        assert "1 of 2 runs · filter “dur>5m”" in screen(app)
        app.session.kept.save_filter("second", "workflows", "id=2")
        await choose(pilot, "second", "Filter second")
        assert "filter “id=2”" in screen(app)


async def test_a_theme_is_chosen() -> None:
    """At once."""
    app = app_with([run(1)])
    async with running(app) as pilot:
        assert app.theme != "nord"
        await choose(pilot, "theme nord", "Theme nord")
        assert app.theme == "nord"


async def test_a_loaded_row_is_found_by_a_part_of_its_name() -> None:
    """Whatever its case, in any text that the row has; choosing it opens its detail view over its tab."""
    app = app_with([run(1), run(2, workflow_name="Nightly_Load")])
    async with running(app) as pilot:
        await press(pilot, "2", "3", "1")
        await choose(pilot, "tly_lo", "runs: ")
        assert isinstance(app.screen, RunScreen)
        assert "Nightly_Load" in screen(app)
        await press(pilot, "escape")
        assert app.tab.id == "workflows"
        await choose(pilot, "pears", "queries: ")
        assert isinstance(app.screen, QueryScreen)
        assert "SELECT pears" in screen(app)


async def test_a_row_with_the_words_comes_before_commands_with_the_letters() -> None:
    """Enter on a name opens what has it; a command that is written out comes first."""
    app = app_with([run(1, workflow_name="pause_marketing")])
    async with running(app) as pilot:
        await press(pilot, "2", "3")
        await ask(pilot, "pears", "queries: ")
        assert any("Pause" in one for one in offered(app))  # p, e, a, r and s are in it
        await press(pilot, "escape", "escape")
        await ask(pilot, "pause", "Pause: ")
        assert any("pause_marketing" in one for one in offered(app))


async def test_rows_that_a_filter_hides_are_not_offered() -> None:
    """What is found is what the tab shows."""
    app = app_with([run(1, workflow_name="pears_load"), run(2)])
    async with running(app) as pilot:
        await press(pilot, "2", "slash", *"id=2", "enter", "6", "1")
        await ask(pilot, "pears", "alerts: ")
        assert not any(one.startswith("runs: ") for one in offered(app))


async def test_one_letter_finds_no_rows() -> None:
    """It is in every row, and would hide the actions."""
    app = app_with([run(1, workflow_name="q")])
    async with running(app) as pilot:
        await press(pilot, "2")
        await ask(pilot, "q", "(")
        assert not any(one.startswith("runs: ") for one in offered(app))


@pytest.mark.parametrize("words", ["[/x]", "[@click=app.quit]x[/]", "loader", '"', "%_*"])
async def test_hostile_names_are_found_and_inert(words: str) -> None:
    """Shown as they are written, with nothing to click and no escape; what is searched is no language either."""
    names = [HOSTILE, 'say "no"', "a%_*b"]
    app = app_with([run(number, workflow_name=name) for number, name in enumerate(names, 1)])
    async with running(app, size=(120, 30)) as pilot:
        await press(pilot, "2")
        words = words if len(words) > 1 else f"{words}no"
        await ask(pilot, words, "runs: ")
        assert len([one for one in offered(app) if one.startswith("runs: ")]) == 1
        text = screen(app)
        assert not {"\x1b", "\x07"} & set(text)
        strips = app.screen._compositor.render_strips()
        assert not any(
            "@click" in segment.style.meta for strip in strips for segment in strip if segment.style
        )
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, RunScreen)
        assert not {"\x1b", "\x07"} & set("".join(lines(app)))


async def test_a_search_that_is_too_long_finds_nothing_and_harms_nothing() -> None:
    """More than any name is long, as by a paste."""
    app = app_with([run(1)])
    async with running(app) as pilot:
        await press(pilot, "2")
        await pilot.press("ctrl+p")
        await pilot.pause()
        app.screen.query_one("Input").value = "x" * 5000  # type: ignore[attr-defined]
        await settled(pilot)
        await press(pilot, "escape", "escape")
        assert "job_1" in screen(app)


@pytest.mark.parametrize(
    "size", [(1, 1), (20, 5), (80, 2), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_pages_of_a_palette_that_hardly_fits(size: tuple[int, int]) -> None:
    """Page keys before, while and after something is found end nothing, however few lines there are."""
    app = app_with([run(1, workflow_name="pears")])
    async with running(app, size=size) as pilot:
        await press(pilot, "ctrl+p", "pageup", "pagedown")
        for letter in "pe":
            await pilot.press(letter, "pageup", "pagedown")
            await pilot.pause(0.1)
            await pilot.press("pageup", "pagedown")
        await press(pilot, "escape", "escape")
        assert app.is_running
