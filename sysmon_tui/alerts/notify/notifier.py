"""Delivers what waits in the outbox, and what somebody hands over: each notice once, and again what failed.

Every channel works on a thread of its own: one that hangs delays no other.
"""

from __future__ import annotations

import json
import logging
import random
import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from time import sleep
from typing import Any, Literal, TypedDict

from sysmon_tui.alerts.life import Life
from sysmon_tui.alerts.notify import channels
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.notice import Notice
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.alerts.outbox import Claim, Outbox, Standing
from sysmon_tui.alerts.routes import Routes
from sysmon_tui.alerts.rules import SEVERITIES
from sysmon_tui.alerts.silences import silenced_until
from sysmon_tui.alerts.store import AlertStore, StoreError, Telling
from sysmon_tui.clock import Clock, rfc3339, to_micros
from sysmon_tui.config import ChannelConfig, NotificationsConfig
from sysmon_tui.errors import RequestError
from sysmon_tui.text import one_line

_log = logging.getLogger(__name__)

# Attempts at one delivery within one call, and how late the last of them may begin.
_ATTEMPTS = 3
_RETRY_WITHIN_S = 5.0
# Notices delivered by one call on one channel: a call must end.
_AT_ONCE = 50
# From the second failed call on, the pause grows up to this.
_MAX_BACKOFF_S = 900.0
# Whoever hands an alert over wants it told, however old it is.
_ANY_AGE = timedelta(days=36_500)

# Microseconds since 1970, as stores name the times that an alert was on.
_INCIDENT = re.compile(r"[0-9]{1,18}", re.ASCII)

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
        store: AlertStore,
        clock: Clock,
        *,
        tenant: str,
        environment: str | None,
        demo: bool = False,
    ) -> None:
        self._channels = notifications.channels
        self._max_pages = notifications.max_pages_per_hour
        self._routes = Routes(notifications, tenant, environment)
        self._store = store
        self.outbox = Outbox(store.file, store.scope)
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
        if not self._channels:
            return {}
        state = alert["state"]
        if state not in ("firing", "resolved"):
            reason = (
                f"Only alerts that fire or have resolved are sent; this one is {one_line(str(state), 40)}."
            )
            return dict.fromkeys(self._channels, _skipped(reason))
        incidents = {routed.channel: routed.incident for routed in self._routes.of(alert)}
        outcomes = {name: _skipped("No route leads this alert here.") for name in self._channels}
        try:
            now = self._clock.now()
            until = silenced_until(self._store.silences(now), alert, now)
            before = {name: self.outbox.standing(name, alert["id"], state) for name in incidents}
            if until is None or state == "resolved":
                self._store.tell(_life(alert), self._telling(openings=state == "firing"), now)
        except StoreError as error:
            _log.error("%s", error.sentence)
            return outcomes | dict.fromkeys(incidents, _failed(error.sentence))
        if until is not None and state == "firing":
            return outcomes | dict.fromkeys(incidents, _skipped(f"It is silenced until {rfc3339(until)}."))

        def work(name: str) -> None:
            key = incidents.get(name)
            if key is not None:
                outcomes[name] = self._send_to(name, key, alert, before[name])
            if outcomes[name]["result"] != "failed":
                self._deliver_on(name)

        self._on_each_channel(work)
        return outcomes

    def _telling(self, *, openings: bool) -> Telling:
        return Telling(self._routes, _ANY_AGE, self._max_pages, openings)

    def _send_to(self, name: str, key: str, alert: dict[str, Any], before: Standing | None) -> Outcome:
        """The notices of one incident up to the one that tells this alert."""
        try:
            last: Outcome | None = None
            for _ in range(_AT_ONCE):
                claim = self.outbox.claim(name, self._clock.now(), key)
                if claim is None:
                    break
                last = self._deliver(name, claim)
                if last["result"] == "failed":
                    return last
            standing = self.outbox.standing(name, alert["id"], alert["state"])
            if standing is None:
                return _skipped(
                    "There is nothing to tell: that it fires was not sent, or others of it still do."
                )
            is_new = before is None or before.id != standing.id or before.status != "sent"
            if last is not None and standing.status == "sent" and is_new:
                return last
            return _standing(standing)
        except StoreError as error:
            _log.error("channel %s: %s", name, error.sentence)
            return _failed(error.sentence)

    def is_due(self) -> bool:
        """Whether anything may be sent now. Raises StoreError."""
        return self.outbox.waits(tuple(self._channels), self._clock.now())

    def deliver_due(self) -> dict[str, list[Outcome]]:
        """Sends what waits and is due. Per channel what came of it; never raises for a channel."""
        outcomes: dict[str, list[Outcome]] = {}

        def work(name: str) -> None:
            outcomes[name] = self._deliver_on(name)

        self._on_each_channel(work)
        return {name: outcomes[name] for name in self._channels}

    def _deliver_on(self, name: str) -> list[Outcome]:
        """Stops at the first failure: the channel is down, the rest would only wait for it too."""
        outcomes: list[Outcome] = []
        try:
            for _ in range(_AT_ONCE):
                claim = self.outbox.claim(name, self._clock.now())
                if claim is None:
                    break
                outcomes.append(self._deliver(name, claim))
                if outcomes[-1]["result"] == "failed":
                    break
        except StoreError as error:
            _log.error("channel %s: %s", name, error.sentence)
        return outcomes

    def _on_each_channel(self, work: Callable[[str], None]) -> None:
        # Not a ThreadPoolExecutor: at Ctrl-C the interpreter would wait for its threads. What is cut off here
        # stays in the outbox and is tried again.
        threads = [threading.Thread(target=work, args=[name], daemon=True) for name in self._channels]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _deliver(self, name: str, claim: Claim) -> Outcome:
        channel = self._channels[name]
        sent = Sent()
        if channels.takes(channel, claim.kind):
            notice = Notice(
                claim.kind,
                claim.alerts,
                claim.key,
                f"{claim.opened}/{claim.number}",
                self._tenant,
                self._environment,
                self._clock.now(),
                self._demo,
            )
            try:
                sent = self._attempts(lambda: self._hand_over(notice, channel, claim))
            except DeliveryError as failure:
                return self._record_failure(name, claim, failure)
            except Exception as error:  # a fault of ours must not stop the other channels, nor lose the alert
                # Without the text: it may hold the address.
                fault = DeliveryError(f"It broke with {type(error).__name__}.", retry="later")
                return self._record_failure(name, claim, fault)
        try:
            self.outbox.record_sent(claim, self._clock.now(), sent.receipt)
        except StoreError as error:
            _log.error("channel %s: sent, not recorded: %s", name, error.sentence)
            return {"result": "sent", "reason": "Sent, but that could not be recorded: it may come twice."}
        if not channels.takes(channel, claim.kind):
            return _skipped("The channel has no use for it.")
        return {"result": "sent", "reason": sent.note}

    def _hand_over(self, notice: Notice, channel: ChannelConfig, claim: Claim) -> Sent:
        return channels.hand_over(notice, channel, self._clock, claim.receipt)

    def _attempts(self, attempt: Callable[[], Sent]) -> Sent:
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
        about = one_line(str(claim.alerts[0].get("id") if claim.alerts else claim.key), 80)
        _log.warning("channel %s: %s of alert %s not delivered: %s", name, claim.kind, about, failure.message)
        now = self._clock.now()
        if failure.retry == "never":
            self.outbox.record_dead(claim, failure.message, now)
            return _failed(f"Given up: {failure.message}")
        # The first failure is tried again by the next call; after that full jitter spreads the attempts.
        backoff_s = min(_MAX_BACKOFF_S, 5.0 * 2 ** min(claim.attempts, 10)) if claim.attempts > 1 else 0.0
        wait_s = max(failure.retry_after_s or 0.0, _jitter.uniform(0.0, backoff_s))
        self.outbox.record_failed(claim, failure.message, now, retry_in_s=wait_s)
        return _failed(f"{failure.message} It is kept and tried again.")


def _life(alert: dict[str, Any]) -> Life:
    """An alert that somebody has in his hands, as a life: of one that no store knows its start is its name."""
    started_at = datetime.fromisoformat(alert["started_at"])
    incident = str(alert.get("incident") or "")
    ended = alert.get("resolved_at")
    return Life(
        alert["id"],
        int(incident) if incident else to_micros(started_at),
        str(alert.get("rule", "")),
        alert["state"],
        {"message": "", "severity": "high", "title": "", "rule": "", **alert},
        started_at,
        started_at,
        started_at,
        started_at,
        datetime.fromisoformat(ended) if isinstance(ended, str) else None,
        acknowledged_by=alert.get("acknowledged_by"),
    )


def _check(alert: dict[str, Any]) -> None:
    """Plain JSON, with the fields that make a delivery one of a kind."""
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
    if alert.get("severity", "high") not in SEVERITIES:
        raise RequestError("This is no alert: severity is none of the three.", parameter="alert")
    if not _INCIDENT.fullmatch(str(alert.get("incident") or "0")):
        raise RequestError("This is no alert: incident is none of ours.", parameter="alert")
    ends = alert.get("resolved_at")
    if not _is_instant(alert.get("started_at")) or not (ends is None or _is_instant(ends)):
        raise RequestError(
            "This is no alert: started_at or resolved_at is no instant with a zone.", parameter="alert"
        )


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _standing(standing: Standing) -> Outcome:
    error = standing.last_error
    if standing.status == "failed":
        return _failed(f"{error} It is tried again from {rfc3339(standing.next_attempt_at)}.")
    if standing.status == "dead":
        return _failed(f"Given up: {error}")
    if standing.status == "sent":
        return _skipped("Already sent.")
    if standing.kind == "summary":
        return _skipped("The limit of pages an hour is reached: it stands in the summary that follows.")
    return _skipped("It is being sent already, or follows the notice before it.")


def _skipped(reason: str) -> Outcome:
    return {"result": "skipped", "reason": reason}


def _failed(reason: str) -> Outcome:
    return {"result": "failed", "reason": reason}
