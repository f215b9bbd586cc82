"""Rows that come late: schedules of them by chance, what the rules make of what has come, and what is true.

Times are whole minutes after `BEGIN`. The truth is counted minute by minute, by nothing that the rules use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal

import polars as pl

from sysmon_tui.alerts.counted import happened, in_all, of_each
from sysmon_tui.alerts.finding import Finding, Seen, Words
from sysmon_tui.alerts.life import Judged, Life, advance
from sysmon_tui.alerts.own_rules import OwnRule, own_rules
from sysmon_tui.alerts.plan import Incident, Limits, Planned, plan
from sysmon_tui.alerts.routes import Routes
from sysmon_tui.alerts.rules import ADMIN_GRANTED, CONSECUTIVE_FAILURES, FAILED_QUERIES, Rule
from sysmon_tui.alerts.runs import consecutive
from sysmon_tui.alerts.verdict import verdicts
from sysmon_tui.config import NotificationsConfig, WebhookChannel
from sysmon_tui.config.rules import RuleConfig
from sysmon_tui.views.answer import State
from tests.estate import DAY

BEGIN = DAY
MINUTE = timedelta(minutes=1)
# The default: how much later than newer rows a row may come.
LATENESS = 180
# Where all has come and the head is far beyond it.
FAR = 4 * 1440
TENANT = "t"
ROUTES = Routes(NotificationsConfig(channels={"ops": WebhookChannel()}), TENANT, None)
_AGES = timedelta(days=365)
_NO_WORDS = Words("", "")
_SCHEMA = {
    "event_time": pl.Datetime("us", "UTC"),
    "end_time": pl.Datetime("us", "UTC"),
    "start_time": pl.Datetime("us", "UTC"),
    "user_email": pl.String(),
    "target": pl.String(),
    "workspace_id": pl.String(),
    "statement_id": pl.String(),
    "event_id": pl.String(),
    "error_class": pl.String(),
}
_STREAKS = {
    "workspace_id": pl.String(),
    "job_id": pl.String(),
    "workflow_name": pl.String(),
    "failures": pl.Int64(),
    "first_failure": pl.Datetime("us", "UTC"),
    "last_failure": pl.Datetime("us", "UTC"),
    "crossed_at": pl.Datetime("us", "UTC"),
    "last_runs": pl.String(),
    "resolved_at": pl.Datetime("us", "UTC"),
}


def instant(minute: int) -> datetime:
    return BEGIN + minute * MINUTE


def minutes(at: datetime) -> int:
    return (at - BEGIN) // MINUTE


@dataclass(frozen=True)
class Row:
    """`who` is the entity, "" for a row that only moves the head; `what` is what is told apart where that counts.

    Of a run `what` is its result.
    """

    at: int
    comes: int
    who: str
    what: str = ""


@dataclass(frozen=True)
class Span:
    """When a condition holds: from `start`, no longer at `end` (None: for ever)."""

    start: int
    end: int | None

    def touches(self, first: int, last: int) -> bool:
        return self.start <= last and (self.end is None or self.end > first)


Shape = Literal["all", "each", "distinct", "happened", "few", "streak"]


@dataclass(frozen=True)
class Kind:
    """A rule, and the truth about it. `window`, `wait` and `keep` in minutes."""

    shape: Shape
    threshold: int
    window: int = 60
    wait: int = 0
    keep: int = 0

    @property
    def rule(self) -> Rule:
        base = {"happened": ADMIN_GRANTED, "streak": CONSECUTIVE_FAILURES}.get(self.shape, FAILED_QUERIES)
        if self.shape == "few":
            return self._own().rule
        window, wait, keep = (length * MINUTE for length in (self.window, self.wait, self.keep))
        return replace(base, window=window, wait=wait, keep=keep)

    def _own(self) -> OwnRule:
        config = RuleConfig(
            dataset="audit",
            window_minutes=self.window,
            comparison="<",
            value=self.threshold,
            for_minutes=self.wait,
            keep_firing_minutes=self.keep,
        )
        return own_rules({"own.few": config})[0]

    def findings(self, seen: Seen) -> list[Finding]:
        """By the rules' own code."""
        rule = self.rule
        match self.shape:
            case "all":
                return in_all(rule, seen, self.threshold, time="end_time", who="error_class")
            case "each" | "distinct":
                distinct = "target" if self.shape == "distinct" else None
                by = ["user_email"]
                return of_each(
                    rule, seen, self.threshold, time="end_time", by=by, named="user_email", distinct=distinct
                )
            case "happened":
                return happened(
                    rule, seen, None, time="event_time", by=["user_email"], said=lambda _: "It was"
                )
            case "few":
                return self._own().findings(seen, BEGIN)
            case "streak":
                return consecutive(seen, rule, self.threshold)

    def frame(self, rows: Sequence[Row]) -> pl.DataFrame:
        """As the statements answer it: newest first; of runs what they make of them."""
        counted = sorted((row for row in rows if row.who), key=lambda row: -row.at)
        if self.shape == "streak":
            return pl.DataFrame(_streaks(counted, self.threshold), schema=_STREAKS, orient="row")
        data = [
            (at, at, at, row.who, row.what, "1", str(number), str(number), "E")
            for number, row in enumerate(counted)
            for at in [instant(row.at)]
        ]
        return pl.DataFrame(data, schema=_SCHEMA, orient="row")

    def truth(self, rows: Sequence[Row]) -> dict[str, list[Span]]:
        """By entity, when the condition holds if these rows are all there will ever be."""
        if self.shape in ("all", "few"):
            return {"": self._spans([row for row in rows if row.who])}
        whos = sorted({row.who for row in rows if row.who})
        return {who: self._spans([row for row in rows if row.who == who]) for who in whos}

    def _spans(self, rows: Sequence[Row]) -> list[Span]:
        if self.shape == "happened":
            return [Span(at, at) for at in sorted({row.at for row in rows})]
        if self.shape == "streak":
            return [
                Span(minutes(one[6]), one[8] and minutes(one[8])) for one in _streaks(rows, self.threshold)
            ]
        first = self.window if self.shape == "few" else -1
        points = sorted({first} | {row.at for row in rows} | {row.at + self.window for row in rows})
        spans: list[Span] = []
        since: int | None = None
        for point in (one for one in points if one >= first):
            holds = self._holds(rows, point)
            if holds and since is None:
                since = point
            elif not holds and since is not None:
                spans.append(Span(since, point))
                since = None
        return spans if since is None else [*spans, Span(since, None)]

    def _holds(self, rows: Sequence[Row], point: int) -> bool:
        inside = [row for row in rows if point - self.window < row.at <= point]
        count = len({row.what for row in inside}) if self.shape == "distinct" else len(inside)
        return count < self.threshold if self.shape == "few" else count >= self.threshold


def _streaks(rows: Iterable[Row], threshold: int) -> list[tuple[Any, ...]]:
    """What failure_streaks.sql answers of these runs."""
    found = []
    whos = sorted({row.who for row in rows})
    for who in whos:
        failed: list[Row] = []
        for row in sorted((row for row in rows if row.who == who), key=lambda row: (row.at, row.what)):
            if row.what == "FAILED":
                failed.append(row)
            elif row.what == "SUCCEEDED":
                if len(failed) >= threshold:
                    found.append(_streak(who, failed, threshold, row.at))
                failed = []
        if len(failed) >= threshold:
            found.append(_streak(who, failed, threshold, None))
    return found


def _streak(who: str, failed: list[Row], threshold: int, ended: int | None) -> tuple[Any, ...]:
    return (
        "1",
        who,
        who,
        len(failed),
        instant(failed[0].at),
        instant(failed[-1].at),
        instant(failed[threshold - 1].at),
        f"01/{failed[-1].at}",
        None if ended is None else instant(ended),
    )


# Schedules ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Schedule:
    """Rows and the minutes at which somebody evaluates. `seed` makes it again."""

    seed: int
    kind: Kind
    rows: tuple[Row, ...]
    looks: tuple[int, ...]

    def __str__(self) -> str:
        rows = ", ".join(f"{row.at}+{row.comes - row.at} {row.who or '-'}{row.what}" for row in self.rows)
        return f"seed {self.seed} {self.kind}\n  rows (minute+delay): {rows}\n  looks: {self.looks}"


def schedule(seed: int, shape: Shape, *, wait: bool = True, keep: bool = True) -> Schedule:
    chance = Random(seed)  # noqa: S311 (the same schedules each time)
    grid = chance.choice((1, 1, 5, 15))
    length = chance.choice((240, 480, 720))
    kind = Kind(
        shape,
        threshold=chance.choice((1, 2, 3)) if shape == "few" else chance.choice((1, 2, 2, 3, 4)),
        window=60 if shape == "happened" else chance.choice((30, 60, 60, 90)),
        wait=chance.choice((0, 0, 20, 60)) if wait and shape not in ("happened", "streak") else 0,
        keep=chance.choice((0, 0, 30, 300)) if keep and shape != "streak" else 0,
    )
    whos = ("a",) if shape in ("all", "few") else ("a", "b")
    whats = {
        "distinct": ("x", "y", "z", "u"),
        "streak": ("FAILED", "FAILED", "FAILED", "SUCCEEDED", "SKIPPED"),
    }
    busy = chance.randint(1, 3)
    times = [_near(chance, length, busy) // grid * grid for _ in range(chance.randint(2, 14))]
    heads = [chance.randrange(length) // grid * grid for _ in range(chance.randint(0, 5))]
    delay = _delays(chance)
    rows = [Row(at, delay(at), chance.choice(whos), chance.choice(whats.get(shape, ("",)))) for at in times]
    rows += [Row(at, delay(at), "") for at in heads]
    # The table goes on, so that all can end.
    rows += [Row(at, delay(at), "") for at in range(length, length + 600, chance.choice((60, 200)))]
    rows.append(Row(FAR, FAR, ""))
    chance.shuffle(rows)
    comes = [row.comes for row in rows if row.comes < FAR]
    looks = {chance.randrange(max(comes) + 60) for _ in range(chance.randint(1, 3))}
    looks |= {chance.choice(comes) + chance.choice((0, 0, 0, 1)) for _ in range(chance.randint(1, 3))}
    if chance.random() < 0.02:
        looks |= set(comes)
    return Schedule(seed, kind, tuple(rows), (*sorted(looks), FAR))


def _near(chance: Random, length: int, busy: int) -> int:
    """Rows come in heaps: a lone one seldom meets a threshold."""
    heap = length * chance.randint(1, busy) // (busy + 1)
    return (
        min(length, max(0, heap + chance.randint(-40, 40)))
        if chance.random() < 0.8
        else chance.randrange(length)
    )


def _delays(chance: Random) -> Callable[[int], int]:
    """When a row of this minute comes: never more than LATENESS after it."""
    shape = chance.choice(("any", "any", "constant", "none", "late", "stall", "mixed"))
    constant, stop, step = chance.randint(0, LATENESS), chance.randrange(600), chance.choice((10, 60, 179))

    def comes(at: int) -> int:
        match shape:
            case "constant":
                return at + constant
            case "none":
                return at
            case "late":
                return at + LATENESS
            case "stall":  # nothing comes for as long as may be, then all at once
                return stop + LATENESS if stop <= at <= stop + LATENESS else at
            case "mixed":  # in batches
                return min(at + LATENESS, (at // step + 1) * step + chance.choice((0, 0, step)))
            case _:
                return at + chance.randint(0, LATENESS)

    return comes


# What is made of it ------------------------------------------------------------------------------------------


@dataclass
class Memory:
    """What a store keeps, as plain as can be: lives, incidents and notices."""

    lives: dict[tuple[str, int], Life] = field(default_factory=dict)
    incidents: dict[tuple[str, int], Incident] = field(default_factory=dict)
    notices: list[Planned] = field(default_factory=list)
    was_judged: bool = False

    def apply(self, judged: Judged, now: datetime) -> list[Life]:
        fired = {name for name, life in self.lives.items() if life.state != "pending"}
        changed = advance(self.lives.values(), [judged], frozenset([judged.rule.id]), now)
        for life in changed:
            if life.state == "dropped":
                self.lives.pop((life.id, life.incident), None)
            else:
                self.lives[life.id, life.incident] = life
        told = {pair for one in self.incidents.values() if one.is_open for pair in one.told.items()}
        known = [
            life for life in self.lives.values() if life.state == "firing" or (life.id, life.incident) in told
        ]
        made = plan(
            {(life.id, life.incident): life for life in (*known, *changed)}.values(),
            [one for one in self.incidents.values() if one.is_open],
            ROUTES,
            silences=(),
            limits=Limits(_AGES, 10_000),
            now=now,
            news=frozenset({(life.id, life.incident) for life in changed} - fired if self.was_judged else ()),
        )
        self.was_judged = True
        self.incidents |= {(one.key, one.opened): one for one in made.incidents}
        self.notices += made.notices
        return changed


@dataclass(frozen=True)
class Look:
    """One evaluation: when, what had come, and what it led to."""

    minute: int
    come: tuple[Row, ...]
    head: int | None
    lives: tuple[Life, ...]
    changed: tuple[Life, ...]
    notices: tuple[Planned, ...]

    @property
    def settled(self) -> int:
        return -1 if self.head is None else self.head - LATENESS


def seen_of(kind: Kind, come: Sequence[Row], minute: int, state: State = "fresh") -> Seen:
    """What has come, as a rule sees it."""
    frame = kind.frame(come)
    head = max((row.at for row in come), default=None)
    as_of = None if head is None else instant(head)
    reason = None if state in ("fresh", "empty") else f"It is {state}."
    return Seen("t", frame, frame.height, as_of, instant(minute), state, reason, LATENESS * MINUTE)


def judged(kind: Kind, seen: Seen, *, said: bool = True) -> Judged:
    """Without `said` the words, which take most of the time, are left out."""
    found = []
    for finding in kind.findings(seen):
        found += verdicts(finding if said else replace(finding, words=lambda _: _NO_WORDS), TENANT)
    return Judged(kind.rule, seen, kind.threshold, found)


def looks(plan_of: Schedule, memory: Memory) -> Iterator[tuple[Look, Judged]]:
    """Every evaluation of the schedule, one after the other."""
    for minute in plan_of.looks:
        come = tuple(row for row in plan_of.rows if row.comes <= minute)
        seen = seen_of(plan_of.kind, come, minute)
        before = len(memory.notices)
        evaluated = judged(plan_of.kind, seen, said=plan_of.seed % 40 == 0)
        changed = memory.apply(evaluated, instant(minute))
        head = max((row.at for row in come), default=None)
        lives = tuple(memory.lives.values())
        yield Look(minute, come, head, lives, tuple(changed), tuple(memory.notices[before:])), evaluated


def entity_of(life: Life) -> str:
    entity = life.alert["entity"]
    return str(entity.get("user_email") or entity.get("job_id") or "")


Stayed = tuple[str, int, int, int | None]


def what_stays(lives: Iterable[Life]) -> Counter[Stayed]:
    """Of lives: whose, from when, until when it was met, and when it was over."""
    return Counter(
        (
            entity_of(life),
            minutes(life.started_at),
            minutes(life.met_until),
            None if life.resolved_at is None else minutes(life.resolved_at),
        )
        for life in lives
        if life.state != "pending"
    )


# What must never be --------------------------------------------------------------------------------------------


def faults(plan_of: Schedule) -> dict[str, str]:
    """By kind of fault, the first one that a schedule leads to.

    raises: an evaluation that fails.
    false resolve: over, though the condition holds after that, by rows of which none can come any more.
    false alert: an alert of what is in truth none.
    left open: an alert that fires at the end, and what it tells of is over.
    false clear: clear up to a moment before which something began that no alert tells of.
    late: not firing at the first evaluation after the row had come that completes it.
    order: other lives than those of somebody who looks once, when all has come.
    within: a life beside another one that has all of its time.
    told: what a channel believes of an alert after an evaluation is not what the evaluation found.
    Of failures in a row a success that comes late may take back what was told: then that alert was a false one, and one
    life more than somebody knows who looks at the end.
    """
    try:
        return _faults(plan_of)
    except ValueError as error:
        return {"raises": repr(error)}


def _faults(plan_of: Schedule) -> dict[str, str]:
    kind, memory, channel = plan_of.kind, Memory(), Channel()
    truth = {who: _real(kind, spans) for who, spans in kind.truth(plan_of.rows).items()}
    found: dict[str, str] = {}
    over: set[tuple[str, int]] = set()
    at_once = Memory()
    for look, evaluated in looks(plan_of, memory):
        if look.minute == FAR:  # of all that is found there somebody else makes his first lives
            at_once.apply(evaluated, instant(FAR))
        of = _by_entity(look.lives)
        for life in look.changed:
            if life.state == "resolved" and (life.id, life.incident) not in over:
                over.add((life.id, life.incident))
                _note(found, "false resolve", look, _false_resolve(kind, life, truth, look, of))
        for who, spans in truth.items():
            begun = [span for span in spans if span.start + kind.wait <= look.settled]
            lost = [span for span in begun if not any(_covers(life, span) for life in of.get(who, ()))]
            _note(found, "false clear", look, [(who, span) for span in lost])
        _note(found, "late", look, _late(kind, look, of))
        _note(found, "told", look, channel.hears(look))
        if kind.shape != "streak":
            _note(found, "false alert", look, _false_alerts(look.lives, truth))
    still = Counter(entity_of(life) for life in memory.lives.values() if life.is_open)
    for who, spans in truth.items():
        still[who] -= any(span.end is None for span in spans)
    _note(found, "left open", None, list(still.elements()))
    mine, theirs = what_stays(memory.lives.values()), what_stays(at_once.lives.values())
    if kind.shape == "streak":
        mine = Counter({life: count for life, count in mine.items() if life in theirs})
    more = [life for life in (mine - theirs) if any(_is_within(life, other) for other in theirs)]
    _note(found, "within", None, more)
    if theirs - mine or set(mine - theirs) - set(more):
        found["order"] = f"{sorted(mine.elements())}, at once {sorted(theirs.elements())}"
    return found


def _note(found: dict[str, str], name: str, look: Look | None, what: object) -> None:
    if what:
        where = f" at {look.minute} (head {look.head}, settled {look.settled})" if look else ""
        found.setdefault(name, f"{what}{where}")


def _real(kind: Kind, spans: list[Span]) -> list[Span]:
    """Those that hold for as long as the rule wants."""
    return [span for span in spans if span.end is None or span.end - span.start >= kind.wait]


def _by_entity(lives: Iterable[Life]) -> dict[str, list[Life]]:
    found: dict[str, list[Life]] = {}
    for life in lives:
        found.setdefault(entity_of(life), []).append(life)
    return found


def _covers(life: Life, span: Span) -> bool:
    """Whether an alert tells of this time."""
    if life.state not in ("firing", "resolved"):
        return False
    if span.end is not None and minutes(life.started_at) > span.end:
        return False
    return life.resolved_at is None or minutes(life.resolved_at) >= span.start


def _false_resolve(
    kind: Kind, life: Life, truth: dict[str, list[Span]], look: Look, of: dict[str, list[Life]]
) -> list[Span]:
    """What holds after the end, up to where all has come, and no other alert tells of."""
    ended, who = minutes(life.resolved_at or instant(0)), entity_of(life)
    if kind.shape == "streak" and ended > look.settled:
        return []  # taken back
    others = [one for one in of[who] if one.incident != life.incident]
    return [
        span
        for span in truth.get(who, ())
        if span.touches(ended, max(ended, look.settled - (kind.wait if span.start > ended else 0)))
        and not any(_covers(one, span) for one in others)
    ]


def _is_within(one: Stayed, other: Stayed) -> bool:
    """Whether one life is a part of the time of another."""
    return one[0] == other[0] and other[1] <= one[1] and one[2] <= other[2]


def _false_alerts(lives: Iterable[Life], truth: dict[str, list[Span]]) -> list[tuple[str, int]]:
    """Alerts of which nothing true began then."""
    found: list[tuple[str, int]] = []
    for life in (one for one in lives if one.state != "pending"):
        began, spans = minutes(life.started_at), truth.get(entity_of(life), ())
        if not any(span.start <= began and (span.end is None or began <= span.end) for span in spans):
            found.append((life.state, began))
    return found


def _late(kind: Kind, look: Look, of: dict[str, list[Life]]) -> list[tuple[str, Span]]:
    """What holds by the rows that have come, or has ended where late rows may still come, and does not fire."""
    if look.head is None:
        return []
    known = look.settled if kind.shape == "few" else look.head
    waits = 0 if kind.rule.final and not kind.keep else kind.keep + LATENESS
    found = []
    for who, spans in kind.truth(look.come).items():
        for span in spans:
            end = span.end if span.end is not None and span.end <= look.head else None
            if span.start > known or min(known, known if end is None else end) - span.start < kind.wait:
                continue
            over = end is not None and end + waits <= look.head
            told = [life for life in of.get(who, ()) if _covers(life, span)]
            if not told or not (over or any(life.state == "firing" for life in told)):
                found.append((who, span))
    return found


@dataclass
class Channel:
    """A receiver, by the notices alone: which alerts it believes to fire, of which it was told."""

    is_open: set[str] = field(default_factory=set)
    told: set[tuple[str, str]] = field(default_factory=set)
    known: set[tuple[str, int]] = field(default_factory=set)

    def hears(self, look: Look) -> list[str]:
        """What is wrong after this evaluation."""
        before, rung, wrong = set(self.is_open), set(), []
        for notice in look.notices:
            if notice.kind == "firing":
                (alert,) = notice.alerts
                life = (str(alert["id"]), str(alert["incident"]))
                wrong += [f"{life} is told twice"] if life in self.told else []
                self.told.add(life)
                self.is_open.add(notice.key)
                rung.add(notice.key)
            elif notice.key not in self.is_open:
                wrong.append(f"{notice.key}: {notice.kind}, and it is not open")
            if notice.kind == "resolved":
                self.is_open.discard(notice.key)
        fires = {life.id for life in look.lives if life.state == "firing"}
        if fires != self.is_open:
            wrong.append(f"fires {fires}, told {self.is_open}")
        new = {
            life.id
            for life in look.lives
            if life.state != "pending" and (life.id, life.incident) not in self.known
        }
        if self.known and new - rung - before:
            wrong.append(f"nobody was told of {new - rung - before}")
        self.known |= {(life.id, life.incident) for life in look.lives if life.state != "pending"}
        return wrong
