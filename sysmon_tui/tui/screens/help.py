"""All keys, from the registry of actions."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from sysmon_tui.tui.actions import bindings, footer, help_rows
from sysmon_tui.tui.bars import NOT_ARRIVED
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.lines import KeyLine, Line, TopLine

_NOTES = (
    "Times are local, with the zone in the status line. “Data until” is the newest event that the system "
    f"table has shown: what is younger may still arrive, and {NOT_ARRIVED} in a chart marks it. A stale, "
    "denied or failed table says so in words; an empty list never stands for one."
)


class HelpScreen(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = bindings("choice")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        yield TopLine(self._session)
        yield Line(Text(" Keys", style="bold"), classes="heading")
        with VerticalScroll(classes="pager"):
            text = Text()
            for key, does in help_rows():
                text.append(f"{key:>8}  ", style="bold").append(f"{does}\n")
            yield Static(text.append(f"\n{_NOTES}"), markup=False)
        yield KeyLine(footer(("choice",)))

    def action_leave(self) -> None:
        self.dismiss(None)
