"""Runs of jobs, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.screens.run import RunScreen
from sysmon_tui.tui.tabs.base import Question
from sysmon_tui.tui.tabs.list_tab import ListTab

if TYPE_CHECKING:
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.views.answer import Answer


class WorkflowsTab(ListTab):
    things = "runs"
    detail = RunScreen
    key = ("workspace_id", "run_id")
    counts = "workflows"
    can_fail_only = True
    columns = (
        Column("start_time", "started", 11, "minute"),
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

    async def ask(self, monitor: Monitor, question: Question, fresh: bool) -> Answer:
        ask = monitor.failed_workflows if question.failed_only else monitor.workflows
        return await ask(hours=question.hours, limit=self.session.row_limit, fresh=fresh)
