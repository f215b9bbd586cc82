"""From a question and its window to a value for every marker of its statement."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import cast

from sysmon_tui import limits
from sysmon_tui.clock import EPOCH, to_micros
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.datasets.statement import Value
from sysmon_tui.services.cursor import Cursor
from sysmon_tui.views.answer import Window

_HOUR_US = 3_600_000_000
# What an instant may have lost on its way: some sources send milliseconds.
_INSTANT_US = 1_000


def values(
    ask: Ask,
    window: Window,
    workspace_ids: str,
    *,
    since_us: int | None = None,
    fine_until_us: int = 0,
    cursor: Cursor | None = None,
) -> dict[str, Value]:
    """The window, the scan before it, the tenant's workspaces, the ask's own filters.

    `since_us` is from when on to read, the whole window by default.
    """
    end_us, start_us = to_micros(window.end), to_micros(window.start)
    recent_us = end_us - int(limits.STREAK_RECENT_HOURS * _HOUR_US)
    since_us = start_us if since_us is None else since_us
    scan_start_us = since_us - int(ask.statement.lookback_hours * _HOUR_US)
    if cursor is not None:
        end_us = min(end_us, cursor.seen_us + _INSTANT_US)
    common: dict[str, Value] = {
        "window_start_us": start_us,
        "window_end_us": end_us,
        "since_us": since_us,
        "scan_start_us": scan_start_us,
        "recent_us": min(recent_us, start_us),
        "first_date": _day(scan_start_us),
        "last_date": window.end.date(),
        "workspace_ids": workspace_ids,
        "span_us": asks.span_us(ask),
        "fine_until_us": fine_until_us,
    }
    found = {name: common.get(name) for name in ask.statement.parameters}
    found.update(ask.values)
    if "row_key" in ask.statement.schema:
        given = 0 if cursor is None else cursor.given
        found["row_limit"] = page_rows(ask) + given + 1  # one more, so that "there is more" is known
    if cursor is not None:
        found |= {"after_us": cursor.after_us, "after_key": cursor.after_key}
    return found


def page_rows(ask: Ask) -> int:
    """The most rows that a listing shows."""
    return cast(int, dict(ask.values)["row_limit"])


def _day(instant_us: int) -> date:
    instant: datetime = EPOCH + timedelta(microseconds=instant_us)
    return instant.date()
