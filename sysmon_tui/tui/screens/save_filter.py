"""Under which name to save a filter."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from sysmon_tui.config.screen import FilterName
from sysmon_tui.text import one_line
from sysmon_tui.tui.screens.closing import Closing
from sysmon_tui.tui.widgets.lines import Line

_WRONG = "A name is 1 to 40 letters, digits, spaces, - or _."


class SaveFilterScreen(Closing[str | None], ModalScreen[str | None]):
    """Answers the name, None when it was left. `filter_text` is shown."""

    # Without an id, so that no rebinding takes it away: every letter that is typed belongs to the name.
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]
    DEFAULT_CSS = """
    SaveFilterScreen { align: center middle; }
    SaveFilterScreen Vertical { width: 70; max-width: 95%; height: auto; background: $panel; padding: 1; }
    SaveFilterScreen Line { height: 1; }
    SaveFilterScreen Input { background: $boost; margin: 0 1; }
    SaveFilterScreen Static { height: auto; padding: 0 1; }
    """

    def __init__(self, filter_text: str) -> None:
        super().__init__()
        self._filter_text = filter_text

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Line(Text(" Save this filter under which name?", style="bold"))
            yield Static(Text(one_line(self._filter_text, 200)), markup=False)
            field = Input(placeholder="a name for it", max_length=40, compact=True)
            field.cursor_blink = False
            yield field
            yield Static(markup=False, id="said")
            yield Line(Text(" enter saves it · esc leaves"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        name = event.value.strip()
        try:
            msgspec.convert(name, FilterName)
        except msgspec.ValidationError:
            self.query_one("#said", Static).update(Text(_WRONG))
        else:
            self.dismiss(name)

    def action_leave(self) -> None:
        self.dismiss(None)
