"""The app on the demo estate, from the keyboard to the rows: nothing in between is a stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.runtime import Runtime
from sysmon_tui.sources.demo.estate import FEWEST_ROWS
from sysmon_tui.tui.app import SysmonApp
from tests.tui.driving import lines, press, running, screen

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    config = Config(tenants={"demo_tenant": TenantConfig(source="demo")})
    runtime = Runtime(config, clock=HeldClock(NOW), demo_rows=FEWEST_ROWS)
    yield runtime
    await runtime.close()


async def test_two_keys_from_health_to_the_failed_runs(runtime: Runtime) -> None:
    """Enter on the gravest alert tells why it fires; g shows its failed runs, and only those."""
    app = SysmonApp(runtime, row_limit=10_000)
    async with running(app, size=(100, 30)) as pilot:
        assert "✗ UNHEALTHY" in screen(app)
        alert = next(line for line in lines(app) if line.startswith("▸"))
        name = alert.split("critical")[1].split(":")[0].strip()
        await press(pilot, "enter")
        assert "threshold 3" in screen(app)
        assert "workflow.consecutive_failures" in screen(app)
        await press(pilot, "g")
        assert f'failed only · filter “name="{name}"”' in screen(app)
        rows = [line for line in lines(app) if "✗" in line and "03-10" in line]
        assert rows and all(name in row for row in rows)


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "5", "6"])
async def test_hostile_estate_is_inert(runtime: Runtime, key: str) -> None:
    """The estate holds names with escapes, markup and invisible signs: page by page, none gets to the terminal."""
    app = SysmonApp(runtime, row_limit=10_000)
    async with running(app, size=(200, 50)) as pilot:
        await press(pilot, key, "right_square_bracket", "right_square_bracket")
        for _ in range(6):
            assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for line in lines(app) for sign in line)
            assert not {"\u202e", "\u2066", "\u200b"} & set(screen(app))
            await press(pilot, "pagedown")
        await press(pilot, "enter")
        assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for line in lines(app) for sign in line)


async def test_warehouse_opens_into_its_events(runtime: Runtime) -> None:
    """Enter on a warehouse shows what it did, event by event."""
    app = SysmonApp(runtime, row_limit=10_000)
    async with running(app, size=(100, 40)) as pilot:
        await press(pilot, "4", "enter")
        text = screen(app)
        assert "Events, last 24 h" in text
        assert "» STARTING" in text
