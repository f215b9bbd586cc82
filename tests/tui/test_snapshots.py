"""Every tab and screen as it is drawn, on the demo estate at a held time. Look at them before you accept a change.

Pictures (SVG) of the six tabs and of everything in 16 colours; all else as text, which is read more easily.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from sysmon_tui.errors import SourceUnreachable
from sysmon_tui.tui.faces import Face
from sysmon_tui.tui.themes import SIXTEEN
from tests.fakes import FakeMonitor, answer, run
from tests.tui.driving import app_over, press, running, screen, settled
from tests.tui.walk import PLACES, walk, walked_app

_TABS = ("health", "workflows", "queries", "warehouse", "audit", "alerts")
_CHARTED = ("health", "workflows", "queries", "one warehouse", "audit", "timeline")
_TEXTS = Path(__file__).parent / "__snapshots__" / "texts"


@pytest.fixture
def as_kept(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the file of that name, which `--snapshot-update` writes."""

    def compare(name: str, text: str) -> None:
        file = _TEXTS / f"{name}.txt"
        plain = "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
        if request.config.getoption("update_snapshots"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(plain)
        assert plain == file.read_text()

    return compare


def titled(place: str, drawn: str) -> str:
    return f"\n=== {place} ===\n{drawn}\n"


@pytest.mark.long
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("tab", _TABS)
def test_tab(tab: str, size: tuple[int, int], snap_compare: Any) -> None:
    """Each tab at the size of a bare terminal and of a comfortable one."""

    async def there(pilot: Pilot[None]) -> None:
        await pilot.pause()
        await settled(pilot)
        await press(pilot, str(_TABS.index(tab) + 1))

    assert snap_compare(walked_app(), terminal_size=size, run_before=there)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "size", "face"),
    [
        ("80x24", (80, 24), "blocks"),
        ("120x40", (120, 40), "blocks"),
        ("200x50", (200, 50), "blocks"),
        ("ascii", (80, 24), "ascii"),
        ("braille", (120, 40), "braille"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_everything(
    name: str, size: tuple[int, int], face: Face, as_kept: Callable[[str, str], None]
) -> None:
    """Every tab and screen, at three sizes and in each face; with the ASCII one nothing else is drawn."""
    drawn = ""
    app = walked_app(face)
    try:
        async with running(app, size=size) as pilot:
            # Braille is for what is drawn: charts, bars and lanes.
            async for place in walk(pilot, _CHARTED if face == "braille" else PLACES):
                drawn += titled(place, screen(app))
    finally:
        await app.session.runtime.close()
    assert face != "ascii" or drawn.isascii()
    as_kept(name, drawn)


@pytest.mark.long
async def test_everything_in_16_colours(snapshot: SnapshotAssertion) -> None:
    """Every tab and screen under the theme of a terminal with 16 colours."""
    app = walked_app(theme=SIXTEEN)
    pictures = snapshot.use_extension(SVGImageExtension)
    try:
        async with running(app, size=(80, 24)) as pilot:
            async for place in walk(pilot):
                assert app.export_screenshot(title=place) == pictures(name=place.replace(" ", "-"))
    finally:
        await app.session.runtime.close()


_ROWS = [run(5), run(65, status="FAILED", termination_code="RUN_EXECUTION_ERROR")]
_STATES: dict[str, Callable[[FakeMonitor], None]] = {}


def _listed(
    state: Any, rows: list[dict[str, Any]], reason: str | None = None
) -> Callable[[FakeMonitor], None]:
    def tell(monitor: FakeMonitor) -> None:
        for method, kind in _LISTINGS.items():
            shown = answer(kind, rows if kind == "workflows" else [], state=state, reason=reason)
            monitor.answers[method] = replace(shown, as_of=None) if state in ("denied", "failed") else shown

    return tell


_LISTINGS = {
    "workflows": "workflows",
    "queries": "queries",
    "warehouses": "warehouses",
    "audit": "audit",
}


def _never(monitor: FakeMonitor) -> None:
    monitor.held = asyncio.Event()


def _broken(monitor: FakeMonitor) -> None:
    error = SourceUnreachable("The workspace did not answer.", "Is the host right?")
    monitor.answers |= dict.fromkeys(_LISTINGS, error)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("loading", _never),
        ("fresh", _listed("fresh", _ROWS)),
        ("none", _listed("fresh", [])),
        ("stale", _listed("stale", _ROWS, "The warehouse did not answer. These are the last rows.")),
        ("empty", _listed("empty", [])),
        ("denied", _listed("denied", [], "No grant. Run: GRANT SELECT ON TABLE system.x TO `you`.")),
        ("failed", _listed("failed", [], "The statement failed: division by zero.")),
        ("broken", _broken),
    ],
)
async def test_every_state_of_the_tabs(
    state: str, told: Callable[[FakeMonitor], None], as_kept: Callable[[str, str], None]
) -> None:
    """Each state has a face of its own on each tab, in words."""
    monitor = FakeMonitor()
    told(monitor)
    drawn = ""
    app = app_over(monitor)
    async with running(app, size=(80, 24), settle=state != "loading") as pilot:
        for key, tab in zip("12345", _TABS, strict=False):
            await pilot.press(key)
            await pilot.pause()
            if state != "loading":
                await settled(pilot)
            drawn += titled(tab, screen(app))
        if monitor.held is not None:
            monitor.held.set()
    as_kept(f"state-{state}", drawn)
