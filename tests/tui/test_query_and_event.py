"""A statement and an audit event in full: read with keys, cut texts told, hostile ones harmless."""

from __future__ import annotations

from typing import Any

import pytest
from textual.containers import VerticalScroll

from sysmon_tui.tui.screens.event import pretty
from tests.fakes import FakeMonitor, answer
from tests.tui.driving import app_over, press, running, screen
from tests.tui.failing import event, query


async def opened(pilot: Any, tab: str) -> VerticalScroll:
    await press(pilot, tab, "enter")
    found = pilot.app.screen.query_one(VerticalScroll)
    assert found.has_focus
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("status", ["FINISHED", "FAILED"])
async def test_a_statement_is_read_with_keys(status: str) -> None:
    """At 80x24 its end, its error's end and its profile are reached with paging keys, home leads back."""
    text = "\n".join(f"line {number}" for number in range(200))
    message = "broken " * 100 + "ERROR-END" if status == "FAILED" else None
    one = query(
        1, status=status, statement_text=text, error_message=message, url="https://ws.example/sql/history?q=1"
    )
    app = app_over(FakeMonitor({"queries": answer("queries", [one])}))
    async with running(app, size=(80, 24)) as pilot:
        pager = await opened(pilot, "3")
        first = screen(app)
        await press(pilot, "end")
        assert "line 199" in screen(app)
        await press(pilot, "home")
        assert screen(app) == first
        seen = first
        for _ in range(20):
            await press(pilot, "pagedown")
            seen += screen(app)
        assert pager.scroll_offset.y == pager.max_scroll_y
        assert "line 100" in seen
        assert "https://ws.example/sql/history?q=1" in seen
        assert ("ERROR-END" in seen) is (status == "FAILED")


@pytest.mark.parametrize(("chars", "said"), [(4096, True), (4095, False)])
async def test_a_text_that_was_cut_says_so(chars: int, said: bool) -> None:
    """A statement as long as a row can hold, ending in `…`, is the beginning of a longer one."""
    one = query(1, statement_text="x" * (chars - 1) + "…")
    app = app_over(FakeMonitor({"queries": answer("queries", [one])}))
    async with running(app, size=(80, 60)) as pilot:
        await opened(pilot, "3")
        assert ("Statement, the first 4,095 characters" in screen(app)) is said


async def test_a_statement_without_a_text() -> None:
    """Absent is said, and no figure is made up: no bar for a part that is not known."""
    one = query(1, statement_text=None, total_duration_ms=None, execution_duration_ms=None)
    app = app_over(FakeMonitor({"queries": answer("queries", [one])}))
    async with running(app, size=(80, 30)) as pilot:
        await opened(pilot, "3")
        assert "(no text)" in screen(app)
        assert "█" not in screen(app)


async def test_parameters_are_read_with_keys() -> None:
    """A line each, in a pager that scrolls to its end; an error is shown whole."""
    parameters = "{" + ",".join(f'"key{number}":"value{number}"' for number in range(100)) + "}"
    one = event(request_params=parameters, error_message="denied " * 100 + "ERROR-END")
    app = app_over(FakeMonitor({"audit": answer("audit", [one])}))
    async with running(app, size=(80, 24)) as pilot:
        await opened(pilot, "5")
        assert "ERROR-END" in screen(app)
        await press(pilot, "end")
        assert '"key99": "value99"' in screen(app)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, "(none)"),
        ("", "(none)"),
        ('{"a":"1"}', '{\n  "a": "1"\n}'),
        ('{"a":"{\\"b\\":[1]}"}', '{\n  "a": {\n    "b": [\n      1\n    ]\n  }\n}'),
        ('{"a":"{not json"}', '{\n  "a": "{not json"\n}'),
        ('{"a":"cut in the mid', '{"a":"cut in the mid'),
        ('{"a":"' + "[" * 9000 + '"}', '{\n  "a": "' + "[" * 9000 + '"\n}'),
        ("[" * 9000, "[" * 9000),
    ],
)
def test_parameters_are_laid_out(given: str | None, shown: str) -> None:
    """Objects within texts too; what is no JSON, was cut or is too deep stays as it is."""
    assert pretty(given) == shown


async def test_hostile_texts_stay_texts() -> None:
    """Escapes, markup and links in a statement, an error and parameters are shown and do nothing."""
    hostile = "\x1b]52;c;eA==\x07 [/x] [@click=app.quit]y[/]"
    monitor = FakeMonitor(
        {
            "queries": answer("queries", [query(1, statement_text=hostile, error_message=hostile)]),
            "audit": answer("audit", [event(request_params=hostile, error_message=hostile)]),
        }
    )
    app = app_over(monitor)
    async with running(app, size=(100, 40)) as pilot:
        for tab in ("3", "5"):
            await opened(pilot, tab)
            assert screen(app).count("␛]52;c;eA==␇ [/x] [@click=app.quit]y[/]") == 2
            assert "\x1b" not in screen(app)
            await press(pilot, "escape")
