"""The filter at the bottom of a tab: one line to write it, one for what it can take or where it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from sysmon_tui.text import one_line
from sysmon_tui.tui.marks import STYLES
from sysmon_tui.tui.widgets.lines import Line

_SLASH = " / "
_PLACEHOLDER = "status=failed dur>5m user~etl !wh=prod text · enter keeps it, esc clears"


class FilterLine(Vertical):
    """Hidden until it is opened. The cursor does not blink: blinking prints two kilobytes a second."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(-1)", show=False),
        Binding("down", "recall(1)", show=False),
    ]
    DEFAULT_CSS = """
    FilterLine .hint { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    FilterLine .hint.-wrong { height: auto; max-height: 5; text-wrap: wrap; }
    """

    class Written(Message):
        """The text of the filter as it now stands."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """Enter: the filter is to stay and the line to go."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__()
        self._fields = fields
        self.input = Input(placeholder=_PLACEHOLDER, compact=True)
        self.input.cursor_blink = False
        self._hint = Static(markup=False, classes="hint")
        self._hinted = Text()
        self._saved: Sequence[tuple[str, str]] = ()
        self._recalled: int | None = None
        # What is wrong, and the character where it begins.
        self._wrong = ("", 0)
        self.display = False

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Line(Text(_SLASH, style="bold"))
            yield self.input
        yield self._hint

    def on_mount(self) -> None:
        # A line that is longer than the screen scrolls; what points into it goes along.
        self.watch(self.input, "scroll_x", self._draw, init=False)

    def on_resize(self) -> None:
        self._draw()

    def open(self, saved: Sequence[tuple[str, str]]) -> None:
        """`saved` are (name, filter): the up and down keys walk through them."""
        self._saved, self._recalled = saved, None
        self.display = True
        self._draw()
        self.input.focus()

    def close(self) -> None:
        self.display = False

    @property
    def is_wrong(self) -> bool:
        """Whether what stands in the line means nothing."""
        return self._wrong[0] != ""

    def set_text(self, text: str) -> None:
        with self.input.prevent(Input.Changed):
            self.input.value = text

    def tell(self, sentence: str = "", column: int = 0) -> None:
        """What is wrong, under the character where it begins; without a sentence the names of the fields."""
        self._wrong = (one_line(sentence), column)
        if sentence:
            self.display = True
        self._draw()

    def _draw(self) -> None:
        sentence, column = self._wrong
        self._hint.set_class(self.is_wrong, "-wrong")
        hint = self._pointed(sentence, column) if sentence else self._known()
        if hint != self._hinted or hint.spans != self._hinted.spans:
            self._hinted = hint
            self._hint.update(hint)

    def _known(self) -> Text:
        """The name of the saved filter that stands in the line, else what can be written there."""
        if self._recalled is not None and self._saved[self._recalled][1] == self.input.value:
            return Text(f"   {one_line(self._saved[self._recalled][0], 40)}", style="bold")
        walk = f"↑ ↓ {len(self._saved)} saved · " if self._saved else ""
        return Text(f"   {walk}{' '.join(self._fields)}", style=STYLES["dim"])

    def _pointed(self, sentence: str, column: int) -> Text:
        """Beside the sign where there is room, to the right or the left of it; else below it."""
        width = max(20, self.app.size.width)
        before = cell_len(self.input.value[:column]) - round(self.input.scroll_x)
        column = max(0, min(len(_SLASH) + before, width - 2))
        length = cell_len(sentence)
        if column + length + 3 <= width:
            told = f"{' ' * column}^ {sentence}"
        elif length + 3 <= column:
            told = f"{' ' * (column - length - 2)} {sentence} ^"
        else:
            told = f"{' ' * column}^\n{sentence}"
        return Text(told, style=STYLES["bad"])

    def action_recall(self, step: int) -> None:
        if not self._saved:
            return
        first = 0 if step > 0 else len(self._saved) - 1
        number = first if self._recalled is None else (self._recalled + step) % len(self._saved)
        self._recalled = number
        text = self._saved[number][1]
        self.input.value = text
        self.input.cursor_position = len(text)
        self._draw()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Written(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left())
