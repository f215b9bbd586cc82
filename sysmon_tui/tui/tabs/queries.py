"""Finished statements, newest first; why they failed and where their time went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text
from textual import work
from textual.app import ComposeResult

from sysmon_tui.text import one_line
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import STYLES
from sysmon_tui.tui.screens.query import QueryScreen
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.base import Question
from sysmon_tui.tui.tabs.breakdown_tab import BreakdownTab, Figures
from sysmon_tui.tui.widgets.breakdown import SHARE_CELLS, Section, share_bar
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.words import number_words
from sysmon_tui.views.filter_language import quoted

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.everywhere import Listings
    from sysmon_tui.views.answer import Answer

_ERRORS = (
    Column("failures", "failed", 7, "count", tone="bad"),
    Column("error_class", "error class", 24, flex=2),
    Column("users", "users", 5, "count", rank=2),
    Column("last_failure", "newest", 11, "minute"),
    Column("last_message", "newest message", 16, flex=3, rank=3),
)
_TIMES = (
    Column("part", "part of the time", 19),
    Column("sum_ms", "in sum", 8, "duration_ms"),
    Column("share", "share", 7, "share"),
    Column("p95_ms", "p95", 8, "duration_ms"),
    Column("bar", "", SHARE_CELLS, rank=9),
)
_SLOWEST = 100
# The line of error classes is for screens that have a line to spare.
_LARGE = (120, 40)
_CLASSES_SAID = 3
_CLASS_CHARS = 40


class QueriesTab(BreakdownTab):
    DEFAULT_CSS = "QueriesTab .error-classes { height: 1; }"
    things = "queries"
    dataset = "queries"
    detail = QueryScreen
    key = ("workspace_id", "statement_id")
    counts = "queries"
    can_fail_only = True
    columns = (
        Column("end_time", "ended", 11, "minute"),
        Column("total_duration_ms", "took", 7, "duration_ms"),
        Column("status", "status", 10, "status"),
        Column("user_email", "user", 16, flex=1, rank=2),
        Column("error_class", "error", 12, flex=1, rank=4, fallback="error_message"),
        Column("statement_text", "statement", 16, flex=3, rank=2),
        Column("warehouse_name", "warehouse", 14, rank=5, fallback="warehouse_id"),
        Column("waiting_at_capacity_duration_ms", "queued", 7, "duration_ms", rank=6),
        Column("read_bytes", "read", 10, "bytes", rank=7),
        Column("spilled_local_bytes", "spilled", 10, "bytes", rank=8),
        Column("statement_type", "type", 8, rank=9),
        Column("statement_id", "id", 12, rank=10),
    )

    def __init__(self, session: Session, name: str) -> None:
        super().__init__(session, name)
        self._error_line = Line(classes="error-classes")
        self._error_line.display = False
        self._has_errors = False

    def compose(self) -> ComposeResult:
        for widget in super().compose():
            if widget is self.table:
                yield self._error_line
            yield widget

    def sections(self) -> Sequence[Section]:
        return (
            Section(
                name="error-classes",
                things="error classes",
                columns=_ERRORS,
                key=("error_class",),
                ask=_errors,
                caption=_errors_caption,
                none="No query failed",
                opened=self._show_class,
            ),
            Section(
                name="times",
                things="times of queries",
                columns=_TIMES,
                key=("part",),
                ask=_times,
                caption=_times_caption,
                none="No query ended",
                opened=lambda row: None,
                lines=6,
            ),
            Section(
                name="slowest-queries",
                things="slowest queries",
                columns=self.columns,
                key=self.key,
                ask=lambda monitor, hours, fresh: monitor.slowest_queries(
                    hours=hours, limit=_SLOWEST, fresh=fresh
                ),
                caption=lambda answer: f"slowest queries: {number_words(answer.frame.height)}",
                none="No query ended",
                opened=self.open_row,
            ),
        )

    def _show_class(self, row: pl.DataFrame) -> None:
        name = row.item(0, "error_class")
        self.show_rows("error_class=-" if name is None else f"error={quoted(name)}")

    async def ask(self, monitor: Listings, question: Question, fresh: bool) -> Answer:
        ask = monitor.failed_queries if question.failed_only else monitor.queries
        return await ask(hours=question.hours, limit=self.session.row_limit, fresh=fresh)

    # The commonest errors above the list

    async def fetch(self, monitor: Listings, question: Question, fresh: bool) -> None:
        if self._is_large and not isinstance(question, Figures):
            self._tell_errors(monitor, question.hours, fresh)
        await super().fetch(monitor, question, fresh)

    @property
    def _is_large(self) -> bool:
        return self.app.size.width >= _LARGE[0] and self.app.size.height >= _LARGE[1]

    @work(group="load-errors", exclusive=True)
    async def _tell_errors(self, monitor: Listings, hours: float, fresh: bool) -> None:
        """The counts come with the list: only where they have failures is it worth a statement to ask which."""
        counts = await monitor.counts("queries", hours=hours, fresh=fresh)
        self._has_errors = "FAILED" in counts.frame.get_column("status")
        if self._has_errors:
            self._error_line.tell(_commonest(await monitor.query_errors(hours=hours, fresh=fresh)))
        self._lay_out()

    def _lay_out(self) -> None:
        self._error_line.display = self._has_errors and self._is_large and not self.is_broken_down

    def _swap(self, to_figures: bool) -> None:
        super()._swap(to_figures)
        self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    def stop(self) -> None:
        super().stop()
        self.workers.cancel_group(self, "load-errors")

    def forget(self) -> None:
        super().forget()
        self._has_errors = False
        self._lay_out()


async def _errors(monitor: Listings, hours: float, fresh: bool) -> Answer:
    from sysmon_tui.views import breakdown  # noqa: PLC0415 (polars, only once there are rows)

    answer = await monitor.query_errors(hours=hours, fresh=fresh)
    return replace(answer, frame=breakdown.error_classes(answer.frame))


async def _times(monitor: Listings, hours: float, fresh: bool) -> Answer:
    """With a bar for each share."""
    import polars as pl  # noqa: PLC0415 (there are rows)

    answer = await monitor.query_times(hours=hours, fresh=fresh)
    bars = [share_bar(share) for share in answer.frame.get_column("share")]
    return replace(answer, frame=answer.frame.with_columns(pl.Series("bar", bars, pl.String)))


def _times_caption(answer: Answer) -> str:
    # Of all tenants each part stands there once for each.
    ended = answer.frame.filter(answer.frame.get_column("part") == answer.frame.item(0, "part"))
    statements = number_words(int(ended.get_column("statements").sum()))
    return f"where the time went, of queries: {statements}; 95 of 100 stay within p95"


def _errors_caption(answer: Answer) -> str:
    failures = number_words(int(answer.frame.get_column("failures").sum()))
    return f"failed queries by error class: {failures}, commonest first"


def _commonest(errors: Answer) -> Text:
    """` 97 failed: 32 TABLE_OR_VIEW_NOT_FOUND · 9 … · 12 classes more`."""
    from sysmon_tui.views import breakdown  # noqa: PLC0415 (polars, only once there are rows)

    if errors.state in ("denied", "failed"):
        return Text(f" error classes unknown: {one_line(errors.reason or errors.state)}", style=STYLES["dim"])
    classes = breakdown.by_class(errors.frame)
    failures = sum(count for _, count in classes)
    said = [
        f"{number_words(count)} {one_line(name or 'without a class', _CLASS_CHARS)}"
        for name, count in classes[:_CLASSES_SAID]
    ]
    more = len(classes) - len(said)
    if more:
        said.append(f"{more} {'class' if more == 1 else 'classes'} more")
    text = Text(f" {number_words(failures)} failed: ", style=STYLES["bad"])
    return text.append(" · ".join(said), style="not bold")
