"""The only place where parts are put together: configuration → source → query service → monitor, per tenant.

Building a Runtime costs nothing: tenants are put together (frames, engine and SDK imported) when the first is asked
for, a source is opened in a worker thread at its first question. So the app paints before, and a host that does not
answer holds nobody up.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sysmon_tui import paths
from sysmon_tui.clock import Clock, SystemClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.config.model import FreshnessConfig
from sysmon_tui.errors import RequestError
from sysmon_tui.threads import begun

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from sysmon_tui.alerts.notify.notifier import Notifier
    from sysmon_tui.alerts.store import AlertStore, Telling
    from sysmon_tui.services.courier import Courier
    from sysmon_tui.services.evaluation import RuleBook
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.sources.base import Source
    from sysmon_tui.sources.demo import DemoEstate

# Whom the evaluations of a process tell: everybody that routes name, those who were told how it goes on, nobody.
Tells = Literal["all", "follow_ups", "nobody"]
# Up to here the engine builds the demo in two thirds of the time when it does not share the work out to threads.
_ONE_THREAD_ROWS = 1_000_000
# When the first answers of the demo are there.
_PACK_AFTER_S = 3.0


@dataclass(frozen=True)
class Tenant:
    """`notifier` None where no channel is configured."""

    name: str
    config: TenantConfig
    environment: str | None
    monitor: Monitor
    store: AlertStore
    notifier: Notifier | None


class Runtime:
    """The tenants of one process, on one event loop. `demo_rows` sizes the invented estate, None for its default.

    `spark` is the SparkSession for tenants with that source, None for the active one. `incremental` is for a process
    that asks again and again: it keeps what it read and asks for what may have changed. `patience_s` is how long its
    askers wait for a warehouse that is starting before they are told so, None for as long as it takes. `tells` is whom
    its evaluations of the alert rules tell; one that tells `all` goes on to evaluate, and leaves it to another process
    on the same store that does.
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
        tells: Tells = "nobody",
    ) -> None:
        self.config = config
        self._tells: Tells = tells
        self._courier: Courier | None = None
        self.clock: Clock = clock or SystemClock()
        self._demo_rows = demo_rows
        self._spark = spark
        self._incremental = incremental
        self._patience_s = patience_s
        self._openers = {name: self._opener(name, tenant) for name, tenant in config.tenants.items()}
        # Those that are being built before their source is opened.
        self._estates: dict[str, Callable[[], tuple[DuckDBPyConnection, DemoEstate]]] = {}
        self._tenants: dict[str, Tenant] = {}
        self._building = threading.Lock()

    @property
    def tenants(self) -> dict[str, Tenant]:
        """All tenants by name; put together at the first call, which any thread may make."""
        return self._put_together(None)

    def _put_together(self, wanted: str | None) -> dict[str, Tenant]:
        with self._building:
            if not self._tenants:
                config = self.config.tenants.get(wanted or "")
                if wanted is not None and config is not None and config.source == "demo":
                    # It takes as long as the imports do, and the engine needs none of them.
                    self._estates[wanted] = begun(self._build_estate)
                self._tenants = {
                    name: self._tenant(name, tenant) for name, tenant in self.config.tenants.items()
                }
            return self._tenants

    def _tenant(self, name: str, tenant: TenantConfig) -> Tenant:
        from sysmon_tui.alerts.store import AlertStore  # noqa: PLC0415 (polars: after the first paint)
        from sysmon_tui.alerts.store_file import StoreFile  # noqa: PLC0415
        from sysmon_tui.services.desk import AlertDesk  # noqa: PLC0415
        from sysmon_tui.services.evaluation import Evaluation  # noqa: PLC0415
        from sysmon_tui.services.ledger import Ledger  # noqa: PLC0415
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
        store = AlertStore(StoreFile(), self.scope(name))
        desk = AlertDesk(
            Evaluation(service, rule_book(config, name)),
            self.clock,
            store=store,
            telling=self._telling(name, tenant),
            channels=tuple(config.notifications.channels),
            spacing_s=pace.spacing_s,
            shares=self._tells == "all" and self._incremental,
        )
        desk.on_change = lambda: None if self._courier is None else self._courier.evaluated(name)
        return Tenant(
            name,
            tenant,
            tenant.environment,
            Monitor(service, desk),
            store,
            self._notifier(name, tenant, store),
        )

    def scope(self, name: str) -> str:
        """A tenant and where its rows come from: what is known of alerts of another place is no news here."""
        tenant = self.config.tenants[name]
        place = (
            tenant.source,
            tenant.host,
            tenant.profile,
            tenant.database and str(Path(tenant.database).resolve()),
            sorted(tenant.workspace_ids),
            sorted(tenant.tables.items()),
            self._demo_rows if tenant.source == "demo" else None,
            os.environ.get("DATABRICKS_HOST") if tenant.source == "databricks" and not tenant.host else None,
        )
        return f"{name}@{hashlib.blake2b(repr(place).encode(errors='replace'), digest_size=6).hexdigest()}"

    def _telling(self, name: str, tenant: TenantConfig) -> Telling | None:
        from sysmon_tui.alerts.routes import Routes  # noqa: PLC0415
        from sysmon_tui.alerts.store import Telling  # noqa: PLC0415

        notifications = self.config.notifications
        if self._tells == "nobody" or not notifications.channels:
            return None
        return Telling(
            Routes(notifications, name, tenant.environment),
            timedelta(minutes=self.config.alerts.max_page_age_minutes),
            notifications.max_pages_per_hour,
            openings=self._tells == "all",
        )

    def _notifier(self, name: str, tenant: TenantConfig, store: AlertStore) -> Notifier | None:
        if not self.config.notifications.channels:
            return None
        from sysmon_tui.alerts.notify.notifier import Notifier  # noqa: PLC0415 (httpx only where something is sent)

        return Notifier(
            self.config.notifications,
            store,
            self.clock,
            tenant=name,
            environment=tenant.environment,
            demo=tenant.source == "demo",
        )

    @property
    def tells_somebody(self) -> bool:
        """Whether its evaluations are for more than whoever looks at them."""
        return self._tells == "all" and bool(self.config.notifications.channels)

    def start_courier(self) -> None:
        """Deliver what evaluations plan, from now until the runtime is closed. Nothing to do without channels."""
        notifications = self.config.notifications
        if self._courier is not None or not (notifications.channels or notifications.heartbeat):
            return
        from sysmon_tui.services.courier import Courier  # noqa: PLC0415

        self._courier = Courier(self._notifiers, self.clock, notifications.heartbeat)
        self._courier.start()

    def _notifiers(self) -> dict[str, Notifier]:
        return {
            name: tenant.notifier for name, tenant in self._tenants.items() if tenant.notifier is not None
        }

    def _opener(self, name: str, tenant: TenantConfig) -> Callable[[], Source]:
        match tenant.source:
            case "demo":
                return lambda: self._open_demo(name)
            case "embedded":
                return lambda: _open_embedded(tenant)
            case "databricks":
                return lambda: _open_databricks(tenant)
            case "spark":
                return lambda: _open_spark(self._spark)

    def _build_estate(self) -> tuple[DuckDBPyConnection, DemoEstate]:
        import duckdb  # noqa: PLC0415 (in a thread, after the first paint)

        from sysmon_tui.sources.demo import DEFAULT_ROWS, DemoEstate  # noqa: PLC0415

        rows = self._demo_rows or DEFAULT_ROWS
        connection = duckdb.connect(config={"threads": 1} if rows <= _ONE_THREAD_ROWS else {})
        return connection, DemoEstate(connection, now=self.clock.now(), rows=rows)

    def _open_demo(self, name: str) -> Source:
        from sysmon_tui.sources.demo.live import DemoSource  # noqa: PLC0415 (in the worker thread)

        connection, estate = self._estates.pop(name, self._build_estate)()
        if self._incremental:  # a process that stays
            packing = threading.Timer(_PACK_AFTER_S, estate.pack)
            packing.daemon = True
            packing.start()
        return DemoSource(connection, estate, self.clock)

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
        tenant = self._put_together(name).get(name)
        if tenant is None:
            raise RequestError(
                "There is no such tenant.", parameter="tenant", status=404, code="tenant_unknown"
            )
        return tenant

    async def close(self) -> None:
        """Cancel what runs on every tenant's source. Bounded in time."""
        if self._courier is not None:
            self._courier.stop()
        await asyncio.gather(*(tenant.monitor.desk.close() for tenant in self._tenants.values()))
        await asyncio.gather(*(tenant.monitor.service.close() for tenant in self._tenants.values()))


def rule_book(config: Config, tenant: str) -> RuleBook:
    """What the configuration says of a tenant's alert rules."""
    from sysmon_tui.services.evaluation import RuleBook  # noqa: PLC0415

    return RuleBook(
        config.thresholds_for(tenant),
        _minutes(config.freshness.allowed_lateness_minutes, FreshnessConfig().allowed_lateness_minutes),
        _minutes(config.freshness.stale_after_minutes, FreshnessConfig().stale_after_minutes),
        config.rules_for(tenant),
    )


def _minutes(said: dict[str, int], default: dict[str, int]) -> dict[str, timedelta]:
    return {table: timedelta(minutes=minutes) for table, minutes in {**default, **said}.items()}


def _open_embedded(tenant: TenantConfig) -> Source:
    from sysmon_tui.sources.embedded import EmbeddedSource  # noqa: PLC0415

    return EmbeddedSource.open(Path(tenant.database or ""))


def _open_databricks(tenant: TenantConfig) -> Source:
    from sysmon_tui.sources.databricks import DatabricksSource  # noqa: PLC0415

    return DatabricksSource(host=tenant.host, profile=tenant.profile, warehouse_id=tenant.warehouse_id or "")


def _open_spark(session: Any | None) -> Source:
    from sysmon_tui.sources.spark import SparkSource  # noqa: PLC0415

    return SparkSource.open(session)
