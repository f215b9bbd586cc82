"""The life of alerts from one evaluation to the next: what a verdict makes of what was known. Pure.

Verdicts are facts about rows; a life adds what only time tells: since when we know it, who has taken it on, that it
fired although its table can't be read now. The same rows end in the same lives, whatever order they came in, as long
as they come within their table's allowed lateness.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sysmon_tui.alerts import freshness
from sysmon_tui.alerts.finding import Seen
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.alerts.verdict import Alert, Verdict, settles_after
from sysmon_tui.clock import EPOCH, rfc3339, to_micros

LifeState = Literal["pending", "firing", "resolved", "dropped"]


@dataclass(frozen=True)
class Judged:
    """One rule, evaluated. `unknown` stands there where nothing fires on a table that can't be trusted."""

    rule: Rule
    seen: Seen
    threshold: int | None
    verdicts: Sequence[Verdict] = ()
    unknown: Verdict | None = None


@dataclass(frozen=True)
class Life:
    """One time that an alert was on. `incident` tells it from the alert's other times; `alert` is as last seen.

    `head` is how far its table had come when it was last looked at: older rows say nothing of it. `unverified` says
    why it can't be told now whether it still holds.
    """

    id: str
    incident: int
    rule: str
    state: LifeState
    alert: Alert
    started_at: datetime
    met_until: datetime
    detected_at: datetime
    head: datetime
    resolved_at: datetime | None = None
    unverified: str | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in ("pending", "firing")

    def document(self) -> Alert:
        """The alert with what only its life knows."""
        message = str(self.alert["message"])
        if self.unverified and self.state == "firing":
            message += f" Whether it still holds can't be told now: {self.unverified}"
        return self.alert | {
            # A table that has just refused is no alert yet: it is not known.
            "state": "unknown" if self.state == "pending" and _is_by_clock(self) else self.state,
            "message": message,
            "started_at": rfc3339(self.started_at),
            "detected_at": rfc3339(self.detected_at),
            "resolved_at": rfc3339(self.resolved_at),
            "acknowledged_by": self.acknowledged_by,
            "incident": str(self.incident),
        }


def advance(
    known: Iterable[Life], judged: Sequence[Judged], active: frozenset[str], now: datetime
) -> list[Life]:
    """The lives that are new or have changed. `active` are the ids of all rules that are on, judged now or not."""
    lives = _Lives(known)
    for one in judged:
        met: set[tuple[str, int]] = set()
        for verdict in one.verdicts:
            touched = _matching(lives.of[verdict.id], verdict)
            life = touched[0] if touched else None
            for other in touched[1:]:  # rows that came late have made one time of several
                lives.put(other, replace(other, state="dropped"))
                met.add((other.id, other.incident))
            if life is None and verdict.state == "resolved" and not one.seen.trusted:
                continue  # it is told once its table can be trusted again
            after = _begun(verdict, one, now) if life is None else _continued(life, verdict, one, now)
            if life is None or after.incident != life.incident:
                after = lives.distinct(after)
            lives.put(life, after)
            met.add((after.id, after.incident))
        for life in lives.open_of[one.rule.id]:
            if (life.id, life.incident) not in met:
                lives.put(life, _missed(life, one, now))
    for rule, of_rule in lives.open_of.items():
        if rule not in active:
            for life in of_rule:
                lives.put(life, _over(life, now, "The rule is off."))
    return list(lives.changed.values())


class _Lives:
    """By alert, as they change; `open_of` are those that were open before, by rule."""

    def __init__(self, known: Iterable[Life]) -> None:
        self.of: dict[str, list[Life]] = defaultdict(list)
        self.open_of: dict[str, list[Life]] = defaultdict(list)
        self.changed: dict[tuple[str, int], Life] = {}
        for life in known:
            self.of[life.id].append(life)
            if life.is_open:
                self.open_of[life.rule].append(life)

    def put(self, before: Life | None, after: Life) -> None:
        if after == before:
            return
        self.of[after.id] = [one for one in self.of[after.id] if one.incident != after.incident]
        self.of[after.id].append(after)
        self.changed[after.id, after.incident] = after

    def distinct(self, life: Life) -> Life:
        """With a name of its own, later than those of its other times; whoever has the alert has this one too."""
        others = self.of[life.id]
        incident = max([life.incident, *(other.incident + 1 for other in others)])
        taken = next((other for other in others if other.is_open and other.acknowledged_by), None)
        if taken is None:
            return replace(life, incident=incident)
        return replace(
            life,
            incident=incident,
            acknowledged_by=taken.acknowledged_by,
            acknowledged_at=taken.acknowledged_at,
        )


def _matching(lives: list[Life], verdict: Verdict) -> list[Life]:
    """The lives that this verdict goes on with: the open ones whose time it touches, oldest first, else the newest."""
    started, until = verdict.started_at, verdict.met_until
    if started is None or until is None:
        return []
    touching = []
    for life in lives:
        # What has not held for long enough lends its time to nothing that follows; a table's silence is one.
        hold = timedelta(0) if life.state == "pending" and not _is_by_clock(life) else verdict.hold
        if life.state != "dropped" and started <= life.met_until + hold and until + hold >= life.started_at:
            touching.append(life)
    touching.sort(key=lambda life: (life.incident, life.started_at))
    return [life for life in touching if life.is_open] or touching[-1:]


def _begun(verdict: Verdict, judged: Judged, now: datetime) -> Life:
    state: LifeState = verdict.state if verdict.state != "unknown" else "pending"
    return Life(
        verdict.id,
        to_micros(now),
        judged.rule.id,
        state,
        verdict.alert,
        verdict.started_at or now,
        verdict.met_until or now,
        now,
        _head(judged),
        _resolved_at(verdict),
        unverified=_doubt(judged),
    )


def _head(judged: Judged) -> datetime:
    """How far an evaluation sees: in event time, or by the clock where a rule goes by it."""
    seen = judged.seen
    return seen.fetched_at if judged.rule.category == "freshness" else seen.as_of or EPOCH


def _doubt(judged: Judged) -> str | None:
    return None if judged.seen.trusted or judged.rule.category == "freshness" else _why(judged.seen)


def _continued(life: Life, verdict: Verdict, judged: Judged, now: datetime) -> Life:
    if _head(judged) < life.head:
        return life  # a process whose rows are older than those that it rests on
    life = replace(life, head=_head(judged)) if life.is_open else life
    if life.state == "resolved":
        if verdict.state != "resolved":  # rows later than allowed: it was over too early
            return _begun(verdict, judged, now) if _head(judged) > life.head else life
        return _with_times_of(life, verdict, judged, _resolved_at(verdict))
    state: LifeState = life.state
    resolved_at = None
    if verdict.state == "firing":
        state = "firing"
    elif verdict.state == "resolved" and judged.seen.trusted:
        state, resolved_at = "resolved", _resolved_at(verdict)
    elif verdict.state == "pending" and _refused_for_long(life, judged, now):
        state = "firing"
    after = replace(life, state=state, unverified=_doubt(judged))
    return _with_times_of(after, verdict, judged, resolved_at)


def _with_times_of(life: Life, verdict: Verdict, judged: Judged, resolved_at: datetime | None) -> Life:
    """Rows that came later may have moved its start and its end."""
    started_at = verdict.started_at or life.started_at
    read_since = judged.seen.since
    is_cut = read_since is not None and life.started_at < read_since + judged.rule.window
    if is_cut or _is_by_clock(life) or (life.state == "firing" and verdict.state == "pending"):
        started_at = min(started_at, life.started_at)  # what shows its start is not read any more
    return replace(
        life,
        alert=verdict.alert,
        started_at=started_at,
        met_until=verdict.met_until or life.met_until,
        resolved_at=resolved_at,
    )


def _is_by_clock(life: Life) -> bool:
    return life.rule.startswith("freshness.")


def _refused_for_long(life: Life, judged: Judged, now: datetime) -> bool:
    return judged.rule.category == "freshness" and now - life.detected_at >= freshness.REFUSED_FOR


def _missed(life: Life, judged: Judged, now: datetime) -> Life:
    """An open alert that nothing speaks for any more."""
    seen, rule = judged.seen, judged.rule
    if seen.as_of is not None or rule.category == "freshness":
        if _head(judged) < life.head:
            return life
        life = replace(life, head=_head(judged))
    if rule.category == "freshness":
        return _over(life, now) if seen.state in ("fresh", "empty") else life
    if not seen.trusted or seen.as_of is None:
        return replace(life, unverified=_why(seen))
    settled = seen.as_of >= life.met_until + settles_after(rule, seen.lateness)
    if life.state == "pending" or (settled and not rule.absence):
        return _over(life, life.met_until + rule.keep)
    return replace(life, unverified=None) if life.unverified else life


def _over(life: Life, at: datetime, why: str = "") -> Life:
    """What has not fired yet leaves no trace."""
    return _ended(life, at, why) if life.state == "firing" else replace(life, state="dropped")


def _ended(life: Life, at: datetime, why: str) -> Life:
    alert = life.alert | {"message": f"{life.alert['message']} {why}".strip()}
    return replace(life, state="resolved", resolved_at=at, unverified=None, alert=alert)


def _resolved_at(verdict: Verdict) -> datetime | None:
    text = verdict.alert["resolved_at"]
    return None if text is None else datetime.fromisoformat(text)


def _why(seen: Seen) -> str:
    return seen.reason or f"{seen.table} is {seen.state}."
