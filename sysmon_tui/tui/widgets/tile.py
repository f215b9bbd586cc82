"""A part of the estate in four lines: how many, how many failed, how it was yesterday, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text

from sysmon_tui.tui.bars import standing
from sysmon_tui.tui.marks import STYLES
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.count_chart import count_columns
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.words import number_words

if TYPE_CHECKING:
    from sysmon_tui.views.answer import Answer

# From here on the words stand beside the glyphs.
_WIDE = 26
_NOT_KNOWN = ("denied", "failed")


class Tile(Line):
    """`failed_word` says what counts as failed here; the chart shows failures, or else all.

    Each part is shown as soon as it is there.
    """

    DEFAULT_CSS: ClassVar[str] = "Tile { width: 1fr; height: 4; padding: 0 0 0 1; }"

    def __init__(self, session: Session, title: str, failed_word: str, *, chart_failed: bool) -> None:
        super().__init__(Text(f"{title}\n…"))
        self._session = session
        self._title = title
        self._failed_word = failed_word
        self._chart_failed = chart_failed
        self._tally: Mapping[str, Any] | None = None
        self._yesterday: Mapping[str, int | None] | None = None
        self._counts: Answer | None = None

    def show(self, tally: Mapping[str, Any]) -> None:
        """`total`, `failed` and `success_rate` (0 to 1); None where it is not known."""
        self._tally = tally
        self._draw()

    def show_yesterday(self, tally: Mapping[str, int | None]) -> None:
        """`total` and `failed` of the same hours a day before; None where it is not known."""
        self._yesterday = tally
        self._draw()

    def show_counts(self, counts: Answer) -> None:
        self._counts = counts
        self._draw()

    def forget(self) -> None:
        self._tally = self._yesterday = self._counts = None
        self.tell(Text(f"{self._title}\n…"))

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        tally = self._tally
        if tally is None or not self.size.width:
            return
        text = Text().append(f"{self._title} ", style="bold")
        if tally["total"] is None:
            text.append("?", style=STYLES["warn"]).append("\nnot known", style=STYLES["warn"]).append("\n")
        else:
            text.append(f"{number_words(tally['total'])}\n").append_text(self._failed_text(tally))
            text.append("\n").append_text(self._change_text(tally))
        if self._counts is not None and self._counts.state not in _NOT_KNOWN:
            face = self._session.face
            columns = count_columns(
                self._counts, self.size.width, face, failed_only=self._chart_failed
            ).values
            style = "red" if self._chart_failed else "cyan"
            text.append("\n").append(standing(columns, 1, face)[0], style=style)
        self.tell(text)

    @property
    def _is_wide(self) -> bool:
        return self.size.width >= _WIDE

    def _failed_text(self, tally: Mapping[str, Any]) -> Text:
        text, failed, rate = Text(), tally["failed"], tally["success_rate"]
        if rate == 1 and not self._is_wide:
            return text.append(f"✓ none {self._failed_word}", style=STYLES["good"])
        if rate is not None:
            text.append(f"✓ {_percent(rate)}{' ok' if self._is_wide else ''}  ", style=STYLES["good"])
        if not failed:
            return text.append(f"none {self._failed_word}", style=STYLES["dim"])
        words = f"✗ {number_words(failed)}"
        return text.append(f"{words} {self._failed_word}" if self._is_wide else words, style=STYLES["bad"])

    def _change_text(self, tally: Mapping[str, Any]) -> Text:
        """Against yesterday: of all where it is known how many there were, else of what failed."""
        before = self._yesterday
        if before is None:
            return Text()
        if before["total"] is not None:
            return Text(_change(tally["total"], before["total"]), style=STYLES["dim"])
        if before["failed"] is not None:
            many = number_words(before["failed"]) if before["failed"] else "none"
            words = f"yesterday {many}{f' {self._failed_word}' if self._is_wide else ''}"
            return Text(words, style=STYLES["dim"])
        words = "no data for yesterday" if self._is_wide else "yesterday no data"
        return Text(words, style=STYLES["dim"])


def _percent(share: float) -> str:
    """Never 100 % while something failed."""
    percent = share * 100
    return f"{min(percent, 99.9):.1f} %" if share < 1 else "100 %"


def _change(now: int, before: int) -> str:
    """`↑ 12 % on yesterday`: what more than doubled is told in times, what came from nothing in words."""
    if before == 0:
        return "none yesterday" if now else "none yesterday too"
    share = now / before - 1
    if share >= 1:
        times = now / before
        return f"↑ {times:,.0f}x yesterday" if times >= 10 else f"↑ {times:.1f}x yesterday"
    if round(share * 100) == 0:
        return "→ as yesterday"
    return f"{'↑' if share > 0 else '↓'} {abs(share) * 100:.0f} % on yesterday"
