"""SQL warehouses: what each is doing, and what it did over the window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text
from textual import work
from textual.app import ComposeResult

from sysmon_tui.services import asking
from sysmon_tui.text import one_line
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import STYLES
from sysmon_tui.tui.screens.warehouse import WarehouseScreen
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.base import Question
from sysmon_tui.tui.tabs.list_tab import ListTab
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.widgets.state_bar import LEGEND, Event, state_cells

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.everywhere import Listings
    from sysmon_tui.views.answer import Answer


_NOW = Column("live_state", "now (API)", 10, "status", rank=2)
_BAR_CELLS = 16
_BAR = "states"
_WAREHOUSE = ("tenant", "workspace_id", "warehouse_id")


class WarehouseTab(ListTab):
    things = "warehouses"
    dataset = "warehouses"
    detail = WarehouseScreen
    key = ("workspace_id", "warehouse_id")
    columns: tuple[Column, ...] = (
        Column("warehouse_name", "warehouse", 14, flex=3, fallback="warehouse_id"),
        Column("state", "state", 10, "status"),
        Column("warehouse_size", "size", 8, flex=1, rank=6),
        Column("cluster_count", "clusters", 8, "count", rank=7),
        Column("starts", "starts", 6, "count", rank=5),
        Column("stops", "stops", 5, "count", rank=9),
        Column("failures", "failed", 6, "count", rank=2, tone="bad"),
        Column("uptime_seconds", "up", 7, "duration_s", rank=5),
        Column("utilization", "busy", 7, "share", rank=2),
        Column("idle_seconds", "idle", 7, "duration_s", rank=4),
        Column("queued_seconds", "queued", 7, "duration_s", rank=3),
        Column(_BAR, "over the window", _BAR_CELLS, rank=3),
        Column("queries", "queries", 7, "count", rank=8),
        Column("failed_queries", "q failed", 8, "count", rank=10, tone="bad"),
        Column("start_latency_p50_seconds", "to start", 8, "duration_s", rank=11),
        Column("warehouse_type", "type", 10, rank=12),
        Column("warehouse_id", "id", 16, rank=13),
        Column("workspace_id", "workspace", 16, rank=14),
    )

    def __init__(self, session: Session, name: str) -> None:
        if session.has_api(session.tenant):
            name_column, state, *others = WarehouseTab.columns
            self.columns = (name_column, state, _NOW, *others)
        super().__init__(session, name)
        self._legend = Line(Text(f" {LEGEND}", style=STYLES["dim"]))
        self._legend.styles.height = 1
        self._events: Answer | None = None

    def compose(self) -> ComposeResult:
        yield self._legend
        yield from super().compose()

    async def ask(self, monitor: Listings, question: Question, fresh: bool) -> Answer:
        """The bars are those of the events that were read before, if any: the figures don't wait for new ones."""
        self._ask_events(monitor, question, fresh)
        return self._with_bars(await monitor.warehouses(hours=question.hours, fresh=fresh))

    @work(group="load-chart", exclusive=True)
    async def _ask_events(self, monitor: Listings, question: Question, fresh: bool) -> None:
        with asking.of_panel("warehouse"):
            self._events = await monitor.warehouse_events(None, hours=question.hours, fresh=fresh)
        if self._events.state in ("denied", "failed"):
            reason = one_line(self._events.reason or self._events.state)
            self._legend.tell(Text(f" No bars: {reason}", style=STYLES["warn"]))
        else:
            self._legend.tell(Text(f" {LEGEND}", style=STYLES["dim"]))
        if self.answer is not None:
            self.answer = self._with_bars(self.answer)
            self.table.show_answer(self.answer, none=self.none_words(question))

    def _with_bars(self, answer: Answer) -> Answer:
        """The answer with a bar of its states for each warehouse."""
        return replace(answer, frame=_with_bars(answer.frame, self._events))

    def forget(self) -> None:
        super().forget()
        self._events = None


def _with_bars(rows: pl.DataFrame, events: Answer | None) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 (only once there are rows)

    if events is None or events.state in ("denied", "failed"):
        return rows.with_columns(pl.lit(None, pl.String).alias(_BAR))
    names = [name for name in _WAREHOUSE if name in rows.columns]
    of_each: dict[tuple[str, ...], list[Event]] = {}
    for *whose, at, word in events.frame.select(*names, "event_time", "event_type").iter_rows():
        of_each.setdefault(tuple(whose), []).append((at, word))
    bars = [
        state_cells(
            of_each.get(tuple(whose), []),
            start=events.window.start,
            end=events.window.end,
            arrived=events.as_of,
            cells=_BAR_CELLS,
            deleted=state == "DELETED",
        )
        for *whose, state in rows.select(*names, "state").iter_rows()
    ]
    return rows.with_columns(pl.Series(_BAR, bars, pl.String))
