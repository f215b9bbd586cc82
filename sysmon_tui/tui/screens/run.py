"""A run: why it failed, its tasks, and how the job's last thirty runs went. A task opens into its tries and traces."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll

from sysmon_tui.tui.bars import bars
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import tone
from sysmon_tui.tui.screens.detail import Detail, status_heading
from sysmon_tui.tui.screens.task import TaskScreen
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.answer_table import AnswerTable
from sysmon_tui.tui.widgets.fields import Fields
from sysmon_tui.tui.widgets.frame_table import FrameTable
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.widgets.run_errors import RunErrors

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.live import Told
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.sources.live import TaskFailure
    from sysmon_tui.views.answer import Answer

_RUNS = 30

_FIELDS = (
    Column("start_time", "started", 0, "instant"),
    Column("end_time", "ended", 0, "instant"),
    Column("duration_seconds", "took", 0, "duration_s"),
    Column("attempts", "tries", 0, "count"),
    Column("termination_code", "why", 0, "reason"),
    Column("termination_type", "kind", 0),
    Column("trigger_type", "trigger", 0),
    Column("run_type", "type", 0),
    Column("run_as", "run as", 0),
    Column("workspace_id", "workspace", 0),
    Column("job_id", "job", 0),
    Column("run_id", "run", 0),
    Column("url", "link", 0, flex=1),
)
_TASKS = (
    Column("task_key", "task", 12, flex=1),
    Column("status", "status", 11, "status"),
    Column("tries", "tries", 5, "count"),
    Column("failed_tries", "failed", 6, "count", rank=4),
    Column("duration_seconds", "took", 7, "duration_s", rank=2),
    Column("error", "error", 30, "reason", flex=4, fallback="termination_code"),
    Column("start_time", "started", 14, "second", rank=3),
    Column("execution_seconds", "running", 7, "duration_s", rank=5),
    Column("run_id", "task run", 16, rank=6),
)
_HISTORY = (
    Column("start_time", "started", 14, "second"),
    Column("status", "status", 11, "status"),
    Column("duration_seconds", "took", 7, "duration_s", rank=2),
    Column("attempts", "tries", 5, "count", rank=4),
    Column("termination_code", "why", 18, "reason", flex=1, rank=3),
    Column("trigger_type", "trigger", 10, rank=5),
    Column("run_id", "run", 16, rank=6),
)


class RunScreen(Detail):
    without = ()
    # The failed task, whose trace is one key away.
    AUTO_FOCUS: ClassVar[str | None] = "#run-tasks"
    DEFAULT_CSS = """
    RunScreen .facts { height: auto; max-height: 12; scrollbar-size-vertical: 1; }
    RunScreen RunErrors { max-height: 14; }
    RunScreen #run-tasks { height: auto; min-height: 3; max-height: 12; scrollbar-size-horizontal: 0; }
    RunScreen #run-history { min-height: 3; }
    RunScreen.-low RunErrors { max-height: 8; }
    RunScreen.-low #run-tasks { max-height: 5; }
    RunScreen.-low.-failed .facts { max-height: 3; }
    """

    def __init__(self, session: Session, row: pl.DataFrame) -> None:
        super().__init__(session, row)
        zone = session.zone.key
        self._tasks = AnswerTable(_TASKS, ("task_key",), zone=zone, things="tasks", id="run-tasks")
        self._history = AnswerTable(
            _HISTORY, ("workspace_id", "run_id"), zone=zone, things="runs", id="run-history"
        )
        self._errors = RunErrors()
        self._durations = Line(Text(" The job's last runs"), classes="section")
        self._task_runs: Answer | None = None
        self._failures: list[TaskFailure] = []
        self._has_failed = tone(self.text("status")) == "bad"
        # On a low screen the error needs the lines more than the facts do, which scroll.
        self.set_class(self._has_failed, "-failed")

    def heading(self) -> Text:
        return status_heading(self.text("status"), self.text("workflow_name"))

    def body(self) -> ComposeResult:
        with VerticalScroll(classes="facts"):
            yield Fields(self.row, _FIELDS, self.session.zone.key)
        yield self._errors
        yield Line(
            Text(" Tasks, failed ones first; enter shows the tries and the whole trace"), classes="section"
        )
        yield self._tasks
        yield self._durations
        yield self._history

    async def fetch(self, monitor: Monitor, fresh: bool) -> None:
        if self._has_failed:
            self._explain(monitor)
        await asyncio.gather(self._fetch_tasks(monitor, fresh), self._fetch_history(monitor, fresh))

    async def _fetch_tasks(self, monitor: Monitor, fresh: bool) -> None:
        from sysmon_tui.tui import tasks  # noqa: PLC0415 (polars, only once there are rows)

        started = self.value("start_time")
        if not isinstance(started, datetime):
            self._tasks.say("− UNKNOWN", "When this run began is not known, so its tasks can't be found.")  # noqa: RUF001
            return
        self._task_runs = await monitor.run_tasks(*self._key, near=started, fresh=fresh)
        self._show_tasks()
        # A run that is still going, or was repaired, has errors too.
        if not self._has_failed and tasks.any_failed(self._task_runs.frame):
            self._explain(monitor)

    def _show_tasks(self) -> None:
        from sysmon_tui.tui import tasks  # noqa: PLC0415 (polars, only once there are rows)

        if self._task_runs is not None:
            rows = tasks.by_task(self._task_runs.frame, self._failures)
            self._tasks.show_answer(
                replace(self._task_runs, frame=rows), none="The tables show no tasks of this run."
            )

    async def _fetch_history(self, monitor: Monitor, fresh: bool) -> None:
        history = await monitor.job_history(
            str(self.value("workspace_id")), str(self.value("job_id")), limit=_RUNS, fresh=fresh
        )
        self._history.show_answer(history, none="The job has shown no other runs in thirty days.")
        self._durations.tell(_durations(history.frame))

    @work(group="load-errors", exclusive=True)
    async def _explain(self, monitor: Monitor) -> None:
        self._errors.ask()
        ended = self.value("end_time")
        ended = ended if isinstance(ended, datetime) else None
        told: Told[list[TaskFailure]] = await monitor.run_failures(*self._key, ended)
        self._failures = told.value or []
        self._errors.tell(told, ended, self.session.seen_at)
        self._show_tasks()

    @property
    def _key(self) -> tuple[str, str]:
        return str(self.value("workspace_id")), str(self.value("run_id"))

    def on_frame_table_opened(self, event: FrameTable.Opened) -> None:
        from sysmon_tui.tui import tasks  # noqa: PLC0415 (polars, only once there are rows)

        event.stop()
        row = tasks.opened_from(event.row, self.row, self.tenant)
        if event.table is self._history:
            self.app.push_screen(RunScreen(self.session, row))
        else:
            self.app.push_screen(TaskScreen(self.session, row, self.row))


def _durations(runs: pl.DataFrame) -> Text:
    """How long each took, oldest first, failed ones in red; the table below says it in words."""
    newest_first = list(runs.select("duration_seconds", "status").iter_rows())
    line = bars([int(seconds or 0) for seconds, _ in reversed(newest_first)])
    text = Text(f" The job's last {len(newest_first)} runs  took ")
    for block, (_, status) in zip(line, reversed(newest_first), strict=True):
        text.append(block, style="red" if tone(status or "") == "bad" else "cyan")
    return text.append(" newest")
