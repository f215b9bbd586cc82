"""All and failed over the window, a line of blocks each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rich.text import Text

from sysmon_tui.limits import COUNT_BUCKETS, count_bucket_s
from sysmon_tui.text import one_line
from sysmon_tui.tui.bars import NOT_ARRIVED, bars, buckets
from sysmon_tui.tui.marks import STYLES, tone
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.words import number_words

if TYPE_CHECKING:
    from sysmon_tui.views.answer import Answer

_LABEL = 9


class CountChart(Line):
    """Two lines: the first counts all, the second what failed."""

    def __init__(self, noun: str) -> None:
        super().__init__(Text("\n"), classes="count-chart")
        self._noun = noun
        self._answer: Answer | None = None

    def show(self, answer: Answer) -> None:
        self._answer = answer
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        answer = self._answer
        if answer is None or self.size.width == 0:
            return
        text = Text()
        if answer.state in ("denied", "failed"):
            text.append(f" No chart: {one_line(answer.reason or answer.state)}\n", style=STYLES["dim"])
            self.tell(text)
            return
        room = min(COUNT_BUCKETS + 1, self.size.width - 2 * _LABEL - 8)
        for label, failed_only, style in ((self._noun, False, "cyan"), ("failed", True, "red")):
            values = count_columns(answer, room, failed_only=failed_only)
            total, top = sum(value or 0 for value in values), max((value or 0 for value in values), default=0)
            text.append(f" {label:<{_LABEL}}").append(bars(values), style=style)
            text.append(f" {number_words(total)}", style="bold").append(f", top {number_words(top)}")
            text.append("" if failed_only else "\n")
        if NOT_ARRIVED in text.plain:
            text.append(f"  {NOT_ARRIVED} not arrived", style=STYLES["dim"])
        self.tell(text)


def count_columns(answer: Answer, columns: int, *, failed_only: bool) -> list[int | None]:
    """An answer of Monitor.counts as one sum per screen column."""
    window = answer.window
    counts = answer.frame.select("bucket_start", "status", "count").iter_rows()
    return buckets(
        [(at, count) for at, status, count in counts if not failed_only or tone(status or "") == "bad"],
        start=window.start,
        end=window.end,
        bucket=timedelta(seconds=count_bucket_s(window.hours)),
        arrived=answer.as_of,
        columns=columns,
    )
