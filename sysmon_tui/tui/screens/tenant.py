"""The choice of a tenant."""

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
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.lines import KeyLine, Line


class TenantScreen(ModalScreen[str | None]):
    """Answers the chosen tenant's name, None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("choice")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._names = list(session.runtime.config.tenants)

    def compose(self) -> ComposeResult:
        tenants = self._session.runtime.config.tenants
        with Vertical(classes="choice"):
            yield Line(Text(" Which tenant?", style="bold"))
            yield OptionList(
                *(
                    Option(
                        Text(
                            f"{'●' if name == self._session.tenant else ' '} {one_line(name, 40)}  "
                            f"{one_line(tenant.environment or 'no environment', 20)}, {tenant.source}"
                        )
                    )
                    for name, tenant in tenants.items()
                ),
                markup=False,
            )
            yield KeyLine(footer(("choice",)))

    def on_mount(self) -> None:
        if self._session.tenant in self._names:
            self.query_one(OptionList).highlighted = self._names.index(self._session.tenant)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._names[event.option_index])

    def action_leave(self) -> None:
        self.dismiss(None)
