"""When to ask: often while somebody looks, seldom when nobody does, and never more than the budget allows.

A warehouse bills while it is up, and each statement keeps it up for its auto-stop longer. So once nobody has looked for
a while the refreshes come farther apart, until the warehouse can stop between two of them; and a stopped one is woken
by a question, not by the clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

from sysmon_tui import limits
from sysmon_tui.clock import Clock
from sysmon_tui.errors import WarehouseAsleep
from sysmon_tui.services.meter import Meter
from sysmon_tui.sources.live import WarehouseNow

Wake = Literal["never", "on_demand", "keep_warm"]


class Pace:
    """One tenant's. `bills` is whether its statements keep something up that costs money."""

    def __init__(
        self,
        clock: Clock,
        meter: Meter,
        *,
        refresh_s: float,
        bills: bool = False,
        wake: Wake = "on_demand",
        dbu_per_day: float | None = None,
    ) -> None:
        self.refresh_s = refresh_s
        self._clock = clock
        self._meter = meter
        self.bills = bills
        self._wake = wake
        self._dbu_per_day = dbu_per_day
        self._looked_s = clock.monotonic_s()

    def looked(self) -> None:
        """Somebody asked, or pressed a key."""
        self._looked_s = self._clock.monotonic_s()

    @property
    def is_quiet(self) -> bool:
        """Whether nobody has looked for so long that refreshes become rarer."""
        return self.bills and self._wake != "keep_warm" and self._idle_s >= limits.IDLE_S

    @property
    def _idle_s(self) -> float:
        return self._clock.monotonic_s() - self._looked_s

    def keep_s(self) -> float:
        """How long an answer holds before it is asked for again."""
        return max(self.refresh_s, self._budget_s())

    def spacing_s(self) -> float:
        """How far apart refreshes by the clock are now."""
        keep_s = self.keep_s()
        if not self.is_quiet:
            return keep_s
        warehouse = self._meter.warehouse
        auto_stop_s = limits.AUTO_STOP_S if warehouse is None else warehouse.auto_stop_s
        longest_s = max(limits.LONGEST_SPACING_S, auto_stop_s + limits.AUTO_STOP_MARGIN_S)
        doublings = min(20, int(self._idle_s // limits.IDLE_S))
        return max(keep_s, min(self.refresh_s * 2.0**doublings, longest_s))

    def _budget_s(self) -> float:
        """How far apart refreshes must be for the rest of the budget to last until midnight; 0 while there is enough.

        Half of it may go at full speed: an incident is not the time to save.
        """
        rate = self._meter.dbu_per_hour
        if self._dbu_per_day is None or rate is None or not self.bills:
            return 0.0
        left_dbu = self._dbu_per_day - (self._meter.today().dbu or 0.0)
        left_s = _until_midnight_s(self._clock.now())
        if left_dbu <= 0:
            return left_s
        if left_dbu > self._dbu_per_day / 2 or rate * left_s / 3600 <= left_dbu:
            return 0.0
        warehouse = self._meter.warehouse
        awake_s = limits.REFRESH_TAKES_S + (0.0 if warehouse is None else warehouse.auto_stop_s)
        return left_s * (rate * awake_s / 3600) / left_dbu

    def document(self) -> dict[str, Any]:
        """For `/health/detailed`."""
        return {
            "refresh_seconds": self.refresh_s,
            "spacing_seconds": round(self.spacing_s(), 1),
            "wake": self._wake,
            "dbu_per_day": self._dbu_per_day,
            "reason": self.slowed_words,
        }

    @property
    def slowed_words(self) -> str | None:
        """A sentence while refreshes are farther apart than they are set to."""
        if self._dbu_per_day is not None and self.bills and self._meter.dbu_per_hour is None:
            return (
                "The budget holds nothing: the SQL warehouse's size can't be seen, so neither can its cost."
            )
        if self.budget_words is None and self.is_quiet:
            return (
                "Nobody has looked for a while, so refreshes come farther apart and the warehouse can stop."
            )
        return self.budget_words

    @property
    def budget_words(self) -> str | None:
        """A sentence while the budget slows the refresh."""
        if self._budget_s() <= self.refresh_s:
            return None
        return f"Refreshes are slowed: today's budget of {self._dbu_per_day:g} DBU is more than half used."

    def must_see(self, *, by_the_clock: bool) -> bool:
        """Whether a statement may only run where the warehouse is up already."""
        if not self.bills or self._wake == "keep_warm":
            return False
        return self._wake == "never" or (by_the_clock and self.is_quiet)

    def wakes(self, by_the_clock: bool) -> bool:
        """Whether this question may wake the warehouse."""
        return not self.must_see(by_the_clock=by_the_clock)

    def check_awake(self, warehouse: WarehouseNow | None) -> None:
        """Raises WarehouseAsleep where the warehouse, as just seen, would have to be woken; None was not seen."""
        if warehouse is None:
            raise WarehouseAsleep(
                "Whether the SQL warehouse is up can't be seen now, so it was let be.",
                "Grant CAN VIEW on it, switch live.enabled on, or see refresh.wake."
                if self._wake == "never"
                else 'r asks now; refresh.wake = "keep_warm" asks always.',
            )
        if not warehouse.is_up:
            hint = (
                'Start it in the workspace, or set refresh.wake to "on_demand".'
                if self._wake == "never"
                else "Nobody has looked for a while, so it was let be: r asks now."
            )
            raise WarehouseAsleep(
                f"The SQL warehouse {warehouse.warehouse_id} is {warehouse.state.lower()}, so nothing newer was read.",
                hint,
            )


def _until_midnight_s(now: datetime) -> float:
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    return (midnight - now).total_seconds()
