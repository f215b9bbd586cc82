"""The courier: takes what waits in the outboxes to its receivers, and tells the dead man's switch that all goes on.

One thread a process, because what it waits for are strangers' servers; a stop leaves what it carries in the outbox.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sysmon_tui.alerts.notify import heartbeat
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notifier import Notifier
from sysmon_tui.alerts.store import StoreError
from sysmon_tui.clock import Clock
from sysmon_tui.config import HeartbeatConfig

_log = logging.getLogger(__name__)

# How soon a notice goes out that another process has planned, and one whose wait is over.
_LOOK_S = 2.0


@dataclass
class _Beat:
    evaluated: bool = False
    last_s: float = field(default=float("-inf"))


class Courier:
    """`notifiers` by tenant; it asks for them again and again, because tenants are put together late."""

    def __init__(
        self,
        notifiers: Callable[[], Mapping[str, Notifier]],
        clock: Clock,
        beat: HeartbeatConfig | None,
    ) -> None:
        self._notifiers = notifiers
        self._clock = clock
        self._heartbeat = beat
        self._beats: dict[str, _Beat] = {}
        self._wake = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True, name="sysmon-courier")
        self._thread.start()

    def evaluated(self, tenant: str) -> None:
        """An evaluation is done: there may be something to tell."""
        self._beats.setdefault(tenant, _Beat()).evaluated = True
        self._wake.set()

    def stop(self) -> None:
        """Does not wait for a receiver that hangs."""
        self._stopped = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=0.2)

    def _run(self) -> None:
        while not self._stopped:
            self.round()
            if not self._stopped:
                self._clock.wait(self._wake, _LOOK_S)
                self._wake.clear()

    def round(self) -> None:
        """Everything that is due now."""
        notifiers = dict(self._notifiers())
        for tenant in dict.fromkeys([*notifiers, *list(self._beats)]):
            try:
                self._serve(tenant, notifiers.get(tenant))
            except StoreError as error:  # a monitor that can tell nobody is not alive
                _log.error("tenant %s: %s", tenant, error.sentence)
            except Exception:  # a fault of ours must not end the telling, nor keep it from the other tenants
                _log.exception("the courier's round failed")

    def _serve(self, tenant: str, notifier: Notifier | None) -> None:
        if notifier is not None and notifier.is_due():
            notifier.deliver_due()
        self.tell_alive(tenant)

    def tell_alive(self, tenant: str) -> None:
        """If an evaluation was done since, and it is time."""
        beat, config = self._beats.get(tenant), self._heartbeat
        now_s = self._clock.monotonic_s()
        if beat is None or config is None or not beat.evaluated:
            return
        if now_s - beat.last_s < config.every_minutes * 60:
            return
        beat.evaluated, beat.last_s = False, now_s
        try:
            heartbeat.beat(config, self._clock, tenant)
        except DeliveryError as failure:
            _log.warning("heartbeat of %s: %s", tenant, failure.message)
