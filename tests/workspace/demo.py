"""A workspace over the demo estate."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb

from sysmon_tui.clock import Clock, HeldClock
from sysmon_tui.sources.demo import DEFAULT_ROWS, DemoEstate
from tests.workspace.workspace import Workspace

_HALDEN_PROD = "4021177350968812"


def demo_workspace(now: datetime | Clock, *, rows: int = DEFAULT_ROWS, **settings: Any) -> Workspace:
    """A Workspace (`settings` are its own) whose estate moves with the clock before each statement.

    An instant stands still; to move it, give a HeldClock and keep it. The warehouse starts and stops by a clock that
    is given, and by the machine's beside an instant. The Jobs API is that of halden-prod.
    """
    clock = HeldClock(now) if isinstance(now, datetime) else now
    connection = duckdb.connect()
    estate = DemoEstate(connection, now=clock.now(), rows=rows)
    own = {"org_id": _HALDEN_PROD, "clock": None if isinstance(now, datetime) else now, **settings}
    return Workspace(connection, before=lambda: estate.advance(clock.now()), **own)
