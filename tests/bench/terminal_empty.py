"""`python -m tests.bench.terminal_empty`: the least that a Textual app is, to measure ours against.

`x` changes its only line, `q` ends it.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Static


class EmptyApp(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [("x", "change", "change"), ("q", "quit", "quit")]

    def compose(self) -> ComposeResult:
        self._line = Static("hello")
        yield self._line

    def action_change(self) -> None:
        self._line.update("there" if str(self._line.content) == "hello" else "hello")


if __name__ == "__main__":
    EmptyApp().run()
