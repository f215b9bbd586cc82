"""A run: its fields, its tasks, and how the job's last thirty runs went."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text
from textual import work
from textual.app import ComposeResult

from sysmon_tui.tui.bars import bars
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import tone
from sysmon_tui.tui.screens.detail import Detail, status_heading
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.answer_table import AnswerTable
from sysmon_tui.tui.widgets.fields import Fields
from sysmon_tui.tui.widgets.frame_table import FrameTable
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.widgets.run_errors import RunErrors

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.monitor import Monitor

_RUNS = 30
_FAILED = ("FAILED", "ERROR", "TIMED_OUT")

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
    Column("task_key", "task", 16, flex=1),
    Column("status", "status", 11, "status"),
    Column("start_time", "started", 14, "second", rank=2),
    Column("duration_seconds", "took", 7, "duration_s", rank=2),
    Column("execution_seconds", "running", 7, "duration_s", rank=4),
    Column("termination_code", "why", 18, "reason", flex=1, rank=3),
    Column("run_id", "task run", 16, rank=5),
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
    without = ("jump",)

    def __init__(self, session: Session, row: pl.DataFrame) -> None:
        super().__init__(session, row)
        zone = session.zone.key
        self._tasks = AnswerTable(_TASKS, ("run_id",), zone=zone, things="tasks", id="tasks")
        self._history = AnswerTable(
            _HISTORY, ("workspace_id", "run_id"), zone=zone, things="runs", id="history"
        )
        self._errors = RunErrors()
        self._durations = Line(Text(" The job's last runs"), classes="section")

    def heading(self) -> Text:
        return status_heading(self.text("status"), self.text("workflow_name"))

    def body(self) -> ComposeResult:
        yield Fields(self.row, _FIELDS, self.session.zone.key)
        yield self._errors
        yield Line(Text(" Tasks"), classes="section")
        yield self._tasks
        yield self._durations
        yield self._history

    async def fetch(self, monitor: Monitor, fresh: bool) -> None:
        workspace_id, started = str(self.value("workspace_id")), self.value("start_time")
        if self.session.has_api and self.value("status") in _FAILED:
            self._explain(monitor, workspace_id)
        if isinstance(started, datetime):
            tasks = await monitor.run_tasks(
                workspace_id, str(self.value("run_id")), near=started, fresh=fresh
            )
            self._tasks.show_answer(tasks, none="This run has shown no tasks.")
        else:
            self._tasks.say("− UNKNOWN", "When this run began is not known, so its tasks can't be found.")  # noqa: RUF001
        history = await monitor.job_history(workspace_id, str(self.value("job_id")), limit=_RUNS, fresh=fresh)
        self._history.show_answer(history, none="The job has shown no other runs in thirty days.")
        self._durations.tell(_durations(history.frame))

    @work(group="load-errors", exclusive=True)
    async def _explain(self, monitor: Monitor, workspace_id: str) -> None:
        ended = self.value("end_time")
        told = await monitor.run_failures(
            workspace_id, str(self.value("run_id")), ended if isinstance(ended, datetime) else None
        )
        self._errors.tell(told)

    def on_frame_table_opened(self, event: FrameTable.Opened) -> None:
        event.stop()
        if event.table is self._history:
            self.app.push_screen(RunScreen(self.session, event.row))


def _durations(runs: pl.DataFrame) -> Text:
    """How long each took, oldest first, failed ones in red; the table below says it in words."""
    newest_first = list(runs.select("duration_seconds", "status").iter_rows())
    line = bars([int(seconds or 0) for seconds, _ in reversed(newest_first)])
    text = Text(f" The job's last {len(newest_first)} runs  took ")
    for block, (_, status) in zip(line, reversed(newest_first), strict=True):
        text.append(block, style="red" if tone(status or "") == "bad" else "cyan")
    return text.append(" newest")
