"""Figures of a whole window as tables under each other: each asks for itself and has a face of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical

from sysmon_tui.text import one_line
from sysmon_tui.tui.columns import TENANT, Column
from sysmon_tui.tui.marks import STYLES
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.answer_table import AnswerTable
from sysmon_tui.tui.widgets.frame_table import FrameTable
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.words import window_words

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.everywhere import Listings
    from sysmon_tui.views.answer import Answer

SHARE_CELLS = 30


@dataclass(frozen=True)
class Section:
    """`ask` is given the hours and whether to ask anew; `caption` titles an answer; `opened` is enter on a row.

    `none` begins the sentence for a window without rows: "No login was refused". `lines` is a fixed height; the tables
    without one share the rest.
    """

    name: str
    things: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    ask: Callable[[Listings, float, bool], Awaitable[Answer]]
    caption: Callable[[Answer], str]
    none: str
    opened: Callable[[pl.DataFrame], None]
    lines: int | None = None


class Breakdown(Vertical):
    DEFAULT_CSS = """
    Breakdown { height: 1fr; }
    Breakdown FrameTable { min-height: 3; }
    """

    def __init__(self, session: Session, sections: Sequence[Section]) -> None:
        super().__init__()
        self._session = session
        self._parts = [_Part(section, session.zone.key) for section in sections]

    def compose(self) -> ComposeResult:
        for part in self._parts:
            yield part.title
            yield part.table

    @property
    def answer(self) -> Answer | None:
        """The one that is known worst, and of those the oldest: for the line that says how good all this is."""
        from sysmon_tui.views.answer import STATES  # noqa: PLC0415 (polars, only once there are answers)

        def badness(answer: Answer) -> tuple[int, float]:
            return STATES.index(answer.state), inf if answer.lag_seconds is None else answer.lag_seconds

        return max(
            (part.answer for part in self._parts if part.answer is not None), key=badness, default=None
        )

    async def fetch(self, monitor: Listings, hours: float, fresh: bool) -> None:
        """Ask for all at once; each is shown as soon as it is there."""
        await asyncio.gather(*(part.fetch(monitor, hours, fresh) for part in self._parts))

    def take_focus(self) -> None:
        self._parts[0].table.focus()

    def say(self, title: str, sentence: str, style: str = "") -> None:
        """Words in the place of what was never answered."""
        for part in self._parts:
            if part.answer is None:
                part.table.say(title, sentence, style)

    def say_loading(self) -> None:
        for part in self._parts:
            if part.answer is None:
                part.say_loading()

    def forget(self) -> None:
        for part in self._parts:
            part.forget(every_tenant=self._session.every_tenant)

    def on_frame_table_opened(self, event: FrameTable.Opened) -> None:
        event.stop()
        part = next(part for part in self._parts if part.table is event.table)
        part.section.opened(event.row)

    def on_frame_table_arranged(self, event: FrameTable.Arranged) -> None:
        event.stop()


class _Part:
    """A section on the screen."""

    def __init__(self, section: Section, zone: str) -> None:
        self.section = section
        self.answer: Answer | None = None
        self.title = Line(_title(section.things), classes="section")
        self.table = AnswerTable(
            section.columns, section.key, zone=zone, things=section.things, id=section.name
        )
        if section.lines is not None:
            self.table.styles.height = section.lines

    async def fetch(self, monitor: Listings, hours: float, fresh: bool) -> None:
        answer = await self.section.ask(monitor, hours, fresh)
        self.answer = answer
        known = answer.frame.height > 0 and answer.state not in ("denied", "failed")
        self.title.tell(_title(self.section.caption(answer) if known else self.section.things))
        self.table.show_answer(answer, none=f"{self.section.none} in the last {window_words(hours)}.")

    def forget(self, *, every_tenant: bool) -> None:
        section = self.section
        self.answer = None
        self.title.tell(_title(section.things))
        self.table.forget()
        self.table.use(
            (TENANT, *section.columns) if every_tenant else section.columns,
            ("tenant", *section.key) if every_tenant else section.key,
        )
        self.say_loading()

    def say_loading(self) -> None:
        self.table.say("» LOADING", f"Asking for {self.section.things} …")


def _title(words: str) -> Text:
    return Text(f" {one_line(words[:1].upper() + words[1:])}", style=STYLES["dim"])


def share_bar(share: float | None) -> str:
    """Up to SHARE_CELLS blocks, a dot for what is too little for one; nothing where the share is not known."""
    if share is None:
        return ""
    return "█" * round(min(1.0, max(0.0, share)) * SHARE_CELLS) or "·"
