"""A tab of one table, with its chart, filter and status lines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult

from sysmon_tui.text import one_line
from sysmon_tui.threads import in_daemon_thread
from sysmon_tui.tui.columns import TENANT, Column
from sysmon_tui.tui.kept import TabKept
from sysmon_tui.tui.screens.detail import Detail
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.base import Question, Tab
from sysmon_tui.tui.widgets.answer_table import AnswerTable
from sysmon_tui.tui.widgets.count_chart import CountChart
from sysmon_tui.tui.widgets.filter_line import FilterLine
from sysmon_tui.tui.widgets.frame_table import FrameTable
from sysmon_tui.tui.words import PAUSED, counted_words, number_words, window_words
from sysmon_tui.views import filter_language
from sysmon_tui.views.filter_language import FilterError

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.everywhere import Listings
    from sysmon_tui.tui.last_rows import LastRows
    from sysmon_tui.views.answer import Answer

_UNKNOWN = ("denied", "failed")


class ListTab(Tab):
    """`dataset` is what the filter language calls its rows; `counts` those of the chart over it, if any."""

    is_list = True
    things: ClassVar[str]
    dataset: ClassVar[str]
    columns: tuple[Column, ...]
    key: ClassVar[tuple[str, ...]]
    counts: ClassVar[str | None] = None
    detail: ClassVar[type[Detail]]

    def __init__(self, session: Session, name: str) -> None:
        super().__init__(session, name)
        self.table = AnswerTable(self.columns, self.key, zone=session.zone.key, things=self.things)
        self.filter_line = FilterLine(filter_language.fields(self.dataset))
        self.answer: Answer | None = None
        self._wanted: filter_language.Filter | None = None
        # What the last session saw, by the name of its rows, until the source has answered.
        self._last: dict[str, Answer] = {}
        charted = self.counts is not None and not session.low_bandwidth
        self._chart = CountChart(session, self.things) if charted else None

    def compose(self) -> ComposeResult:
        if self._chart is not None:
            yield self._chart
        yield self.table
        yield self.filter_line
        yield self.status

    async def ask(self, monitor: Listings, question: Question, fresh: bool) -> Answer:
        raise NotImplementedError

    def none_words(self, question: Question) -> str:
        """The sentence for a trusted answer without rows."""
        failed = "failed " if question.failed_only else ""
        return f"No {failed}{self.things} in the last {window_words(question.hours)}."

    async def fetch(self, monitor: Listings, question: Question, fresh: bool) -> None:
        if self._chart is not None and self.counts is not None:
            counts = partial(monitor.counts, self.counts, hours=question.hours, fresh=fresh)
            self._draw(self._chart, counts)
        answer = await self.ask(monitor, question, fresh)
        if self.session.last_rows is not None:
            self.session.last_rows.keep(self.name_of_rows, answer)
        self._show(answer, question)

    def _show(self, answer: Answer, question: Question) -> None:
        last = self._last.get(self.name_of_rows)
        if answer.state == "failed" and not answer.frame.height and last is not None:
            # What was known in the last session is more than nothing; the reason says why there is no more.
            # Not where access is denied: what a person may not see any more is not shown either.
            answer = replace(last, reason=f"{answer.reason} {last.reason}")
        elif answer.state != "failed" and answer is not last:
            self._last.clear()
        self.answer = answer
        self.table.show_answer(answer, none=self.none_words(question))

    @property
    def name_of_rows(self) -> str:
        """By which the rows of this tab are found in the next session."""
        return f"{self.id}-failed" if self.failed_only else str(self.id)

    async def show_last(self, last: LastRows) -> None:
        answer = await in_daemon_thread(lambda: last.answer(self.name_of_rows))
        if answer is None or self._answered is not None:
            return
        self._last[self.name_of_rows] = answer
        self._show(answer, self.question())

    @work(group="load-chart", exclusive=True)
    async def _draw(self, chart: CountChart, counts: Callable[[], Awaitable[Answer]]) -> None:
        chart.show(await counts())

    def stop(self) -> None:
        super().stop()
        self.workers.cancel_group(self, "load-chart")

    def forget(self) -> None:
        super().forget()
        self.answer = None
        self._last.clear()
        self.table.forget()
        every = self.session.every_tenant
        self.table.use(
            (TENANT, *self.columns) if every else self.columns, ("tenant", *self.key) if every else self.key
        )

    # Words

    def say_loading(self) -> None:
        self.table.say(
            "» LOADING", f"Asking for {self.things} of the last {window_words(self.session.hours)} …"
        )

    def say_trouble(self, sentence: str) -> None:
        if self.answer is None:
            self.table.say("✗ NO ANSWER", sentence, "bold red")

    def say_paused(self) -> None:
        self.table.say("PAUSED", self.session.with_keys(PAUSED))

    def tell(self) -> None:
        self.status.tell(self.answer, rows=self._rows_words(), asking=self.asking_words, trouble=self.trouble)

    def _rows_words(self) -> str:
        if self.answer is None or self.answer.state in _UNKNOWN:  # no rows are known, not none
            return ""
        loaded, total, shown = self.table.loaded, self.answer.total, self.table.shown
        parts = []
        if self.table.filter_text:
            parts.append(f"{number_words(shown)} of ")
        newest = f"{number_words(loaded)} newest of " if loaded < total else ""
        parts.append(f"{newest}{counted_words(total, self.things)}")
        if self.answer.window.hours != self.session.hours:
            parts.append(f", last {window_words(self.answer.window.hours)}")
        if self._answered is not None and self._answered.failed_only:
            parts.append(" · failed only")
        if self.table.filter_text:
            parts.append(f" · filter “{one_line(self.table.filter_text, 30)}”")
        if self.table.sorted_by:
            parts.append(f" · by {self.table.sorted_by}")
        return "".join(parts)

    # Filter

    def filter(self, text: str) -> None:
        """Keep the rows that pass; what can't be understood is said under the line, and the last good one holds."""
        if text != self.filter_line.input.value:
            self.filter_line.set_text(text)
        self._apply(text)

    def _apply(self, text: str) -> None:
        try:
            wanted = filter_language.parsed(text, self.dataset)
        except FilterError as error:
            self.filter_line.tell(error.message, error.column)
            return
        self.filter_line.tell()

        def keep(schema: Mapping[str, pl.DataType]) -> pl.Expr:
            from sysmon_tui.views import filters  # noqa: PLC0415 (polars, only once there are rows)

            return filters.matching(wanted, schema, self.session.seen_at, self.session.zone)

        narrows = self._wanted is not None and wanted.narrows(self._wanted)
        self._wanted = wanted
        self.table.filter_by(
            "" if wanted.is_empty else text.strip(), None if wanted.is_empty else keep, narrows=narrows
        )
        self.tell()

    def restore(self, left: TabKept) -> None:
        super().restore(left)
        if left.sort is not None:
            self.table.sort(left.sort, left.descending)
        if left.filter is not None:
            self.filter(left.filter)
            self.filter_line.close()

    def left_with(self) -> TabKept:
        kept = super().left_with()
        kept.filter = self.table.filter_text or None
        if self.table.sorting is not None:
            kept.sort, kept.descending = self.table.sorting
        return kept

    def open_filter(self) -> None:
        saved = self.session.saved_filters(str(self.id))
        self.filter_line.open([(one.name, one.filter) for one in saved])

    def clear_filter(self) -> None:
        self.filter("")
        self.filter_line.close()
        self.take_focus()

    def on_filter_line_written(self, event: FilterLine.Written) -> None:
        event.stop()
        if event.text == self.filter_line.input.value:  # else more has been typed since
            self._apply(event.text)

    def on_filter_line_left(self, event: FilterLine.Left) -> None:
        event.stop()
        if self.filter_line.is_wrong:  # it filters nothing, and goes on saying so
            return
        self.filter_line.close()
        self.take_focus()

    def with_words(self, frame: pl.DataFrame, words: str) -> pl.DataFrame:
        """The rows of the frame that show the words in any text of theirs."""
        from sysmon_tui.views import filters  # noqa: PLC0415 (polars, only once there are rows)

        wanted = filter_language.parsed(filter_language.quoted(words), self.dataset)
        return frame.filter(filters.matching(wanted, frame.schema, self.session.seen_at, self.session.zone))

    # Keys

    @property
    def main_table(self) -> FrameTable:
        return self.table

    def take_focus(self) -> None:
        self.table.focus()

    def on_frame_table_opened(self, event: FrameTable.Opened) -> None:
        event.stop()
        self.open_row(event.row)

    def open_row(self, row: pl.DataFrame) -> None:
        self.app.push_screen(self.detail(self.session, row), self.follow)

    def on_frame_table_arranged(self, event: FrameTable.Arranged) -> None:
        event.stop()
        self.tell()
