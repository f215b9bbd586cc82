"""Why a run failed, task by task, as the Jobs API tells it; the tables have only codes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.text import Text
from textual.widgets import Static

from sysmon_tui.text import one_line
from sysmon_tui.tui.marks import STYLES, marked

if TYPE_CHECKING:
    from sysmon_tui.services.live import Told
    from sysmon_tui.sources.live import TaskFailure

# What the Jobs API keeps of a run.
_KEPT: Final = timedelta(days=60)
_KEY_CHARS: Final = 60
_LINE_CHARS: Final = 500
# Of a trace the end says what happened; the whole of it is a task's own view.
_TRACE_LINES: Final = 4


def unknown_text(told: Told[list[TaskFailure]], ended: datetime | None, now: datetime) -> Text:
    """Why there is no error text: denied, failed, elsewhere, too old, or nothing said."""
    text = Text("Errors: ", style="bold")
    if told.value is None and told.denied:
        return text.append(f"{marked('denied')}: {_reason(told)}", style=STYLES["bad"])
    if told.value is None:
        return text.append(f"{marked('unknown')}: {_reason(told)}", style=STYLES["warn"])
    if ended is not None and now - ended > _KEPT:
        days = (now - ended).days
        return text.append(
            f"{marked('unknown')}: the Jobs API keeps runs for {_KEPT.days} days, and this one ended {days} days ago.",
            style=STYLES["dim"],
        )
    return text.append("the Jobs API tells of none.", style=STYLES["dim"])


def old_text(told: Told[list[TaskFailure]]) -> Text:
    """A line that says that what is shown could not be read again, and why; empty where it could."""
    return Text() if told.reason is None else Text(f"{marked('stale')}: {_reason(told)}\n", STYLES["warn"])


def _reason(told: Told[list[TaskFailure]]) -> str:
    return one_line(told.reason or "no reason is known.", _LINE_CHARS)


class RunErrors(Static):
    """Not there until there is something to tell."""

    DEFAULT_CSS = "RunErrors { height: auto; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.display = False

    def ask(self) -> None:
        """Say that it is being asked for, unless something is told already."""
        if not self.display:
            self.update(Text("Errors: asking the Jobs API …", style=STYLES["dim"]))
            self.display = True

    def tell(self, told: Told[list[TaskFailure]], ended: datetime | None, now: datetime) -> None:
        self.update(_errors(told.value, told) if told.value else unknown_text(told, ended, now))
        self.display = True


def _errors(failures: list[TaskFailure], told: Told[list[TaskFailure]]) -> Group:
    """One error with the end of its trace, or a screen line for each of several."""
    several = len(failures) > 1
    title = f"{len(failures)} errors, from the Jobs API" if several else "Error, from the Jobs API"
    lines = [old_text(told).append(title, style="bold")]
    for failure in failures:
        line = Text(overflow="ellipsis", no_wrap=several)
        line.append(f"{one_line(failure.task_key or 'the run', _KEY_CHARS)}  ", style="bold")
        line.append(one_line(failure.message or failure.status, _LINE_CHARS), style=STYLES["bad"])
        lines.append(line)
    if not several:
        lines += [
            Text(line, STYLES["dim"], overflow="ellipsis", no_wrap=True) for line in _trace_end(failures[0])
        ]
    return Group(*lines)


def _trace_end(failure: TaskFailure) -> list[str]:
    """Without the line that says the message again."""
    message = failure.message.strip()
    lines = [one_line(line.rstrip(), _LINE_CHARS) for line in failure.trace.splitlines() if line.strip()]
    return [line for line in lines if not (message and line.endswith(message))][-_TRACE_LINES:]
