"""The state of the tenant in one word, and what stands behind it. What has been answered is shown before the rest."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal

from sysmon_tui.datasets.states import FAILED_RUN_STATES
from sysmon_tui.services import asking
from sysmon_tui.threads import in_daemon_thread
from sysmon_tui.tui import screens
from sysmon_tui.tui.columns import ALERT_KEY, TENANT, Column
from sysmon_tui.tui.marks import STYLES, marked, tone
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.base import Question, Tab
from sysmon_tui.tui.widgets.answer_table import AnswerTable
from sysmon_tui.tui.widgets.cost import cost_text
from sysmon_tui.tui.widgets.frame_table import FrameTable
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.widgets.source_lines import SourceLines
from sysmon_tui.tui.widgets.tile import Tile
from sysmon_tui.tui.words import PAUSED, clock_words, window_words

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.everywhere import Listings
    from sysmon_tui.tui.last_rows import LastRows

_FAILURE_KEY = ("kind", "workspace_id", "id")
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
# Title, word for what failed, and which states of what Monitor.counts counts have failed.
_TILES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "workflows": ("Runs", "failed", FAILED_RUN_STATES),
    "queries": ("Queries", "failed", ("FAILED",)),
    "warehouses": ("Warehouses", "failed", ()),
    "logins": ("Logins", "failed", ("failed_login",)),
}
# Counted are its events, not the warehouses; there are no failed ones to draw, a failed start is a pair of them.
_BY_EVENTS = "warehouses"
# What the health document rests on: counted while it is made, no statement more. The others come after it.
_FIRST = ("workflows", "queries")
# Whose failures the list below the alerts shows, by the table that they are read from.
_FAILING = {"job_run_timeline": "runs", "query_history": "queries"}


class HealthTab(Tab):
    has_alerts = True
    DEFAULT_CSS = """
    HealthTab .health-tiles { height: 4; }
    """

    def __init__(self, session: Session, name: str) -> None:
        super().__init__(session, name)
        self._verdict = Line(classes="verdict")
        self._tiles = {
            kind: Tile(session, title, failed, chart_failed=kind != _BY_EVENTS)
            for kind, (title, failed, _) in _TILES.items()
        }
        zone = session.zone.key
        self._alerts = AnswerTable(_ALERTS, ALERT_KEY, zone=zone, things="alerts", id="health-alerts")
        self._failures = AnswerTable(
            _FAILURES, _FAILURE_KEY, zone=zone, things="failures", id="health-failures"
        )
        self._sources = SourceLines(session)
        self._cost = Line(classes="cost")
        self._health: dict[str, Any] | None = None
        self._failures_known: dict[str, list[dict[str, Any]]] = {}
        # When the last session read what is shown, until this one has.
        self._last_read: datetime | None = None

    def compose(self) -> ComposeResult:
        yield self._verdict
        with Horizontal(classes="health-tiles"):
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

    async def fetch(self, monitor: Listings, question: Question, fresh: bool) -> None:
        self._fetch_first(monitor, fresh)
        health = await monitor.health(fresh=fresh)
        if self.session.last_rows is not None:
            self.session.last_rows.keep_document("health", health)
        self._last_read = None
        self._show(health)
        self.post_message(self.Firing(health["alerts"]["total_alerts"]))
        self._tiles[_BY_EVENTS].show(health["summary"][_BY_EVENTS])
        await self._show_cost()
        self._fetch_rest(monitor, fresh)

    def _show(self, health: dict[str, Any]) -> None:
        self._health = health
        self._show_alerts(health["alerts"]["alerts"])
        self._show_failures(health["recent_failures"], health["sources"])

    async def _show_cost(self) -> None:
        """Of one tenant: what several cost is in the status of each."""
        if self.session.every_tenant:
            self._cost.display = False
            return
        monitor = await self.session.monitor(self.session.tenant)
        self._cost.display = monitor.pace.bills
        if monitor.pace.bills:
            self._cost.tell(cost_text(monitor.meter))

    async def show_last(self, last: LastRows) -> None:
        health = await in_daemon_thread(lambda: last.document("health"))
        if health is None or self._answered is not None:
            return
        self._last_read = datetime.fromisoformat(health["fetched_at"])
        self._show(health)

    @work(group="load-first", exclusive=True)
    async def _fetch_first(self, monitor: Listings, fresh: bool) -> None:
        """Beside the health document: what of it is there before all of it is."""
        with asking.of_panel("health"):
            await asyncio.gather(
                *(self._fetch_tile(monitor, kind, fresh) for kind in _FIRST), self._fetch_failures(monitor)
            )

    @work(group="load-chart", exclusive=True)
    async def _fetch_rest(self, monitor: Listings, fresh: bool) -> None:
        """After the health document: statements that it does not rest on."""
        with asking.of_panel("health"):
            await asyncio.gather(
                *(self._fetch_tile(monitor, kind, fresh) for kind in _TILES if kind not in _FIRST),
                *(self._fetch_yesterday(monitor, kind) for kind in _TILES),
            )

    async def _fetch_tile(self, monitor: Listings, kind: str, fresh: bool) -> None:
        from sysmon_tui.views import health  # noqa: PLC0415 (polars, only once there are rows)

        if kind == _BY_EVENTS and self.session.low_bandwidth:
            return
        counts = await monitor.counts(kind, hours=_HOURS, fresh=fresh)
        tile = self._tiles[kind]
        if kind != _BY_EVENTS:
            known = counts.state not in ("denied", "failed")
            tile.show(health.tally_of(counts.frame, _TILES[kind][2]) if known else health.UNKNOWN_TALLY)
        if not self.session.low_bandwidth:
            tile.show_counts(counts)

    async def _fetch_yesterday(self, monitor: Listings, kind: str) -> None:
        self._tiles[kind].show_yesterday(await monitor.yesterday(kind))

    async def _fetch_failures(self, monitor: Listings) -> None:
        if self._answered is None:
            self._show_failures(await monitor.recent_failures(), None)

    def _show_alerts(self, alerts: list[dict[str, Any]]) -> None:
        from sysmon_tui.tui.frames import frame_of  # noqa: PLC0415 (polars, only once there are rows)

        if alerts:
            self._alerts.show(frame_of(alerts))
            self._alerts.say()
        else:
            self._alerts.forget()  # no key means a row that is no more
            self._alerts.say("✓ NO ALERTS", "Nothing fires.", STYLES["good"])

    def _show_failures(
        self, failures: dict[str, list[dict[str, Any]]], sources: dict[str, dict[str, Any]] | None
    ) -> None:
        """Without `sources` nobody knows yet what it means that there are none."""
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
        self._failures_known = failures
        if rows:
            self._failures.show(frame_of(rows))
            self._failures.say()
        elif sources is None:
            return
        elif blind := [things for table, things in _FAILING.items() if sources[table]["state"] != "fresh"]:
            self._failures.say(
                "? NOT KNOWN", f"Whether {' and '.join(blind)} fail can't be read; see below.", STYLES["warn"]
            )
        else:
            self._failures.forget()
            self._failures.say("✓ NO FAILURES", "No failed run or query in the last 24 h.", STYLES["good"])

    def forget(self) -> None:
        super().forget()
        self._health = self._last_read = None
        self._failures_known = {}
        every = (TENANT,) if self.session.every_tenant else ()
        self._alerts.forget()
        self._alerts.use((*every, *_ALERTS), (*(one.name for one in every), *ALERT_KEY))
        self._failures.forget()
        self._failures.use((*every, *_FAILURES), (*(one.name for one in every), *_FAILURE_KEY))
        for tile in self._tiles.values():
            tile.forget()
        self._sources.forget()

    def stop(self) -> None:
        super().stop()
        for group in ("load-first", "load-chart"):
            self.workers.cancel_group(self, group)

    # Words

    def say_loading(self) -> None:
        self._alerts.say("» LOADING", "Asking for the alerts …")
        self._failures.say("» LOADING", "Asking for the newest failures …")

    def say_trouble(self, sentence: str) -> None:
        if self._health is None:
            self._alerts.say("✗ NO ANSWER", sentence, STYLES["bad"])
            self._failures.say("✗ NO ANSWER", "See above.")

    def say_paused(self) -> None:
        self._alerts.say("PAUSED", self.session.with_keys(PAUSED))
        self._failures.say("PAUSED", "Nothing has been asked here yet.")

    def tell(self) -> None:
        health = self._health
        if health is None:
            word = "failed" if self.trouble else "unknown"
            self._verdict.tell(
                Text(f" {marked(word).upper()} ", style="bold").append(self.trouble or " nothing known yet")
            )
            return
        self._sources.tell(health["sources"], awaits_warehouse=self.awaits_warehouse)
        now = self.session.seen_at
        if self._last_read is not None:
            self._verdict.tell(self._last_session_text(health, self._last_read, now))
            return
        style = f"bold reverse {STYLES[tone(health['status'])].replace('bold ', '')}"
        fetched = clock_words(datetime.fromisoformat(health["fetched_at"]), self.session.zone, now)
        text = Text().append(f"  {marked(health['status']).upper()}  ", style=style)
        text.append(f"  {_firing(health['alerts'])}", style="bold")
        self._verdict.tell(text.append(f" · {window_words(_HOURS)} to {fetched}"))

    def _last_session_text(self, health: dict[str, Any], read: datetime, now: datetime) -> Text:
        """The word of then is none for now."""
        at = clock_words(read, self.session.zone, now)
        text = Text().append(f"  {marked('unknown').upper()}  ", style=f"bold reverse {STYLES['warn']}")
        text.append(f"  below is the last session, read at {at}: then {health['status']}")
        return text.append(f" · {self.trouble}" if self.trouble else " · asking …")

    def on_resize(self) -> None:
        self.tell()

    def take_focus(self) -> None:
        self._alerts.focus()

    @property
    def main_table(self) -> FrameTable:
        return self._failures if self._failures.has_focus else self._alerts

    @property
    def alert_row(self) -> pl.DataFrame | None:
        return None if self._failures.has_focus else self._alerts.row

    def on_frame_table_opened(self, event: FrameTable.Opened) -> None:
        event.stop()
        if event.table is self._alerts:
            self.app.push_screen(screens.AlertScreen(self.session, event.row), self.follow)
        else:
            self._open_failure(event.row.row(0, named=True))

    def _open_failure(self, failure: dict[str, Any]) -> None:
        from sysmon_tui.tui.frames import frame_of  # noqa: PLC0415 (polars, only once there are rows)

        is_run = failure["kind"] == "run"
        listed, id_name = ("workflows", "run_id") if is_run else ("queries", "statement_id")
        screen = screens.RunScreen if is_run else screens.QueryScreen
        key = (failure.get("tenant"), failure["workspace_id"], failure["id"])
        for row in self._failures_known[listed]:
            if (row.get("tenant"), row["workspace_id"], row[id_name]) == key:
                self.app.push_screen(screen(self.session, frame_of([row])))
                return


def _failure(kind: str, row: dict[str, Any], name: str, id_name: str, why: str) -> dict[str, Any]:
    whose = {"tenant": row["tenant"]} if "tenant" in row else {}
    return {
        **whose,
        "kind": kind,
        "workspace_id": row["workspace_id"],
        "id": row[id_name],
        "end_time": row["end_time"],
        "status": row["status"],
        "name": row[name],
        "why": row["error_message"] or row[why],
        "url": row.get("url"),
    }


def _firing(alerts: dict[str, Any]) -> str:
    """What fires by severity, and how many rules can't be evaluated: those are no peace."""
    parts = [f"{count} {severity}" for severity, count in alerts["by_severity"].items() if count]
    unknown = sum(1 for alert in alerts["alerts"] if alert["state"] == "unknown")
    told = f"firing: {', '.join(parts)}" if parts else "no alert fires"
    return f"{told}, {unknown} unknown" if unknown else told
