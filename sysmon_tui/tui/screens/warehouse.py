"""A warehouse: its figures, and its events over the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult

from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.screens.detail import Detail, status_heading
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.answer_table import AnswerTable
from sysmon_tui.tui.widgets.fields import Fields
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.words import window_words

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.monitor import Monitor

_FIELDS = (
    Column("live_state", "now (API)", 0, "status"),
    Column("warehouse_size", "size", 0),
    Column("warehouse_type", "type", 0),
    Column("cluster_count", "clusters", 0, "count"),
    Column("starts", "starts", 0, "count"),
    Column("stops", "stops", 0, "count"),
    Column("failures", "failed starts", 0, "count"),
    Column("scale_ups", "scaled up", 0, "count"),
    Column("scale_downs", "scaled down", 0, "count"),
    Column("uptime_seconds", "up", 0, "duration_s"),
    Column("cluster_seconds", "clusters up", 0, "duration_s"),
    Column("busy_seconds", "busy", 0, "duration_s"),
    Column("idle_seconds", "idle", 0, "duration_s"),
    Column("utilization", "busy share", 0, "share"),
    Column("queued_seconds", "queued", 0, "duration_s"),
    Column("queries", "queries", 0, "count"),
    Column("failed_queries", "failed", 0, "count"),
    Column("start_latency_p50_seconds", "to start, half", 0, "duration_s"),
    Column("warehouse_id", "warehouse", 0),
    Column("workspace_id", "workspace", 0),
    Column("url", "link", 0, flex=1),
)
_EVENTS = (
    Column("event_time", "time", 14, "second"),
    Column("event_type", "event", 14, "status", flex=1),
    Column("cluster_count", "clusters", 8, "count"),
)


class WarehouseScreen(Detail):
    def __init__(self, session: Session, row: pl.DataFrame) -> None:
        super().__init__(session, row)
        self._events = AnswerTable(
            _EVENTS,
            ("event_time", "event_type", "cluster_count"),
            zone=session.zone.key,
            things="events",
            id="warehouse-events",
        )

    def heading(self) -> Text:
        return status_heading(
            self.text("state", "unknown"), self.text("warehouse_name", self.text("warehouse_id"))
        )

    def body(self) -> ComposeResult:
        yield Fields(self.row, _FIELDS, self.session.zone.key)
        yield Line(
            Text(f" Events, last {window_words(self.session.hours)} and the state before"), classes="section"
        )
        yield self._events

    async def fetch(self, monitor: Monitor, fresh: bool) -> None:
        events = await monitor.warehouse_events(
            str(self.value("warehouse_id")), hours=self.session.hours, fresh=fresh
        )
        self._events.show_answer(events, none="The warehouse has shown no event in the window.")
