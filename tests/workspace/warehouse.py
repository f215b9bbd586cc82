"""A SQL warehouse of the stand-in: it starts for a statement, stops when idle, and says so without being woken."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sysmon_tui.clock import Clock
from tests.workspace.routing import Refusal, Request, Route

if TYPE_CHECKING:
    from tests.workspace.workspace import Workspace

_PATH = "/api/2.0/sql/warehouses"


class StandInWarehouse:
    """Its state follows the clock, and is looked at when somebody asks or a statement waits for it.

    `start_s` is how long a start takes and `starts` how many there were; `auto_stop_mins` of 0 never stops it.
    The attributes may be changed at any time, `state` too.
    """

    def __init__(self, warehouse_id: str, clock: Clock) -> None:
        self.id = warehouse_id
        self.name = "Monitoring"
        self.cluster_size = "2X-Small"
        self.auto_stop_mins = 10
        self.warehouse_type = "PRO"
        self.enable_serverless_compute = True
        # The clusters that it has while it is RUNNING.
        self.num_clusters = 1
        self.min_num_clusters = 1
        self.max_num_clusters = 1
        self.start_s = 0.0
        self.starts = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._statements: set[str] = set()
        self._state = "RUNNING"
        self._since_s = self._idle_since_s = clock.monotonic_s()
        self._log = [(self._state, self._since_s)]

    @property
    def state(self) -> str:
        with self._lock:
            self._follow_clock()
            return self._state

    @state.setter
    def state(self, state: str) -> None:
        with self._lock:
            self._follow_clock()
            self._become(state, self._clock.monotonic_s())

    @property
    def log(self) -> list[tuple[str, float]]:
        """(state, monotonic_s) of each change, the first state included."""
        with self._lock:
            self._follow_clock()
            return list(self._log)

    @property
    def statements(self) -> int:
        """How many are waiting or running."""
        return len(self._statements)

    def enter(self, statement_id: str) -> None:
        """A statement has arrived: it keeps the warehouse up until it leaves, and starts it if need be."""
        with self._lock:
            self._wake()
            self._statements.add(statement_id)

    def leave(self, statement_id: str) -> None:
        with self._lock:
            self._follow_clock()
            if statement_id in self._statements:
                self._statements.remove(statement_id)
                self._idle_since_s = max(self._idle_since_s, self._clock.monotonic_s())

    def is_ready(self) -> bool:
        """For a statement that waits: whether it may run now. One that was stopped meanwhile starts again."""
        with self._lock:
            self._wake()
            return self._state == "RUNNING"

    def await_running(self, gives_up: threading.Event) -> bool:
        """False when the caller gave up first."""
        while not self.is_ready():
            # The clock may be one that a test moves, so there is no knowing how long to wait.
            if gives_up.wait(0.01):
                return False
        return True

    def _wake(self) -> None:
        self._follow_clock()
        if self._state in ("STOPPED", "STOPPING"):
            self.starts += 1
            self._become("STARTING", self._clock.monotonic_s())
            self._follow_clock()

    def _follow_clock(self) -> None:
        now_s = self._clock.monotonic_s()
        started_s = self._since_s + self.start_s
        if self._state == "STARTING" and now_s >= started_s:
            self._become("RUNNING", started_s)
        stops_s = self._idle_since_s + self.auto_stop_mins * 60
        idle = self._state == "RUNNING" and not self._statements and self.auto_stop_mins > 0
        if idle and now_s >= stops_s:
            self._become("STOPPED", stops_s)

    def _become(self, state: str, at_s: float) -> None:
        self._state = state
        self._since_s = self._idle_since_s = at_s
        self._log.append((state, at_s))

    def described(self, host: str) -> dict[str, Any]:
        """As the API does."""
        state = self.state
        path = f"/sql/1.0/warehouses/{self.id}"
        return {
            "id": self.id,
            "name": self.name,
            "cluster_size": self.cluster_size,
            "min_num_clusters": self.min_num_clusters,
            "max_num_clusters": self.max_num_clusters,
            "num_clusters": self.num_clusters if state == "RUNNING" else 0,
            "num_active_sessions": self.statements,
            "auto_stop_mins": self.auto_stop_mins,
            "creator_name": "platform@example.com",
            "tags": {},
            "spot_instance_policy": "COST_OPTIMIZED",
            "enable_photon": True,
            "enable_serverless_compute": self.enable_serverless_compute,
            "warehouse_type": self.warehouse_type,
            "channel": {"name": "CHANNEL_NAME_CURRENT"},
            "state": state,
            "health": {"status": "HEALTHY"},
            "odbc_params": {"hostname": host, "path": path, "protocol": "https", "port": 443},
        }


def _get(workspace: Workspace, request: Request, warehouse_id: str) -> dict[str, Any]:
    warehouse = workspace.warehouses.get(warehouse_id)
    if warehouse is None:
        raise Refusal(404, "RESOURCE_DOES_NOT_EXIST", f"SQL warehouse {warehouse_id} does not exist.")
    return _described(workspace, warehouse)


def _list(workspace: Workspace, request: Request) -> dict[str, Any]:
    standing = [one for one in workspace.warehouses.values() if one.state != "DELETED"]
    return {"warehouses": [_described(workspace, one) for one in standing]}


def _described(workspace: Workspace, warehouse: StandInWarehouse) -> dict[str, Any]:
    return warehouse.described(urlsplit(workspace.url).hostname or "")


ROUTES = (Route("GET", _PATH, _list), Route("GET", rf"{_PATH}/([\w-]+)", _get))
