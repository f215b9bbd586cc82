"""A part of the estate in three lines: how many, how many failed, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from sysmon_tui.tui.bars import bars
from sysmon_tui.tui.marks import STYLES
from sysmon_tui.tui.widgets.count_chart import count_columns
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.words import number_words

if TYPE_CHECKING:
    from sysmon_tui.views.answer import Answer

# From here on the words stand beside the glyphs.
_WIDE = 26


class Tile(Line):
    """`failed_word` says what counts as failed here; the chart shows failures, or else all."""

    def __init__(self, title: str, failed_word: str, *, chart_failed: bool) -> None:
        super().__init__(Text(f"{title}\n…"), classes="tile")
        self._title = title
        self._failed_word = failed_word
        self._chart_failed = chart_failed
        self._tally: dict[str, Any] | None = None
        self._counts: Answer | None = None

    def show(self, tally: dict[str, Any]) -> None:
        """`total`, `failed` and `success_rate` (0 to 1); None where it is not known."""
        self._tally = tally
        self._draw()

    def show_counts(self, counts: Answer) -> None:
        self._counts = counts
        self._draw()

    def forget(self) -> None:
        self._tally = self._counts = None
        self.tell(Text(f"{self._title}\n…"))

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self._tally is None:
            return
        total, failed, rate = (self._tally.get(name) for name in ("total", "failed", "success_rate"))
        text = Text().append(f"{self._title} ", style="bold")
        if total is None:
            text.append("?", style=STYLES["warn"]).append("\nnot known", style=STYLES["warn"])
        else:
            text.append(f"{number_words(total)}\n")
            wide = self.size.width >= _WIDE
            if rate is not None:
                text.append(f"✓ {_percent(rate)}{' ok' if wide else ''}  ", style=STYLES["good"])
            words = f"✗ {number_words(failed)}" if failed else "none"
            style = STYLES["bad"] if failed else STYLES["dim"]
            text.append(f"{words} {self._failed_word}" if wide or not failed else words, style=style)
        if self._counts is not None and self._counts.state not in ("denied", "failed") and self.size.width:
            values = count_columns(self._counts, self.size.width, failed_only=self._chart_failed)
            text.append(f"\n{bars(values)}", style="red" if self._chart_failed else "cyan")
        self.tell(text)


def _percent(share: float) -> str:
    """Never 100 % while something failed."""
    percent = share * 100
    return f"{min(percent, 99.9):.1f} %" if share < 1 else "100 %"
