"""Under a tab: how old the rows are, how many there are, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from sysmon_tui.text import one_line
from sysmon_tui.tui.marks import STYLES, tone
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.lines import Line, state_text
from sysmon_tui.tui.words import age_words, clock_words

if TYPE_CHECKING:
    from sysmon_tui.views.answer import Answer

_NOT_UP = {"warehouse_starting": "starting", "warehouse_asleep": "asleep"}
_TROUBLED = ("stale", "denied", "failed")


class StatusLines(Vertical):
    """Two lines, and the reason in full when there is one."""

    def __init__(self, session: Session) -> None:
        super().__init__(classes="status-lines")
        self._session = session
        self._age, self._rows = Line(), Line()
        self._reason = Static(markup=False, classes="reason")
        self._told_reason = ("", "")

    def compose(self) -> ComposeResult:
        yield self._reason
        yield self._age
        yield self._rows

    def on_mount(self) -> None:
        self._reason.display = False

    def tell(self, answer: Answer | None, *, rows: str = "", asking: str = "", trouble: str = "") -> None:
        """`rows` is told as it is; `asking` says what is awaited, `trouble` why there is no answer at all."""
        if answer is None:
            self._tell_reason(trouble, "failed")
            self._age.tell(state_text("failed") if trouble else Text(f" {asking or 'nothing loaded'}"))
        else:
            # Without rows the table itself says it.
            said_here = answer.state in _TROUBLED and answer.frame.height > 0
            reason = (answer.reason or "") if said_here else ""
            self._tell_reason(trouble or reason, "failed" if trouble else answer.state)
            self._age.tell(self._age_text(answer, asking))
        self._rows.tell(Text(f" {rows}"))

    def _age_text(self, answer: Answer, asking: str) -> Text:
        session = self._session
        now = session.seen_at
        word = _NOT_UP.get(answer.code or "", answer.state) if answer.state == "failed" else answer.state
        text = Text(" ").append_text(state_text(word))
        if answer.as_of is None:
            text.append(" · no data seen")
        else:
            age = age_words((now - answer.as_of).total_seconds())
            ago = (
                f"{age} old at {clock_words(now, session.zone, now, zone_name=False)}"
                if session.paused
                else f"{age} ago"
            )
            text.append(f" · data until {clock_words(answer.as_of, session.zone, now)}, {ago}")
        text.append(f" · fetched {clock_words(answer.fetched_at, session.zone, now, zone_name=False)}")
        if asking:
            text.append(f" · {asking}", style="bold")
        return text

    def _tell_reason(self, reason: str, state: str) -> None:
        told = (one_line(reason), STYLES[tone(state)] if reason else "")
        if (
            told != self._told_reason
        ):  # an update lays the screen out anew, which repaints the bars of its tables
            self._told_reason = told
            self._reason.display = bool(reason)
            self._reason.update(Text(told[0], style=told[1]))
