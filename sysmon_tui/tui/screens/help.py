"""All keys, from the registry of actions."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from sysmon_tui.tui.actions import bindings, footer, help_rows
from sysmon_tui.tui.bars import NOT_ARRIVED
from sysmon_tui.tui.screens.closing import Closing
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.lines import KeyLine, Line, TopLine

_NOTES = (
    "Times are local, with the zone in the status line. “Data until” is the newest event that the system "
    f"table has shown: what is younger may still arrive, and {NOT_ARRIVED} in a chart marks it. A stale, "
    "denied or failed table says so in words; an empty list never stands for one."
)


class HelpScreen(Closing[None]):
    BINDINGS: ClassVar[list[BindingType]] = bindings("choice")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        yield TopLine(self._session)
        yield Line(Text(" Keys", style="bold"), classes="heading")
        with VerticalScroll(classes="pager"):
            grid = Table.grid(padding=(0, 2, 0, 0))
            grid.add_column(justify="right", min_width=8, no_wrap=True)
            grid.add_column()
            for key, does in help_rows(self._session.rebound):
                grid.add_row(Text(key, style="bold"), Text(does))
            yield Static(Group(grid, Text(f"\n{_NOTES}")), markup=False)
        yield KeyLine(footer(("choice",)), self._session)

    def action_leave(self) -> None:
        self.dismiss(None)
