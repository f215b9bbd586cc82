"""For how long nobody is to be told of an alert."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from sysmon_tui.text import one_line
from sysmon_tui.tui.actions import bindings, footer
from sysmon_tui.tui.screens.closing import Closing
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.lines import KeyLine, Line
from sysmon_tui.tui.words import window_words

_HOURS = (1.0, 4.0, 12.0, 24.0, 168.0)


class SilenceScreen(Closing[float | None], ModalScreen[float | None]):
    """Answers hours, None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("choice")

    def __init__(self, title: str, session: Session) -> None:
        super().__init__()
        self._title = title
        self._session = session

    def compose(self) -> ComposeResult:
        with Vertical(classes="choice"):
            yield Line(Text(f" Silent for how long? {one_line(self._title, 60)}", style="bold"))
            yield OptionList(*(Option(Text(window_words(hours))) for hours in _HOURS), markup=False)
            yield KeyLine(footer(("choice",)), self._session)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(_HOURS[event.option_index])

    def action_leave(self) -> None:
        self.dismiss(None)
