"""An audit event and what it was asked with."""

from __future__ import annotations

import json

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from sysmon_tui.text import many_lines
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import STYLES
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
)


class EventScreen(Detail):
    """One pager for all of it: a long error would leave none to the parameters."""

    DEFAULT_CSS = """
    EventScreen .pager { padding: 0; }
    EventScreen .whole { height: auto; padding: 0 1; }
    """

    def heading(self) -> Text:
        return status_heading(self.text("status"), self.text("action_name"))

    def body(self) -> ComposeResult:
        with VerticalScroll(classes="pager"):
            yield Fields(self.row, _FIELDS, self.session.zone.key)
            error = self.value("error_message")
            if error:
                yield Line(Text(" Error"), classes="section")
                yield Static(Text(many_lines(str(error)), style=STYLES["bad"]), classes="whole", markup=False)
            yield Line(Text(" Parameters"), classes="section")
            yield Static(
                Text(many_lines(pretty(self.value("request_params")))), classes="whole", markup=False
            )


def pretty(parameters: object) -> str:
    """The parameters a line each, what they hold as JSON text too; a text that was cut is none and stays as it is."""
    if parameters in (None, ""):
        return "(none)"
    try:
        found = json.loads(str(parameters))
        if isinstance(found, dict):
            found = {name: _opened(value) for name, value in found.items()}
        return json.dumps(found, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return str(parameters)


def _opened(value: object) -> object:
    """An object or a list in place of its text: every parameter is a text in the table."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
