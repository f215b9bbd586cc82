"""The filter line: the language as it is typed, what is wrong with it, and the filters that were saved."""

from __future__ import annotations

from typing import Any

import pytest

from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.config.screen import FilterConfig
from sysmon_tui.tui.app import SysmonApp
from sysmon_tui.tui.widgets.filter_line import FilterLine
from tests.fakes import FakeMonitor, FakeRuntime, answer, run
from tests.tui.driving import app_over, lines, press, running, screen, toasts

RUNS = [
    run(1, workflow_name="night_load", status="FAILED", duration_seconds=400.0, run_as="ann"),
    run(2, workflow_name="hourly", duration_seconds=30.0, run_as="ben"),
    run(3, workflow_name="big_load", duration_seconds=7200.0, run_as="ann"),
]
SAVED = {
    "long runs": FilterConfig("workflows", "dur>5m"),
    "of ann": FilterConfig("workflows", "user=ann"),
    "slow": FilterConfig("queries", "dur>1m"),
}


def app_with(rows: list[dict[str, Any]] = RUNS, **config: Any) -> SysmonApp:
    monitor = FakeMonitor({"workflows": answer("workflows", rows)})
    tenants = {"main": TenantConfig(source="databricks", warehouse_id="w")}
    return app_over(monitor, FakeRuntime(monitor, Config(tenants=tenants, **config)))


def shown(app: SysmonApp) -> set[str]:
    """Which of the runs are on the screen."""
    return {row["workflow_name"] for row in RUNS if any(row["workflow_name"] in line for line in lines(app))}


def bottom(app: SysmonApp) -> list[str]:
    """The lines of the filter: what is written, and what is said of it."""
    first = next(number for number, line in enumerate(lines(app)) if line.startswith(" / "))
    return [
        line.rstrip()
        for line in lines(app)[first : first + app.query_one("#workflows FilterLine").size.height]
    ]


def is_open(app: SysmonApp) -> bool:
    return bool(app.query_one("#workflows FilterLine").display)


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("load", {"night_load", "big_load"}),
        ("status=failed", {"night_load"}),
        ("dur>5m", {"night_load", "big_load"}),
        ("dur>5m !status=failed", {"big_load"}),
        ("user~nn name=*load dur<=400", {"night_load"}),
        ("user=ann,ben", {"night_load", "hourly", "big_load"}),
    ],
)
async def test_typing_filters_at_once_in_the_language(typed: str, left: set[str]) -> None:
    """Without enter, and the status line says of how many and by what."""
    app = app_with()
    async with running(app, size=(120, 30)) as pilot:
        await press(pilot, "2", "slash", *typed)
        assert shown(app) == left
        assert f"{len(left)} of 3 runs · filter “{typed[:29]}" in screen(app)


@pytest.mark.parametrize("size", [(80, 24), (40, 24), (120, 40)])
async def test_what_is_wrong_is_said_under_its_column(size: tuple[int, int]) -> None:
    """The sign points at the character, the words are there in full, and the last good result stays."""
    app = app_with()
    async with running(app, size=size) as pilot:
        await press(pilot, "2", "slash", *"user=ann drua>5m")
        typed, *said = bottom(app)
        pointer = next(line for line in said if "^" in line)
        assert pointer.index("^") == typed.index("drua")
        words = " ".join(" ".join(said).replace("^", " ").split())
        assert words == "No field `drua` in workflows; nearest: run_as."
        assert "0 of 3 runs · filter “user=ann drua”" in screen(
            app
        )  # a word, as long as no `>` stood behind it
        await press(pilot, *["backspace"] * 8)
        assert "2 of 3 runs · filter “user=ann”" in screen(app)
        assert "^" not in "".join(bottom(app)[1:])
        await press(pilot, *" !")
        assert "^" in "".join(bottom(app)[1:])
        assert "2 of 3 runs · filter “user=ann”" in screen(app)
        assert all(len(line) == size[0] for line in lines(app))


async def test_the_sign_points_where_a_long_line_was_scrolled_to() -> None:
    """A line that is longer than the screen scrolls, and the sign with it."""
    app = app_with()
    async with running(app, size=(40, 24)) as pilot:
        await press(pilot, "2", "slash", *"a_word_that_is_longer_than_the_screen_is_wide dur=x and")
        typed, *said = bottom(app)
        pointer = next(line for line in said if "^" in line)
        assert pointer.index("^") == typed.rindex("x")
        await press(pilot, "home")
        assert next(line for line in bottom(app)[1:] if "^" in line).index("^") == 38  # further to the right


async def test_enter_keeps_and_escape_clears() -> None:
    """Enter leaves the line with the filter held, through a refresh too; escape takes it away, from in the line too."""
    app = app_with()
    async with running(app) as pilot:
        await press(pilot, "2", "slash", *"user=ann", "enter")
        assert not is_open(app)
        await press(pilot, "r")
        assert shown(app) == {"night_load", "big_load"}
        await press(pilot, "slash")
        assert "user=ann" in bottom(app)[0]
        await press(pilot, "escape")
        assert not is_open(app)
        assert shown(app) == {"night_load", "hourly", "big_load"}
        await press(pilot, "slash", *"hourly", "enter", "escape")
        assert shown(app) == {"night_load", "hourly", "big_load"}


async def test_enter_on_what_is_wrong_keeps_saying_so() -> None:
    """Nobody is to believe that it filters: the line stays with its error, escape leaves it."""
    app = app_with()
    async with running(app) as pilot:
        await press(pilot, "2", "slash", *"dur>", "enter")
        assert is_open(app)
        assert "Nothing stands after `>`" in screen(app)
        await press(pilot, "escape")
        assert not is_open(app)
        assert shown(app) == {"night_load", "hourly", "big_load"}


async def test_the_fields_are_named_while_nothing_is_wrong() -> None:
    """What can be written stands under the line."""
    app = app_with()
    async with running(app) as pilot:
        await press(pilot, "2", "slash")
        assert "status name" in bottom(app)[1]


async def test_up_and_down_walk_the_saved_filters() -> None:
    """Those of this tab, configured and saved here, each with its name, in the order of a ring."""
    app = app_with(filters=SAVED)
    app.session.kept.save_filter("hourly ones", "workflows", "name=hourly")
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "2", "slash")
        assert "3 saved" in bottom(app)[1]
        for key, name, text, left in (
            ("down", "long runs", "dur>5m", {"night_load", "big_load"}),
            ("down", "of ann", "user=ann", {"night_load", "big_load"}),
            ("down", "hourly ones", "name=hourly", {"hourly"}),
            ("down", "long runs", "dur>5m", {"night_load", "big_load"}),
            ("up", "hourly ones", "name=hourly", {"hourly"}),
        ):
            await press(pilot, key)
            typed, said = bottom(app)
            assert typed.removeprefix(" / ") == text
            assert name in said
            assert shown(app) == left
        await press(pilot, "space", "x")
        assert "hourly ones" not in bottom(app)[1]


async def test_up_begins_with_the_last_one_saved() -> None:
    """What was saved just now is one key away."""
    app = app_with(filters=SAVED)
    async with running(app) as pilot:
        await press(pilot, "2", "slash", *"user=ben", "enter", "w", *"of ben", "enter")
        assert toasts(app)[-1].startswith("Saved as of ben")
        await press(pilot, "escape", "slash", "up")
        assert bottom(app)[0] == " / user=ben"
        assert "of ben" in bottom(app)[1]


async def test_without_saved_filters_the_keys_do_nothing() -> None:
    """What was typed stays."""
    app = app_with()
    async with running(app) as pilot:
        await press(pilot, "2", "slash", *"ann", "up", "down")
        assert bottom(app)[0] == " / ann"


async def test_each_tab_has_its_own_filter() -> None:
    """A filter of runs says nothing of queries."""
    app = app_with()
    async with running(app) as pilot:
        await press(pilot, "2", "slash", *"ann", "enter", "3", "slash")
        assert app.query_one("#queries FilterLine", FilterLine).input.value == ""
        await press(pilot, "escape", "2")
        assert "filter “ann”" in screen(app)


async def test_words_are_literal() -> None:
    """A word is looked for in every text of a row, whatever its case and signs: there are no patterns in it."""
    rows = [run(1, workflow_name="A.*%[x]"), run(2, workflow_name="other", run_as="Ann")]
    app = app_with(rows)
    async with running(app, size=(160, 30)) as pilot:
        await press(pilot, "2", "slash", *"a.*%[X]", "enter")
        assert "1 of 2 runs" in screen(app) and "other" not in screen(app)
        await press(pilot, "escape", "slash", *"ann", "enter")
        assert "A.*%[x]" not in screen(app)
        await press(pilot, "escape", "slash", *"nowhere")
        assert "None of 2 runs passes “nowhere”" in screen(app)


async def test_typing_a_filter_presses_no_keys_of_the_app() -> None:
    """Letters that are keys elsewhere are text in the filter line: q does not quit, f does not fail."""
    app = app_with()
    async with running(app) as pilot:
        await press(pilot, "2", "slash", *"qf 2")
        assert app.is_running
        assert app.tab.id == "workflows"
        assert "“qf 2”" in screen(app)


async def test_hostile_filter_is_text() -> None:
    """What is typed into the filter is shown as text, and matches literally."""
    app = app_with()
    async with running(app) as pilot:
        await press(pilot, "2", "slash", *"[/x]'; --", "enter")
        assert "[/x]'; --" in screen(app)
