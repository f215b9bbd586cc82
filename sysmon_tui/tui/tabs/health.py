"""The state of the tenant in one word, and what stands behind it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.widgets import Static

from sysmon_tui.services import asking
from sysmon_tui.text import one_line
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import STYLES, marked, tone
from sysmon_tui.tui.screens.alert import AlertScreen
from sysmon_tui.tui.screens.query import QueryScreen
from sysmon_tui.tui.screens.run import RunScreen
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.alerts import ALERT_KEY
from sysmon_tui.tui.tabs.base import Question, Tab
from sysmon_tui.tui.widgets.answer_table import AnswerTable
from sysmon_tui.tui.widgets.cost import cost_text
from sysmon_tui.tui.widgets.frame_table import FrameTable
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.widgets.tile import Tile
from sysmon_tui.tui.words import age_words, clock_words, window_words

if TYPE_CHECKING:
    from sysmon_tui.services.monitor import Monitor

# What Monitor.health looks back on; `[` and `]` change the other tabs.
_HOURS = 24.0
_ALERTS = (
    Column("state", "state", 9, "status"),
    Column("severity", "severity", 10, "status"),
    Column("title", "alert", 24, flex=1),
    Column("started_at", "fires since", 11, "minute"),
)
_FAILURES = (
    Column("end_time", "ended", 11, "minute"),
    Column("status", "status", 11, "status"),
    Column("kind", "what", 5, rank=3),
    Column("name", "newest failures", 18, flex=2),
    Column("why", "why", 16, flex=3, rank=2),
)
# Title and word for what failed.
_TILES = {
    "workflows": ("Runs", "failed"),
    "queries": ("Queries", "failed"),
    "warehouses": ("Warehouses", "not started"),
    "audit": ("Audit events", "failed"),
}
# Events of warehouses have no failed ones to draw; a failed start is a pair of them.
_WITHOUT_FAILURES = "warehouses"
# Whose failures the list below the alerts shows, by the table that they are read from.
_FAILING = {"job_run_timeline": "runs", "query_history": "queries"}


class HealthTab(Tab):
    def __init__(self, session: Session, name: str) -> None:
        super().__init__(session, name)
        self._verdict = Line(classes="verdict")
        self._tiles = {
            kind: Tile(*texts, chart_failed=kind != _WITHOUT_FAILURES) for kind, texts in _TILES.items()
        }
        zone = session.zone.key
        self._alerts = AnswerTable(_ALERTS, ALERT_KEY, zone=zone, things="alerts", id="health-alerts")
        self._failures = AnswerTable(
            _FAILURES, ("kind", "workspace_id", "id"), zone=zone, things="failures", id="health-failures"
        )
        self._sources = Static(markup=False, classes="sources")
        self._cost = Line(classes="cost")
        self._health: dict[str, Any] | None = None

    def compose(self) -> ComposeResult:
        yield self._verdict
        with Horizontal(classes="tiles"):
            yield from self._tiles.values()
        with Container(classes="lists"):
            yield self._alerts
            yield self._failures
        yield self._sources
        yield self._cost

    def on_mount(self) -> None:
        self._cost.display = False

    def question(self) -> Question:
        return Question(self.session.tenant, _HOURS)

    async def fetch(self, monitor: Monitor, question: Question, fresh: bool) -> None:
        health = await monitor.health(fresh=fresh)
        self._health = health
        self._cost.display = monitor.pace.bills
        if monitor.pace.bills:
            self._cost.tell(cost_text(monitor.meter))
        for kind, tile in self._tiles.items():
            tile.show(health["summary"][kind])
        self._show_alerts(health["alerts"]["alerts"])
        self.post_message(self.Firing(health["alerts"]["total_alerts"]))
        self._show_failures(health["recent_failures"], health["sources"])
        if not self.session.low_bandwidth:
            self._fetch_counts(monitor, fresh)

    @work(group="load-chart", exclusive=True)
    async def _fetch_counts(self, monitor: Monitor, fresh: bool) -> None:
        with asking.of_panel("health"):
            answers = await asyncio.gather(
                *(monitor.counts(kind, hours=_HOURS, fresh=fresh) for kind in _TILES)
            )
        for tile, answer in zip(self._tiles.values(), answers, strict=True):
            tile.show_counts(answer)

    def _show_alerts(self, alerts: list[dict[str, Any]]) -> None:
        from sysmon_tui.tui.frames import frame_of  # noqa: PLC0415 (polars, only once there are rows)

        if alerts:
            self._alerts.show(frame_of(alerts))
            self._alerts.say()
        else:
            self._alerts.say("✓ NO ALERTS", "Nothing fires.", STYLES["good"])

    def _show_failures(
        self, failures: dict[str, list[dict[str, Any]]], sources: dict[str, dict[str, Any]]
    ) -> None:
        from sysmon_tui.tui.frames import frame_of  # noqa: PLC0415 (polars, only once there are rows)

        rows = [
            *(
                _failure("run", run, "workflow_name", "run_id", "termination_code")
                for run in failures["workflows"]
            ),
            *(
                _failure("query", query, "user_email", "statement_id", "error_class")
                for query in failures["queries"]
            ),
        ]
        rows.sort(key=lambda row: row["end_time"] or "", reverse=True)
        if rows:
            self._failures.show(frame_of(rows))
            self._failures.say()
        elif blind := [things for table, things in _FAILING.items() if sources[table]["state"] != "fresh"]:
            self._failures.say(
                "? NOT KNOWN", f"Whether {' and '.join(blind)} fail can't be read; see below.", STYLES["warn"]
            )
        else:
            self._failures.say("✓ NO FAILURES", "No failed run or query in the last 24 h.", STYLES["good"])

    def forget(self) -> None:
        super().forget()
        self._health = None
        self._alerts.forget()
        self._failures.forget()
        for tile in self._tiles.values():
            tile.forget()
        self._sources.update("")

    def stop(self) -> None:
        super().stop()
        self.workers.cancel_group(self, "load-chart")

    # Words

    def say_loading(self) -> None:
        self._alerts.say("» LOADING", "Asking for the alerts …")
        self._failures.say("» LOADING", "Asking for the newest failures …")

    def say_trouble(self, sentence: str) -> None:
        if self._health is None:
            self._alerts.say("✗ NO ANSWER", sentence, STYLES["bad"])
            self._failures.say("✗ NO ANSWER", "See above.")

    def say_paused(self) -> None:
        self._alerts.say("PAUSED", "Nothing has been asked here yet. r asks once, space goes on.")
        self._failures.say("PAUSED", "Nothing has been asked here yet.")

    def tell(self) -> None:
        health = self._health
        if health is None:
            word = "failed" if self.trouble else "unknown"
            self._verdict.tell(
                Text(f" {marked(word).upper()} ", style="bold").append(self.trouble or " nothing known yet")
            )
            return
        style = f"bold reverse {STYLES[tone(health['status'])].replace('bold ', '')}"
        now = self.session.seen_at
        fetched = clock_words(datetime.fromisoformat(health["fetched_at"]), self.session.zone, now)
        text = Text().append(f"  {marked(health['status']).upper()}  ", style=style)
        text.append(f"  {_firing(health['alerts'])}", style="bold")
        text.append(f" · {window_words(_HOURS)} to {fetched}")
        self._verdict.tell(text)
        self._sources.update(self._source_lines(health["sources"]))

    def _source_lines(self, sources: dict[str, dict[str, Any]]) -> Text:
        from sysmon_tui.datasets.statement import TABLES  # noqa: PLC0415 (brings polars along)

        now = self.session.seen_at
        # On a low screen the alerts need the lines more than the reasons do; each stands in full on its tab.
        room = None if self.screen.has_class("-high") else self.app.size.width - 4
        lines = Text()
        for name, source in sources.items():
            state = source["state"]
            if state == "failed" and self.awaits_warehouse:
                state = "starting"
            lines.append("\n" if lines else "").append(f" {marked(state):<9}", style=STYLES[tone(state)])
            lines.append(f" {TABLES[name]:<34}")
            if source["as_of"] is None:
                lines.append(" no data seen")
            else:
                as_of = datetime.fromisoformat(source["as_of"])
                age = age_words((now - as_of).total_seconds())
                when = clock_words(as_of, self.session.zone, now)
                lines.append(f" data until {when}, {age} {'old' if self.session.paused else 'ago'}")
            if source["reason"] and state != "fresh":
                lines.append(f"\n   {one_line(source['reason'], room)}", style=STYLES[tone(state)])
        return lines

    def on_resize(self) -> None:
        self.tell()

    def take_focus(self) -> None:
        self._alerts.focus()

    def on_frame_table_opened(self, event: FrameTable.Opened) -> None:
        event.stop()
        if event.table is self._alerts:
            self.app.push_screen(AlertScreen(self.session, event.row), self.follow)
        elif self._health is not None:
            kind, workspace_id, row_id = event.row.select("kind", "workspace_id", "id").row(0)
            self._open_failure(self._health["recent_failures"], kind, (workspace_id, row_id))

    def _open_failure(
        self, failures: dict[str, list[dict[str, Any]]], kind: str, key: tuple[str, str]
    ) -> None:
        from sysmon_tui.tui.frames import frame_of  # noqa: PLC0415 (polars, only once there are rows)

        listed, id_name = ("workflows", "run_id") if kind == "run" else ("queries", "statement_id")
        screen = RunScreen if kind == "run" else QueryScreen
        for row in failures[listed]:
            if (row["workspace_id"], row[id_name]) == key:
                self.app.push_screen(screen(self.session, frame_of([row])))
                return


def _failure(kind: str, row: dict[str, Any], name: str, id_name: str, why: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "workspace_id": row["workspace_id"],
        "id": row[id_name],
        "end_time": row["end_time"],
        "status": row["status"],
        "name": row[name],
        "why": row["error_message"] or row[why],
    }


def _firing(alerts: dict[str, Any]) -> str:
    """What fires by severity, and how many rules can't be evaluated: those are no peace."""
    parts = [f"{count} {severity}" for severity, count in alerts["by_severity"].items() if count]
    unknown = sum(1 for alert in alerts["alerts"] if alert["state"] == "unknown")
    told = f"firing: {', '.join(parts)}" if parts else "no alert fires"
    return f"{told}, {unknown} unknown" if unknown else told
