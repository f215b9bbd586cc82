"""Every tab and screen of the app, each by the keys that lead there from its tab: for pictures and for reading."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime

from textual.pilot import Pilot

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.runtime import Runtime
from sysmon_tui.sources.demo.estate import FEWEST_ROWS
from sysmon_tui.tui.app import SysmonApp
from sysmon_tui.tui.faces import Face
from sysmon_tui.tui.themes import DARK
from tests.tui.driving import press

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
PLACES: dict[str, tuple[str, ...]] = {
    "health": ("1",),
    "workflows": ("2",),
    "run": ("2", "f", "enter"),
    "task": ("2", "f", "enter", "enter"),
    "queries": ("3",),
    "queries broken down": ("3", "b"),
    "query": ("3", "f", "enter"),
    "warehouse": ("4",),
    "one warehouse": ("4", "enter"),
    "audit": ("5",),
    "audit broken down": ("5", "b"),
    "event": ("5", "enter"),
    "alerts": ("6",),
    "alert": ("6", "enter"),
    "timeline": ("6", "i"),
    "silence": ("6", "z"),
    "filter": ("2", "slash", *"status=failed dur>1m x=1"),
    "save a filter": ("2", "slash", *"dur>5m", "enter", "w"),
    "export": ("2", "e"),
    "tenants": ("1", "t"),
    "palette": ("1", "ctrl+p", *"journey"),
    "help": ("1", "question_mark"),
    "paused": ("2", "space"),
}


def walked_app(face: Face = "blocks", theme: str = DARK) -> SysmonApp:
    """On the demo estate at a held time: a tenant of production, and a second one beside it."""
    demo = TenantConfig(source="demo", environment="production")
    runtime = Runtime(
        Config(tenants={"airline": demo, "staging": TenantConfig(source="demo", environment="staging")}),
        clock=HeldClock(NOW),
        demo_rows=FEWEST_ROWS,
    )
    app = SysmonApp(runtime, tenant="airline", row_limit=10_000, face=face)
    app.theme = theme  # whatever the terminal of the tests is
    return app


async def walk(pilot: Pilot[None], places: Iterable[str] = PLACES) -> AsyncIterator[str]:
    """Goes to each place and says where it is."""
    for place in places:
        keys = PLACES[place]
        await press(pilot, *keys)
        yield place
        await _home(pilot, keys)


async def _home(pilot: Pilot[None], keys: tuple[str, ...]) -> None:
    """Back to a tab as it was: nothing over it, no filter, all rows, the rows and not their figures."""
    while len(pilot.app.screen_stack) > 1:
        await press(pilot, "escape")
    await press(pilot, "escape")
    for toggle in ("f", "space"):
        if toggle in keys and len(keys) < 5:
            await press(pilot, toggle)
