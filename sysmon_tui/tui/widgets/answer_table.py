"""The rows of an answer, or words that say why there are none: a table never stands empty for an error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sysmon_tui.text import one_line
from sysmon_tui.tui.arranging import Keep
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import STYLES, tone
from sysmon_tui.tui.widgets.frame_table import FrameTable
from sysmon_tui.tui.words import number_words, window_words

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.views.answer import Answer

_TITLES = {"denied": "✗ NO ACCESS", "failed": "✗ NO ANSWER", "stale": "▲ STALE"}
# A warehouse that is not up is no error.
_NOT_UP = {"warehouse_starting": "» STARTING", "warehouse_asleep": "− ASLEEP"}  # noqa: RUF001


class AnswerTable(FrameTable):
    """`things` is what the rows are, in the plural: it stands in the sentences."""

    def __init__(
        self,
        columns: Sequence[Column],
        key: Sequence[str],
        *,
        zone: str,
        things: str,
        id: str | None = None,
    ) -> None:
        super().__init__(columns, key, zone=zone, id=id)
        self._things = things
        self.filter_text = ""

    def filter_by(self, text: str, keep: Keep | None, *, narrows: bool = False) -> None:
        """`text` is what the person wrote, `keep` what it means; `narrows` as of `filter`."""
        self.filter_text = text
        self.filter(keep, narrows=narrows)

    def on_mount(self) -> None:
        self.say("» LOADING", f"Asking for {self._things} …")

    def show_answer(self, answer: Answer, *, none: str) -> None:
        """The answer's rows. `none` is the sentence for a trusted answer without any."""
        self.show(answer.frame)
        if answer.frame.height:
            self._say_when_filtered()
        elif answer.code in _NOT_UP:
            self.say(_NOT_UP[answer.code], one_line(answer.reason or ""), STYLES["warn"])
        elif answer.state in _TITLES:
            reason = one_line(answer.reason or "No reason is known.")
            self.say(_TITLES[answer.state], reason, STYLES[tone(answer.state)])
        elif answer.state == "empty":
            self.say(
                "− EMPTY",  # noqa: RUF001
                f"The table shows nothing at all in the last {window_words(answer.window.hours)}: "
                "nothing happened, or nothing has arrived yet.",
            )
        else:
            self.say("✓ NONE", none, STYLES["good"])

    def put(self, frame: pl.DataFrame, order: pl.Series | None) -> None:
        super().put(frame, order)
        if frame.height:
            self._say_when_filtered()

    def _say_when_filtered(self) -> None:
        if self.shown:
            self.say()
            return
        self.say(
            "− NO MATCH",  # noqa: RUF001
            f"None of {number_words(self.loaded)} {self._things} passes “{one_line(self.filter_text, 40)}”. "
            "Esc clears the filter.",
        )
