"""All and failed over the window: a line of bars each, several on a high screen, with the time under them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text

from sysmon_tui.limits import COUNT_BUCKETS, count_bucket_s
from sysmon_tui.text import one_line
from sysmon_tui.tui.bars import NOT_ARRIVED, Columns, buckets, span_words, standing, time_axis
from sysmon_tui.tui.faces import Face
from sysmon_tui.tui.marks import STYLES, tone
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.words import number_words

if TYPE_CHECKING:
    from sysmon_tui.views.answer import Answer

_FAILED = ("failed", "red")
# Low: a label before the bars, and sums after them. What these usually take; where they take more, the bars get less.
_LABEL = 8
_SUMS = 22
# High: lines for all and for failed, and the label with its sums before them.
_HIGH = (3, 2)
_HIGH_LABEL = 15


class CountChart(Line):
    """Two lines, the first counts all, the second what failed; on a high screen five, and the time axis."""

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = """
    CountChart { height: 2; }
    Screen.-high CountChart { height: 6; margin: 1 0; }
    """

    def __init__(self, session: Session, noun: str) -> None:
        super().__init__(Text("\n"))
        self._session = session
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
        if answer.state in ("denied", "failed"):
            reason = one_line(answer.reason or answer.state)
            self.tell(Text(f" No chart: {reason}", style=STYLES["dim"]))
            return
        if self.size.height > sum(_HIGH):
            self.tell(self._high(answer))
            return
        room = self.size.width - _LABEL - 1 - _SUMS
        drawn = self._low(answer, room)
        missing = max(line.cell_len for line in drawn) - self.size.width
        self.tell(Text("\n").join(self._low(answer, room - missing) if missing > 0 else drawn))

    def _counted(self, answer: Answer, room: int) -> list[tuple[str, str, Columns]]:
        """Label, colour and columns, of all and of failed."""
        return [
            (label, style, count_columns(answer, room, self._session.face, failed_only=label == _FAILED[0]))
            for label, style in ((self._noun, "cyan"), _FAILED)
        ]

    def _low(self, answer: Answer, room: int) -> list[Text]:
        drawn = []
        counted = self._counted(answer, room)
        for label, style, columns in counted:
            line = Text().append(f" {label:<{_LABEL}}")
            line.append(standing(columns.values, 1, self._session.face)[0], style=style)
            line.append(f" {number_words(columns.total)}", style="bold")
            drawn.append(line.append(f", top {number_words(columns.top)}"))
        drawn[-1].append(f" in {span_words(counted[-1][2].span)}")
        self._with_arriving(drawn[-1], counted)
        return drawn

    def _high(self, answer: Answer) -> Text:
        text = Text()
        counted = self._counted(answer, self.size.width - _HIGH_LABEL - 1)
        for (label, style, columns), lines in zip(counted, _HIGH, strict=True):
            total, top = number_words(columns.total), f"top {number_words(columns.top)}"
            labels = [label, total, top] if lines == _HIGH[0] else [f"{label} {total}", top]
            bars = standing(columns.values, lines, self._session.face)
            for beside, line in zip(labels, bars, strict=True):
                text.append(f" {beside:<{_HIGH_LABEL}}").append(line, style=style).append("\n")
            cells = len(bars[0])
        span = f"in {span_words(counted[0][2].span)}"
        axis = time_axis(answer.window.start, answer.window.end, cells, self._session.zone)
        last = Text(f" {span:<{_HIGH_LABEL}}").append(axis, style=STYLES["dim"])
        return text.append_text(self._with_arriving(last, counted))

    def _with_arriving(self, line: Text, counted: Sequence[tuple[str, str, Columns]]) -> Text:
        """With what the shade means, where there is shade and room; the status lines say until when all is known."""
        words = f"  {NOT_ARRIVED} not arrived" if None in counted[0][2].values else ""
        if line.cell_len + len(words) <= self.size.width:
            line.append(words, style=STYLES["dim"])
        return line


def count_columns(answer: Answer, cells: int, face: Face = "blocks", *, failed_only: bool) -> Columns:
    """An answer of Monitor.counts as one sum per column of a bar that takes at most so many cells."""
    window = answer.window
    counts = answer.frame.select("bucket_start", "status", "count").iter_rows()
    columns = max(1, cells) * (2 if face == "braille" else 1)
    return buckets(
        [(at, count) for at, status, count in counts if not failed_only or tone(status or "") == "bad"],
        start=window.start,
        end=window.end,
        bucket=timedelta(seconds=count_bucket_s(window.hours)),
        arrived=answer.as_of,
        columns=min(COUNT_BUCKETS + 1, columns),
    )
