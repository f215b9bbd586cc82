"""What the detail views have in common: the top line, a title, the way back, and asking for more."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType

from sysmon_tui.errors import SysmonError
from sysmon_tui.text import one_line
from sysmon_tui.tui.actions import Action, bindings, footer
from sysmon_tui.tui.marks import STYLES, marked, tone
from sysmon_tui.tui.screens.closing import Closing
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.lines import KeyLine, Line, TopLine

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.monitor import Monitor


# The app's footer that every detail view has.
_ALWAYS = ("help", "quit", "refresh")


class Detail(Closing[object]):
    """One row in full. `row` is a frame of one row."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("detail")
    # Names of footer actions that mean nothing here.
    without: ClassVar[tuple[str, ...]] = ("open",)
    # Names of the app's own that mean something here.
    also: ClassVar[tuple[str, ...]] = ()

    def __init__(self, session: Session, row: pl.DataFrame) -> None:
        super().__init__()
        self.session = session
        self.row = row
        self.tenant = row.item(0, "tenant") if "tenant" in row.columns else session.tenant

    def value(self, name: str) -> object:
        return self.row.item(0, name)

    def text(self, name: str, otherwise: str = "-") -> str:
        """The field, harmless and on one line."""
        value = self.value(name)
        return one_line(str(value)) if value not in (None, "") else otherwise

    def compose(self) -> ComposeResult:
        yield TopLine(self.session)
        yield Line(self.heading(), classes="heading")
        yield from self.body()
        yield KeyLine(footer(("detail", "table"), self.without) + self._of_the_app(), self.session)

    def _of_the_app(self) -> list[Action]:
        return [action for action in footer(("app",)) if action.name in (*_ALWAYS, *self.also)]

    def heading(self) -> Text:
        raise NotImplementedError

    def body(self) -> ComposeResult:
        raise NotImplementedError

    def on_mount(self) -> None:
        self.load()

    def load(self, *, fresh: bool = False) -> None:
        """Ask for what the row itself does not hold."""
        self._load(fresh)

    @work(group="load", exclusive=True)
    async def _load(self, fresh: bool) -> None:
        try:
            await self.fetch(await self.session.monitor(self.tenant), fresh)
        except SysmonError as error:
            self.app.notify(one_line(error.message), severity="error", markup=False)

    async def fetch(self, monitor: Monitor, fresh: bool) -> None:
        """Views that hold all they show ask nothing."""

    def action_leave(self) -> None:
        self.dismiss(None)


def status_heading(word: str, name: str) -> Text:
    heading = Text().append(f" {marked(word)} ", style=STYLES[tone(word)])
    return heading.append(f" {name}", style="bold")
