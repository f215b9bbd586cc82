"""A warehouse: its figures, what it did over the window, its events, and its queries with the bad ones first."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll

from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.screens.detail import Detail, status_heading
from sysmon_tui.tui.screens.query import QueryScreen
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.answer_table import AnswerTable
from sysmon_tui.tui.widgets.fields import Fields
from sysmon_tui.tui.widgets.frame_table import FrameTable
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.widgets.state_bar import StateBar
from sysmon_tui.tui.words import number_words, window_words

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.views.answer import Answer

# More than anybody reads below one warehouse; the Queries tab has all.
_QUERIES = 1000

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
_QUERY_COLUMNS = (
    Column("end_time", "ended", 14, "second"),
    Column("status", "status", 10, "status"),
    Column("total_duration_ms", "took", 7, "duration_ms"),
    Column("waiting_at_capacity_duration_ms", "queued", 7, "duration_ms", rank=3),
    Column("user_email", "user", 14, flex=1, rank=2),
    Column("error_message", "error", 16, flex=2, rank=2),
    Column("statement_text", "statement", 16, flex=3, rank=4),
)


class WarehouseScreen(Detail):
    without = ()
    AUTO_FOCUS: ClassVar[str | None] = "#warehouse-queries"
    DEFAULT_CSS = """
    WarehouseScreen .facts { height: auto; max-height: 14; scrollbar-size-vertical: 1; }
    WarehouseScreen.-low .facts { max-height: 6; }
    WarehouseScreen AnswerTable { min-height: 3; }
    """

    def __init__(self, session: Session, row: pl.DataFrame) -> None:
        super().__init__(session, row)
        zone = session.zone.key
        self._bar = StateBar(session, deleted=self.value("state") == "DELETED")
        self._events = AnswerTable(
            _EVENTS,
            ("event_time", "event_type", "cluster_count"),
            zone=zone,
            things="events",
            id="warehouse-events",
        )
        self._queries = AnswerTable(
            _QUERY_COLUMNS,
            ("workspace_id", "statement_id"),
            zone=zone,
            things="queries",
            id="warehouse-queries",
        )
        self._queries_title = Line(classes="section")

    def heading(self) -> Text:
        return status_heading(
            self.text("state", "unknown"), self.text("warehouse_name", self.text("warehouse_id"))
        )

    def body(self) -> ComposeResult:
        with VerticalScroll(classes="facts"):
            yield Fields(self.row, _FIELDS, self.session.zone.key)
        yield self._bar
        yield self._queries_title
        yield self._queries
        window = window_words(self.session.hours)
        yield Line(Text(f" Events, last {window} and the state before (tab)"), classes="section")
        yield self._events

    async def fetch(self, monitor: Monitor, fresh: bool) -> None:
        await asyncio.gather(self._fetch_events(monitor, fresh), self._fetch_queries(monitor, fresh))

    async def _fetch_events(self, monitor: Monitor, fresh: bool) -> None:
        events = await monitor.warehouse_events(
            str(self.value("warehouse_id")), hours=self.session.hours, fresh=fresh
        )
        self._bar.show(events)
        self._events.show_answer(events, none="The warehouse has shown no event in the window.")

    async def _fetch_queries(self, monitor: Monitor, fresh: bool) -> None:
        queries = await monitor.queries(
            warehouse_id=str(self.value("warehouse_id")),
            hours=self.session.hours,
            limit=_QUERIES,
            fresh=fresh,
        )
        self._queries_title.tell(Text(_title(queries)))
        self._queries.show_answer(
            _bad_ones_first(queries), none="No query has ended on the warehouse in the window."
        )

    def on_frame_table_opened(self, event: FrameTable.Opened) -> None:
        event.stop()
        if event.table is self._queries:
            from sysmon_tui.tui import tasks  # noqa: PLC0415 (polars: there are rows)

            row = tasks.opened_from(event.row, self.row, self.tenant)
            self.app.push_screen(QueryScreen(self.session, row))


def _title(queries: Answer) -> str:
    """Of how many queries, because the worst of the newest need not be the worst of all."""
    if queries.state in ("denied", "failed"):
        return " Queries"
    shown, total = queries.frame.height, queries.total
    newest = f" of the {number_words(shown)} newest" if shown < total else ""
    return f" Queries: {number_words(total)}, failed and slow ones first{newest} (tab)"


def _bad_ones_first(queries: Answer) -> Answer:
    import polars as pl  # noqa: PLC0415 (only once there are rows)

    failed = pl.col("status") == "FAILED"
    return replace(
        queries,
        frame=queries.frame.sort(
            failed, "total_duration_ms", descending=True, nulls_last=True, maintain_order=True
        ),
    )
