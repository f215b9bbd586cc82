"""A source that bills and has an API beside it, all in memory and by a clock that the test moves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise

import polars as pl

from sysmon_tui.clock import HeldClock
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.statement import Statement
from sysmon_tui.errors import SourceError
from sysmon_tui.services import asking
from sysmon_tui.services.ledger import Ledger
from sysmon_tui.services.meter import Meter
from sysmon_tui.services.pace import Pace, Wake
from sysmon_tui.services.query import QueryService
from sysmon_tui.services.result import Result
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.live import ACTIVE_RUNS, TaskFailure, WarehouseNow
from tests.workspace import StandInWarehouse

# A question that reads one table and needs no other answer.
ASK = asks.run_tasks("1", "7")
OTHER = asks.run_tasks("1", "8")


def bare(statement: Statement, *, fresh: bool = False, panel: str = "") -> Request:
    """A request for a source that looks at no values."""
    return Request(statement, "", {}, 20.0, fresh=fresh, panel=panel)


def one_row(statement: Statement) -> pl.DataFrame:
    """A row that says only where it is from."""
    schema = dict(statement.schema)
    return pl.DataFrame([{**dict.fromkeys(schema), "workspace_id": "1"}], schema=schema)


class Api:
    """What the REST API says; `error` is raised by every call, `held` makes every call wait until it is set."""

    def __init__(self, warehouse: StandInWarehouse, clock: HeldClock) -> None:
        self.calls: list[str] = []
        self.error: Exception | None = None
        self.held: threading.Event | None = None
        self.own: str | None = "1"
        self.errors: dict[str, list[TaskFailure]] = {}
        self._warehouse, self._clock = warehouse, clock

    def _asked(self, name: str) -> None:
        self.calls.append(name)
        if self.held is not None:
            self.held.wait(30)
        if self.error is not None:
            raise self.error

    def warehouse(self) -> WarehouseNow:
        self._asked("warehouse")
        one = self._warehouse
        stop_s = one.auto_stop_mins * 60.0
        return WarehouseNow(
            one.id, one.name, one.state, one.cluster_size, "serverless", stop_s, self._clock.now()
        )

    def warehouses(self) -> list[WarehouseNow]:
        return [self.warehouse()]

    def workspace_id(self) -> str | None:
        return self.own

    def active_runs(self) -> pl.DataFrame:
        self._asked("active_runs")
        return pl.DataFrame(schema=ACTIVE_RUNS)

    def run_failures(self, run_id: str) -> list[TaskFailure]:
        self._asked(f"run {run_id}")
        return self.errors.get(run_id, [TaskFailure("load", run_id, "FAILED", "KeyError: 'fare'")])


class Place:
    """A workspace: statements of `takes_s` on a warehouse of the stand-in, which starts and stops by the clock."""

    def __init__(
        self,
        clock: HeldClock,
        *,
        auto_stop_mins: int = 10,
        takes_s: float = 0.0,
        answer: Callable[[Request], pl.DataFrame] | None = None,
    ) -> None:
        self.clock = clock
        self.warehouse = StandInWarehouse("wh", clock)
        self.warehouse.auto_stop_mins = auto_stop_mins
        self.live = Api(self.warehouse, clock)
        self.requests: list[Request] = []
        self.error: SourceError | None = None
        self.takes_s = takes_s
        self._answer = answer or (lambda request: one_row(request.statement))

    def execute(self, request: Request) -> pl.DataFrame:
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        self.warehouse.enter(request.id)
        try:
            assert self.warehouse.is_ready()
            self.clock.advance(self.takes_s)
            return self._answer(request)
        finally:
            self.warehouse.leave(request.id)

    def cancel(self, request_id: str) -> None:
        """Nothing hangs here."""

    def close(self) -> None:
        """Nothing is open."""

    def awake_s(self, since_s: float = 0.0) -> float:
        """How long the warehouse was up until now."""
        log = [*self.warehouse.log, ("", self.clock.monotonic_s())]
        spans = [(state, max(since_s, begin_s), end_s) for (state, begin_s), (_, end_s) in pairwise(log)]
        return sum(max(0.0, end_s - begin_s) for state, begin_s, end_s in spans if state == "RUNNING")


def service_of(
    place: Place,
    *,
    wake: Wake = "on_demand",
    dbu_per_day: float | None = None,
    live: bool = True,
    bills: bool = True,
    refresh_s: float = 60.0,
    timeout_s: float = 30.0,
    ledger: Ledger | None = None,
    incremental: bool = False,
) -> QueryService:
    clock, meter = place.clock, Meter(place.clock, ledger)
    pace = Pace(clock, meter, refresh_s=refresh_s, bills=bills, wake=wake, dbu_per_day=dbu_per_day)
    return QueryService(
        "t",
        lambda: place,
        clock,
        pace=pace,
        meter=meter,
        timeout_s=timeout_s,
        stale_after={},
        live=live,
        incremental=incremental,
    )


async def refreshed(service: QueryService) -> Result:
    """By the clock: nobody asked for it. The look at the warehouse beside it has ended too."""
    with asking.refreshing():
        result = await service.answer(ASK)
    await service.live.warehouse()
    return result


async def let_pass(service: QueryService, hours: float, *, step_s: float = 30.0) -> int:
    """Refreshes by the clock for hours, as `serve` makes them; how many there were."""
    clock = service.clock
    assert isinstance(clock, HeldClock)
    until_s, count = clock.monotonic_s() + hours * 3600, 0
    while clock.monotonic_s() < until_s:
        await refreshed(service)
        count, ended_s = count + 1, clock.monotonic_s()
        while clock.monotonic_s() < until_s and clock.monotonic_s() - ended_s < service.pace.spacing_s():
            clock.advance(step_s)
    return count
