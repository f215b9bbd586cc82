"""What a warehouse was doing over a window, as a bar of cells: how much of each it was up, and what else was seen.

Pure but for the widget at the end. The words of events and which of them mean "up" are those of
datasets/sql/warehouse_metrics.sql: the bar and the figures beside it must not contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text

from sysmon_tui.text import one_line
from sysmon_tui.tui.bars import NOT_ARRIVED, time_axis
from sysmon_tui.tui.marks import STYLES
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.lines import Line

if TYPE_CHECKING:
    from sysmon_tui.views.answer import Answer

_LEVELS = "▁▂▃▄▅▆▇█"
_STOPPED, _STARTING, _FAILED, _UNKNOWN = "·", "»", "✗", "?"
LEGEND = "█ up ▄ partly · stopped » starting ✗ start failed ? not known ░ not arrived"

# In the order in which a warehouse goes through them at one instant.
_STEPS = ("STARTING", "RUNNING", "SCALED_UP", "SCALED_DOWN", "STOPPING", "STOPPED")
_SETTLED = ("RUNNING", "STOPPING", "STOPPED")

# An event's time and word.
Event = tuple[datetime, str]
# From when to when, and what: a character of the bar, `█` for up.
_Stretch = tuple[datetime, datetime, str]


def state_cells(
    events: Iterable[Event],
    *,
    start: datetime,
    end: datetime,
    arrived: datetime | None,
    cells: int,
    deleted: bool = False,
) -> str:
    """A character for each of `cells` equal spans of start..end.

    `events` are of one warehouse, in any order, from before `start` on so that its state there is known; `arrived` is
    the newest event of all warehouses: what comes after it has not been told. When a deleted one was deleted is not
    among its events, so after the last of them nothing is known.
    """
    known_until = start if arrived is None else min(arrived, end)
    stretches = _stretches(events, known_until, deleted)
    span = (end - start) / cells
    return "".join(
        _cell(stretches, start + span * number, start + span * (number + 1), known_until)
        for number in range(cells)
    )


def _stretches(events: Iterable[Event], until: datetime, deleted: bool) -> list[_Stretch]:
    told = sorted(
        ((at, _STEPS.index(word), word) for at, word in events if word in _STEPS), key=lambda event: event[:2]
    )
    ends = [at for at, _, _ in told[1:]] + [told[-1][0] if deleted else until] if told else []
    steps = [word for _, _, word in told if word in ("STARTING", "RUNNING", "STOPPED")]
    failed = [word == "STARTING" and after == "STOPPED" for word, after in pairwise(steps)] + [False]
    stretches: list[_Stretch] = []
    doing, settled = "", ""
    for (at, _, word), ended in zip(told, ends, strict=True):
        if word in ("STARTING", "RUNNING", "STOPPED") and failed.pop(0):
            stretches.append((at, at, _FAILED))
        if word in _SETTLED:
            settled = word
        if not word.startswith("SCALED"):
            doing = word
        elif not doing:
            doing = "RUNNING"  # nothing but scaling is known of it: then it ran
        up = doing == "RUNNING" or (doing == "STARTING" and settled == "RUNNING")
        stretches.append((at, ended, "█" if up else _STARTING if doing == "STARTING" else _STOPPED))
    return stretches


def _cell(stretches: Sequence[_Stretch], start: datetime, end: datetime, known_until: datetime) -> str:
    """The rarest thing that was seen in the cell: a failed start, else up as far as it was, starting, stopped."""
    if start >= known_until:
        return NOT_ARRIVED
    seen: dict[str, timedelta] = {}
    for began, ended, what in stretches:
        if what == _FAILED and start <= began < end:
            return _FAILED
        if began < end and ended > start:
            seen[what] = seen.get(what, timedelta()) + min(end, ended) - max(start, began)
    if "█" in seen:
        # Of what is known of the cell: the newest one has not come to its end.
        share = seen["█"] / (min(end, known_until) - start)
        return _LEVELS[min(len(_LEVELS), max(1, ceil(share * len(_LEVELS)))) - 1]
    return next((what for what in (_STARTING, _STOPPED) if what in seen), _UNKNOWN)


class StateBar(Line):
    """One warehouse over a window, as wide as the screen: the bar, the time under it, and what the characters mean."""

    DEFAULT_CSS: ClassVar[str] = "StateBar { height: 3; }"

    def __init__(self, session: Session, *, deleted: bool) -> None:
        super().__init__(Text(" asking for its events …"))
        self._session = session
        self._deleted = deleted
        self._events: Answer | None = None

    def show(self, events: Answer) -> None:
        """An answer of Monitor.warehouse_events for this warehouse."""
        self._events = events
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        events, cells = self._events, self.size.width - 2
        if events is None or cells < 1:
            return
        if events.state in ("denied", "failed"):
            self.tell(Text(f" No bar: {one_line(events.reason or events.state)}", style=STYLES["dim"]))
            return
        window = events.window
        bar = state_cells(
            events.frame.select("event_time", "event_type").iter_rows(),
            start=window.start,
            end=window.end,
            arrived=events.as_of,
            cells=cells,
            deleted=self._deleted,
        )
        text = Text(" ")
        for character in bar:
            text.append(character, style=_STYLES.get(character, "green"))
        axis = time_axis(window.start, window.end, cells, self._session.zone)
        self.tell(text.append(f"\n {axis}\n {LEGEND}", style=STYLES["dim"]))


_STYLES = {
    _STOPPED: STYLES["dim"],
    NOT_ARRIVED: STYLES["dim"],
    _STARTING: STYLES["warn"],
    _UNKNOWN: STYLES["warn"],
    _FAILED: STYLES["bad"],
}
