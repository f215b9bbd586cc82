"""A tab of one table, with its chart, filter and status lines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.widgets import Input

from sysmon_tui.text import one_line
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.screens.detail import Detail
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.base import Question, Tab
from sysmon_tui.tui.widgets.answer_table import AnswerTable
from sysmon_tui.tui.widgets.count_chart import CountChart
from sysmon_tui.tui.widgets.filter_line import FilterLine
from sysmon_tui.tui.widgets.frame_table import FrameTable
from sysmon_tui.tui.words import number_words, window_words

if TYPE_CHECKING:
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.views.answer import Answer


class ListTab(Tab):
    """A tab of one table, with a chart over it where there are counts."""

    things: ClassVar[str]
    columns: tuple[Column, ...]
    key: ClassVar[tuple[str, ...]]
    counts: ClassVar[str | None] = None
    detail: ClassVar[type[Detail]]

    def __init__(self, session: Session, name: str) -> None:
        super().__init__(session, name)
        self.table = AnswerTable(self.columns, self.key, zone=session.zone.key, things=self.things)
        self.filter_line = FilterLine()
        self.answer: Answer | None = None
        charted = self.counts is not None and not session.low_bandwidth
        self._chart = CountChart(self.things) if charted else None

    def compose(self) -> ComposeResult:
        if self._chart is not None:
            yield self._chart
        yield self.table
        yield self.filter_line
        yield self.status

    async def ask(self, monitor: Monitor, question: Question, fresh: bool) -> Answer:
        raise NotImplementedError

    def none_words(self, question: Question) -> str:
        """The sentence for a trusted answer without rows."""
        failed = "failed " if question.failed_only else ""
        return f"No {failed}{self.things} in the last {window_words(question.hours)}."

    async def fetch(self, monitor: Monitor, question: Question, fresh: bool) -> None:
        if self._chart is not None and self.counts is not None:
            counts = partial(monitor.counts, self.counts, hours=question.hours, fresh=fresh)
            self._draw(self._chart, counts)
        answer = await self.ask(monitor, question, fresh)
        self.answer = answer
        self.table.show_answer(answer, none=self.none_words(question))

    @work(group="load-chart", exclusive=True)
    async def _draw(self, chart: CountChart, counts: Callable[[], Awaitable[Answer]]) -> None:
        chart.show(await counts())

    def stop(self) -> None:
        super().stop()
        self.workers.cancel_group(self, "load-chart")

    def forget(self) -> None:
        super().forget()
        self.answer = None
        self.table.forget()

    # Words

    def say_loading(self) -> None:
        self.table.say(
            "» LOADING", f"Asking for {self.things} of the last {window_words(self.session.hours)} …"
        )

    def say_trouble(self, sentence: str) -> None:
        if self.answer is None:
            self.table.say("✗ NO ANSWER", sentence, "bold red")

    def say_paused(self) -> None:
        self.table.say("PAUSED", "Nothing has been asked here yet. r asks once, space goes on.")

    def tell(self) -> None:
        self.status.tell(self.answer, rows=self._rows_words(), asking=self.asking_words, trouble=self.trouble)

    def _rows_words(self) -> str:
        if self.answer is None or self.answer.state in ("denied", "failed"):  # no rows are known, not none
            return ""
        loaded, total, shown = self.table.loaded, self.answer.total, self.table.shown
        parts = []
        if self.table.containing:
            parts.append(f"{number_words(shown)} of ")
        newest = f"{number_words(loaded)} newest of " if loaded < total else ""
        parts.append(f"{newest}{number_words(total)} {self.things}")
        if self.answer.window.hours != self.session.hours:
            parts.append(f", last {window_words(self.answer.window.hours)}")
        if self._answered is not None and self._answered.failed_only:
            parts.append(" · failed only")
        if self.table.containing:
            parts.append(f" · filter “{one_line(self.table.containing, 30)}”")
        if self.table.sorted_by:
            parts.append(f" · by {self.table.sorted_by}")
        return "".join(parts)

    # Keys

    def take_focus(self) -> None:
        self.table.focus()

    def filter(self, containing: str) -> None:
        self.filter_line.input.value = containing
        self.table.filter(containing)

    def open_filter(self) -> None:
        self.filter_line.open()

    def clear_filter(self) -> None:
        self.filter_line.close()
        self.filter("")
        self.take_focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.table.filter(event.value)

    def on_input_submitted(self) -> None:
        self.filter_line.close()
        self.take_focus()

    def on_frame_table_opened(self, event: FrameTable.Opened) -> None:
        event.stop()
        self.app.push_screen(self.detail(self.session, event.row), self.follow)

    def on_frame_table_arranged(self, event: FrameTable.Arranged) -> None:
        event.stop()
        self.tell()
