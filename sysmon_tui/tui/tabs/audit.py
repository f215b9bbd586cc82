"""Audit events, newest first; whose logins were refused, and what the security rules found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sysmon_tui.tui.columns import ALERT_KEY, Column
from sysmon_tui.tui.screens.alert import AlertScreen
from sysmon_tui.tui.screens.event import EventScreen
from sysmon_tui.tui.tabs.alerts import ALERT_COLUMNS
from sysmon_tui.tui.tabs.base import Question
from sysmon_tui.tui.tabs.breakdown_tab import BreakdownTab
from sysmon_tui.tui.widgets.breakdown import Section
from sysmon_tui.tui.words import number_words
from sysmon_tui.views.filter_language import quoted

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.everywhere import Listings
    from sysmon_tui.views.answer import Answer


class AuditTab(BreakdownTab):
    things = "events"
    dataset = "audit"
    detail = EventScreen
    key = ("event_id",)
    counts = "audit"
    can_fail_only = True
    columns = (
        Column("event_time", "time", 14, "second"),
        Column("status", "status", 9, "status"),
        Column("status_code", "code", 4, "count", rank=3),
        Column("action_name", "action", 16, flex=1),
        Column("user_email", "user", 16, flex=1),
        Column("source_ip", "from", 15, rank=2),
        Column("service_name", "service", 12, rank=4),
        Column("error_message", "error", 16, flex=2, rank=5),
        Column("workspace_id", "workspace", 16, rank=6),
        Column("event_id", "event", 12, rank=7),
    )

    def sections(self) -> Sequence[Section]:
        return (
            Section(
                name="logins-by-user",
                things="users with refused logins",
                columns=_login_columns("user", "addresses"),
                key=("name",),
                ask=lambda monitor, hours, fresh: monitor.login_failures(by="user", hours=hours, fresh=fresh),
                caption=lambda answer: f"users with refused logins: {_number(answer)}",
                none="No login was refused",
                opened=self._show_user,
            ),
            Section(
                name="logins-by-address",
                things="addresses with refused logins",
                columns=_login_columns("address", "users"),
                key=("name",),
                ask=lambda monitor, hours, fresh: monitor.login_failures(
                    by="address", hours=hours, fresh=fresh
                ),
                caption=lambda answer: f"addresses with refused logins: {_number(answer)}",
                none="No login was refused",
                opened=self._show_address,
            ),
            Section(
                name="detections",
                things="security detections",
                columns=ALERT_COLUMNS,
                key=ALERT_KEY,
                ask=lambda monitor, hours, fresh: monitor.alerts(
                    hours=hours, category="security", fresh=fresh
                ),
                caption=lambda answer: f"security detections: {number_words(answer.total)}",
                none="No security rule fires, and none has fired",
                opened=self._open_alert,
            ),
        )

    def _show_user(self, row: pl.DataFrame) -> None:
        user = row.item(0, "name")
        if user is None:
            self.app.notify("These events name no user.", markup=False)
        else:
            self.show_rows(f"user={quoted(user)}")

    def _show_address(self, row: pl.DataFrame) -> None:
        address = row.item(0, "name")
        if address is None:
            self.app.notify("These events name no address.", markup=False)
        else:
            self.show_rows(_from(address))

    def _open_alert(self, row: pl.DataFrame) -> None:
        self.app.push_screen(AlertScreen(self.session, row), self.follow)

    async def ask(self, monitor: Listings, question: Question, fresh: bool) -> Answer:
        return await monitor.audit(
            hours=question.hours,
            status="failure" if question.failed_only else None,
            limit=self.session.row_limit,
            fresh=fresh,
        )


def _login_columns(name: str, others: str) -> tuple[Column, ...]:
    """`others` are what the names are counted over."""
    return (
        Column("failures", "refused", 8, "count", tone="bad"),
        Column("name", name, 20, flex=1),
        Column("others", others, 9, "count", rank=3),
        Column("last_failure", "newest", 11, "minute"),
        Column("followed", "then in", 7),
        Column("let_in_at", "last in", 11, "minute", rank=2),
    )


def _from(address: str) -> str:
    """The events from an address, whether the log names a port with it or not: the figures leave ports away."""
    plain = quoted(address)
    return f"ip={plain},[{plain}]*" if ":" in address else f"ip={plain},{plain}:*"


def _number(answer: Answer) -> str:
    """How many there are, and how many of them are here."""
    shown, total = answer.frame.height, answer.total
    return number_words(total) + ("" if shown == total else f", here the {number_words(shown)} most refused")
