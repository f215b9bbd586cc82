"""What all tabs share: the tenant, the window, whether it is paused, and the time of the screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sysmon_tui.threads import begun, in_daemon_thread
from sysmon_tui.tui.actions import Rebound, with_keys
from sysmon_tui.tui.faces import Face
from sysmon_tui.tui.kept import Kept, SavedFilter
from sysmon_tui.tui.last_rows import LastRows, last_rows
from sysmon_tui.tui.words import INTERVALS_S, WINDOWS_HOURS, is_production
from sysmon_tui.tui.zone import local_zone

if TYPE_CHECKING:
    from sysmon_tui.config import TenantConfig
    from sysmon_tui.runtime import Runtime, Tenant
    from sysmon_tui.services.everywhere import Listings
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.services.pace import Pace

# Stands for all tenants where one is meant; no tenant can be called so.
EVERY_TENANT = "*"


@dataclass
class Session:
    """Plain state; the app alone changes it and tells the tabs."""

    runtime: Runtime
    tenant: str | None
    row_limit: int
    low_bandwidth: bool = False
    hours: float = 24.0
    paused_at: datetime | None = None
    zone: ZoneInfo = field(default_factory=local_zone)
    face: Face = "blocks"
    rebound: Rebound = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)
    last_rows_in: Path | None = None
    _last_rows: dict[str, LastRows | None] = field(default_factory=dict)
    _chosen_refresh_s: float | None = None
    _paces: dict[str, Pace] = field(default_factory=dict)

    @classmethod
    def start(cls, runtime: Runtime, *, tenant: str | None, row_limit: int, low_bandwidth: bool) -> Session:
        names = list(runtime.config.tenants)
        chosen = tenant or runtime.config.default_tenant or (names[0] if len(names) == 1 else None)
        return cls(runtime, chosen, row_limit, low_bandwidth, hours=runtime.config.window.hours)

    def with_keys(self, text: str) -> str:
        """`{refresh} asks now` with the key that the user gave it."""
        return with_keys(text, self.rebound)

    # What is kept from one session to the next

    def saved_filters(self, tab: str | None = None) -> list[SavedFilter]:
        """Those of the configuration and those saved here, of one tab or of all."""
        configured = (
            SavedFilter(name, one.tab, one.filter) for name, one in self.runtime.config.filters.items()
        )
        return [one for one in (*configured, *self.kept.filters) if tab is None or one.tab == tab]

    @property
    def last_rows(self) -> LastRows | None:
        """Of the chosen tenant; None where none are kept, as of invented ones."""
        name, runtime = self.tenant, self.runtime
        if self.last_rows_in is None or self.tenant_config is None or name is None:
            return None
        if name not in self._last_rows:
            self._last_rows[name] = last_rows(
                runtime.config, name, runtime.scope(name), self.last_rows_in, runtime.clock
            )
        return self._last_rows[name]

    def flush(self) -> None:
        """Put on disk what is to be there at the next start."""
        for last in self._last_rows.values():
            if last is not None:
                last.flush()

    # Whom to ask

    async def listings(self) -> Listings:
        """The chosen tenant's monitor, or all of them as one. Raises SysmonError where one can't be put together."""
        if self.tenant != EVERY_TENANT:
            return await self.monitor(self.tenant)
        from sysmon_tui.services.everywhere import Everywhere  # noqa: PLC0415 (polars, not before the first paint)

        return Everywhere({name: await self.monitor(name) for name in self.runtime.config.tenants})

    async def monitor(self, name: str | None) -> Monitor:
        """A tenant's monitor. Putting it together loads its engine, so a thread does it. Raises SysmonError."""
        tenant = await self.put_together(name)
        return tenant.monitor

    def warm_up(self) -> None:
        """Begin to put the tenant together before anything asks for it; what goes wrong is told when something does."""
        if self.tenant is not None and not self.every_tenant:
            begun(partial(self.runtime.tenant, self.tenant))

    async def put_together(self, name: str | None) -> Tenant:
        tenant = await in_daemon_thread(lambda: self.runtime.tenant(name))
        pace = tenant.monitor.pace
        if name is not None:
            self._paces[name] = pace
        if self._chosen_refresh_s is not None:
            pace.refresh_s = self._chosen_refresh_s
        return tenant

    # How often

    @property
    def spacing_s(self) -> float:
        """How far apart refreshes are now: those of the tenant that is refreshed most often."""
        return min((pace.spacing_s() for pace in self._in_sight), default=self.refresh_s)

    @property
    def _in_sight(self) -> list[Pace]:
        if self.tenant == EVERY_TENANT:
            return list(self._paces.values())
        return [self._paces[self.tenant]] if self.tenant in self._paces else []

    def look(self) -> bool:
        """Somebody is at the keyboard. True if nobody was for a while."""
        was_quiet = any(pace.is_quiet for pace in self._in_sight)
        for pace in self._in_sight:
            pace.looked()
        return was_quiet

    @property
    def refresh_s(self) -> float:
        return self._chosen_refresh_s or float(self.runtime.config.refresh.seconds)

    @property
    def chosen_refresh_s(self) -> float | None:
        """What the person chose in place of refresh.seconds."""
        return self._chosen_refresh_s

    def refresh_every(self, seconds: float | None) -> None:
        self._chosen_refresh_s = seconds
        for pace in self._paces.values():
            pace.refresh_s = self.refresh_s

    def step_interval(self, step: int) -> bool:
        """To the next shorter (-1) or longer (1) time between refreshes; False at the ends."""
        seconds = _next(INTERVALS_S, self.refresh_s, step)
        if seconds is None:
            return False
        self.refresh_every(seconds)
        return True

    # Whose

    @property
    def every_tenant(self) -> bool:
        return self.tenant == EVERY_TENANT

    def config_of(self, name: str | None) -> TenantConfig | None:
        return self.runtime.config.tenants.get(name) if name else None

    @property
    def tenant_config(self) -> TenantConfig | None:
        return self.config_of(self.tenant)

    @property
    def shows_production(self) -> bool:
        """Whether any tenant in sight is one that people depend on."""
        tenants = self.runtime.config.tenants
        seen = tenants.values() if self.every_tenant else [self.tenant_config]
        return any(config is not None and is_production(config.environment) for config in seen)

    def has_api(self, name: str | None) -> bool:
        """Whether a tenant's workspace can be asked for more than its tables hold."""
        config = self.config_of(name)
        return (
            self.runtime.config.live.enabled
            and config is not None
            and config.source in ("databricks", "demo")
        )

    # When

    @property
    def seen_at(self) -> datetime:
        """The time that ages are told at: it stands while paused, so that nothing is printed then."""
        return self.paused_at or self.runtime.clock.now()

    @property
    def paused(self) -> bool:
        return self.paused_at is not None

    def pause(self) -> None:
        self.paused_at = None if self.paused else self.runtime.clock.now()

    def touch(self) -> None:
        """Rows were asked for by hand while paused: their age is told from now on."""
        if self.paused:
            self.paused_at = self.runtime.clock.now()

    def step_window(self, step: int) -> bool:
        """To the next shorter (-1) or longer (1) window; False at the ends."""
        hours = _next(WINDOWS_HOURS, self.hours, step)
        if hours is None:
            return False
        self.hours = hours
        return True


def _next(steps: tuple[float, ...], now: float, step: int) -> float | None:
    """The nearest larger (1) or smaller (-1) of the ascending steps."""
    if step > 0:
        return next((one for one in steps if one > now), None)
    return next((one for one in reversed(steps) if one < now), None)
