"""Events on one time axis, a lane a kind: how many in each column, and where the alert began. Loads no polars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.text import Text

from sysmon_tui.text import one_line
from sysmon_tui.tui.bars import NOT_ARRIVED
from sysmon_tui.tui.marks import STYLES
from sysmon_tui.tui.widgets.lines import Line

_LABEL = 11
_NONE, _BEGAN, _LIKELY, _MANY = "·", "│", "!", "+"
_MARK = "▼"
# Between two labels of the scale, so that they can be read.
_APART = 9
_STEPS = [
    timedelta(minutes=minutes) for minutes in (5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)
]


@dataclass(frozen=True)
class Lane:
    """`times` are those of its events, `likely` those of the events that may be the cause.

    `until` is how far its table has come, None where that is not known. `missing` says why there is nothing of it;
    what was not even asked for has no zeros to show.
    """

    title: str
    times: Sequence[datetime] = ()
    likely: Sequence[datetime] = field(default_factory=tuple)
    until: datetime | None = None
    missing: str = ""
    is_asked: bool = True


@dataclass(frozen=True)
class Axis:
    start: datetime
    end: datetime
    began: datetime

    def column(self, at: datetime, columns: int) -> int:
        """Which of so many columns an instant lies in; what is outside lies at the edge."""
        share = (at - self.start) / (self.end - self.start)
        return min(columns - 1, max(0, int(share * columns)))


class TimeLanes(Line):
    """A line that marks the beginning of the alert, a line a lane, and the scale."""

    def __init__(self, zone: ZoneInfo, lanes: int) -> None:
        super().__init__()
        self.styles.height = lanes + 2
        self._zone = zone
        self._axis: Axis | None = None
        self._lanes: Sequence[Lane] = ()

    def show(self, axis: Axis, lanes: Sequence[Lane]) -> None:
        self._axis, self._lanes = axis, lanes
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        columns = self.size.width - _LABEL - 2
        if self._axis is None or columns < 1:
            return
        text = _mark_line(self._axis, columns, self._zone)
        for lane in self._lanes:
            text.append("\n").append_text(lane_line(lane, self._axis, columns))
        text.append("\n").append_text(_scale(self._axis, columns, self._zone))
        self.tell(text)


def lane_line(lane: Lane, axis: Axis, columns: int) -> Text:
    """The events of each column counted: a digit, `+` for more, `!` where one may be the cause, `░` for what has not
    arrived."""
    text = Text(f" {lane.title:<{_LABEL}}")
    if lane.missing:
        return text.append(one_line(lane.missing, max(2, columns)), style=STYLES["warn"])
    if not lane.is_asked and not lane.times:
        return text.append("none has to do with this alert"[: max(2, columns)], style=STYLES["dim"])
    counts = [0] * columns
    for at in lane.times:
        counts[axis.column(at, columns)] += 1
    likely = {axis.column(at, columns) for at in lane.likely}
    began = axis.column(axis.began, columns)
    arrived = (
        columns if lane.until is None or lane.until >= axis.end else axis.column(lane.until, columns) + 1
    )
    for column, count in enumerate(counts):
        if column in likely:
            text.append(_LIKELY, style=STYLES["bad"])
        elif count:
            text.append(str(count) if count < 10 else _MANY, style="bold")
        elif column >= arrived:
            text.append(NOT_ARRIVED, style=STYLES["dim"])
        else:
            text.append(_BEGAN if column == began else _NONE, style=STYLES["dim"])
    return text


def _mark_line(axis: Axis, columns: int, zone: ZoneInfo) -> Text:
    """The words stand on the side that has room for them."""
    at = axis.column(axis.began, columns)
    words = f"alert began {axis.began.astimezone(zone):%H:%M}"
    after = at + len(words) + 2 <= columns
    line = " " * at + f"{_MARK} {words}" if after else f"{words} {_MARK}".rjust(at + 1)
    return Text(" " * (_LABEL + 1)).append(line[: columns + 1], style="bold")


def _scale(axis: Axis, columns: int, zone: ZoneInfo) -> Text:
    """Round times of day where they are; with the day where there is more than one."""
    start, end = axis.start.astimezone(zone), axis.end.astimezone(zone)
    length = end - start
    step = next((one for one in _STEPS if columns * (one / length) >= _APART), _STEPS[-1])
    pattern = "%m-%d" if step >= timedelta(days=1) else "%H:%M"
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + step * -((midnight - start) // step)
    line = ""
    while at <= end:
        column, label = axis.column(at, columns), f"{at:{pattern}}"
        if column >= len(line) and column + len(label) <= columns:
            line = line.ljust(column) + label + " "
        at += step
    return Text(f" {zone_name(end):<{_LABEL}}{line}", style=STYLES["dim"])


def zone_name(instant: datetime) -> str:
    return (instant.tzname() or "")[:_LABEL]
