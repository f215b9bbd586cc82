"""The choice of a tenant, or of all of them."""

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
from sysmon_tui.tui.session import EVERY_TENANT, Session
from sysmon_tui.tui.widgets.lines import KeyLine, Line


class TenantScreen(Closing[str | None], ModalScreen[str | None]):
    """Answers the chosen tenant's name, EVERY_TENANT for all, None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("choice")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._names = list(session.runtime.config.tenants)
        if len(self._names) > 1:
            self._names.append(EVERY_TENANT)

    def compose(self) -> ComposeResult:
        with Vertical(classes="choice"):
            yield Line(Text(" Which tenant?", style="bold"))
            yield OptionList(*(Option(Text(self._told(name))) for name in self._names), markup=False)
            yield KeyLine(footer(("choice",)), self._session)

    def _told(self, name: str) -> str:
        mark = "●" if name == self._session.tenant else " "
        config = self._session.config_of(name)
        if config is None:
            return f"{mark} all of them, in one table"
        environment = one_line(config.environment or "no environment", 20)
        return f"{mark} {one_line(name, 40)}  {environment}, {config.source}"

    def on_mount(self) -> None:
        if self._session.tenant in self._names:
            self.query_one(OptionList).highlighted = self._names.index(self._session.tenant)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._names[event.option_index])

    def action_leave(self) -> None:
        self.dismiss(None)
