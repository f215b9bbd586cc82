"""Lanes to a workspace's API: one in memory, one beside an estate's tables, one to the stand-in."""

from __future__ import annotations

from sysmon_tui.clock import HeldClock, SystemClock
from sysmon_tui.services.live import LiveLane
from sysmon_tui.services.meter import Meter
from sysmon_tui.services.monitor import Monitor
from sysmon_tui.sources.databricks.api import WorkspaceApi
from sysmon_tui.sources.databricks.live import LiveWorkspace
from sysmon_tui.sources.embedded import EmbeddedSource
from sysmon_tui.sources.live import Live
from tests.estate import WORKSPACE, Estate, at
from tests.services.billed import Api, Place
from tests.workspace import Workspace

NOW = at("12:00")


class Lane:
    """A lane over an API in memory."""

    def __init__(self, *, enabled: bool = True, live: Live | None = None) -> None:
        self.clock = HeldClock(NOW)
        self.api = Place(self.clock).live
        self.opened = 0
        self.meter = Meter(self.clock)
        self._live: Live = live or self.api
        self.lane = LiveLane(self._open, self.clock, self.meter, enabled=enabled)

    async def _open(self) -> Live:
        self.opened += 1
        return self._live


class WithApi(EmbeddedSource):
    """The estate's tables, and an API beside them."""

    live: Live


def with_api(failed: int = 12) -> tuple[Estate, Api, Monitor]:
    """A monitor of runs that failed, newest `r0`, and of one in another workspace."""
    estate = Estate(NOW)
    estate.slice("elsewhere", at("11:58"), at("11:59"), "FAILED", workspace_id="2")
    for number in range(failed):
        estate.slice(f"r{number}", at(f"10:{50 - number}"), at("11:00"), "FAILED")
    estate.slice("good", at("10:00"), at("11:55"), "SUCCEEDED")
    source = WithApi(estate.connection)
    source.live = api = Place(estate.clock).live
    api.own = WORKSPACE
    return estate, api, estate.monitor(open_source=lambda: source)


def live_of(workspace: Workspace) -> LiveWorkspace:
    api = WorkspaceApi(workspace.url, None, workspace.token, SystemClock())
    return LiveWorkspace(api, workspace.warehouse_id, SystemClock())
