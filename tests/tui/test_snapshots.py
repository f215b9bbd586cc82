"""The six tabs as pictures, on the demo estate at a held time. Look at them before you accept a change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from textual.pilot import Pilot

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.runtime import Runtime
from sysmon_tui.sources.demo.estate import FEWEST_ROWS
from sysmon_tui.tui.app import SysmonApp
from tests.tui.driving import settled

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
CONFIG = Config(tenants={"demo_tenant": TenantConfig(source="demo", environment="production")})
_SIZES = ((80, 24), (120, 40))
_TABS = ("health", "workflows", "queries", "warehouse", "audit", "alerts")


@pytest.fixture
def runtime() -> Runtime:
    """One for each picture, because a runtime belongs to one event loop; a small estate is made quickly."""
    return Runtime(CONFIG, clock=HeldClock(NOW), demo_rows=FEWEST_ROWS)


def pressing(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        await settled(pilot)
        for key in keys:
            await pilot.press(key)
            await settled(pilot)

    return run


@pytest.mark.parametrize("size", _SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("tab", _TABS)
def test_tab(tab: str, size: tuple[int, int], runtime: Runtime, snap_compare: Any) -> None:
    """Each tab at the size of a bare terminal and of a comfortable one."""
    app = SysmonApp(runtime, row_limit=10_000)
    keys = (str(_TABS.index(tab) + 1),)
    assert snap_compare(app, terminal_size=size, run_before=pressing(*keys))


def test_failed_run_opened(runtime: Runtime, snap_compare: Any) -> None:
    """The newest failed run with its tasks and history."""
    app = SysmonApp(runtime, row_limit=10_000)
    assert snap_compare(app, terminal_size=(80, 24), run_before=pressing("2", "f", "enter"))
