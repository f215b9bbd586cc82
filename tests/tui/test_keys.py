"""Keys that the configuration gives to actions, and those that one presses for more, for less and for an alert."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from textual.command import CommandList

from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.config.keys import KeysConfig
from sysmon_tui.errors import RequestError
from sysmon_tui.tui.app import SysmonApp
from sysmon_tui.tui.screens.alert import AlertScreen
from sysmon_tui.tui.screens.timeline import TimelineScreen
from tests.fakes import FakeMonitor, FakeRuntime, alert, alerts, answer, run
from tests.tui.driving import app_over, lines, press, running, screen, settled, toasts


@dataclass
class Asked(FakeMonitor):
    """Whose timelines were asked for."""

    timelines: list[dict[str, Any]] = field(default_factory=list)

    async def timeline(self, alert: dict[str, Any], *, fresh: bool = False) -> Any:
        self.timelines.append(alert)
        raise RequestError("That is all there is.")


def app_with(monitor: FakeMonitor | None = None, **keys: Any) -> SysmonApp:
    monitor = monitor or FakeMonitor({"workflows": answer("workflows", [run(1), run(2)])})
    tenants = {"main": TenantConfig(source="databricks", warehouse_id="w")}
    return app_over(monitor, FakeRuntime(monitor, Config(tenants=tenants, keys=KeysConfig(**keys))))


# Rebinding -----------------------------------------------------------------------------------------------------


async def test_a_new_key_works_and_the_old_one_does_not() -> None:
    """In a tab, in its table, and for going to a tab."""
    app = app_with(workflows="F2", longer_window="x", down="n")
    async with running(app, size=(120, 30)) as pilot:
        await press(pilot, "2")
        assert "[1 Health]" in screen(app)
        await press(pilot, "f2")
        assert "Workflows]" in screen(app)
        await press(pilot, "right_square_bracket")
        assert "last 24 h" in lines(app)[0]
        await press(pilot, "x")
        assert "last 7 d" in lines(app)[0]
        await press(pilot, "down", "j", "Y")
        assert "run_id: 1" in app.clipboard.splitlines()
        await press(pilot, "n", "Y")
        assert "run_id: 2" in app.clipboard.splitlines()


async def test_keys_can_be_swapped() -> None:
    """Each does what the other did."""
    app = app_with(pause="r", refresh="space")
    async with running(app) as pilot:
        await press(pilot, "r")
        assert "PAUSED" in lines(app)[0]


async def test_back_and_quit_work_everywhere_with_their_new_keys() -> None:
    """In a detail view, in the help and in a choice; what always quits goes on doing so."""
    app = app_with(back="backspace", quit="Q")
    async with running(app) as pilot:
        await press(pilot, "2", "enter", "escape")
        assert "Tasks" in screen(app)
        await press(pilot, "backspace")
        assert "[2 Workflows]" in screen(app)
        await press(pilot, "question_mark", "escape")
        assert "Refresh more often" in screen(app)
        await press(pilot, "backspace", "t", "backspace")
        assert "[2 Workflows]" in screen(app)
        await pilot.press("q")
        await pilot.pause()
        assert app.is_running
        await pilot.press("t", "Q")
        await pilot.pause()
    assert app.return_code == 0
    app = app_with(quit="Q")
    async with running(app) as pilot:
        await pilot.press("ctrl+c")
        await pilot.pause()
    assert app.return_code == 0


async def test_footer_help_and_tabs_show_the_new_keys() -> None:
    """Also in sentences: no key is named that does not work."""
    app = app_with(
        refresh="F5",
        audit="F9",
        longer_window=".",
        shorter_window=",",
        filter="F3",
        rows="v",
        copy_cell="c",
        pause="p",
    )
    async with running(app, size=(160, 70)) as pilot:
        await press(pilot, "2")
        footer = lines(app)[-1]
        assert "F5 now" in footer and "F3 filter" in footer and ", . window" in footer and "p pause" in footer
        assert " r now" not in footer and "[" not in footer and "]" not in footer
        assert " F9 Audit " in lines(app)[1] and "5 Audit" not in lines(app)[1]
        await press(pilot, "w")
        assert toasts(app)[-1] == "There is no filter here to save: F3 writes one."
        await press(pilot, "enter")
        assert "F5 now" in lines(app)[-1]
        await press(pilot, "escape", "question_mark")
        told = [line.split(maxsplit=1) for line in lines(app) if line.strip()]
        by_help = {rest[0].strip(): key for key, *rest in told if rest}
        assert by_help["Ask the warehouse now."] == "F5"
        assert by_help["A longer window."] == "."
        assert by_help["Go to Audit."] == "F9"
        assert "for c, s and F3." in screen(app)
        await press(pilot, "escape", "p", "3")
        assert "Nothing has been asked here yet. F5 asks once, p goes on." in screen(app)


async def test_the_palette_shows_the_new_keys() -> None:
    """Beside what they do; and its own key can be another."""
    app = app_with(refresh="F5", palette="F1")
    async with running(app) as pilot:
        await pilot.press("f1")
        await pilot.pause()
        await pilot.press(*"warehouse now")
        for _ in range(200):
            await pilot.pause(0.02)
            found = app.screen.query_one(CommandList)
            if found.option_count and "Ask the" in str(found.get_option_at_index(0).prompt):
                break
        assert str(found.get_option_at_index(0).prompt) == "Ask the warehouse now  (F5)"


async def test_a_letter_that_is_a_key_is_still_typed() -> None:
    """In the filter line, whatever it was bound to."""
    app = app_with(quit="j", down="down", refresh="b", breakdown="r")
    async with running(app) as pilot:
        await press(pilot, "2", "slash", *"job_2", "enter")
        assert app.is_running
        assert "1 of 2 runs" in screen(app)


# How often -----------------------------------------------------------------------------------------------------


async def test_plus_and_minus_change_how_often_is_asked() -> None:
    """In steps, told in the top line, held by the tenant's pace, and no further than the ends."""
    monitor = FakeMonitor({"workflows": answer("workflows", [run(1)])})
    app = app_with(monitor)
    async with running(app) as pilot:
        await press(pilot, "2")
        for key, seconds, told in (
            ("plus", 30, "every 30 s"),
            ("equals_sign", 15, "every 15 s"),
            ("plus", 10, "every 10 s"),
            ("plus", 5, "every 5 s"),
            ("plus", 5, "every 5 s"),
            ("minus", 10, "every 10 s"),
        ):
            await press(pilot, key)
            assert monitor.pace.refresh_s == app.session.refresh_s == seconds
            assert told in lines(app)[0]
        for _ in range(12):
            await press(pilot, "minus")
        assert monitor.pace.refresh_s == 3600
        assert "every 60 min" in lines(app)[0]


async def test_the_chosen_interval_is_when_it_is_asked_again() -> None:
    """Not before, and by the clock then."""
    monitor = FakeMonitor({"workflows": answer("workflows", [run(1)])})
    runtime = FakeRuntime(monitor)
    app = app_over(monitor, runtime)
    async with running(app) as pilot:
        await press(pilot, "2", "minus")
        assert monitor.methods().count("workflows") == 1
        runtime.clock.advance(119)
        app._refresh_due()
        await settled(pilot)
        assert monitor.methods().count("workflows") == 1
        runtime.clock.advance(1)
        app._refresh_due()
        await settled(pilot)
        assert monitor.methods().count("workflows") == 2


# From an alert -------------------------------------------------------------------------------------------------


def firing(**values: Any) -> Asked:
    """A monitor with one alert on each screen, and runs of which some are the alert's."""
    one = alert("a1", entity={"workflow_name": "nightly load", "job_id": "7"}, **values)
    rows = answer("workflows", [run(1, workflow_name="nightly load"), run(2, workflow_name="nightly load 2")])
    monitor = Asked(
        {
            "workflows": rows,
            "failed_workflows": rows,
            "alerts": alerts([one]),
            "failed_queries": answer("queries", []),
        }
    )
    monitor.health_document = {
        **monitor.health_document,
        "alerts": {"total_alerts": 1, "by_severity": {"critical": 1}, "alerts": [one]},
    }
    return monitor


@pytest.mark.parametrize("before", [("1",), ("6",), ("6", "enter"), ("1", "enter")])
async def test_g_goes_to_the_rows_of_an_alert_in_one_key(before: tuple[str, ...]) -> None:
    """From Health, from the list and from the alert's view: the failed runs of that job, and escape shows all."""
    monitor = firing()
    app = app_with(monitor)
    async with running(app, size=(120, 30)) as pilot:
        await press(pilot, *before, "g")
        text = screen(app)
        assert "[2 Workflows]" in text
        assert "1 of 2 runs · failed only · filter “" in text and '="nightly load"”' in text
        assert "nightly load 2" not in text
        await press(pilot, "escape")
        assert "nightly load 2" in screen(app)


@pytest.mark.parametrize("before", [("1",), ("6",), ("6", "enter")])
async def test_i_opens_the_timeline_of_an_alert(before: tuple[str, ...]) -> None:
    """Of the one under the cursor; escape leads back to where it was."""
    monitor = firing()
    app = app_with(monitor)
    async with running(app, size=(120, 30)) as pilot:
        await press(pilot, *before)
        below = type(app.screen)
        await press(pilot, "i")
        assert isinstance(app.screen, TimelineScreen)
        assert [one["id"] for one in monitor.timelines] == ["a1"]
        await press(pilot, "escape")
        assert type(app.screen) is below


@pytest.mark.parametrize(
    ("category", "entity", "seen"),
    [
        ("query", {"user_email": "a@b.c"}, "[3 Queries]"),
        ("warehouse", {"warehouse_id": "w1"}, "[4 Warehouse]"),
        ("security", {"source_ip": "10.0.0.1"}, "[5 Audit]"),
        ("security", {"user_email": '"quoted" *,- name'}, "[5 Audit]"),
        ("workflow", {}, "[2 Workflows]"),
    ],
)
async def test_each_kind_of_alert_goes_to_its_tab(category: str, entity: dict[str, str], seen: str) -> None:
    """With a filter that means its entity as it is, also where that has signs of the language."""
    monitor = firing()
    monitor.answers["alerts"] = alerts([alert("a1", category=category, entity=entity)])
    app = app_with(monitor)
    async with running(app, size=(120, 30)) as pilot:
        await press(pilot, "6", "g")
        assert seen in screen(app)
        assert "^" not in "".join(lines(app)[-8:])
        for value in entity.values():
            assert value.replace('"', '""') in app.tab.filter_line.input.value  # type: ignore[attr-defined]


async def test_an_alert_without_rows_says_so() -> None:
    """Such as one about a table that can't be read; the keys do nothing where there is no alert."""
    monitor = firing()
    monitor.answers["alerts"] = alerts([alert("a1", category="freshness")])
    app = app_with(monitor)
    async with running(app) as pilot:
        await press(pilot, "6", "g")
        assert toasts(app)[-1] == "This alert has no rows of its own."
        assert "[6 Alerts 1 firing]" in screen(app)
        await press(pilot, "2", "g", "i")
        assert "[2 Workflows]" in screen(app)
        assert len(app.screen_stack) == 1


async def test_the_footer_names_the_keys_of_an_alert_where_there_are_alerts() -> None:
    """On 80 columns too."""
    app = app_with(firing())
    async with running(app, size=(80, 24)) as pilot:
        for keys in (("6",), ("6", "enter")):
            await press(pilot, *keys)
            assert " g rows " in lines(app)[-1] and " i timeline " in lines(app)[-1]
        assert isinstance(app.screen, AlertScreen)


async def test_hostile_entities_are_inert() -> None:
    """A job's name becomes a filter, and is shown as text."""
    name = "\x1b[2J[/x][@click=app.quit]x[/]"
    monitor = firing()
    monitor.answers["alerts"] = alerts([alert("a1", entity={"workflow_name": name})])
    monitor.answers["failed_workflows"] = answer("workflows", [run(1, workflow_name=name), run(2)])
    app = app_with(monitor)
    async with running(app, size=(160, 30)) as pilot:
        await press(pilot, "6", "g")
        assert "1 of 2 runs" in screen(app)
        assert "\x1b" not in screen(app)
