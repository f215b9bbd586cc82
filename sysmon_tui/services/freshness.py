"""Whether what a table shows can be trusted: it is late by nature, and an empty last hour looks like peace."""

from __future__ import annotations

from datetime import datetime, timedelta

from sysmon_tui.clock import rfc3339
from sysmon_tui.views.answer import State, Window


def state_of(
    table: str, window: Window, as_of: datetime | None, stale_after: timedelta | None
) -> tuple[State, str | None]:
    """State and reason of an answer that was read. `table` is what a person calls it, "" for names and hosts.

    `as_of` is the newest event that the table has shown; `stale_after` how long it may be silent.
    """
    if not table:
        return "fresh", None
    if as_of is None:
        return "empty", None
    lag = window.end - as_of
    if stale_after is not None and lag >= stale_after:
        return "stale", (
            f"{table} has shown nothing newer than {rfc3339(as_of.replace(microsecond=0))} "
            f"({_span(lag)} ago, {_span(stale_after)} is usual at most): its rows are late, or nothing happened; "
            "compare with the workspace before you trust a quiet screen."
        )
    if as_of < window.start:
        return "empty", None
    return "fresh", None


def _span(span: timedelta) -> str:
    """`45 min`, `6 h 12 min`, `3 d`."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    return f"{minutes // (24 * 60)} d"
