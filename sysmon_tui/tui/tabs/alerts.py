"""Alerts: what fires, what can't be known, what has resolved within the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.screens.alert import AlertScreen
from sysmon_tui.tui.tabs.base import Question
from sysmon_tui.tui.tabs.list_tab import ListTab
from sysmon_tui.tui.words import window_words

if TYPE_CHECKING:
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
    Column("rule", "rule", 24, rank=7),
)
ALERT_KEY = ("id", "state", "started_at")


class AlertsTab(ListTab):
    things = "alerts"
    detail = AlertScreen
    key = ALERT_KEY
    columns = ALERT_COLUMNS

    async def ask(self, monitor: Monitor, question: Question, fresh: bool) -> Answer:
        answer = await monitor.alerts(hours=question.hours, fresh=fresh)
        self.post_message(self.Firing(answer.extra["total_alerts"]))
        return answer

    def none_words(self, question: Question) -> str:
        return f"Nothing fires, and nothing has fired in the last {window_words(question.hours)}."
