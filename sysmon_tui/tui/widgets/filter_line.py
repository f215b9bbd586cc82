"""The one-line filter at the bottom of a tab."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from sysmon_tui.tui.widgets.lines import Line

_PLACEHOLDER = "rows that show this text, in any column · enter keeps it · esc clears"


class FilterLine(Horizontal):
    """Hidden until it is opened. The cursor does not blink: blinking prints two kilobytes a second."""

    def __init__(self) -> None:
        super().__init__()
        self.input = Input(placeholder=_PLACEHOLDER, compact=True)
        self.input.cursor_blink = False
        self.display = False

    def compose(self) -> ComposeResult:
        yield Line(Text(" /", style="bold"))
        yield self.input

    def open(self) -> None:
        self.display = True
        self.input.focus()

    def close(self) -> None:
        self.display = False
