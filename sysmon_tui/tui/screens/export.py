"""Where to export the rows that are shown."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from sysmon_tui.clock import Clock, SystemClock
from sysmon_tui.errors import SysmonError
from sysmon_tui.files import FileExists
from sysmon_tui.text import one_line
from sysmon_tui.threads import in_daemon_thread
from sysmon_tui.tui import exporting
from sysmon_tui.tui.screens.closing import Closing
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.words import number_words

if TYPE_CHECKING:
    import polars as pl

_KEYS = " enter writes it · esc leaves · .csv .json .ndjson .parquet"


class ExportScreen(Closing[str | None], ModalScreen[str | None]):
    """Answers the sentence about the file that was written, None when it was left. `name` is what the rows are."""

    # Without an id, so that no rebinding takes it away: every letter that is typed belongs to the name.
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]
    DEFAULT_CSS = """
    ExportScreen { align: center middle; }
    ExportScreen Vertical { width: 76; max-width: 95%; height: auto; background: $panel; padding: 1; }
    ExportScreen Line { height: 1; }
    ExportScreen Input { background: $boost; margin: 0 1; }
    ExportScreen Static { height: auto; padding: 0 1; }
    """

    def __init__(self, frame: pl.DataFrame, name: str, *, clock: Clock | None = None) -> None:
        super().__init__()
        self._frame = frame
        self._offered = exporting.default_name(name, (clock or SystemClock()).now())
        # The file that is there and that enter is asked for once more.
        self._in_the_way: Path | None = None
        self._unwanted = threading.Event()
        self._is_writing = False

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Line(Text(f" Export {self._rows}, as shown, to which file?", style="bold"))
            field = Input(self._offered, compact=True)
            field.cursor_blink = False
            yield field
            yield Static(markup=False)
            yield Line(Text(_KEYS))

    @property
    def _rows(self) -> str:
        return "1 row" if self._frame.height == 1 else f"{number_words(self._frame.height)} rows"

    def on_input_changed(self) -> None:
        self._in_the_way = None

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._is_writing:  # enter was pressed twice before the first one came here
            return
        self._is_writing = event.input.disabled = True
        self._say("Writing …")
        self._write(event.value)

    @work
    async def _write(self, text: str) -> None:
        try:
            path = exporting.place(text)
            overwrite = path == self._in_the_way
            size_bytes = await in_daemon_thread(
                lambda: exporting.write(self._frame, path, overwrite=overwrite, stop=self._unwanted)
            )
        except FileExists as error:
            self._in_the_way = path
            self._again(f"{error.message} Enter once more replaces it.")
        except SysmonError as error:
            self._again(error.sentence)
        else:
            self.dismiss(
                f"Exported {self._rows} to {one_line(str(path))} ({number_words(size_bytes)} bytes)."
            )

    def _again(self, sentence: str) -> None:
        self._is_writing = False
        self._say(sentence)
        field = self.query_one(Input)
        field.disabled = False
        field.focus()

    def _say(self, sentence: str) -> None:
        self.query_one(Static).update(Text(one_line(sentence, 400)))

    def action_leave(self) -> None:
        self.dismiss(None)

    def on_unmount(self) -> None:
        """Left or quit: what is half written is removed."""
        self._unwanted.set()
