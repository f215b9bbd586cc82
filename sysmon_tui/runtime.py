"""The only place where parts are put together: configuration → source → query service → monitor, per tenant.

Building a Runtime costs nothing: tenants are put together (frames, engine and SDK imported) when the first is asked
for, a source is opened in a worker thread at its first question. So the app paints before, and a host that does not
answer holds nobody up.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sysmon_tui import limits, paths
from sysmon_tui.clock import Clock, SystemClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.errors import RequestError
from sysmon_tui.threads import settle

if TYPE_CHECKING:
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.sources.base import Source


@dataclass(frozen=True)
class Tenant:
    name: str
    config: TenantConfig
    environment: str | None
    monitor: Monitor


class Runtime:
    """The tenants of one process, on one event loop. `demo_rows` sizes the invented estate, None for its default.

    `spark` is the SparkSession for tenants with that source, None for the active one. `incremental` is for a process
    that asks again and again: it keeps what it read and asks for what may have changed. `patience_s` is how long its
    askers wait for a warehouse that is starting before they are told so, None for as long as it takes.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        demo_rows: int | None = None,
        spark: Any | None = None,
        incremental: bool = False,
        patience_s: float | None = None,
    ) -> None:
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self._demo_rows = demo_rows
        self._spark = spark
        self._incremental = incremental
        self._patience_s = patience_s
        self._openers = {name: self._opener(tenant) for name, tenant in config.tenants.items()}
        self._tenants: dict[str, Tenant] = {}
        self._building = threading.Lock()

    @property
    def tenants(self) -> dict[str, Tenant]:
        """All tenants by name; put together at the first call, which any thread may make."""
        with self._building:
            if not self._tenants:
                self._tenants = {
                    name: self._tenant(name, tenant) for name, tenant in self.config.tenants.items()
                }
            return self._tenants

    def _tenant(self, name: str, tenant: TenantConfig) -> Tenant:
        from sysmon_tui.services.ledger import Ledger  # noqa: PLC0415 (polars: after the first paint)
        from sysmon_tui.services.meter import Meter  # noqa: PLC0415
        from sysmon_tui.services.monitor import Monitor  # noqa: PLC0415
        from sysmon_tui.services.pace import Pace  # noqa: PLC0415
        from sysmon_tui.services.query import QueryService  # noqa: PLC0415

        config, bills = self.config, tenant.source == "databricks"
        ledger = Ledger(name, (lambda: paths.state_dir() / "spent.sqlite3") if bills else None)
        meter = Meter(self.clock, ledger, usd_per_dbu=config.cost.usd_per_dbu)
        pace = Pace(
            self.clock,
            meter,
            refresh_s=config.refresh.seconds,
            bills=bills,
            wake=config.refresh.wake,
            dbu_per_day=config.cost.dbu_per_day,
        )
        service = QueryService(
            name,
            self._openers[name],
            self.clock,
            pace=pace,
            meter=meter,
            timeout_s=config.limits.statement_timeout_seconds,
            incremental=self._incremental,
            stale_after={
                table: timedelta(minutes=minutes)
                for table, minutes in config.freshness.stale_after_minutes.items()
            },
            workspace_ids=tenant.workspace_ids,
            tables=tenant.tables,
            live=config.live.enabled,
            patience_s=self._patience_s,
        )
        return Tenant(name, tenant, tenant.environment, Monitor(service, config.thresholds_for(name)))

    def _opener(self, tenant: TenantConfig) -> Callable[[], Source]:
        match tenant.source:
            case "demo":
                return self._open_demo
            case "embedded":
                return lambda: _open_embedded(tenant)
            case "databricks":
                return lambda: _open_databricks(tenant)
            case "spark":
                return lambda: _open_spark(self._spark)

    def _open_demo(self) -> Source:
        import duckdb  # noqa: PLC0415 (in the worker thread, after the first paint)

        from sysmon_tui.sources.demo import DEFAULT_ROWS, DemoEstate  # noqa: PLC0415
        from sysmon_tui.sources.embedded import EmbeddedSource  # noqa: PLC0415

        connection = duckdb.connect()
        estate = DemoEstate(connection, now=self.clock.now(), rows=self._demo_rows or DEFAULT_ROWS)
        return EmbeddedSource(connection, before=lambda: estate.advance(self.clock.now()))

    def tenant(self, name: str | None) -> Tenant:
        """The tenant of that name; without one the default, else the only one. Raises RequestError."""
        if name is None:
            name = self.config.default_tenant
            if name is None and len(self._openers) == 1:
                name = next(iter(self._openers))
            if name is None:
                raise RequestError(
                    f"Several tenants are configured; name one of {', '.join(self._openers)}.",
                    parameter="tenant",
                    code="tenant_required",
                )
        tenant = self.tenants.get(name)
        if tenant is None:
            raise RequestError(
                "There is no such tenant.", parameter="tenant", status=404, code="tenant_unknown"
            )
        return tenant

    async def close(self) -> None:
        """Cancel what runs on every tenant's source. Bounded in time."""
        await asyncio.gather(*(tenant.monitor.service.close() for tenant in self._tenants.values()))
        settle(limits.SETTLE_S)


def _open_embedded(tenant: TenantConfig) -> Source:
    from sysmon_tui.sources.embedded import EmbeddedSource  # noqa: PLC0415

    return EmbeddedSource.open(Path(tenant.database or ""))


def _open_databricks(tenant: TenantConfig) -> Source:
    from sysmon_tui.sources.databricks import DatabricksSource  # noqa: PLC0415

    return DatabricksSource(host=tenant.host, profile=tenant.profile, warehouse_id=tenant.warehouse_id or "")


def _open_spark(session: Any | None) -> Source:
    from sysmon_tui.sources.spark import SparkSource  # noqa: PLC0415

    return SparkSource.open(session)
