"""An audit event and what it was asked with."""

from __future__ import annotations

import json

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from sysmon_tui.text import many_lines
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.screens.detail import Detail, status_heading
from sysmon_tui.tui.widgets.fields import Fields
from sysmon_tui.tui.widgets.lines import Line

_FIELDS = (
    Column("event_time", "time", 0, "instant"),
    Column("status_code", "code", 0, "count"),
    Column("user_email", "user", 0),
    Column("source_ip", "from", 0),
    Column("service_name", "service", 0),
    Column("workspace_id", "workspace", 0),
    Column("event_id", "event", 0),
    Column("user_agent", "client", 0, flex=1),
    Column("error_message", "error", 0, flex=1),
)


class EventScreen(Detail):
    def heading(self) -> Text:
        return status_heading(self.text("status"), self.text("action_name"))

    def body(self) -> ComposeResult:
        yield Fields(self.row, _FIELDS, self.session.zone.key)
        yield Line(Text(" Parameters"), classes="section")
        with VerticalScroll(classes="pager"):
            yield Static(Text(many_lines(_pretty(self.value("request_params")))), markup=False)


def _pretty(parameters: object) -> str:
    """The parameters a line each; a text that was cut is no JSON any more and stays as it is."""
    if parameters in (None, ""):
        return "(none)"
    try:
        return json.dumps(json.loads(str(parameters)), indent=2, ensure_ascii=False)
    except ValueError:
        return str(parameters)
