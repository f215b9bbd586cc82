"""Audit events, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.screens.event import EventScreen
from sysmon_tui.tui.tabs.base import Question
from sysmon_tui.tui.tabs.list_tab import ListTab

if TYPE_CHECKING:
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.views.answer import Answer


class AuditTab(ListTab):
    things = "events"
    detail = EventScreen
    key = ("event_id",)
    counts = "audit"
    can_fail_only = True
    columns = (
        Column("event_time", "time", 14, "second"),
        Column("status", "status", 9, "status"),
        Column("status_code", "code", 4, "count", rank=3),
        Column("action_name", "action", 16, flex=1),
        Column("user_email", "user", 16, flex=1),
        Column("source_ip", "from", 15, rank=2),
        Column("service_name", "service", 12, rank=4),
        Column("error_message", "error", 16, flex=2, rank=5),
        Column("workspace_id", "workspace", 16, rank=6),
        Column("event_id", "event", 12, rank=7),
    )

    async def ask(self, monitor: Monitor, question: Question, fresh: bool) -> Answer:
        return await monitor.audit(
            hours=question.hours,
            status="failure" if question.failed_only else None,
            limit=self.session.row_limit,
            fresh=fresh,
        )
