"""Row 58: `System Table query returned too much data`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import polars as pl
import pytest

from sysmon_tui.services.monitor import Monitor
from sysmon_tui.views.answer import Answer
from tests.faults.scene import Scene, all_ended, look, others
from tests.faults.selective import width_hours

_HISTORY, _AUDIT = "system.query.history", "system.access.audit"
_QUESTIONS: dict[str, Callable[[Monitor], Awaitable[Answer]]] = {
    "queries": lambda monitor: monitor.queries(),
    "few": lambda monitor: monitor.queries(limit=7),
    "of a user": lambda monitor: monitor.queries(user_email="ann@*", hours=36),
    "failed": lambda monitor: monitor.failed_queries(hours=36),
    "counts of queries": lambda monitor: monitor.counts("queries"),
    "audit": lambda monitor: monitor.audit(),
    "an action": lambda monitor: monitor.audit(action_name="login", limit=5),
    "logins": lambda monitor: monitor.failed_logins(),
    "counts of audit": lambda monitor: monitor.counts("audit"),
    "a week": lambda monitor: monitor.audit(hours=168, limit=150),
}


@pytest.mark.parametrize("incremental", [False, True], ids=["at once", "incremental"])
@pytest.mark.parametrize("question", _QUESTIONS)
async def test_row_58_a_window_is_read_in_halves(scene: Scene, question: str, incremental: bool) -> None:
    """Refused whole, it is read in parts, and the answer is that of the whole window, total and pages too."""
    ask = _QUESTIONS[question]
    async with scene.monitored(incremental=incremental) as monitor:
        whole = await ask(monitor)
    scene.workspace.widest_hours = {_HISTORY: 7, _AUDIT: 7}
    since = len(scene.workspace.statements)
    async with scene.monitored(incremental=incremental) as monitor:
        parts = await ask(monitor)
        assert (parts.state, parts.reason) == ("fresh", None)
        assert parts.frame.equals(whole.frame), parts.frame
        assert (parts.total, parts.window, parts.as_of) == (whole.total, whole.window, whole.as_of)
        assert (parts.next_cursor is None) == (whole.next_cursor is None)
        sent = scene.sent("query_history", "audit", since=since)
        assert max(width_hours(one) for one in sent if one.state == "SUCCEEDED") <= 7
    assert all_ended(scene.workspace)


@pytest.mark.parametrize("incremental", [False, True], ids=["at once", "incremental"])
async def test_row_58_what_was_refused_is_remembered(scene: Scene, incremental: bool) -> None:
    """The next readings begin with parts of a width that is answered: no statement is refused again."""
    scene.workspace.widest_hours = {_HISTORY: 7}
    async with scene.monitored(incremental=incremental) as monitor:
        await monitor.queries()
        since = len(scene.workspace.statements)
        for _ in range(3):
            scene.estate.clock.advance(61)
            assert (await monitor.queries()).state == "fresh"
        assert {one.state for one in scene.workspace.statements[since:]} == {"SUCCEEDED"}


async def test_row_58_pages_of_a_window_in_parts(scene: Scene) -> None:
    """Page after page gives each row of the whole window once, newest first."""
    async with scene.monitored() as monitor:
        whole = (await monitor.queries(hours=36, limit=1000)).frame
    scene.workspace.widest_hours = {_HISTORY: 5}
    async with scene.monitored() as monitor:
        pages: list[pl.DataFrame] = []
        cursor: str | None = None
        while not pages or cursor is not None:
            page = await monitor.queries(hours=36, limit=25, cursor=cursor)
            assert page.state == "fresh" and page.total == whole.height
            pages.append(page.frame)
            cursor = page.next_cursor
    assert pl.concat(pages).equals(whole)


async def test_row_58_the_narrowest_is_refused_too(scene: Scene) -> None:
    """Not even an hour can be had: `failed` with the reason and what to narrow, the other panels live, no storm."""
    scene.workspace.widest_hours = {_AUDIT: 0.2}
    async with scene.monitored() as monitor:
        answers = await look(monitor)
        assert (answers["audit"].state, answers["audit"].code) == ("failed", "too_much_data")
        assert "Narrow it" in str(answers["audit"].reason) and "filter" in str(answers["audit"].reason)
        assert others(answers, "audit") == {"fresh"}
        events = [one for one in scene.sent("audit") if one.tags["statement"] == "audit_events"]
        assert len(events) <= 6


async def test_row_58_rows_from_before_stay(scene: Scene) -> None:
    """Refused in mid-run: the last rows stay, with their age and the reason."""
    async with scene.monitored() as monitor:
        before = await monitor.queries()
        scene.workspace.widest_hours = {_HISTORY: 0.2}
        scene.estate.clock.advance(61)
        answer = await monitor.queries()
        assert (answer.state, answer.code) == ("stale", "too_much_data")
        assert answer.frame.equals(before.frame) and answer.fetched_at == before.fetched_at


@pytest.mark.parametrize("incremental", [False, True], ids=["at once", "incremental"])
async def test_row_58_a_table_that_is_not_read_in_parts_says_what_to_do(
    scene: Scene, incremental: bool
) -> None:
    """Runs belong to no one moment: refused, they are `failed` with the reason, and the others live."""
    scene.workspace.widest_hours = {"system.lakeflow.job_run_timeline": 7}
    async with scene.monitored(incremental=incremental) as monitor:
        answers = await look(monitor)
        assert (answers["workflows"].state, answers["workflows"].code) == ("failed", "too_much_data")
        assert "shorter window" in str(answers["workflows"].reason)
        assert others(answers, "workflows") == {"fresh"}
        assert (await monitor.workflows(hours=6)).state == ("failed" if incremental else "fresh")
