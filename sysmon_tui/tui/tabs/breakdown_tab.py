"""A list that a key swaps for figures of its whole window, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.base import Question
from sysmon_tui.tui.tabs.list_tab import ListTab
from sysmon_tui.tui.widgets.breakdown import Breakdown, Section
from sysmon_tui.tui.words import PAUSED, window_words

if TYPE_CHECKING:
    from sysmon_tui.services.everywhere import Listings


@dataclass(frozen=True)
class Figures(Question):
    """What the breakdown answers: never equal to what the list does, so that each is asked when it comes in sight."""


class BreakdownTab(ListTab):
    can_break_down = True

    def __init__(self, session: Session, name: str) -> None:
        super().__init__(session, name)
        self._breakdown = Breakdown(session, self.sections())
        self._breakdown.display = False

    def sections(self) -> Sequence[Section]:
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        for widget in super().compose():
            yield widget
            if widget is self.table:
                yield self._breakdown

    @property
    def is_broken_down(self) -> bool:
        return self._breakdown.display

    def toggle_breakdown(self) -> None:
        self._swap(not self.is_broken_down)
        self._turned()

    def show_rows(self, filter_text: str) -> None:
        """Back to the list, and of it the failed rows that pass: enter on a figure."""
        self.failed_only = self.can_fail_only
        self.filter(filter_text)
        self._turned()

    def _swap(self, to_figures: bool) -> None:
        self._breakdown.display = to_figures
        for widget in (self.table, self._chart):
            if widget is not None:
                widget.display = not to_figures
        if to_figures:
            self.filter_line.close()

    def _turned(self) -> None:
        self.take_focus()
        if self._asking not in (None, self.question()):
            self.stop()
        if self.due:
            self.load()
        self.tell()

    # What a list does otherwise while it is broken down

    def question(self) -> Question:
        if self.is_broken_down:
            return Figures(self.session.tenant, self.session.hours)
        return super().question()

    async def fetch(self, monitor: Listings, question: Question, fresh: bool) -> None:
        if isinstance(question, Figures):
            await self._breakdown.fetch(monitor, question.hours, fresh)
        else:
            await super().fetch(monitor, question, fresh)

    def forget(self) -> None:
        super().forget()
        self._breakdown.forget()

    def say_loading(self) -> None:
        super().say_loading()
        self._breakdown.say_loading()

    def say_trouble(self, sentence: str) -> None:
        super().say_trouble(sentence)
        self._breakdown.say("✗ NO ANSWER", sentence, "bold red")

    def say_paused(self) -> None:
        super().say_paused()
        self._breakdown.say("PAUSED", self.session.with_keys(PAUSED))

    def tell(self) -> None:
        if not self.is_broken_down:
            super().tell()
            return
        answer = self._breakdown.answer
        window = window_words(self.session.hours if answer is None else answer.window.hours)
        back = self.session.with_keys("{back}: the rows again")
        words = f"figures of the last {window} · tab: next list · {back}"
        self.status.tell(answer, rows=words, asking=self.asking_words, trouble=self.trouble)

    def take_focus(self) -> None:
        if self.is_broken_down:
            self._breakdown.take_focus()
        else:
            super().take_focus()

    def filter(self, text: str) -> None:
        """A filter is one of rows: they come in sight again."""
        self._swap(to_figures=False)
        super().filter(text)

    def open_filter(self) -> None:
        if self.is_broken_down:
            self.toggle_breakdown()
        super().open_filter()

    def clear_filter(self) -> None:
        if self.is_broken_down:
            self.toggle_breakdown()
        else:
            super().clear_filter()
