"""A task of a run: its tries, and of each that failed the error in full with its trace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from sysmon_tui.text import many_lines, one_line
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import STYLES, tone
from sysmon_tui.tui.screens.detail import Detail, status_heading
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.answer_table import AnswerTable
from sysmon_tui.tui.widgets.fields import Fields
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.widgets.run_errors import old_text, unknown_text

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.live import Told
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.sources.live import TaskFailure

_FIELDS = (
    Column("termination_type", "kind", 0),
    Column("execution_seconds", "running", 0, "duration_s"),
    Column("job_run_id", "run", 0),
    Column("run_id", "task run", 0),
)
_TRIES = (
    Column("try", "try", 4, "count"),
    Column("status", "status", 11, "status"),
    Column("start_time", "started", 14, "second"),
    Column("end_time", "ended", 14, "second", rank=4),
    Column("duration_seconds", "took", 7, "duration_s", rank=2),
    Column("execution_seconds", "running", 7, "duration_s", rank=6),
    Column("termination_code", "why", 18, "reason", flex=1, rank=3),
    Column("run_id", "task run", 16, rank=5),
)


class TaskScreen(Detail):
    """`row` is the task's newest try in the columns of tasks.by_task, `run` the job run that it is of."""

    without = ("open",)
    # The trace: the arrows scroll it at once.
    AUTO_FOCUS: ClassVar[str | None] = ".pager"
    DEFAULT_CSS = """
    TaskScreen #tries { height: auto; min-height: 3; max-height: 8; scrollbar-size-horizontal: 0; }
    TaskScreen.-low #tries { max-height: 5; }
    """

    def __init__(self, session: Session, row: pl.DataFrame, run: pl.DataFrame) -> None:
        super().__init__(session, row)
        self._run = run
        self._tries = AnswerTable(_TRIES, ("run_id",), zone=session.zone.key, things="tries", id="tries")
        self._error = Static(Text("Errors: asking the Jobs API …", style=STYLES["dim"]), markup=False)

    def heading(self) -> Text:
        run = one_line(str(self._run.item(0, "workflow_name") or "unnamed"))
        return status_heading(self.text("status"), f"{self.text('task_key')} of {run}")

    def body(self) -> ComposeResult:
        yield Fields(self.row, _FIELDS, self.session.zone.key)
        yield Line(Text(" Tries"), classes="section")
        yield self._tries
        yield Line(Text(" Error and trace"), classes="section")
        with VerticalScroll(classes="pager"):
            yield self._error

    async def fetch(self, monitor: Monitor, fresh: bool) -> None:
        from sysmon_tui.tui import tasks  # noqa: PLC0415 (polars, only once there are rows)

        workspace_id, run_id, started, ended = self._run.select(
            "workspace_id", "run_id", "start_time", "end_time"
        ).row(0)
        answer, told = await asyncio.gather(
            monitor.run_tasks(str(workspace_id), str(run_id), near=started, fresh=fresh),
            monitor.run_failures(str(workspace_id), str(run_id), ended),
        )
        tries = tasks.tries_of(answer.frame, told.value or [], self.value("task_key"))
        self._tries.show_answer(replace(answer, frame=tries), none="The tables show this task no more.")
        numbers = dict(tries.select("run_id", "try").iter_rows())
        self._error.update(self._errors(told, numbers, ended))

    def _errors(
        self, told: Told[list[TaskFailure]], numbers: Mapping[str, int], ended: datetime | None
    ) -> Text:
        """Each try that failed with its error and trace, the newest first. `numbers` are the tries by task run."""
        found = told.value or []
        own = [one for one in found if one.run_id in numbers]
        # A run that failed as a whole has an error that is no task's.
        own = own or [one for one in found if not one.task_key]
        if not own and tone(self.text("status")) != "bad":
            return Text("This task has not failed.", style=STYLES["dim"])
        if not own:
            return unknown_text(told, ended, self.session.seen_at)
        text = old_text(told)
        for one in sorted(own, key=lambda one: numbers.get(one.run_id, 0), reverse=True):
            text.append("\n" if text else "").append(_place(one, numbers), style="bold")
            text.append(f"\n{many_lines(one.message or one.status)}", style=STYLES["bad"])
            text.append(f"\n\n{many_lines(one.trace)}\n" if one.trace else "\n(no trace)\n", STYLES["dim"])
        return text


def _place(failure: TaskFailure, numbers: Mapping[str, int]) -> str:
    number = numbers.get(failure.run_id)
    return f"{'The run as a whole' if number is None else f'Try {number}'}, from the Jobs API"
