"""Why a run failed, task by task, as the Jobs API tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text
from textual.widgets import Static

from sysmon_tui.text import one_line
from sysmon_tui.tui.marks import STYLES

if TYPE_CHECKING:
    from sysmon_tui.services.live import Told
    from sysmon_tui.sources.live import TaskFailure

# Of a trace the end says what happened.
_TRACE_LINES: Final = 6
_LINE_CHARS: Final = 500


class RunErrors(Static):
    """Empty until there is something to tell; the tables themselves hold only codes."""

    def __init__(self) -> None:
        super().__init__(markup=False, classes="run-errors")
        self.display = False

    def tell(self, told: Told[list[TaskFailure]]) -> None:
        text = Text(" Errors, from the Jobs API", style="bold")
        if told.value is None:
            text.append(f"\n unknown: {one_line(told.reason or '', _LINE_CHARS)}", style=STYLES["dim"])
        elif not told.value:
            text.append("\n The API knows this run no longer: it keeps sixty days.", style=STYLES["dim"])
        for failure in told.value or ():
            text.append(f"\n {one_line(failure.task_key or 'run', 60)}  ", style="bold")
            text.append(one_line(failure.message or failure.status, _LINE_CHARS), style=STYLES["bad"])
            for line in [line for line in failure.trace.splitlines() if line.strip()][-_TRACE_LINES:]:
                text.append(f"\n   {one_line(line, _LINE_CHARS)}", style=STYLES["dim"])
        self.update(text)
        self.display = True
