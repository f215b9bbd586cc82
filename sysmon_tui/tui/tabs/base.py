"""What tabs have in common: they ask when they are in sight, and say what they show and how old it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from sysmon_tui.errors import SysmonError
from sysmon_tui.text import one_line
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.screens.alert import Jump
from sysmon_tui.tui.screens.detail import Detail
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.answer_table import AnswerTable
from sysmon_tui.tui.widgets.count_chart import CountChart
from sysmon_tui.tui.widgets.filter_line import FilterLine
from sysmon_tui.tui.widgets.frame_table import FrameTable
from sysmon_tui.tui.widgets.status_lines import StatusLines
from sysmon_tui.tui.words import number_words, window_words

if TYPE_CHECKING:
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.views.answer import Answer


@dataclass(frozen=True)
class Question:
    """What the rows in sight answer, or will."""

    tenant: str | None
    hours: float
    failed_only: bool = False


class Tab(Vertical):
    """`fetch` asks and shows; the rest decides when."""

    can_fail_only: ClassVar[bool] = False

    class Followed(Message):
        """From an alert to the rows behind it."""

        def __init__(self, jump: Jump) -> None:
            super().__init__()
            self.jump = jump

    class Firing(Message):
        """How many alerts fire, as just read."""

        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

    def __init__(self, session: Session, name: str) -> None:
        super().__init__(id=name)
        self.session = session
        self.failed_only = False
        self.status = StatusLines(session)
        self._asking: Question | None = None
        self._answered: Question | None = None
        self._answered_at_s = 0.0
        self.trouble = ""

    def question(self) -> Question:
        return Question(self.session.tenant, self.session.hours, self.failed_only)

    async def fetch(self, monitor: Monitor, question: Question, fresh: bool) -> None:
        """Ask the monitor and put the answer on the screen."""
        raise NotImplementedError

    def tell(self) -> None:
        """Say again what is shown and how old it is."""
        raise NotImplementedError

    def say_loading(self) -> None:
        """Words for the time before the first answer."""
        raise NotImplementedError

    def say_trouble(self, sentence: str) -> None:
        """Words for a tenant that cannot even be asked."""
        raise NotImplementedError

    def say_paused(self) -> None:
        """Words for a tab that has never asked and may not now."""
        raise NotImplementedError

    def take_focus(self) -> None:
        raise NotImplementedError

    def filter(self, containing: str) -> None:
        """Keep the rows that show this text. Tabs without a list have nothing to filter."""

    def follow(self, left_with: object) -> None:
        """What a detail view was left with: nothing, or the way to other rows."""
        if isinstance(left_with, Jump):
            self.post_message(self.Followed(left_with))

    # When to ask

    def came_in_sight(self) -> None:
        self.take_focus()
        if self.due and not self.session.paused:
            self.load()
        elif self._answered is None and self._asking is None:
            self.say_paused()
        self.tell()

    @property
    def due(self) -> bool:
        age_s = self.session.runtime.clock.monotonic_s() - self._answered_at_s
        return self._answered != self.question() or age_s >= self.session.refresh_s

    def load(self, *, fresh: bool = False) -> None:
        """Ask, unless the same is being asked already."""
        question = self.question()
        if self._asking == question and not fresh:
            return
        self._asking = question
        if self._answered is None:
            self.say_loading()
        self._load(question, fresh)
        self.tell()

    @work(group="load", exclusive=True)
    async def _load(self, question: Question, fresh: bool) -> None:
        try:
            await self.fetch(await self.session.monitor(), question, fresh)
        except SysmonError as error:
            self.trouble = one_line(error.sentence if hasattr(error, "sentence") else str(error))
            self.say_trouble(self.trouble)
        else:
            self.trouble = ""
            self._answered = question
            self._answered_at_s = self.session.runtime.clock.monotonic_s()
        self._asking = None
        self.tell()

    def stop(self) -> None:
        """Wait for nothing any more: what runs for this tab alone is cancelled."""
        self.workers.cancel_group(self, "load")
        self._asking = None

    def forget(self) -> None:
        """Another tenant: nothing that is shown holds any longer."""
        self.stop()
        self._answered = None
        self.trouble = ""

    @property
    def asking_words(self) -> str:
        """What is awaited, when it is not just the same again."""
        if self._asking is None or self._asking == self._answered:
            return ""
        return f"asking for the last {window_words(self._asking.hours)} …"


class ListTab(Tab):
    """A tab of one table, with a chart over it where there are counts."""

    things: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]]
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
        if self.answer is None:
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
