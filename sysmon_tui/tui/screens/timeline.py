"""The timeline of an alert: what failed and what was changed before it, likely causes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.widgets import Static

from sysmon_tui.errors import SysmonError
from sysmon_tui.text import one_line
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import STYLES
from sysmon_tui.tui.screens.detail import Detail, status_heading
from sysmon_tui.tui.screens.event import EventScreen
from sysmon_tui.tui.screens.query import QueryScreen
from sysmon_tui.tui.screens.run import RunScreen
from sysmon_tui.tui.screens.warehouse import WarehouseScreen
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.answer_table import AnswerTable
from sysmon_tui.tui.widgets.frame_table import FrameTable
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.widgets.time_lanes import Axis, Lane, TimeLanes
from sysmon_tui.tui.words import clock_words

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.views.incident import Timeline

_COLUMNS = (
    Column("cause", "cause", 8),
    Column("time", "time", 14, "second"),
    Column("kind", "kind", 9, rank=4),
    Column("status", "status", 14, "status", rank=5),
    Column("what", "what", 24, flex=3),
    Column("why", "why it may be the cause", 24, flex=3, rank=3),
    Column("who", "who", 16, flex=1, rank=6),
)
# Each lane with its kinds and the part of the answer it comes from.
_LANES = (
    ("failures", ("run", "denied"), "runs"),
    ("queries", ("query",), "queries"),
    ("warehouse", ("warehouse",), "warehouse"),
    ("changes", ("change",), "audit"),
    ("logins", ("login",), "audit"),
)
_CAUSES_TOLD = 3


class TimelineScreen(Detail):
    """`row` is one of the alerts."""

    DEFAULT_CSS = """
    TimelineScreen .causes { height: auto; max-height: 7; padding: 0 1; }
    TimelineScreen .parts { height: auto; max-height: 3; padding: 0 1; }
    """
    without = ()

    def __init__(self, session: Session, row: pl.DataFrame) -> None:
        super().__init__(session, row)
        self._lanes = TimeLanes(session.zone, len(_LANES))
        self._causes = Static(Text(" What was changed before it …"), classes="causes", markup=False)
        self._parts = Static(Text(), classes="parts", markup=False)
        self._table = AnswerTable(
            _COLUMNS, ("kind", "id", "time", "what"), zone=session.zone.key, things="events", id="timeline"
        )
        self._timeline: Timeline | None = None

    def heading(self) -> Text:
        return status_heading(self.text("state"), self.text("title"))

    def body(self) -> ComposeResult:
        yield self._lanes
        yield self._causes
        yield self._parts
        yield Line(Text(" All in time order, likely causes first"), classes="section")
        yield self._table

    async def fetch(self, monitor: Monitor, fresh: bool) -> None:
        try:
            timeline = await monitor.timeline(self.row.row(0, named=True), fresh=fresh)
        except SysmonError as error:
            self._causes.update(Text())
            self._table.say("✗ NO ANSWER", one_line(error.sentence), STYLES["bad"])
            return
        self._timeline = timeline
        self._lanes.show(_axis(timeline), _lanes(timeline))
        self._causes.update(self._told_causes(timeline))
        self._parts.update(self._told_parts(timeline))
        self._table.show_answer(
            replace(timeline, frame=_with_causes(timeline.frame)), none="Nothing was seen."
        )

    def _told_causes(self, timeline: Timeline) -> Text:
        """The likeliest in full sentences, which no column has room for."""
        if timeline.frame.is_empty():
            return Text()
        rows = timeline.frame.select("likely", "time", "why", "who").drop_nulls("likely").rows()
        if not rows:
            return Text(
                one_line(str(timeline.extra["verdict"]) or "What caused it can't be told."), style="bold"
            )
        text = Text()
        for rank, at, why, who in rows[:_CAUSES_TOLD]:
            text.append("\n" if text else "").append(f"likely {rank}  ", style=STYLES["bad"])
            text.append(f"{at.astimezone(self.session.zone):%H:%M}  {one_line(why)}")
            text.append(f" ({one_line(who, 60)})" if who else "", style=STYLES["dim"])
        if len(rows) > _CAUSES_TOLD:
            text.append(f"\n{len(rows) - _CAUSES_TOLD} more below", style=STYLES["dim"])
        return text

    def _told_parts(self, timeline: Timeline) -> Text:
        """How far each table has come; before it, what is missing."""
        text, zone = Text(), self.session.zone
        if timeline.frame.height and timeline.reason:
            text.append(f"{one_line(timeline.reason)}\n", style=STYLES["warn"])
        known = [
            f"{part} {clock_words(datetime.fromisoformat(until), zone, timeline.fetched_at, zone_name=False)}"
            for part, until in timeline.extra["data_until"].items()
            if until
        ]
        return text.append(f"Data until: {', '.join(known)}" if known else "", style=STYLES["dim"])

    def on_frame_table_opened(self, event: FrameTable.Opened) -> None:
        event.stop()
        kind, workspace_id, row_id = event.row.select("kind", "workspace_id", "id").row(0)
        timeline = self._timeline
        if kind == "alert" or timeline is None:
            self.app.notify("That is the alert itself: esc goes back to it.", markup=False)
        elif kind == "warehouse":
            self._open_warehouse(workspace_id, row_id)
        elif kind == "run":
            self._push(RunScreen, timeline.details["run"], run_id=row_id, workspace_id=workspace_id)
        elif kind == "query":
            self._push(QueryScreen, timeline.details["query"], statement_id=row_id, workspace_id=workspace_id)
        else:
            self._push(
                EventScreen, timeline.details["audit"], event_id=row_id, event_time=event.row.item(0, "time")
            )

    def _push(self, screen: type[Detail], rows: pl.DataFrame, **key: Any) -> None:
        """Ids may be absent: then nothing else tells the rows apart than being without one."""
        import polars as pl  # noqa: PLC0415 (its rows are there, so polars is)

        from sysmon_tui.tui import tasks  # noqa: PLC0415 (the same)

        found = rows.filter(pl.col(name).eq_missing(pl.lit(value)) for name, value in key.items())
        if found.is_empty():
            self.app.notify("This row has no more to it.", markup=False)
            return
        self.app.push_screen(screen(self.session, tasks.opened_from(found.head(1), self.row, self.tenant)))

    @work(group="open", exclusive=True)
    async def _open_warehouse(self, workspace_id: str, warehouse_id: str) -> None:
        try:
            monitor = await self.session.monitor(self.tenant)
            answer = await monitor.warehouses(hours=self.session.hours, warehouse_id=warehouse_id)
        except SysmonError as error:
            self.app.notify(one_line(error.sentence), severity="error", markup=False)
            return
        if answer.frame.is_empty() and answer.reason:
            self.app.notify(one_line(answer.reason), severity="error", markup=False)
            return
        self._push(WarehouseScreen, answer.frame, warehouse_id=warehouse_id, workspace_id=workspace_id)


def _axis(timeline: Timeline) -> Axis:
    start, end, began = (datetime.fromisoformat(timeline.extra[name]) for name in ("start", "end", "began"))
    return Axis(start, end, began)


def _lanes(timeline: Timeline) -> list[Lane]:
    rows = [
        row
        for row in timeline.frame.select("kind", "status", "time", "likely").rows()
        if row[1] != "SUCCEEDED"
    ]
    lanes = []
    for title, kinds, part in _LANES:
        until = timeline.extra["data_until"].get(part)
        lanes.append(
            Lane(
                title,
                [cast(datetime, at) for kind, _, at, _ in rows if kind in kinds],
                [cast(datetime, at) for kind, _, at, likely in rows if kind in kinds and likely is not None],
                datetime.fromisoformat(until) if until else None,
                timeline.extra["missing"].get(part, ""),
                part in timeline.extra["data_until"],
            )
        )
    return lanes


def _with_causes(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 (its rows are there, so polars is)

    return frame.with_columns(cause=pl.format("likely {}", "likely").fill_null(""))
