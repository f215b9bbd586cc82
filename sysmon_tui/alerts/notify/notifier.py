"""Sends alerts to the channels that the routes name, once for each state, and again what failed.

Every channel works on a thread of its own: one that hangs delays no other.
"""

from __future__ import annotations

import json
import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime
from time import sleep
from typing import Any, Literal, TypedDict

from sysmon_tui.alerts.notify import email, pagerduty, slack
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.store import Claim, DeliveryKey, DeliveryStore, Standing
from sysmon_tui.alerts.store_file import StoreError
from sysmon_tui.clock import Clock, rfc3339
from sysmon_tui.config import ChannelConfig, NotificationsConfig, PagerDutyChannel, RouteConfig, SlackChannel
from sysmon_tui.errors import RequestError
from sysmon_tui.text import one_line

_log = logging.getLogger(__name__)

# Attempts at one delivery within one call, and how late the last of them may begin.
_ATTEMPTS = 3
_RETRY_WITHIN_S = 5.0
# Old failures tried again by one call on one channel: a call must end.
_RETRIES_PER_CALL = 20
# From the second failed call on, the pause grows up to this.
_MAX_BACKOFF_S = 900.0

_jitter = random.SystemRandom()


class Outcome(TypedDict):
    """`failed` is kept and tried again, unless its reason says that it was given up."""

    result: Literal["sent", "skipped", "failed"]
    reason: str | None


class Notifier:
    """One tenant's notifications."""

    def __init__(
        self,
        notifications: NotificationsConfig,
        store: DeliveryStore,
        clock: Clock,
        *,
        tenant: str,
        environment: str | None,
        demo: bool = False,
    ) -> None:
        self._channels = notifications.channels
        self._routes = notifications.routes
        self._store = store
        self._clock = clock
        self._tenant = tenant
        self._environment = environment
        self._demo = demo

    def send(self, alert: dict[str, Any]) -> dict[str, Outcome]:
        """An outcome per configured channel. What waits there is tried again, unless it has just failed.

        Blocks for at most some 20 seconds a delivery. Raises RequestError for what is no alert; never for a
        channel.
        """
        _check(alert)
        outcomes: dict[str, Outcome] = {}

        def work(name: str) -> None:
            outcomes[name] = self._send_to(name, alert)
            if outcomes[name]["result"] != "failed":
                self._retry(name)

        self._on_each_channel(work)
        return {name: outcomes[name] for name in self._channels}

    def retry_due(self) -> dict[str, int]:
        """Tries again what is due. Per channel how many were delivered; never raises for a channel."""
        delivered: dict[str, int] = {}

        def work(name: str) -> None:
            delivered[name] = self._retry(name)

        self._on_each_channel(work)
        return {name: delivered[name] for name in self._channels}

    def _on_each_channel(self, work: Callable[[str], None]) -> None:
        # Not a ThreadPoolExecutor: at Ctrl-C the interpreter would wait for its threads. What is cut off here
        # stays in the record and is tried again.
        threads = [threading.Thread(target=work, args=[name], daemon=True) for name in self._channels]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send_to(self, name: str, alert: dict[str, Any]) -> Outcome:
        state = alert["state"]
        if state not in ("firing", "resolved"):
            return _skipped(
                f"Only alerts that fire or have resolved are sent; this one is {one_line(str(state), 40)}."
            )
        if not self._routed(name, alert):
            return _skipped("No route leads this alert here.")
        started_at = datetime.fromisoformat(alert["started_at"])
        key = DeliveryKey(self._tenant, alert["id"], state, started_at, name)
        try:
            claim = self._store.claim(key, alert, self._clock.now())
            if isinstance(claim, Standing):
                return _standing(claim)
            return self._deliver(name, claim)
        except StoreError as error:
            _log.error("channel %s: %s", name, error.sentence)
            return _failed(error.sentence)

    def _retry(self, name: str) -> int:
        """Stops at the first failure: the channel is down, the rest would only wait for it too."""
        delivered = 0
        try:
            for _ in range(_RETRIES_PER_CALL):
                claim = self._store.claim_due(self._tenant, name, self._clock.now())
                if claim is None or self._deliver(name, claim)["result"] == "failed":
                    break
                delivered += 1
        except StoreError as error:
            _log.error("channel %s: %s", name, error.sentence)
        return delivered

    def _deliver(self, name: str, claim: Claim) -> Outcome:
        notice = Notice(claim.alert, self._tenant, self._environment, self._clock.now(), self._demo)
        try:
            note = self._attempts(lambda: _hand_over(notice, self._channels[name], self._clock))
        except DeliveryError as failure:
            return self._record_failure(name, claim, failure)
        except Exception as error:  # a fault of ours must not stop the other channels, nor lose the alert
            # Without the text: it may hold the address.
            fault = DeliveryError(f"It broke with {type(error).__name__}.", retry="later")
            return self._record_failure(name, claim, fault)
        try:
            self._store.record_sent(claim, self._clock.now())
        except StoreError as error:
            _log.error("channel %s: sent, not recorded: %s", name, error.sentence)
            note = "Sent, but that could not be recorded: it may come twice."
        return {"result": "sent", "reason": note}

    def _attempts(self, attempt: Callable[[], str | None]) -> str | None:
        deadline_s = self._clock.monotonic_s() + _RETRY_WITHIN_S
        for number in range(1, _ATTEMPTS + 1):
            try:
                return attempt()
            except DeliveryError as failure:
                wait_s = max(failure.retry_after_s or 0.0, _jitter.uniform(0.0, 0.5 * 2**number))
                late = wait_s > _RETRY_WITHIN_S or self._clock.monotonic_s() + wait_s > deadline_s
                if failure.retry != "soon" or number == _ATTEMPTS or late:
                    raise
            sleep(wait_s)
        raise AssertionError("the last attempt returns or raises")

    def _record_failure(self, name: str, claim: Claim, failure: DeliveryError) -> Outcome:
        _log.warning(
            "channel %s: alert %s not delivered: %s", name, one_line(claim.alert["id"]), failure.message
        )
        now = self._clock.now()
        if failure.retry == "never":
            self._store.record_dead(claim, failure.message, now)
            return _failed(f"Given up: {failure.message}")
        # The first failure is tried again by the next call; after that full jitter spreads the attempts.
        backoff_s = min(_MAX_BACKOFF_S, 5.0 * 2 ** min(claim.attempts, 10)) if claim.attempts > 1 else 0.0
        wait_s = max(failure.retry_after_s or 0.0, _jitter.uniform(0.0, backoff_s))
        self._store.record_failed(claim, failure.message, now, retry_in_s=wait_s)
        return _failed(f"{failure.message} It is kept and tried again.")

    def _routed(self, name: str, alert: dict[str, Any]) -> bool:
        return not self._routes or any(
            name in route.channels and self._matches(route, alert) for route in self._routes
        )

    def _matches(self, route: RouteConfig, alert: dict[str, Any]) -> bool:
        pairs: tuple[tuple[tuple[str, ...], Any], ...] = (
            (route.severities, alert.get("severity")),
            (route.categories, alert.get("category")),
            (route.tenants, self._tenant),
            (route.environments, self._environment),
        )
        return all(not wanted or value in wanted for wanted, value in pairs)


def _hand_over(notice: Notice, channel: ChannelConfig, clock: Clock) -> str | None:
    if isinstance(channel, SlackChannel):
        slack.send(notice, channel, clock)
        return None
    if isinstance(channel, PagerDutyChannel):
        pagerduty.send(notice, channel, clock)
        return None
    return email.send(notice, channel)


def _check(alert: dict[str, Any]) -> None:
    """Plain JSON, with the three fields that make a delivery one of a kind."""
    for field in ("id", "state"):
        if not isinstance(alert.get(field), str):
            raise RequestError(f"This is no alert: {field} is missing or no text.", parameter="alert")
    try:
        json.dumps(alert)
        alert["id"].encode()
    except (TypeError, ValueError) as error:
        raise RequestError("This is no alert: it is not plain JSON.", parameter="alert") from error
    if alert["state"] not in ("firing", "resolved"):
        return
    try:
        aware = datetime.fromisoformat(alert["started_at"]).tzinfo is not None
    except (KeyError, TypeError, ValueError):
        aware = False
    if not aware:
        raise RequestError("This is no alert: started_at is no instant with a zone.", parameter="alert")


def _standing(standing: Standing) -> Outcome:
    error = standing.last_error
    if standing.status == "failed":
        return _failed(f"{error} It is tried again from {rfc3339(standing.next_attempt_at)}.")
    if standing.status == "dead":
        return _failed(f"Given up: {error}")
    return _skipped(
        {
            "sent": "Already sent.",
            "pending": "It is being sent already.",
            "waiting": "It follows once the notice that it fires is delivered.",
            "unopened": "That it fires was not sent, so its end is not either.",
            "again": "It fires again since.",
        }[standing.status]
    )


def _skipped(reason: str) -> Outcome:
    return {"result": "skipped", "reason": reason}


def _failed(reason: str) -> Outcome:
    return {"result": "failed", "reason": reason}
