"""From a run to the error text and its trace: at every size, and in words where the text can't be had."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.datasets.catalogue import RUN_TASKS
from sysmon_tui.runtime import Runtime
from sysmon_tui.services.live import Told
from sysmon_tui.sources.demo.estate import FEWEST_ROWS
from sysmon_tui.sources.live import TaskFailure
from sysmon_tui.tui.app import SysmonApp
from sysmon_tui.tui.screens.run import RunScreen
from sysmon_tui.tui.screens.task import TaskScreen
from sysmon_tui.views.answer import Answer
from tests.fakes import NOW, FakeMonitor, answer, run
from tests.tui.driving import app_over, lines, press, running, screen

SIZES = [(80, 24), (120, 40), (200, 50)]
_MISSING = "[TABLE_OR_VIEW_NOT_FOUND] The table or view `lake`.`sales`.`orders` cannot be found."
_TRACE = "\n".join(
    ["Traceback (most recent call last):", *(f"  frame {n}" for n in range(60)), "the very end"]
)


@dataclass
class Explained(FakeMonitor):
    """What the Jobs API says of any run."""

    told: Told[list[TaskFailure]] = field(default_factory=lambda: Told([]))

    async def run_failures(self, *arguments: Any) -> Told[list[TaskFailure]]:
        self.asked.append(("run_failures", {"arguments": arguments}))
        return self.told


def task(run_id: str, task_key: str, status: str, minute: int, **values: Any) -> dict[str, Any]:
    start = NOW - timedelta(hours=1) + timedelta(minutes=minute)
    return {
        "workspace_id": "1",
        "run_id": run_id,
        "job_run_id": "1",
        "task_key": task_key,
        "status": status,
        "start_time": start,
        "end_time": start + timedelta(seconds=30),
        "duration_seconds": 30.0,
        "termination_code": "SUCCESS" if status == "SUCCEEDED" else "RUN_EXECUTION_ERROR",
        **values,
    }


def tasks(*rows: dict[str, Any]) -> Answer:
    schema = dict(RUN_TASKS.schema)
    shown = [{name: row.get(name) for name in schema} for row in rows]
    return replace(answer("run_tasks", []), frame=pl.DataFrame(shown, schema=schema), total=len(rows))


def failed_run(
    told: Told[list[TaskFailure]], *rows: dict[str, Any], status: str = "FAILED", **values: Any
) -> Explained:
    code = "SUCCESS" if status == "SUCCEEDED" else "RUN_EXECUTION_ERROR"
    listed = answer("workflows", [run(1, status=status, **{"termination_code": code, **values}), run(2)])
    rows = rows or (task("t1", "load", "SUCCEEDED", 0), task("t2", "check", "FAILED", 5))
    return Explained({"workflows": listed, "job_history": listed, "run_tasks": tasks(*rows)}, told=told)


def one(message: str = _MISSING, trace: str = _TRACE) -> Told[list[TaskFailure]]:
    return Told([TaskFailure("check", "t2", "FAILED", message, trace)], NOW)


@pytest.mark.parametrize("size", SIZES)
async def test_the_error_is_there_at_once(size: tuple[int, int]) -> None:
    """A failed run shows its error without a further key, the failed task first and under the focus."""
    app = app_over(failed_run(one()))
    async with running(app, size=size) as pilot:
        await press(pilot, "2", "enter")
        text = " ".join(line.strip() for line in lines(app))
        assert "[TABLE_OR_VIEW_NOT_FOUND]" in text and "cannot be found." in text
        assert "RUN_EXECUTION_ERROR" in text and "from the Jobs API" in text
        assert app.focused is not None and app.focused.id == "run-tasks"
        rows = [line for line in lines(app) if "✗ FAILED" in line and "check" in line]
        assert rows and rows[0].startswith("▸")
        assert "The job's last 2 runs" in text and "esc back" in text


@pytest.mark.parametrize("size", SIZES)
async def test_a_task_shows_its_error_in_full_and_its_trace(size: tuple[int, int]) -> None:
    """Enter on the failed task: its tries, the whole message with its line breaks, and a trace that scrolls."""
    long = "first line\n" + "x" * 900 + " the last word"
    app = app_over(failed_run(one(long)))
    async with running(app, size=size) as pilot:
        await press(pilot, "2", "enter", "enter")
        assert "✗ FAILED  check of job_1" in screen(app)
        assert "first line" in screen(app) and "Tries" in screen(app)
        await press(pilot, "end")
        assert "the very end" in screen(app)
        await press(pilot, "escape", "escape")
        assert "[2 Workflows]" in screen(app)


async def test_a_tasks_message_is_not_cut() -> None:
    """What the list and the run cut stands whole on the task's own view."""
    app = app_over(failed_run(one("y " * 600 + "LAST", "")))
    async with running(app, size=(120, 40)) as pilot:
        await press(pilot, "2", "enter")
        assert "LAST" not in screen(app)
        await press(pilot, "enter")
        assert "LAST" in screen(app) and "(no trace)" in screen(app)


async def test_tries_are_numbered_and_each_has_its_error() -> None:
    """A repaired task is one row with its tries; inside, each failed try has its words, the newest first."""
    told = Told(
        [TaskFailure("check", "t2", "FAILED", "old words"), TaskFailure("check", "t3", "FAILED", "new words")]
    )
    monitor = failed_run(
        told,
        task("t3", "check", "FAILED", 20),
        task("t2", "check", "FAILED", 5),
        task("t1", "load", "SUCCEEDED", 0),
    )
    app = app_over(monitor)
    async with running(app, size=(120, 40)) as pilot:
        await press(pilot, "2", "enter")
        [row] = [line for line in lines(app) if "✗ FAILED" in line and "check" in line]
        assert row.split()[4:6] == ["2", "2"] and "new words" in row
        await press(pilot, "enter")
        text = screen(app)
        assert text.index("Try 2, from the Jobs API") < text.index("new words")
        assert text.index("new words") < text.index("Try 1, from the Jobs API") < text.index("old words")
        assert len([line for line in lines(app) if "✗ FAILED" in line and "RUN_EXECUTION_ERROR" in line]) == 2


async def test_every_failed_task_has_a_place_at_80x24() -> None:
    """Three errors, each longer than the screen is wide: the begin of each is in sight."""
    rows = [task(f"t{n}", f"task_{n}", "FAILED", n) for n in range(3)]
    told = Told(
        [TaskFailure(f"task_{n}", f"t{n}", "FAILED", f"error number {n} " + "z" * 400) for n in range(3)]
    )
    app = app_over(failed_run(told, *rows))
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "2", "enter")
        text = screen(app)
        assert "3 errors, from the Jobs API" in text
        for number in range(3):
            assert f"task_{number}  error number {number}" in text


_OLD = NOW - timedelta(days=75)
_UNKNOWN: list[tuple[Told[list[TaskFailure]], dict[str, Any], tuple[str, ...]]] = [
    (Told(None, reason="No CAN VIEW on the job.", denied=True), {}, ("✗ denied", "No CAN VIEW on the job.")),
    (Told(None, reason="The host can't be reached."), {}, ("? unknown", "The host can't be reached.")),
    (
        Told(None, reason="The run is in the workspace 99; its errors can be read there."),
        {},
        ("workspace 99",),
    ),
    (Told(None, reason="This source has no API beside its statements."), {}, ("This source has no API",)),
    (Told([]), {"start_time": _OLD, "end_time": _OLD}, ("keeps runs for 60 days", "75 days ago")),
    (Told([]), {}, ("the Jobs API tells of none",)),
]


@pytest.mark.parametrize(("told", "values", "words"), _UNKNOWN)
async def test_where_no_text_can_be_had_the_words_say_why(
    told: Told[list[TaskFailure]], values: dict[str, Any], words: tuple[str, ...]
) -> None:
    """Denied, failed, elsewhere, no API, too old, nothing said: a sentence each, and the codes of the tables."""
    app = app_over(failed_run(told, **values))
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "2", "enter")
        for view in ("run", "task"):
            text = " ".join(" ".join(line.split()) for line in lines(app))
            assert all(word in text for word in words), view
            assert "RUN_EXECUTION_ERROR" in text
            await press(pilot, "enter")


async def test_words_that_could_not_be_read_again_say_so() -> None:
    """The error that is known stays, with the reason beside it."""
    told = replace(one(), reason="The host can't be reached.")
    app = app_over(failed_run(told))
    async with running(app, size=(100, 40)) as pilot:
        await press(pilot, "2", "enter")
        for _ in range(2):
            assert "TABLE_OR_VIEW" in screen(app) and "▲ stale: The host can't be reached." in screen(app)
            await press(pilot, "enter")


async def test_a_repaired_run_still_tells_what_had_failed() -> None:
    """The run and the task succeeded in the end; the try that had not has its error."""
    told = Told([TaskFailure("check", "t2", "FAILED", "what it was")])
    rows = (task("t2", "check", "FAILED", 5), task("t3", "check", "SUCCEEDED", 20))
    app = app_over(failed_run(told, *rows, status="SUCCEEDED"))
    async with running(app, size=(100, 40)) as pilot:
        await press(pilot, "2", "enter")
        assert "what it was" in screen(app)
        await press(pilot, "enter")
        assert "✓ SUCCEEDED  check of job_1" in screen(app)
        assert "Try 1, from the Jobs API" in screen(app) and "what it was" in screen(app)


@pytest.mark.parametrize(
    "known", [(), (task("t1", "load", "SUCCEEDED", 0),), (task("t7", "send", "RUNNING", 5, end_time=None),)]
)
async def test_a_task_that_the_tables_do_not_show_yet(known: tuple[dict[str, Any], ...]) -> None:
    """The API is minutes ahead of them: its failed task is there, first, and opens into its trace."""
    told = Told([TaskFailure("send", "t7", "TIMEDOUT", "took too long", _TRACE)])
    monitor = failed_run(told, *known)
    monitor.answers["run_tasks"] = tasks(*known)
    app = app_over(monitor)
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "2", "enter")
        [row] = [line for line in lines(app) if line.startswith("▸ send")]
        assert "✗ TIMED_OUT" in row and "took too long" in row
        await press(pilot, "enter")
        assert "✗ TIMED_OUT  send of job_1" in screen(app) and "Try 1, from the Jobs API" in screen(app)
        await press(pilot, "end")
        assert "the very end" in screen(app)


async def test_a_run_without_failures_asks_for_none() -> None:
    """Nothing is asked of the API for it, nothing is said of errors; its task says that it has not failed."""
    monitor = failed_run(Told([]), task("t1", "load", "SUCCEEDED", 0), status="SUCCEEDED")
    app = app_over(monitor)
    async with running(app) as pilot:
        await press(pilot, "2", "enter")
        assert "run_failures" not in monitor.methods() and "Jobs API" not in screen(app)
        await press(pilot, "enter")
        assert "This task has not failed." in screen(app)


async def test_an_error_of_the_run_alone_stands_with_its_tasks() -> None:
    """The API has a sentence for the whole run: the failed task shows it as such."""
    told = Told([TaskFailure("", "1", "FAILED", "the run was too large")])
    app = app_over(failed_run(told))
    async with running(app) as pilot:
        await press(pilot, "2", "enter")
        assert "the run  the run was too large" in screen(app)
        await press(pilot, "enter")
        assert "The run as a whole, from the Jobs API" in screen(app) and "the run was too large" in screen(
            app
        )


async def test_a_task_that_the_api_says_nothing_of() -> None:
    """Another task's error is not shown as its own."""
    rows = (task("t2", "check", "FAILED", 5), task("t9", "send", "FAILED", 6))
    app = app_over(failed_run(one("of check alone", ""), *rows))
    async with running(app) as pilot:
        await press(pilot, "2", "enter", "down", "enter")
        assert "send of job_1" in screen(app)
        assert "of check alone" not in screen(app) and "the Jobs API tells of none" in screen(app)


async def test_history_opens_that_run() -> None:
    """Tab to the history, enter: that run; esc leads back to the first."""
    app = app_over(failed_run(one()))
    async with running(app, size=(100, 40)) as pilot:
        await press(pilot, "2", "enter")
        app.screen.query_one("#run-history").focus()
        await press(pilot, "down", "enter")
        assert isinstance(app.screen, RunScreen) and "✓ SUCCEEDED  job_2" in screen(app)
        await press(pilot, "escape")
        assert "✗ FAILED  job_1" in screen(app)


_HOSTILE = "\x1b]52;c;ZXZpbA==\x07[/x][@click=app.quit]x[/]\u202e"


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_words_are_inert(size: tuple[int, int]) -> None:
    """A task's key, its error and trace, and a reason print no escape and act as no markup, on both views."""
    failure = TaskFailure(_HOSTILE, "t2", "FAILED", _HOSTILE, f"{_HOSTILE}\n{_HOSTILE}")
    app = app_over(
        failed_run(
            Told([failure], reason=_HOSTILE), task("t2", _HOSTILE, "FAILED", 5), workflow_name=_HOSTILE
        )
    )
    async with running(app, size=size) as pilot:
        for keys in (("2", "enter"), ("enter",)):
            await press(pilot, *keys)
            text = screen(app)
            assert not {"\x1b", "\x07", "\u202e"} & set(text)
            assert "␛]52;c;" in text and "[@click=app.quit]" in text
            strips = app.screen._compositor.render_strips()
            assert not any("@click" in s.style.meta for strip in strips for s in strip if s.style)
        assert isinstance(app.screen, TaskScreen)


async def test_from_the_start_of_the_demo_to_the_trace() -> None:
    """Health, the alert of journey_orchestrator, its rows, the newest one: its error, and with enter the trace."""
    config = Config(tenants={"demo": TenantConfig(source="demo")})
    clock = HeldClock(datetime(2026, 3, 10, 9, 30, tzinfo=UTC))
    runtime = Runtime(config, clock=clock, demo_rows=FEWEST_ROWS)
    app = SysmonApp(runtime, row_limit=10_000)
    try:
        async with running(app, size=(80, 24)) as pilot:
            for _ in range(10):
                if any(line.startswith("▸") and "journey_orchestrator" in line for line in lines(app)):
                    break
                await press(pilot, "down")
            await press(pilot, "enter", "g", "enter")
            assert "✗ FAILED  journey_orchestrator" in screen(app)
            assert "prod" in screen(app) and "itinerary_events" in screen(app)
            await press(pilot, "enter")
            assert "Traceback (most recent call last):" in screen(app)
    finally:
        await runtime.close()
