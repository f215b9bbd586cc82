"""Finished statements, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.screens.query import QueryScreen
from sysmon_tui.tui.tabs.base import Question
from sysmon_tui.tui.tabs.list_tab import ListTab

if TYPE_CHECKING:
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.views.answer import Answer


class QueriesTab(ListTab):
    things = "queries"
    detail = QueryScreen
    key = ("workspace_id", "statement_id")
    counts = "queries"
    can_fail_only = True
    columns = (
        Column("end_time", "ended", 11, "minute"),
        Column("status", "status", 10, "status"),
        Column("user_email", "user", 16, flex=1, rank=2),
        Column("total_duration_ms", "took", 7, "duration_ms", rank=3),
        Column("error_class", "error", 12, flex=1, rank=4, fallback="error_message"),
        Column("statement_text", "statement", 16, flex=3, rank=2),
        Column("warehouse_name", "warehouse", 14, rank=5, fallback="warehouse_id"),
        Column("waiting_at_capacity_duration_ms", "queued", 7, "duration_ms", rank=6),
        Column("read_bytes", "read", 10, "bytes", rank=7),
        Column("spilled_local_bytes", "spilled", 10, "bytes", rank=8),
        Column("statement_type", "type", 8, rank=9),
        Column("statement_id", "id", 12, rank=10),
    )

    async def ask(self, monitor: Monitor, question: Question, fresh: bool) -> Answer:
        ask = monitor.failed_queries if question.failed_only else monitor.queries
        return await ask(hours=question.hours, limit=self.session.row_limit, fresh=fresh)
