"""The alert desk of one tenant: evaluates the rules, keeps what is known of alerts, answers what fires.

Of several processes on one store one evaluates at a time; the others show what it found. Where the store can't be used
alerts live in memory, nobody is told of anything, and the answer says so.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sysmon_tui import limits
from sysmon_tui.alerts.life import Judged, Life, advance
from sysmon_tui.alerts.outbox import Outbox
from sysmon_tui.alerts.silences import Silence, silenced_until
from sysmon_tui.alerts.store import AlertStore, StoreError, Telling
from sysmon_tui.alerts.verdict import Alert, Verdict, by_severity, in_order, worth_showing
from sysmon_tui.clock import Clock, rfc3339
from sysmon_tui.datasets import asks
from sysmon_tui.services.evaluation import Evaluation
from sysmon_tui.threads import in_daemon_thread
from sysmon_tui.views.alerts import alert_frame
from sysmon_tui.views.answer import Answer, State, Window, worst

_log = logging.getLogger(__name__)

# What another process found counts for so many of its refreshes.
_SHARED_FOR = 3
# A process that evaluates keeps the others from it for this long.
_DUTY_S = 30.0


@dataclass
class _Known:
    """What the store holds or, where it can't be used, what is kept here."""

    lives: list[Life] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    notices: dict[str, Any] = field(default_factory=dict)


class AlertDesk:
    """`store` None keeps nothing beyond this process. `telling` is whom evaluations tell, None for nobody; `channels`
    are those whose notices the answers count.

    `spacing_s` is how far apart refreshes are now. `shares` is for processes that evaluate again and again: they leave
    it to another one that does.
    """

    def __init__(
        self,
        evaluation: Evaluation,
        clock: Clock,
        *,
        store: AlertStore | None = None,
        telling: Telling | None = None,
        channels: Sequence[str] = (),
        spacing_s: Callable[[], float] = lambda: 60.0,
        shares: bool = False,
    ) -> None:
        self._evaluation = evaluation
        self._clock = clock
        self._store = store
        self._telling = telling
        self._channels = channels
        self._spacing_s = spacing_s
        self._shares = shares
        self._owner = uuid.uuid4().hex
        self._kept: list[Life] = []  # in this process, for want of a store
        self._is_saved = store is not None
        self._applied: tuple[object, ...] = ()
        self._applied_s = float("-inf")
        self._on_duty_s = float("-inf")
        self.trouble: str | None = None
        self.on_change: Callable[[], None] = lambda: None

    @property
    def evaluation(self) -> Evaluation:
        return self._evaluation

    async def answer(
        self, *, hours: float | None = None, category: str | None = None, fresh: bool = False
    ) -> Answer:
        """What fires now, or can't be known; with `hours` also what fired and ended within them."""
        look_back = asks.checked_hours(limits.DEFAULT_HOURS if hours is None else hours)
        shared = None if fresh else await self._from_another(category)
        if shared is None:
            judged = await self._evaluation.judged(hours=limits.DEFAULT_HOURS, category=category, fresh=fresh)
            documents = await self._apply(judged)
        else:
            documents = shared
        # Of a longer past than the store's, what the rows of today say.
        older = []
        if hours is not None and look_back > limits.DEFAULT_HOURS:
            older = await self._evaluation.judged(hours=look_back, category=category, fresh=False)
        now = self._clock.now()
        window = Window.before(
            min((_instant(one["fetched_at"]) for one in documents.values()), default=now), look_back
        )
        since = None if hours is None else window.start
        known = await self._read(since)
        shown = in_order(worth_showing(self._alerts(known, older, documents, category, now), since=since))
        return self._answer(shown, documents, window, known.notices)

    def _alerts(
        self,
        known: _Known,
        older: Sequence[Judged],
        documents: dict[str, dict[str, Any]],
        category: str | None,
        now: datetime,
    ) -> Iterable[Alert]:
        lives = [life for life in known.lives if life.rule in documents]
        firing = {life.rule for life in lives if life.state == "firing"}
        alerts = [life.document() for life in _shown(lives)]
        alerts += [
            verdict.alert
            for one in older
            for verdict in one.verdicts
            if verdict.state == "resolved" and not any(_is_same(life, verdict) for life in lives)
        ]
        alerts += [one["unknown"] for rule, one in documents.items() if one["unknown"] and rule not in firing]
        for alert in alerts:
            if category in (None, alert["category"]):
                until = silenced_until(known.silences, alert, now)
                yield alert | {"silenced_until": rfc3339(until)}

    def _answer(
        self,
        shown: list[Alert],
        documents: dict[str, dict[str, Any]],
        window: Window,
        notices: dict[str, Any],
    ) -> Answer:
        severities = by_severity(shown)
        # The rules on tables are about their state; the others rest on it.
        seen = [one for one in documents.values() if one["category"] != "freshness"] or list(
            documents.values()
        )
        state: State = worst(one["state"] for one in seen)
        told = next((one for one in seen if one["state"] == state), None)
        instants = [_instant(one["as_of"]) for one in seen if one["as_of"]]
        return Answer(
            "alerts",
            alert_frame(shown),
            len(shown),
            window,
            min(instants, default=None),
            window.end,
            state,
            told["reason"] if told else None,
            extra={
                "total_alerts": sum(severities.values()),
                "by_severity": severities,
                "rules": [_told_of(rule, one, shown) for rule, one in sorted(documents.items())],
                "store_reason": self.trouble,
                "notifications": notices,
            },
            records=shown,
            code=told["code"] if told else None,
        )

    # Keeping -------------------------------------------------------------------------------------------------

    async def _apply(self, judged: list[Judged]) -> dict[str, dict[str, Any]]:
        documents = {one.rule.id: _document(one) for one in judged}
        found = tuple(
            (rule, one["fetched_at"], one["state"], one["reason"]) for rule, one in documents.items()
        )
        # A store that was put aside or taken away knows nothing of it.
        mark = (found, self._store and self._store.file.inode)
        now_s = self._clock.monotonic_s()
        if mark == self._applied and now_s - self._applied_s < self._spacing_s():
            return documents
        now, active = self._clock.now(), self._evaluation.active

        def write(store: AlertStore) -> None:
            store.apply(judged, active, now, self._telling, documents)

        self._is_saved = await self._with_store(write)
        if self._is_saved:
            self.trouble, self._kept = None, []
        else:
            self._keep(judged, active, now)
        self._applied, self._applied_s = (found, self._store and self._store.file.inode), now_s
        self.on_change()
        return documents

    def _keep(self, judged: list[Judged], active: frozenset[str], now: datetime) -> None:
        changed = {(life.id, life.incident): life for life in self._kept}
        changed |= {(life.id, life.incident): life for life in advance(self._kept, judged, active, now)}
        long_ago = now - timedelta(hours=limits.DEFAULT_HOURS + 1)
        self._kept = [
            life
            for life in changed.values()
            if life.state != "dropped" and (life.resolved_at is None or life.resolved_at >= long_ago)
        ]

    async def _read(self, since: datetime | None) -> _Known:
        known, now = _Known(), self._clock.now()

        def read(store: AlertStore) -> None:
            known.silences = store.silences(now)
            if self._channels:
                known.notices = Outbox(store.file, store.scope).backlog(self._channels)
            if self._is_saved:
                known.lives = store.lives(resolved_since=since)

        if not await self._with_store(read) or not self._is_saved:
            # What was found now, and not what a store that can't be written held before.
            known.lives = list(self._kept)
        return known

    async def _from_another(self, category: str | None) -> dict[str, dict[str, Any]] | None:
        """What the process that has the duty found, while it is new enough; None where this one is to evaluate."""
        if self._store is None or not self._shares:
            return None
        now, spacing_s = self._clock.now(), self._spacing_s()
        # It is ours for longer than that: a request that is answered from memory writes nothing.
        if self._clock.monotonic_s() - self._on_duty_s < spacing_s / 2:
            return None
        mine: list[bool] = []
        stored: dict[str, tuple[datetime, dict[str, Any]]] = {}

        def look(store: AlertStore) -> None:
            mine.append(store.take_duty(self._owner, now, spacing_s + _DUTY_S))
            if not mine[0]:
                stored.update(store.documents())

        if not await self._with_store(look):
            return None
        if mine[0]:
            self._on_duty_s = self._clock.monotonic_s()
            return None
        wanted = {
            rule for rule in self._evaluation.active if category in (None, self._evaluation.category_of(rule))
        }
        oldest = now - timedelta(seconds=_SHARED_FOR * spacing_s)
        found = {rule: one for rule, (at, one) in stored.items() if rule in wanted and at >= oldest}
        if wanted != set(found):
            return None
        self._is_saved, self.trouble = True, None
        return found

    async def _with_store(self, work: Callable[[AlertStore], None]) -> bool:
        """Whether the store did it; where it can't be used the trouble is told once."""
        store = self._store
        if store is None:
            return False
        try:
            await in_daemon_thread(lambda: work(store))
        except StoreError as error:
            self._say_trouble(error.sentence)
            return False
        except Exception as error:  # a fault of ours must not take the answer with it
            _log.exception("the store of alerts failed in an unforeseen way")
            self._say_trouble(f"It broke with {type(error).__name__}.")
            return False
        return True

    def _say_trouble(self, sentence: str) -> None:
        if self.trouble is None:
            _log.error("%s", sentence)
            since = rfc3339(self._clock.now().replace(microsecond=0))
            self.trouble = f"Alerts are not saved since {since}, and nobody is told: {sentence}"

    # What people do ------------------------------------------------------------------------------------------

    async def acknowledge(self, alert_id: str, by: str | None) -> bool:
        """Whether there is such an open alert."""
        done: list[bool] = []
        now = self._clock.now()
        if not await self._with_store(lambda store: done.append(store.acknowledge(alert_id, by, now))):
            done.append(any(life.id == alert_id and life.is_open for life in self._kept))
            self._kept = [
                replace(life, acknowledged_by=by) if life.id == alert_id and life.is_open else life
                for life in self._kept
            ]
        self._applied = ()  # whoever was told of it hears of this too
        return done[0]

    async def silence(self, matchers: dict[str, str], hours: float, reason: str, by: str) -> Silence | None:
        """None where the store can't be used."""
        made: list[Silence] = []
        now = self._clock.now()
        until = now + timedelta(hours=hours)
        await self._with_store(lambda store: made.append(store.silence(matchers, now, until, reason, by)))
        return made[0] if made else None

    async def unsilence(self, silence_id: str) -> bool:
        done: list[bool] = []
        now = self._clock.now()
        await self._with_store(lambda store: done.append(store.unsilence(silence_id, now)))
        self._applied = ()
        return bool(done and done[0])

    async def silences(self) -> list[Silence]:
        return list((await self._read(None)).silences)

    async def close(self) -> None:
        """Another process may evaluate at once."""
        if self._shares:
            await self._with_store(lambda store: store.leave_duty(self._owner))


def _document(judged: Judged) -> dict[str, Any]:
    """What one evaluation found of a rule, for other processes and for answers."""
    seen = judged.seen
    settled = seen.settled if seen.trusted and judged.unknown is None else None
    return {
        "category": judged.rule.category,
        "threshold": judged.threshold,
        "table": judged.rule.table,
        "state": seen.state,
        "reason": seen.reason,
        "code": seen.code,
        "as_of": rfc3339(seen.as_of),
        "fetched_at": rfc3339(seen.fetched_at),
        "settled_until": rfc3339(settled),
        "unknown": None if judged.unknown is None else judged.unknown.alert,
    }


def _told_of(rule: str, document: dict[str, Any], shown: list[Alert]) -> dict[str, Any]:
    """A rule in one word. `clear` is a word about the time up to `clear_until` alone: later rows may still come."""
    states = {alert["state"] for alert in shown if alert["rule"] == rule}
    open_states = [state for state in ("firing", "unknown", "pending") if state in states]
    state = open_states[0] if open_states else "clear"
    return {
        "rule": rule,
        "category": document["category"],
        "state": state,
        "threshold": document["threshold"],
        "clear_until": document["settled_until"] if state in ("clear", "pending") else None,
    }


def _shown(lives: Sequence[Life]) -> Iterable[Life]:
    """Of an alert that flaps, and is not over yet, the latest time, since the first: one line."""
    opened: dict[str, Life] = {}
    for life in sorted(lives, key=lambda one: (one.started_at, one.incident)):
        if not life.is_open:
            yield life
            continue
        before = opened.get(life.id)
        goes_on = before is not None and before.state == "firing"
        opened[life.id] = _since(before, life) if before is not None and goes_on else life
    yield from opened.values()


def _since(before: Life, life: Life) -> Life:
    return replace(life, state="firing", started_at=before.started_at, detected_at=before.detected_at)


def _is_same(life: Life, verdict: Verdict) -> bool:
    return (
        life.id == verdict.id
        and verdict.started_at is not None
        and verdict.met_until is not None
        and life.started_at <= verdict.met_until
        and verdict.started_at <= life.met_until
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
