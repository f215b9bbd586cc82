"""SQL warehouses: what each is doing, and what it did over the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.screens.warehouse import WarehouseScreen
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.base import Question
from sysmon_tui.tui.tabs.list_tab import ListTab

if TYPE_CHECKING:
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.views.answer import Answer


_NOW = Column("live_state", "now (API)", 10, "status", rank=2)


class WarehouseTab(ListTab):
    things = "warehouses"
    detail = WarehouseScreen
    key = ("workspace_id", "warehouse_id")
    columns: tuple[Column, ...] = (
        Column("warehouse_name", "warehouse", 16, flex=3, fallback="warehouse_id"),
        Column("state", "state", 13, "status"),
        Column("warehouse_size", "size", 8, flex=1, rank=4),
        Column("cluster_count", "clusters", 8, "count", rank=5),
        Column("starts", "starts", 6, "count", rank=3),
        Column("stops", "stops", 5, "count", rank=7),
        Column("failures", "failed", 6, "count", rank=2),
        Column("uptime_seconds", "up", 7, "duration_s", rank=3),
        Column("utilization", "busy", 7, "share", rank=2),
        Column("idle_seconds", "idle", 7, "duration_s", rank=6),
        Column("queued_seconds", "queued", 7, "duration_s", rank=6),
        Column("queries", "queries", 7, "count", rank=7),
        Column("failed_queries", "q failed", 8, "count", rank=8),
        Column("start_latency_p50_seconds", "to start", 8, "duration_s", rank=9),
        Column("warehouse_type", "type", 10, rank=10),
        Column("warehouse_id", "id", 16, rank=11),
        Column("workspace_id", "workspace", 16, rank=12),
    )

    def __init__(self, session: Session, name: str) -> None:
        if session.has_api:
            name_column, state, *others = WarehouseTab.columns
            self.columns = (name_column, state, _NOW, *others)
        super().__init__(session, name)

    async def ask(self, monitor: Monitor, question: Question, fresh: bool) -> Answer:
        return await monitor.warehouses(hours=question.hours, fresh=fresh)
