"""The meter: what our own statements cost, by panel, today and since this process began.

What a warehouse bills is the time that it is up. So the estimate is the time that it is up because of us: from a
statement's beginning to its end and the auto-stop after it, what several keep awake counted once. Where others use the
warehouse too, it would have been up anyway, and our share is smaller: the estimate is a ceiling.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sysmon_tui import limits
from sysmon_tui.clock import EPOCH, Clock
from sysmon_tui.services import prices
from sysmon_tui.services.ledger import Ledger, Spent
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.live import WarehouseNow


@dataclass
class _Session:
    panels: dict[str, Spent] = field(default_factory=dict)
    awake_s: float = 0.0


@dataclass(frozen=True)
class Bill:
    """`dbu` and `usd` are None where the warehouse's size or price is not known."""

    panels: dict[str, Spent]
    awake_s: float
    dbu: float | None
    usd: float | None

    @property
    def total(self) -> Spent:
        total = Spent()
        for spent in self.panels.values():
            total = total.plus(spent)
        return total

    def document(self) -> dict[str, Any]:
        return {
            **_document(self.total),
            "awake_seconds": round(self.awake_s, 1),
            "dbu": None if self.dbu is None else round(self.dbu, 3),
            "usd": None if self.usd is None else round(self.usd, 3),
            "by_panel": {panel: _document(spent) for panel, spent in sorted(self.panels.items())},
        }


def _document(spent: Spent) -> dict[str, Any]:
    return {
        "statements": spent.statements,
        "seconds": round(spent.seconds, 3),
        "rows": spent.rows,
        "bytes": spent.size_bytes,
    }


class Meter:
    """One tenant's. Statements begin and end in threads of their own.

    `usd_per_dbu` is the configured price, None for the list's.
    """

    def __init__(
        self, clock: Clock, ledger: Ledger | None = None, *, usd_per_dbu: float | None = None
    ) -> None:
        self._clock = clock
        self._ledger = ledger or Ledger("")
        self._usd_per_dbu = usd_per_dbu
        self._lock = threading.Lock()
        self._session = _Session()
        self._running: dict[str, tuple[Request, datetime, float]] = {}
        # As it was last seen; it gives the auto-stop and the price.
        self.warehouse: WarehouseNow | None = None

    def began(self, request: Request) -> None:
        with self._lock:
            self._running[request.id] = (request, self._clock.now(), self._clock.monotonic_s())

    def ended(self, request: Request, rows: int, *, reached: bool = True) -> None:
        """`reached` is whether a warehouse got the statement: what did not keeps nothing awake."""
        with self._lock:
            _, began, began_s = self._running.pop(request.id)
        seconds = self._clock.monotonic_s() - began_s
        panel = request.panel or "other"
        spent = Spent(1, seconds, rows, request.progress.read_bytes)
        at_s = (began - EPOCH).total_seconds()
        until_s = at_s + seconds + self._tail_s if reached else at_s
        longer_s = self._ledger.add(began.date().isoformat(), panel, spent, at_s, until_s)
        with self._lock:
            self._session.panels[panel] = self._session.panels.get(panel, Spent()).plus(spent)
            self._session.awake_s += longer_s

    @property
    def _tail_s(self) -> float:
        """How long a statement keeps the warehouse up after its end."""
        return limits.AUTO_STOP_S if self.warehouse is None else self.warehouse.auto_stop_s

    @property
    def waiting_since_s(self) -> float | None:
        """Since when (monotonic) our oldest statement waits for the warehouse; None while none does."""
        with self._lock:
            began = [
                at_s for request, _, at_s in self._running.values() if request.progress.state == "waiting"
            ]
        return min(began, default=None)

    @property
    def dbu_per_hour(self) -> float | None:
        return None if self.warehouse is None else prices.DBU_PER_HOUR.get(self.warehouse.size)

    @property
    def usd_per_dbu(self) -> float | None:
        if self._usd_per_dbu is not None:
            return self._usd_per_dbu
        return None if self.warehouse is None else prices.USD_PER_DBU.get(self.warehouse.kind)

    def today(self) -> Bill:
        """This day in UTC, of all processes of this user."""
        return self._bill(*self._ledger.day(self._clock.now().date().isoformat()))

    def session(self) -> Bill:
        with self._lock:
            panels, awake_s = dict(self._session.panels), self._session.awake_s
        return self._bill(panels, awake_s)

    def _bill(self, panels: dict[str, Spent], awake_s: float) -> Bill:
        rate, price = self.dbu_per_hour, self.usd_per_dbu
        dbu = None if rate is None else awake_s / 3600 * rate
        return Bill(panels, awake_s, dbu, None if dbu is None or price is None else dbu * price)

    def document(self) -> dict[str, Any]:
        """For `/health/detailed`. `kept` says whether today outlives this process."""
        return {
            "today": self.today().document(),
            "session": self.session().document(),
            "dbu_per_hour": self.dbu_per_hour,
            "usd_per_dbu": self.usd_per_dbu,
            "kept": self._ledger.is_kept,
        }

    def close(self) -> None:
        self._ledger.close()
