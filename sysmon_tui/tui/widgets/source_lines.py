"""A line for each system table: its state, until when it is known, and the reason where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from rich.text import Text
from textual.widgets import Static

from sysmon_tui.text import one_line
from sysmon_tui.tui.marks import STYLES, marked, tone
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.words import age_words, clock_words


class SourceLines(Static):
    DEFAULT_CSS: ClassVar[str] = "SourceLines { height: auto; max-height: 12; background: $surface; }"

    def __init__(self, session: Session) -> None:
        super().__init__(markup=False)
        self._session = session
        self._told = Text()

    def tell(self, sources: Mapping[str, Mapping[str, Any]], *, awaits_warehouse: bool = False) -> None:
        """`sources` of a health document; a table that failed only because the warehouse starts is starting."""
        from sysmon_tui.datasets.statement import TABLES  # noqa: PLC0415 (brings polars along)

        now = self._session.seen_at
        # On a low screen the alerts need the lines more than the reasons do; each stands in full on its tab.
        room = None if self.screen.has_class("-high") else self.app.size.width - 4
        lines = Text()
        for name, source in sources.items():
            state = "starting" if source["state"] == "failed" and awaits_warehouse else source["state"]
            lines.append("\n" if lines else "").append(f" {marked(state):<9}", style=STYLES[tone(state)])
            lines.append(f" {TABLES[name]:<34}{self._until(source['as_of'], now)}")
            if source["reason"] and state != "fresh":
                lines.append(f"\n   {one_line(source['reason'], room)}", style=STYLES[tone(state)])
        if lines.plain != self._told.plain or lines.spans != self._told.spans:
            self._told = lines
            self.update(lines)

    def forget(self) -> None:
        self._told = Text()
        self.update("")

    def _until(self, as_of: str | None, now: datetime) -> str:
        if as_of is None:
            return " no data seen"
        instant = datetime.fromisoformat(as_of)
        age = age_words((now - instant).total_seconds())
        when = clock_words(instant, self._session.zone, now)
        return f" data until {when}, {age} {'old' if self._session.paused else 'ago'}"
