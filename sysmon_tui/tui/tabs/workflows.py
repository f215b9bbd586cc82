"""Runs of jobs, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text
from textual import work
from textual.app import ComposeResult

from sysmon_tui.text import one_line
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.screens.run import RunScreen
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.base import Question
from sysmon_tui.tui.tabs.list_tab import ListTab
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.words import age_words, clock_words

if TYPE_CHECKING:
    from sysmon_tui.services.everywhere import Listings
    from sysmon_tui.views.answer import Answer


class WorkflowsTab(ListTab):
    things = "runs"
    dataset = "workflows"
    detail = RunScreen
    key = ("workspace_id", "run_id")
    counts = "workflows"
    can_fail_only = True
    columns = (
        Column("start_time", "started", 11, "minute", rank=2),
        Column("status", "status", 11, "status"),
        Column("workflow_name", "workflow", 18, flex=3),
        Column("duration_seconds", "took", 7, "duration_s", rank=2),
        Column("termination_code", "why", 14, "reason", flex=2, rank=3, fallback="error_message"),
        Column("attempts", "tries", 5, "count", rank=4),
        Column("end_time", "ended", 11, "minute", rank=5),
        Column("trigger_type", "trigger", 10, rank=6),
        Column("run_as", "run as", 20, flex=1, rank=7),
        Column("run_id", "run", 16, rank=8),
        Column("workspace_id", "workspace", 16, rank=9),
    )

    def __init__(self, session: Session, name: str) -> None:
        super().__init__(session, name)
        self._active = Line(classes="active-runs")

    def compose(self) -> ComposeResult:
        yield self._active
        yield from super().compose()

    def on_mount(self) -> None:
        self._active.display = False

    async def fetch(self, monitor: Listings, question: Question, fresh: bool) -> None:
        self._show_active(monitor)
        await super().fetch(monitor, question, fresh)

    @work(group="load-active", exclusive=True)
    async def _show_active(self, monitor: Listings) -> None:
        active = await monitor.active_runs()
        self._active.display = active.state in ("fresh", "stale")
        if self._active.display:
            self._active.tell(_active_text(active, self.session))

    def stop(self) -> None:
        super().stop()
        self.workers.cancel_group(self, "load-active")

    async def ask(self, monitor: Listings, question: Question, fresh: bool) -> Answer:
        ask = monitor.failed_workflows if question.failed_only else monitor.workflows
        return await ask(hours=question.hours, limit=self.session.row_limit, fresh=fresh)


def _active_text(active: Answer, session: Session) -> Text:
    """`running now (Jobs API, 02:41): 3 · nightly_load 12 min · …`: the tables show them late."""
    now = session.seen_at
    read = clock_words(active.fetched_at, session.zone, now, zone_name=False)
    text = Text(f" running now (Jobs API, {read}): ").append(f"{active.total}", style="bold")
    for name, began in active.frame.select("workflow_name", "start_time").head(5).iter_rows():
        age = age_words((now - began).total_seconds()) if isinstance(began, datetime) else ""
        text.append(f" · {one_line(name or 'unnamed', 30)} {age}")
    return text
