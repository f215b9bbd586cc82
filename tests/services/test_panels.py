"""Every statement says for which panel it was sent: the outermost asker's, whatever asks in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.runtime import Runtime
from sysmon_tui.server.warmth import Warmer
from sysmon_tui.services import asking
from sysmon_tui.services.monitor import Monitor
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.embedded import EmbeddedSource
from tests.estate import WORKSPACE, Estate, at
from tests.services.billed import ASK, OTHER, Place, service_of

NOW = at("12:00")


class Watched(EmbeddedSource):
    """Keeps what it was asked."""

    requests: list[Request]

    def execute(self, request: Request) -> pl.DataFrame:
        self.requests.append(request)
        return super().execute(request)

    def panels(self) -> dict[str, set[str]]:
        """The statements by panel, and none left for the next look."""
        found: dict[str, set[str]] = {}
        for request in self.requests:
            found.setdefault(request.panel, set()).add(request.statement.name)
        self.requests.clear()
        return found


def watched(*, incremental: bool) -> tuple[Watched, Estate, Monitor]:
    """An estate that needs the statements behind the first ones too: a run of weeks, tables that show nothing."""
    estate = Estate(NOW)
    for day in range(12):
        estate.slice("long", NOW - timedelta(days=day + 1), NOW - timedelta(days=day), job_id="1")
    estate.slice("1", at("11:00"), at("11:10"), "FAILED")
    source = Watched(estate.connection)
    source.requests = []
    return source, estate, estate.monitor(open_source=lambda: source, incremental=incremental)


_METHODS: dict[str, tuple[str, Callable[[Monitor], Awaitable[Any]]]] = {
    "workflows": ("workflows", lambda one: one.workflows()),
    "failed_workflows": ("workflows", lambda one: one.failed_workflows()),
    "job_history": ("workflows", lambda one: one.job_history(WORKSPACE, "7")),
    "run_tasks": ("workflows", lambda one: one.run_tasks(WORKSPACE, "1", near=at("11:00"))),
    "active_runs": ("workflows", lambda one: one.active_runs()),
    "run_failures": ("workflows", lambda one: one.run_failures(WORKSPACE, "1", None)),
    "queries": ("queries", lambda one: one.queries()),
    "failed_queries": ("queries", lambda one: one.failed_queries()),
    "query_errors": ("queries", lambda one: one.query_errors()),
    "query_times": ("queries", lambda one: one.query_times()),
    "slowest_queries": ("queries", lambda one: one.slowest_queries()),
    "warehouses": ("warehouse", lambda one: one.warehouses()),
    "warehouse_events": ("warehouse", lambda one: one.warehouse_events("wh1")),
    "audit": ("audit", lambda one: one.audit()),
    "failed_logins": ("audit", lambda one: one.failed_logins()),
    "login_failures": ("audit", lambda one: one.login_failures(by="user")),
    "alerts": ("alerts", lambda one: one.alerts(hours=30)),
    "timeline": ("alerts", lambda one: one.timeline({"id": "a", "started_at": "2026-03-10T11:10:00Z"})),
    "health": ("health", lambda one: one.health()),
    "recent_failures": ("health", lambda one: one.recent_failures()),
    "yesterday": ("health", lambda one: one.yesterday("logins")),
    "detailed_health": ("health", lambda one: one.detailed_health()),
    **{
        f"counts of {kind}": (panel, lambda one, kind=kind: one.counts(kind))  # type: ignore[misc]
        for kind, panel in (
            ("workflows", "workflows"),
            ("queries", "queries"),
            ("warehouses", "warehouse"),
            ("audit", "audit"),
            ("logins", "audit"),
        )
    },
}


def test_no_method_is_left_out() -> None:
    """What a Monitor can be asked is all looked at here."""
    methods = {name for name in vars(Monitor) if not name.startswith("_")}
    assert methods - {"pace", "meter", "is_waiting", "ask", "counts"} <= _METHODS.keys()


@pytest.mark.parametrize("incremental", [False, True])
@pytest.mark.parametrize("method", _METHODS)
async def test_a_methods_statements_carry_its_panel(method: str, incremental: bool) -> None:
    """First, at a refresh and after the full reading: all that is sent for it, by the local copies too."""
    panel, call = _METHODS[method]
    source, estate, monitor = watched(incremental=incremental)
    for _ in range(3):
        await call(monitor)
        assert source.panels().keys() <= {panel}
        estate.clock.advance(1000)
    assert asking.panel() == ""


@pytest.mark.parametrize("dataset", asks.DATASETS)
async def test_a_dataset_carries_the_panel_of_its_method(dataset: str) -> None:
    """By the text parameters of HTTP and the command line it is the same panel."""
    source, _, monitor = watched(incremental=True)
    await monitor.ask(dataset, {})
    panel = {"warehouses": "warehouse"}.get(
        dataset.split("/", maxsplit=1)[0], dataset.split("/", maxsplit=1)[0]
    )
    assert source.panels().keys() <= {panel}


async def test_the_outermost_asker_counts() -> None:
    """Health asks the rules of alerts and the listings; a screen may ask more under its own name."""
    source, _, monitor = watched(incremental=True)
    with asking.of_panel("mine"):
        await monitor.health()
        with asking.of_panel("other"):
            await monitor.queries()
    assert source.panels().keys() == {"mine"}
    await monitor.audit(status="403")
    assert source.panels().keys() == {"audit"}


async def test_panels_asked_at_once_are_told_apart() -> None:
    """Five panels on one loop: none is billed for what another asks."""
    source, _, monitor = watched(incremental=False)
    await asyncio.gather(
        monitor.queries(user_email="a"),
        monitor.audit(user_email="a"),
        monitor.workflows(status="skipped"),
        monitor.warehouse_events("wh1"),
    )
    panels = source.panels()
    assert panels.keys() == {"queries", "audit", "workflows", "warehouse"}
    assert "audit_events" in panels["audit"] and "queries" in panels["queries"]
    assert (
        panels["warehouse"] == {"warehouse_events", "head_warehouse_events"} and "runs" in panels["workflows"]
    )


async def test_a_refresh_in_the_background_is_healths() -> None:
    """What `serve` keeps warm is asked for the panel health, counts included; the session's bill says so."""
    runtime = Runtime(
        Config(tenants={"t": TenantConfig(source="demo")}),
        clock=HeldClock(NOW),
        demo_rows=50_000,
        incremental=True,
    )
    warmer = Warmer(runtime)
    warmer.start()
    for _ in range(400):
        await asyncio.sleep(0.05 if warmer.waiting else 0)
    await warmer.stop()
    bill = runtime.tenant("t").monitor.meter.session()
    assert bill.panels.keys() == {"health"} and bill.total.statements >= len(TABLES) - 1
    await runtime.close()


async def test_the_bill_is_by_panel() -> None:
    """The panel goes with the statement to the meter; a question without one goes by the statement's name."""
    place = Place(HeldClock(NOW))
    service = service_of(place)
    with asking.of_panel("workflows"):
        await service.answer(ASK)
    await service.answer(OTHER)
    assert service.meter.session().panels.keys() == {"workflows", "run_tasks"}
