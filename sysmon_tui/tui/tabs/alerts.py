"""Alerts: what fires, what can't be known, what has resolved within the window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual import work

from sysmon_tui.errors import SysmonError
from sysmon_tui.paths import user_name
from sysmon_tui.text import one_line
from sysmon_tui.tui.columns import ALERT_KEY, Column
from sysmon_tui.tui.screens.alert import AlertScreen
from sysmon_tui.tui.screens.silence import SilenceScreen
from sysmon_tui.tui.tabs.base import Question
from sysmon_tui.tui.tabs.list_tab import ListTab
from sysmon_tui.tui.words import window_words

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.everywhere import Listings
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.views.answer import Answer

ALERT_COLUMNS = (
    Column("state", "state", 10, "status"),
    Column("severity", "severity", 10, "status"),
    Column("title", "alert", 24, flex=3),
    Column("value", "value", 5, "count", rank=3),
    Column("threshold", "at", 4, "count", rank=4),
    Column("started_at", "fires since", 11, "minute", rank=2),
    Column("resolved_at", "resolved", 11, "minute", rank=5),
    Column("category", "category", 9, rank=6),
    Column("acknowledged_by", "taken by", 12, rank=9),
    Column("silenced_until", "silent to", 11, "minute", rank=8),
    Column("rule", "rule", 24, rank=7),
)


class AlertsTab(ListTab):
    things = "alerts"
    detail = AlertScreen
    dataset = "alerts"
    has_alerts = True
    key = ALERT_KEY
    columns = ALERT_COLUMNS

    @property
    def alert_row(self) -> pl.DataFrame | None:
        return self.table.row

    async def ask(self, monitor: Listings, question: Question, fresh: bool) -> Answer:
        answer = await monitor.alerts(hours=question.hours, fresh=fresh)
        self.post_message(self.Firing(answer.extra["total_alerts"]))
        return answer

    def tell(self) -> None:
        """Also what people were to be told and have not been."""
        super().tell()
        trouble = self._untold()
        if trouble and not self.trouble:
            self.status.tell(self.answer, rows=self._rows_words(), asking=self.asking_words, trouble=trouble)

    def _untold(self) -> str:
        if self.answer is None:
            return ""
        if self.answer.extra["store_reason"]:
            return str(self.answer.extra["store_reason"])
        channels = self.answer.extra["notifications"].items()
        late = [(name, one) for name, one in channels if one.get("dead") or one.get("failed")]
        return "; ".join(
            f"{name}: {one.get('dead', 0)} notices given up, {one.get('failed', 0)} tried again ({one['last_error']})"
            for name, one in late
        )

    # Keys

    def acknowledge(self) -> None:
        self._do(self._acknowledge)

    def silence(self) -> None:
        row = self.table.row
        if row is None:
            return

        def chosen(hours: float | None) -> None:
            if hours is not None:
                self._do(lambda monitor, alert: self._silence(monitor, alert, hours))

        self.app.push_screen(SilenceScreen(str(row.item(0, "title")), self.session), chosen)

    def _do(self, what: Callable[[Monitor, pl.DataFrame], Awaitable[str]]) -> None:
        row = self.table.row
        if row is not None:
            self._work(row, what)

    @work(group="alert")
    async def _work(self, row: pl.DataFrame, what: Callable[[Monitor, pl.DataFrame], Awaitable[str]]) -> None:
        try:
            tenant = row.item(0, "tenant") if "tenant" in row.columns else self.session.tenant
            monitor = await self.session.monitor(tenant)
            said = await what(monitor, row)
        except SysmonError as error:
            said = error.message
        self.app.notify(one_line(said), markup=False)
        self.load()

    async def _acknowledge(self, monitor: Monitor, row: pl.DataFrame) -> str:
        taken = row.item(0, "acknowledged_by") is not None
        done = await monitor.desk.acknowledge(row.item(0, "id"), None if taken else user_name())
        if not done:
            return monitor.desk.trouble or "Only an alert that is open can be taken."
        return "Nobody has it any more." if taken else "It is yours: nobody is reminded of it."

    async def _silence(self, monitor: Monitor, row: pl.DataFrame, hours: float) -> str:
        made = await monitor.desk.silence({"id": row.item(0, "id")}, hours, "from the app", user_name())
        if made is None:
            return monitor.desk.trouble or "The silence could not be kept."
        return f"Silent for {window_words(hours)}: sysmon-tui alerts unsilence {made.id} ends it."

    def none_words(self, question: Question) -> str:
        return f"Nothing fires, and nothing has fired in the last {window_words(question.hours)}."
