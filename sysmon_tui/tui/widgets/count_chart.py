"""All and failed over the window, a line of blocks each."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.text import Text

from sysmon_tui.text import one_line
from sysmon_tui.tui.bars import NOT_ARRIVED, bars, buckets
from sysmon_tui.tui.marks import STYLES
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.words import number_words

if TYPE_CHECKING:
    from sysmon_tui.views.answer import Answer

# What Monitor.counts divides a window into.
BUCKETS = 96
_LABEL = 9


class CountChart(Line):
    """Two lines: `noun` counts all, the second the `failed` statuses."""

    def __init__(self, noun: str, failed: Collection[str]) -> None:
        super().__init__(Text("\n"), classes="count-chart")
        self._noun = noun
        self._failed = failed
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
        room = min(BUCKETS + 1, self.size.width - 2 * _LABEL - 8)
        for label, statuses, style in ((self._noun, None, "cyan"), ("failed", self._failed, "red")):
            values = count_columns(answer, statuses, room)
            total, top = sum(value or 0 for value in values), max((value or 0 for value in values), default=0)
            text.append(f" {label:<{_LABEL}}").append(bars(values), style=style)
            text.append(f" {number_words(total)}", style="bold").append(f", top {number_words(top)}")
            text.append("\n" if statuses is None else "", style="")
        if NOT_ARRIVED in text.plain:
            text.append(f"  {NOT_ARRIVED} not arrived", style=STYLES["dim"])
        self.tell(text)


def count_columns(answer: Answer, statuses: Collection[str] | None, columns: int) -> list[int | None]:
    """An answer of Monitor.counts as one sum per screen column."""
    window = answer.window
    return buckets(
        answer.frame.select("bucket_start", "status", "count").iter_rows(),
        start=window.start,
        end=window.end,
        bucket=max(timedelta(seconds=1), timedelta(hours=window.hours) / BUCKETS),
        arrived=answer.as_of,
        statuses=statuses,
        columns=columns,
    )
