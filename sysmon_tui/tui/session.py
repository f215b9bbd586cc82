"""What all tabs share: the tenant, the window, whether it is paused, and the time of the screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sysmon_tui.threads import in_daemon_thread
from sysmon_tui.tui.words import WINDOWS_HOURS
from sysmon_tui.tui.zone import local_zone

if TYPE_CHECKING:
    from sysmon_tui.config import TenantConfig
    from sysmon_tui.runtime import Runtime
    from sysmon_tui.services.monitor import Monitor
    from sysmon_tui.services.pace import Pace


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
    _paces: dict[str | None, Pace] = field(default_factory=dict)

    @classmethod
    def start(cls, runtime: Runtime, *, tenant: str | None, row_limit: int, low_bandwidth: bool) -> Session:
        names = list(runtime.config.tenants)
        chosen = tenant or runtime.config.default_tenant or (names[0] if len(names) == 1 else None)
        return cls(runtime, chosen, row_limit, low_bandwidth, hours=runtime.config.window.hours)

    async def monitor(self) -> Monitor:
        """The tenant's monitor. Putting a tenant together loads its engine, so a thread does it.

        Raises SysmonError when the tenant cannot be put together.
        """
        tenant = await in_daemon_thread(lambda: self.runtime.tenant(self.tenant))
        self._paces[self.tenant] = tenant.monitor.pace
        return tenant.monitor

    @property
    def pace(self) -> Pace | None:
        """The tenant's, once it was put together."""
        return self._paces.get(self.tenant)

    @property
    def spacing_s(self) -> float:
        """How far apart refreshes are now."""
        return self.refresh_s if self.pace is None else self.pace.spacing_s()

    def look(self) -> bool:
        """Somebody is at the keyboard. True if nobody was for a while."""
        was_quiet = self.pace is not None and self.pace.is_quiet
        if self.pace is not None:
            self.pace.looked()
        return was_quiet

    @property
    def tenant_config(self) -> TenantConfig | None:
        return self.runtime.config.tenants.get(self.tenant) if self.tenant else None

    @property
    def has_api(self) -> bool:
        """Whether the tenant's workspace can be asked for more than its tables hold."""
        config = self.tenant_config
        return self.runtime.config.live.enabled and config is not None and config.source == "databricks"

    @property
    def refresh_s(self) -> float:
        return float(self.runtime.config.refresh.seconds)

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
        if step < 0:
            candidates = [hours for hours in reversed(WINDOWS_HOURS) if hours < self.hours]
        else:
            candidates = [hours for hours in WINDOWS_HOURS if hours > self.hours]
        if not candidates:
            return False
        self.hours = candidates[0]
        return True
