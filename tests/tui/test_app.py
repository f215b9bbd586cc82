"""The app at the keyboard, over a monitor that answers what the test says."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.strip import Strip

from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.errors import RequestError
from sysmon_tui.tui.widgets.frame_table import FrameTable
from tests.fakes import NOW, FakeMonitor, FakeRuntime, answer, run
from tests.tui.driving import app_over, lines, press, running, screen, settled


def runs(count: int, **values: Any) -> FakeMonitor:
    listed = answer("workflows", [run(number, **values) for number in range(1, count + 1)])
    return FakeMonitor({"workflows": listed, "job_history": listed})


async def test_top_line_is_always_there() -> None:
    """Tenant, environment, source, window and refresh stand in the first line, also over a detail view."""
    app = app_over(runs(3))
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "2")
        first = lines(app)[0]
        for word in ("main", "■ PRODUCTION ■", "source databricks", "last 24 h", "every 60 s"):
            assert word in first
        await press(pilot, "enter")
        assert lines(app)[0] == first


async def test_demo_data_is_said() -> None:
    """A demo tenant says DEMO DATA; another environment than production is not marked as production."""
    config = Config(tenants={"d": TenantConfig(source="demo", environment="dev")})
    monitor = runs(1)
    app = app_over(monitor, FakeRuntime(monitor, config))
    async with running(app, size=(80, 24)):
        assert "DEMO DATA" in lines(app)[0]
        assert "■" not in lines(app)[0]


@pytest.mark.parametrize(
    ("key", "method", "arguments"),
    [
        ("2", "failed_workflows", {}),
        ("3", "failed_queries", {}),
        ("5", "audit", {"status": "failure"}),
    ],
)
async def test_failed_only(key: str, method: str, arguments: dict[str, str]) -> None:
    """`f` asks for failures alone, says so, and takes it back when pressed again."""
    monitor = FakeMonitor()
    app = app_over(monitor)
    async with running(app) as pilot:
        await press(pilot, key, "f")
        asked = [given for name, given in monitor.asked if name == method]
        assert asked and arguments.items() <= asked[-1].items()
        assert "No failed" in screen(app)
        assert "failed only" in screen(app)
        await press(pilot, "f")
        assert "failed only" not in screen(app)


async def test_window_keys() -> None:
    """`]` and `[` walk 1 h, 6 h, 24 h, 7 d, 30 d and ask for that window; the ends hold."""
    monitor = runs(2)
    app = app_over(monitor)
    async with running(app) as pilot:
        await press(pilot, "2")
        for key, words, hours in (
            ("]", "7 d", 168),
            ("]", "30 d", 720),
            ("[", "7 d", 168),
            ("[", "24 h", 24),
        ):
            await press(pilot, {"]": "right_square_bracket", "[": "left_square_bracket"}[key])
            assert f"last {words}" in lines(app)[0]
            assert next(a["hours"] for name, a in reversed(monitor.asked) if name == "workflows") == hours
        for _ in range(5):
            await press(pilot, "left_square_bracket")
        assert "last 1 h" in lines(app)[0]


@pytest.mark.parametrize(("height", "shown"), [(24, False), (40, True)])
async def test_reasons_leave_room_for_the_alerts(height: int, shown: bool) -> None:
    """Two denied tables with long reasons: on a low screen a line each, so that the lists keep theirs."""
    monitor = FakeMonitor()
    reason = "There is no permission to read it. " + "An admin grants it. " * 8 + "The end."
    denied = {"state": "denied", "as_of": None, "lag_seconds": None, "reason": reason}
    sources = {**monitor.health_document["sources"], "audit": denied, "query_history": denied}
    monitor.health_document["sources"] = sources
    app = app_over(monitor)
    async with running(app, size=(80, height)):
        assert screen(app).count("There is no permission") == 2
        assert ("The end." in screen(app)) is shown
        assert app.query_one("#health-alerts").size.height >= 5


async def test_rows_that_cannot_be_read_are_not_counted() -> None:
    """Denied: the sentence once, where the rows would be, and no "0 runs"."""
    monitor = FakeMonitor({"workflows": answer("workflows", [], state="denied", reason="Ask for the grant.")})
    app = app_over(monitor)
    async with running(app) as pilot:
        await press(pilot, "2")
        assert screen(app).count("Ask for the grant.") == 1
        assert "0 runs" not in screen(app)


async def test_only_the_tab_in_sight_asks() -> None:
    """Hidden tabs ask nothing; one that is shown again within the refresh time does not ask again."""
    monitor = runs(2)
    runtime = FakeRuntime(monitor)
    app = app_over(monitor, runtime)
    async with running(app) as pilot:
        assert set(monitor.methods()) == {"health", "counts", "recent_failures", "yesterday"}
        await press(pilot, "2", "1", "2")
        assert monitor.methods().count("workflows") == 1
        runtime.clock.advance(61)
        app._refresh_due()
        await settled(pilot)
        assert monitor.methods().count("workflows") == 2
        assert "queries" not in monitor.methods()
        await press(pilot, "1")
        runtime.clock.advance(61)
        await press(pilot, "2")
        assert monitor.methods().count("workflows") == 3


async def test_pause_stops_asking() -> None:
    """While paused nothing is asked by itself, not even by a tab's first sight; `r` asks once; space goes on."""
    monitor = runs(2)
    runtime = FakeRuntime(monitor)
    app = app_over(monitor, runtime)
    async with running(app) as pilot:
        await press(pilot, "2", "space")
        assert "PAUSED since 12:00" in lines(app)[0]
        before = len(monitor.asked)
        runtime.clock.advance(61)
        app._refresh_due()
        await press(pilot, "3")
        assert len(monitor.asked) == before
        assert "Nothing has been asked here yet" in screen(app)
        await press(pilot, "r")
        assert monitor.methods()[before] == "queries"
        assert monitor.asked[before][1]["fresh"] is True
        await press(pilot, "space")
        assert "PAUSED" not in lines(app)[0]


async def test_ages_and_times_are_told() -> None:
    """The status lines say until when the data reaches, in local time with its zone, how old that is, the fetch."""
    app = app_over(runs(3))
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "2")
        assert "✓ fresh · data until 11:39 UTC, 21 min ago · fetched 12:00" in screen(app)
        assert "3 runs" in screen(app)


async def test_local_zone_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and status lines are in the zone that TZ names."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    app = app_over(runs(1))
    async with running(app) as pilot:
        await press(pilot, "2")
        assert "03-10 17:29" in screen(app)
        assert "data until 17:09 IST" in screen(app)


_FACES = [
    (answer("workflows", []), ("✓ NONE", "No runs in the last 24 h.")),
    (answer("workflows", [], state="empty", as_of=None), ("EMPTY", "shows nothing at all in the last 24 h")),
    (
        answer("workflows", [], state="denied", reason="Ask for the grant."),
        ("NO ACCESS", "Ask for the grant."),
    ),
    (answer("workflows", [], state="failed", reason="The host is gone."), ("NO ANSWER", "The host is gone.")),
    (answer("workflows", [], state="stale", reason="Late rows."), ("STALE", "Late rows.")),
    (answer("workflows", [run(1)], state="stale", reason="Late rows."), ("▲ stale", "Late rows.", "job_1")),
    (RequestError("hours is too large."), ("NO ANSWER", "hours is too large.")),
]


@pytest.mark.parametrize(("given", "words"), _FACES)
async def test_every_state_has_a_face(given: Any, words: tuple[str, ...]) -> None:
    """Nothing failed, nothing there, no access, no answer and old rows are told apart in words."""
    app = app_over(FakeMonitor({"workflows": given}))
    async with running(app) as pilot:
        await press(pilot, "2")
        for word in words:
            assert word in screen(app)


async def test_loading_has_a_face() -> None:
    """Before the first answer the tab says what it waits for."""
    app = app_over(FakeMonitor(held=asyncio.Event()))
    async with running(app, settle=False) as pilot:
        await pilot.press("2")
        await pilot.pause()
        assert "LOADING" in screen(app)
        assert "Asking for runs of the last 24 h" in screen(app)


async def test_quit_while_a_statement_is_pending() -> None:
    """`q` ends the app at once although answers are awaited, and nobody waits for them any more."""
    monitor = FakeMonitor(held=asyncio.Event())
    app = app_over(monitor)
    async with asyncio.timeout(5):
        async with running(app, settle=False) as pilot:
            await pilot.press("2")
            await pilot.pause()
            await pilot.press("q")
    assert not app.is_running
    assert monitor.cancelled >= 1


async def test_refresh_keeps_the_row_under_the_cursor() -> None:
    """New rows come in above; the cursor stays on its run."""
    monitor = runs(10)
    app = app_over(monitor)
    async with running(app) as pilot:
        await press(pilot, "2", "down", "down", "down")
        assert next(line for line in lines(app) if "▸" in line).count("job_4") == 1
        monitor.answers["workflows"] = answer("workflows", [run(number) for number in range(-2, 9)])
        await press(pilot, "r")
        assert "job_4" in next(line for line in lines(app) if "▸" in line)
        assert "job_-2" in screen(app)


async def test_unchanged_rows_repaint_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rows fetched again draw no line of the table anew."""
    monitor = runs(10)
    app = app_over(monitor)
    async with running(app) as pilot:
        await press(pilot, "2")
        drawn: list[int] = []
        table = app.query_one("#workflows FrameTable", FrameTable)
        real = table.render_line

        def render_line(y: int) -> Strip:
            drawn.append(y)
            return real(y)

        monkeypatch.setattr(table, "render_line", render_line)
        await press(pilot, "r")
        assert drawn == []
        changed = [run(number) for number in range(1, 11)]
        changed[4]["status"] = "FAILED"
        monitor.answers["workflows"] = answer("workflows", changed)
        await press(pilot, "r")
        assert set(drawn) == {5}


async def test_a_refresh_leaves_the_bar_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that change lay nothing out anew: the bar beside more rows than fit costs a kilobyte each time."""
    monitor = runs(100)
    app = app_over(monitor)
    async with running(app) as pilot:
        await press(pilot, "2")
        bar = app.query_one("#workflows FrameTable", FrameTable).vertical_scrollbar
        drawn: list[int] = []
        real = bar.render_line

        def render_line(y: int) -> Strip:
            drawn.append(y)
            return real(y)

        monkeypatch.setattr(bar, "render_line", render_line)
        changed = [run(number) for number in range(1, 101)]
        changed[4]["status"] = "FAILED"
        monitor.answers["workflows"] = answer("workflows", changed)
        await press(pilot, "r")
        assert "FAILED" in screen(app)
        assert drawn == []
        await press(pilot, "end")
        assert drawn != []


async def test_run_opens_into_tasks_and_history() -> None:
    """Enter on a run shows its fields, tasks and the job's last runs; esc goes back to the same row."""
    monitor = runs(5)
    monitor.answers["run_tasks"] = answer(
        "run_tasks", [{"run_id": "t1", "task_key": "load", "status": "FAILED", "start_time": NOW}]
    )
    app = app_over(monitor)
    async with running(app) as pilot:
        await press(pilot, "2", "down", "enter")
        assert "✗ FAILED" in screen(app) and "load" in screen(app)
        assert "The job's last 5 runs" in screen(app)
        assert (
            "run_tasks",
            {"run_id": "2", "near": NOW - timedelta(minutes=2), "fresh": False},
        ) in monitor.asked
        await press(pilot, "escape")
        assert "job_2" in next(line for line in lines(app) if "▸" in line)


async def test_query_opens_into_its_text() -> None:
    """Enter on a query shows the whole statement, the error in full and where the time went."""
    query = {
        "workspace_id": "1",
        "statement_id": "s1",
        "status": "FAILED",
        "user_email": "ann@example.com",
        "statement_text": "SELECT 1\nFROM [bold]nowhere[/x] \x1b[2J",
        "error_message": "[TABLE_OR_VIEW_NOT_FOUND] nowhere",
        "end_time": NOW,
        "total_duration_ms": 4000,
        "execution_duration_ms": 1000,
    }
    app = app_over(FakeMonitor({"queries": answer("queries", [query])}))
    async with running(app) as pilot:
        await press(pilot, "3", "enter")
        text = screen(app)
        assert "FROM [bold]nowhere[/x] ␛[2J" in text
        assert "[TABLE_OR_VIEW_NOT_FOUND] nowhere" in text
        assert "executing" in text and "1.0 s" in text


async def test_event_opens_into_its_parameters() -> None:
    """Enter on an audit event shows its parameters, a line each; a text that is no JSON stands as it is."""
    events = [
        {"event_id": "a", "action_name": "login", "status": "failure", "request_params": '{"user": "eve"}'},
        {"event_id": "b", "action_name": "cut", "status": "success", "request_params": '{"user": "ev'},
    ]
    app = app_over(FakeMonitor({"audit": answer("audit", events)}))
    async with running(app) as pilot:
        await press(pilot, "5", "enter")
        assert '"user": "eve"' in screen(app)
        await press(pilot, "escape", "down", "enter")
        assert '{"user": "ev' in screen(app)


async def test_tab_keys_leave_a_detail_view() -> None:
    """A tab's number works from a detail view too; the keys of a list do nothing there."""
    monitor = runs(2)
    app = app_over(monitor)
    async with running(app) as pilot:
        await press(pilot, "2", "enter", "f")
        assert "failed_workflows" not in monitor.methods()
        await press(pilot, "4")
        assert "[4 Warehouse]" in screen(app)


_HOSTILE = "\x1b]52;c;ZXZpbA==\x07[/x][@click=app.quit]x[/]\u202e"


async def test_hostile_names_are_inert() -> None:
    """A job's name, its reason and a table's reason can neither print escapes nor act as markup, anywhere."""
    row = run(1, workflow_name=_HOSTILE, error_message=_HOSTILE, run_as=_HOSTILE, trigger_type=_HOSTILE)
    monitor = runs(1)
    listed = answer("workflows", [row], state="stale", reason=_HOSTILE)
    monitor.answers = {"workflows": listed, "job_history": listed, "run_tasks": RequestError(_HOSTILE)}
    app = app_over(monitor)
    async with running(app, size=(200, 50)) as pilot:
        for keys in (("2",), ("slash", "x"), ("enter",), ("enter",)):
            await press(pilot, *keys)
            text = screen(app)
            assert not {"\x1b", "\x07", "\u202e"} & set(text)
            assert "␛]52;c;ZXZpbA==␇[/x][@click=app.quit]x[/]" in text
            metas = [
                segment.style.meta
                for strip in app.screen._compositor.render_strips()
                for segment in strip
                if segment.style
            ]
            assert not any("@click" in meta for meta in metas)


async def test_help_lists_the_registry() -> None:
    """`?` lists every key of the registry; esc goes back."""
    app = app_over(runs(1))
    async with running(app, size=(100, 60)) as pilot:
        await press(pilot, "question_mark")
        for words in ("Filter: status=failed", "Quit at once", "Choose the tenant", "Command palette"):
            assert words in screen(app)
        await press(pilot, "escape")
        assert "[1 Health]" in screen(app)


async def test_total_beyond_the_limit_is_told() -> None:
    """Rows that the limit left out are counted."""
    cut = replace(answer("workflows", [run(1), run(2)]), total=45_123)
    app = app_over(FakeMonitor({"workflows": cut}))
    async with running(app) as pilot:
        await press(pilot, "2")
        assert "2 newest of 45,123 runs" in screen(app)


def test_nothing_heavy_is_imported_for_the_first_paint() -> None:
    """The app's modules bring neither polars nor an engine nor the SDK: those come with the first question."""
    heavy = "{'polars', 'duckdb', 'sqlglot', 'databricks'}"
    code = f"import sys, sysmon_tui.tui.app; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
