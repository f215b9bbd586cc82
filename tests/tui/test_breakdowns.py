"""Queries and Audit broken down, over a monitor that a test gives its answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from sysmon_tui.errors import RequestError
from tests.fakes import NOW, FakeMonitor, answer
from tests.tui.driving import app_over, lines, press, running, screen
from tests.tui.failing import error_class, failing_queries, refused_logins

# The breakdown of queries


async def test_errors_are_counted_over_the_whole_window() -> None:
    """Commonest first, with newest time, users and one message; the figures are those of the statement that counted."""
    app = app_over(failing_queries())
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "3", "b")
        shown = screen(app)
        assert "Failed queries by error class: 1,210, commonest first" in shown
        row = next(line for line in lines(app) if "DELTA_X" in line)
        assert row.split()[:5] == ["▸", "1200", "DELTA_X", "2", "03-10"]
        assert "It broke." in row
        assert "[DELTA_X]" not in row


async def test_where_the_time_went() -> None:
    """Sum, share and p95 of each part with a bar as long as its share, and of how many statements."""
    app = app_over(failing_queries())
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "3", "b")
        assert "Where the time went, of queries: 1,234" in screen(app)
        (whole,) = [line for line in lines(app) if "in all" in line]
        assert [word for word in ("1h 00m", "100.0 %", "1m 01s") if word in whole] == [
            "1h 00m",
            "100.0 %",
            "1m 01s",
        ]
        bars = [line.count("█") for line in lines(app) if "waiting" in line]
        assert (whole.count("█"), bars) == (30, [0, 15])


async def test_slow_statements_are_two_keys_away() -> None:
    """`3 b` shows the slowest of the window, and enter opens one; in the list `s s` sorts by how long they took."""
    monitor = failing_queries()
    app = app_over(monitor)
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "3", "s", "s")
        assert "by took" in screen(app)
        await press(pilot, "b")
        assert "2h 00m" in screen(app)
        await press(pilot, "tab", "tab", "enter")
        assert "SELECT 9" in screen(app)
        await press(pilot, "escape")
        assert "Slowest queries: 1" in screen(app)


@pytest.mark.parametrize(
    ("downs", "wanted", "seen", "unseen"),
    [(0, 'error="DELTA_X"', "SELECT 1", "SELECT 2"), (1, "error_class=-", "SELECT 2", "SELECT 1")],
)
async def test_enter_on_a_class_shows_its_rows(downs: int, wanted: str, seen: str, unseen: str) -> None:
    """Back to the list, failed only, filtered by the class, or by having none; the filter stands in its line."""
    app = app_over(failing_queries())
    async with running(app, size=(100, 24)) as pilot:
        await press(pilot, "3", "b", *["down"] * downs, "enter")
        assert app.tab.failed_only
        assert f"filter “{wanted}”" in screen(app)
        assert "1 of 2 queries" in screen(app)
        assert seen in screen(app)
        assert unseen not in screen(app)


async def test_a_breakdown_asks_nothing_of_the_list() -> None:
    """What is not in sight is not asked: neither the list while it is broken down, nor the figures while it is not."""
    monitor = failing_queries()
    app = app_over(monitor)
    figures = {"query_errors", "query_times", "slowest_queries"}
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "3")
        assert not figures & set(monitor.methods())
        monitor.asked.clear()
        await press(pilot, "b", "r", "right_square_bracket")
        assert set(monitor.methods()) == figures
        assert {arguments["hours"] for _, arguments in monitor.asked[-3:]} == {168.0}
        monitor.asked.clear()
        await press(pilot, "escape", "r")
        assert not figures & set(monitor.methods())
        assert "queries" in monitor.methods()


async def test_the_filter_is_one_of_rows() -> None:
    """`/` in a breakdown brings the list back and opens the filter; the keys go to it."""
    app = app_over(failing_queries())
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "3", "b", "slash", *"SELECT", "enter")
        assert "3 of 3 queries" in screen(app)
        assert "by error class" not in screen(app)


# The line of error classes


@pytest.mark.parametrize(("size", "is_there"), [((120, 40), True), ((120, 39), False), ((119, 40), False)])
async def test_the_commonest_errors_stand_above_a_large_list(size: tuple[int, int], is_there: bool) -> None:
    """Three classes with their counts where there is a line to spare; a small screen doesn't ask."""
    monitor = failing_queries()
    app = app_over(monitor)
    async with running(app, size=size) as pilot:
        await press(pilot, "3")
        said = "1,210 failed: 1,200 DELTA_X · 5 without a class · 3 B · 2 classes more"
        assert (said in screen(app)) is is_there
        assert ("query_errors" in monitor.methods()) is is_there
        await press(pilot, "b")
        assert said not in screen(app)
        await press(pilot, "b")
        assert (said in screen(app)) is is_there


async def test_no_failure_has_no_line() -> None:
    """Where the counts have no failure, which classes there are is not asked, and nothing is said."""
    monitor = failing_queries()
    monitor.answers["counts"] = answer("counts", [{"bucket_start": NOW, "status": "FINISHED", "count": 9}])
    app = app_over(monitor)
    async with running(app, size=(120, 40)) as pilot:
        await press(pilot, "3")
        assert "failed:" not in screen(app)
        assert "query_errors" not in monitor.methods()


async def test_the_line_says_that_classes_are_not_known() -> None:
    """A statement that fails is no absence of errors."""
    monitor = failing_queries()
    monitor.answers["query_errors"] = answer("query_errors", [], state="failed", reason="Took too long.")
    app = app_over(monitor)
    async with running(app, size=(120, 40)) as pilot:
        await press(pilot, "3")
        assert "error classes unknown: Took too long." in screen(app)


async def test_the_line_shows_no_strangers_control_bytes() -> None:
    """A class is a stranger's text: no byte of it acts, no markup is parsed."""
    monitor = failing_queries()
    hostile = "\x1b]52;c;eA==\x07[/red]"
    monitor.answers["query_errors"] = answer("query_errors", [error_class(hostile, 7, last_message=hostile)])
    app = app_over(monitor)
    async with running(app, size=(120, 40)) as pilot:
        await press(pilot, "3")
        assert "7 ␛]52;c;eA==␇[/red]" in screen(app)
        await press(pilot, "b")
        assert "\x1b" not in screen(app)


# Faces


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("fresh", None, "No query failed in the last 24 h."),
        ("empty", None, "nothing has arrived yet"),
        ("denied", "SELECT on system.query is missing.", "SELECT on system.query is missing."),
        ("failed", "The statement took too long.", "The statement took too long."),
    ],
)
async def test_every_part_has_its_own_face(state: Any, reason: str | None, words: str) -> None:
    """What one statement could not tell is said in its place; the others show what they know."""
    monitor = failing_queries()
    monitor.answers["query_errors"] = answer("query_errors", [], state=state, reason=reason)
    app = app_over(monitor)
    async with running(app, size=(80, 30)) as pilot:
        await press(pilot, "3", "b")
        assert words in screen(app)
        assert "Error classes" in screen(app)
        assert "1h 00m" in screen(app)
        assert state in lines(app)[-3]


async def test_old_figures_are_said_to_be_old() -> None:
    """Figures that could not be asked anew stay, with the reason."""
    monitor = failing_queries()
    listed = monitor.answers["query_errors"]
    assert not isinstance(listed, Exception)
    monitor.answers["query_errors"] = replace(listed, state="stale", reason="The warehouse is down.")
    app = app_over(monitor)
    async with running(app, size=(80, 30)) as pilot:
        await press(pilot, "3", "b")
        assert "DELTA_X" in screen(app)
        assert "The warehouse is down." in screen(app)
        assert "▲ stale" in screen(app)


async def test_figures_that_are_awaited() -> None:
    """Until they are there each part says that it is asked; leaving cancels what is on its way."""
    monitor = failing_queries()
    app = app_over(monitor)
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "3")
        monitor.held = asyncio.Event()
        await pilot.press("b")
        await pilot.pause()
        assert screen(app).count("» LOADING") == 3
        await pilot.press("escape")
        await pilot.pause()
        assert monitor.cancelled == 3
        monitor.held.set()
        await press(pilot, "b")
        assert "» LOADING" not in screen(app)


async def test_a_tenant_that_cannot_be_asked() -> None:
    """A failure before any statement is one sentence in each part, and the app goes on."""
    monitor = failing_queries()
    monitor.answers["query_times"] = RequestError("The profile `x` is not there.", parameter="profile")
    app = app_over(monitor)
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "3", "b")
        assert "The profile `x` is not there." in screen(app)
        assert app.is_running


# The breakdown of the audit log


async def test_refused_logins_and_detections() -> None:
    """By user and by address with counts, others, newest and whether a login followed; alerts with their state."""
    monitor = refused_logins()
    app = app_over(monitor)
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "5", "b")
        shown = screen(app)
        assert "Users with refused logins: 7,000, here the 2 most refused" in shown
        assert "Addresses with refused logins: 1" in shown
        user = next(line for line in lines(app) if "ann@example.com" in line)
        assert user.split()[:5] == ["▸", "12", "ann@example.com", "3", "03-10"]
        assert "yes" in user
        assert "11:53" in user
        nobody = next(line for line in lines(app) if "unknown" in line)
        assert nobody.split()[:3] == ["2", "-", "3"]
        assert "✓ resolved" in shown
        asked = [arguments for method, arguments in monitor.asked if method == "alerts"]
        assert asked == [{"hours": 24.0, "category": "security", "fresh": False}]


@pytest.mark.parametrize(
    ("keys", "count"),
    [(["enter"], "2 of 2 events"), (["tab", "enter"], "1 of 2 events")],
)
async def test_enter_on_a_name_shows_its_events(keys: list[str], count: str) -> None:
    """A user whatever the case, an address with a port or without and no other that begins like it; failed only."""
    app = app_over(refused_logins())
    async with running(app, size=(100, 24)) as pilot:
        await press(pilot, "5", "b", *keys)
        assert count in screen(app)
        assert app.tab.failed_only


async def test_nobody_has_no_events_of_their_own() -> None:
    """Enter on events that name no user says so and stays."""
    app = app_over(refused_logins())
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "5", "b", "down", "enter")
        assert [toast.message for toast in app._notifications] == ["These events name no user."]
        assert "Users with refused logins" in screen(app)


async def test_enter_on_a_detection_opens_the_alert() -> None:
    """The alert in full; back leads to the breakdown."""
    app = app_over(refused_logins())
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "5", "b", "tab", "tab", "enter")
        assert "Somebody guessed." in screen(app)
        await press(pilot, "escape")
        assert "Security detections: 1" in screen(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
@pytest.mark.parametrize(("tab", "monitor"), [("3", failing_queries()), ("5", refused_logins())])
async def test_every_part_has_rows_on_every_screen(
    tab: str, monitor: FakeMonitor, size: tuple[int, int]
) -> None:
    """All parts are in sight at once, each with its header and at least two lines for rows."""
    app = app_over(monitor)
    async with running(app, size=size) as pilot:
        await press(pilot, tab, "b")
        heights = [table.size.height for table in app.tab.query("Breakdown AnswerTable")]
        assert len(heights) == 3
        assert min(heights) >= 3
