"""Driving the app in tests: a started app, what its screen says, waiting until nothing is asked any more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot

from sysmon_tui.tui.app import SysmonApp
from tests.fakes import FakeMonitor, FakeRuntime


def app_over(
    monitor: FakeMonitor, runtime: FakeRuntime | None = None, *, state_dir: Path | None = None
) -> SysmonApp:
    return SysmonApp((runtime or FakeRuntime(monitor)).as_runtime, row_limit=1000, state_dir=state_dir)


@asynccontextmanager
async def running(
    app: SysmonApp,
    *,
    size: tuple[int, int] = (100, 30),
    settle: bool = True,
    notifications: bool = False,
) -> AsyncIterator[Pilot[None]]:
    """`notifications` puts toasts on the screen as well, over what else is there."""
    async with app.run_test(size=size, notifications=notifications) as pilot:
        await pilot.pause()
        if settle:
            await settled(pilot)
        yield pilot


async def settled(pilot: Pilot[None]) -> None:
    """Until every answer that was asked for is on the screen."""
    for _ in range(3):  # an answer may ask for more: charts, the tasks of a run
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await settled(pilot)


def lines(app: App[None]) -> list[str]:
    """The screen as text, a line each."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def screen(app: App[None]) -> str:
    return "\n".join(lines(app))


def toasts(app: App[None]) -> list[str]:
    """What was told at the edge of the screen, oldest first; also what a slow machine has let expire."""
    return [notification.message for notification in app._notifications._notifications.values()]


def cursor_line(app: App[None]) -> str:
    """The line of the row under the cursor of the table that has the keys."""
    return next(line for line in lines(app) if "▸" in line)
