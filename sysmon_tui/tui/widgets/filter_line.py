"""The one-line filter at the bottom of a tab."""

from __future__ import annotations

from textual.widgets import Input


class FilterLine(Input):
    """Hidden until it is opened. The cursor does not blink: blinking prints two kilobytes a second."""

    def __init__(self) -> None:
        super().__init__(
            placeholder="rows that show this text, in any column · enter keeps · esc clears", compact=True
        )
        self.cursor_blink = False
        self.display = False

    def open(self) -> None:
        self.display = True
        self.focus()

    def close(self) -> None:
        self.display = False
