"""The next start: what the screen was left with, and the rows that were on it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.errors import RequestError
from sysmon_tui.tui.app import SysmonApp
from tests.fakes import NOW, FakeMonitor, FakeRuntime, alert, answer, run
from tests.tui.driving import app_over, cursor_line, lines, press, running, screen, settled, toasts

PROD = Config(tenants={"main": TenantConfig(source="databricks", warehouse_id="w", environment="production")})
TWO = Config(tenants={name: TenantConfig(source="databricks", warehouse_id="w") for name in ("one", "two")})


def runs(*numbers: int, **answers: Any) -> FakeMonitor:
    listed = answer("workflows", [run(number, duration_seconds=float(number)) for number in numbers])
    return FakeMonitor({"workflows": listed, "failed_workflows": listed, **answers})


def start(
    state_dir: Path, monitor: FakeMonitor | None = None, *, config: Config = PROD, later_h: float = 0
) -> SysmonApp:
    """The app of a process of its own, hours after the first."""
    monitor = monitor or runs(1, 2, 3)
    runtime = FakeRuntime(monitor, config)
    runtime.clock = HeldClock(NOW + timedelta(hours=later_h))
    return app_over(monitor, runtime, state_dir=state_dir)


def kept(state_dir: Path) -> Any:
    return json.loads((state_dir / "screen.json").read_text())


async def leave(pilot: Pilot[None]) -> None:
    await pilot.press("q")
    await pilot.pause()


async def test_the_screen_is_as_it_was_left(tmp_path: Path) -> None:
    """Tab, window, refresh interval, filter, sorting, failed only and theme."""
    async with running(start(tmp_path), size=(120, 30)) as pilot:
        await press(pilot, "2", "f", "right_square_bracket", "minus")
        await press(pilot, *["right"] * 4, "s", "slash", *"dur>1", "enter")
        pilot.app.theme = "nord"
        await leave(pilot)
    monitor = runs(1, 2, 3)
    app = start(tmp_path, monitor)
    async with running(app, size=(120, 30)) as pilot:
        top, text = lines(app)[0], screen(app)
        assert "[2 Workflows]" in text
        assert "last 7 d" in top and "every 2 min" in top
        assert "2 of 3 runs · failed only · filter “dur>1” · by took" in text
        assert "job_3" in cursor_line(app)
        assert app.theme == "nord"
        asked = [given for name, given in monitor.asked if name == "failed_workflows"]
        assert asked[0]["hours"] == 168
        await press(pilot, "3")
        assert "filter" not in "".join(lines(app)[-3:-1])
        assert monitor.pace.refresh_s == 120


async def test_what_is_not_touched_follows_the_configuration(tmp_path: Path) -> None:
    """An interval or theme that nobody chose here is that of the configuration at each start."""
    async with running(start(tmp_path)) as pilot:
        await press(pilot, "2")
        await leave(pilot)
    document = kept(tmp_path)
    assert "theme" not in document
    assert set(document["tenants"]["main"]) == {"tab", "hours", "tabs"}


async def test_a_theme_that_was_tried_and_put_back_is_not_kept(tmp_path: Path) -> None:
    """What counts is the one that the screen was left with."""
    app = start(tmp_path)
    async with running(app) as pilot:
        first = app.theme
        app.theme = "nord"
        app.keep()
        app.theme = first
        await leave(pilot)
    assert "theme" not in kept(tmp_path)


async def test_whoever_quits_before_a_tenant_is_chosen_changes_nothing(tmp_path: Path) -> None:
    """What was kept of the tenants is as it was; the one that is chosen first has its screen again."""
    async with running(start(tmp_path, config=TWO)) as pilot:
        await press(pilot, "enter", "2", "slash", *"dur>1", "enter", "right_square_bracket")
        await leave(pilot)
    before = kept(tmp_path)
    async with running(start(tmp_path, config=TWO)) as pilot:
        await press(pilot, "escape")
        await leave(pilot)
    assert kept(tmp_path) == before
    app = start(tmp_path, config=TWO)
    async with running(app) as pilot:
        await press(pilot, "enter")
        assert "[2 Workflows]" in screen(app)
        assert "last 7 d" in lines(app)[0]
        assert "filter “dur>1”" in screen(app)


async def test_rows_of_the_last_session_come_before_the_first_answer(tmp_path: Path) -> None:
    """Marked stale with their age and whose they are; the first answer takes their place."""
    async with running(start(tmp_path, runs(1, 2))) as pilot:
        await press(pilot, "2")
        await leave(pilot)
    monitor = runs(3, 4)
    monitor.held = asyncio.Event()
    app = start(tmp_path, monitor, later_h=2)
    async with running(app, settle=False, size=(120, 30)) as pilot:
        await until(pilot, "job_1")
        text = screen(app)
        assert "job_2" in text and "LOADING" not in text
        assert "▲ stale · data until 11:39 UTC, 2 h 21 min ago" in text
        assert "These rows are of an earlier session." in text
        monitor.held.set()
        await settled(pilot)
        text = screen(app)
        assert "job_3" in text and "job_1" not in text
        assert "✓ fresh" in text and "earlier session" not in text


async def until(pilot: Pilot[None], words: str) -> None:
    """Rows of the last session are read by a thread."""
    for _ in range(500):
        await pilot.pause(0.01)
        if words in screen(pilot.app):
            return
    raise AssertionError(screen(pilot.app))


async def test_they_stay_when_the_source_fails(tmp_path: Path) -> None:
    """With its reason; and the list of failed runs alone is another one, of which nothing is known."""
    async with running(start(tmp_path, runs(1, 2))) as pilot:
        await press(pilot, "2")
        await leave(pilot)
    failed = answer("workflows", [], state="failed", reason="The host is gone.", as_of=None)
    monitor = FakeMonitor({"workflows": failed, "failed_workflows": failed})
    app = start(tmp_path, monitor, later_h=2)
    async with running(app, size=(120, 30)) as pilot:
        text = screen(app)
        assert "job_1" in text and "▲ stale" in text
        assert "The host is gone. These rows are of an earlier session." in text
        await press(pilot, "f")
        assert "NO ANSWER" in screen(app) and "job_1" not in screen(app)
        await press(pilot, "f")
        assert "job_1" in screen(app)
        monitor.answers["workflows"] = answer("workflows", [])
        await press(pilot, "r")
        assert "✓ NONE" in screen(app)
        monitor.answers["workflows"] = failed
        await press(pilot, "r")
        assert "NO ANSWER" in screen(app) and "job_1" not in screen(
            app
        )  # the newer answer was that there are none


async def test_they_go_when_access_is_denied(tmp_path: Path) -> None:
    """What a person may not see any more is not shown from the disk either, now or at the next start."""
    async with running(start(tmp_path, runs(1, 2))) as pilot:
        await press(pilot, "2")
        await leave(pilot)
    denied = answer("workflows", [], state="denied", reason="Ask for the grant.")
    app = start(tmp_path, FakeMonitor({"workflows": denied}))
    async with running(app) as pilot:
        assert "NO ACCESS" in screen(app) and "job_1" not in screen(app)
        await leave(pilot)
    monitor = runs(3)
    monitor.held = asyncio.Event()
    app = start(tmp_path, monitor)
    async with running(app, settle=False) as pilot:
        await until(pilot, "LOADING")
        assert "job_1" not in screen(app)


async def test_a_source_that_cannot_be_asked_leaves_them(tmp_path: Path) -> None:
    """The trouble is said, the rows stay."""
    async with running(start(tmp_path, runs(1))) as pilot:
        await press(pilot, "2")
        await leave(pilot)
    app = start(tmp_path, FakeMonitor({"workflows": RequestError("hours is too large.")}), later_h=1)
    async with running(app):
        assert "hours is too large." in screen(app) and "job_1" in screen(app)


async def test_health_of_the_last_session_is_no_verdict_of_now(tmp_path: Path) -> None:
    """Its alerts are there, and the word is unknown until the first answer."""
    monitor = runs(1)
    alerts = {"total_alerts": 1, "by_severity": {"critical": 1}, "alerts": [alert("a1")]}
    monitor.health_document = {**monitor.health_document, "status": "unhealthy", "alerts": alerts}
    async with running(start(tmp_path, monitor)) as pilot:
        await leave(pilot)
    monitor = runs(1)
    monitor.held = asyncio.Event()
    app = start(tmp_path, monitor, later_h=1)
    async with running(app, settle=False, size=(120, 30)) as pilot:
        await until(pilot, "a1 fires")
        assert "? UNKNOWN" in screen(app)
        assert "below is the last session, read at 12:00 UTC: then unhealthy" in screen(app)


async def test_nothing_is_kept_of_a_demo(tmp_path: Path) -> None:
    """Its rows are invented: the next start invents others."""
    config = Config(tenants={"d": TenantConfig(source="demo")})
    async with running(start(tmp_path, runs(1), config=config)) as pilot:
        await press(pilot, "2")
        await leave(pilot)
    assert kept(tmp_path)["tenants"]["d"]["tab"] == "workflows"
    assert not list(tmp_path.glob("last_rows/*"))


@pytest.mark.parametrize("data", [b"{", b'{"version": 1, "tenants": 5}', b"\xff\xfe\x00", b"[]"])
async def test_a_damaged_file_is_said_and_harms_nothing(tmp_path: Path, data: bytes) -> None:
    """The app starts as if for the first time; what it can use it uses."""
    (tmp_path / "screen.json").write_bytes(data)
    app = start(tmp_path)
    async with running(app) as pilot:
        assert "[1 Health]" in screen(app)
        is_readable = data.startswith(b'{"version')
        assert any("screen.json was damaged" in told for told in toasts(app)) is not is_readable
        await press(pilot, "2")
        await leave(pilot)
    assert kept(tmp_path)["tenants"]["main"]["tab"] == "workflows"


async def test_values_that_make_no_sense_any_more_harm_nothing(tmp_path: Path) -> None:
    """A filter that the language does not have, a column and a theme that are gone, a tab without a filter."""
    tabs = {
        "workflows": {"filter": "drua>5m", "sort": "no_such_column"},
        "health": {"filter": "x", "sort": "y"},
    }
    document = {
        "version": 1,
        "theme": "gone",
        "tenants": {"main": {"tab": "workflows", "hours": 6, "tabs": tabs}},
    }
    (tmp_path / "screen.json").write_text(json.dumps(document))
    app = start(tmp_path)
    async with running(app):
        assert "[2 Workflows]" in screen(app) and "last 6 h" in lines(app)[0]
        assert "job_1" in screen(app)
        assert "^" not in screen(app)


async def test_a_place_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A filter that is saved holds until the end, and the end says what is lost: below the screen, where it stays."""
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    app = start(nowhere)
    async with running(app) as pilot:
        assert any("screen.json cannot be read" in told for told in toasts(app))
        await press(pilot, "2", "slash", *"dur>1", "enter", "w", *"long", "enter")
        assert toasts(app)[-1].startswith("Saved as long")
        assert "It holds until you quit. What this screen shows could not be kept: " in toasts(app)[-1]
        await press(pilot, "escape", "slash", "up")
        assert "/ dur>1" in screen(app)
        await press(pilot, "escape")
        await leave(pilot)
    said = " ".join(capsys.readouterr().err.split())
    assert "What this screen shows could not be kept: " in said and "Not a directory" in said
    assert app.return_code == 0


async def test_rows_are_kept_by_tenant(tmp_path: Path) -> None:
    """Another tenant's start shows none of them."""
    async with running(start(tmp_path, runs(1), config=TWO)) as pilot:
        await press(pilot, "enter", "2")
        await leave(pilot)
    monitor = runs(2)
    monitor.held = asyncio.Event()
    app = start(tmp_path, monitor, config=TWO)
    async with running(app, settle=False) as pilot:
        await pilot.press("down", "enter", "2")
        await until(pilot, "LOADING")
        assert "two" in lines(app)[0] and "job_1" not in screen(app)
