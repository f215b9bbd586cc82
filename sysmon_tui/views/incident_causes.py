"""Which changes may have caused an incident, likeliest first, each with its reason. Pure.

A cause lies before the first failure of what it touches. How likely it is: what of the failure it touches, whether it
is of a kind that breaks things, how shortly before it was. What nothing ties to the failure is named only if it took
something away within the last hour, and after all others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sysmon_tui.text import one_line
from sysmon_tui.views.incident_changes import SYMPTOMS, Change

HOUR = timedelta(hours=1)

_MOST = 10
_MOST_UNTIED = 3
_EFFECT = {"removed": 1.0, "edited": 0.7, "added": 0.3}
# More rights and more people break nothing; more of other things (a table that is there again) may.
_HARMLESS_ADDED = frozenset({"grant", "permission", "principal", "credential"})
_UNTIED = frozenset({"grant", "permission", "principal", "credential", "setting", "cluster", "catalog"})
# Nearness falls to a fifth over these hours, and no further.
_FADES_OVER_HOURS = 8.0
_SUCCEEDED_SINCE = 0.3
_BY_ITSELF = 0.3

_NAME = r"(?:`[^`]+`|[\w-]+)"
_DOTTED = re.compile(rf"{_NAME}(?:\.{_NAME}){{1,2}}")


@dataclass(frozen=True)
class Failure:
    """Something that failed, or the alert itself. `noun` is what it is called in a reason, `tables` as the texts
    name them, `principals` who it ran as."""

    at: datetime
    noun: str
    workspace_id: str | None = None
    job_id: str | None = None
    warehouse_id: str | None = None
    tables: frozenset[str] = frozenset()
    principals: frozenset[str] = frozenset()
    address: str = ""
    error: str = ""


@dataclass(frozen=True)
class Scene:
    """What failed.

    `first` is when the incident began where it is about one thing; else each thing has its own first. `last_success` is
    when the newest run before it that succeeded began. `is_security`: somebody's doing and no fault. `only_tied` leaves
    out what nothing ties to it.
    """

    failures: Sequence[Failure]
    first: datetime | None = None
    last_success: datetime | None = None
    is_security: bool = False
    only_tied: bool = False

    @property
    def anchor(self) -> datetime:
        return self.first or min(failure.at for failure in self.failures)


@dataclass(frozen=True)
class Cause:
    """`index` is that of the change; `why` one sentence."""

    index: int
    score: float
    why: str


def causes(changes: Sequence[Change], scene: Scene) -> list[Cause]:
    """Likeliest first; the order of `changes` does not matter."""
    tied = [cause for index, one in enumerate(changes) if (cause := _tied(index, one, scene))]
    untied = []
    if not scene.only_tied:
        known = {cause.index for cause in tied}
        untied = [
            cause
            for index, one in enumerate(changes)
            if index not in known and not touches(one, scene) and (cause := _untied(index, one, scene))
        ]

    def place(cause: Cause) -> tuple[float, float, str, str]:
        one = changes[cause.index]
        return -cause.score, -one.at.timestamp(), one.id or "", one.said

    return [*sorted(tied, key=place), *sorted(untied, key=place)[:_MOST_UNTIED]][:_MOST]


def touches(change: Change, scene: Scene) -> bool:
    """Whether it has to do with what failed, before or after."""
    return any(_touch(change, failure, scene) for failure in scene.failures)


def tables_in(text: str | None) -> frozenset[str]:
    """The dotted names of two or three parts in a statement or an error, in lower case; columns of aliases are among
    them, which no change names."""
    return frozenset(name.replace("`", "").lower() for name in _DOTTED.findall(text or ""))


def _tied(index: int, change: Change, scene: Scene) -> Cause | None:
    touched = [(found, failure) for failure in scene.failures if (found := _touch(change, failure, scene))]
    if not touched:
        return None
    first = scene.first or _first_after(change, [failure for _, failure in touched])
    effect = _effect(change, scene)
    mended = change.mended_at is not None and first is not None and change.mended_at <= first
    if first is None or change.at > first or mended or not effect:
        return None
    (weight, words), failure = min(touched, key=lambda pair: (-pair[0][0], pair[0][1]))
    score = weight * effect * _nearness(first - change.at)
    before = f"{age(first - change.at)} before the {'alert' if scene.is_security else 'first failure'}"
    why = f"{words} {before}"
    if scene.last_success is not None and change.at < scene.last_success:
        score *= _SUCCEEDED_SINCE
        why += "; a run has succeeded since"
    if change.effect == "edited" and change.who in failure.principals and not scene.is_security:
        score *= _BY_ITSELF  # a job that writes to its table edits it
    return Cause(index, score, why)


def _first_after(change: Change, failures: Sequence[Failure]) -> datetime | None:
    """When a kind of failure began that was not there before the change: a busy table fails now and then for reasons of
    its own."""
    firsts: dict[tuple[str, str], datetime] = {}
    for failure in failures:
        kind = failure.noun, failure.error
        firsts[kind] = min(failure.at, firsts.get(kind, failure.at))
    return min((first for first in firsts.values() if first >= change.at), default=None)


def _untied(index: int, change: Change, scene: Scene) -> Cause | None:
    before = scene.anchor - change.at
    here = {failure.workspace_id for failure in scene.failures} - {None}
    if change.kind not in _UNTIED or change.effect != "removed" or not timedelta(0) <= before <= HOUR:
        return None
    if change.workspace_id is not None and here and change.workspace_id not in here:
        return None
    of = f" {one_line(change.target, 120)}" if change.target else ""
    why = f"{change.phrase}{of} {age(before)} before the first failure; nothing ties it to what failed"
    return Cause(index, _nearness(before), why)


def _effect(change: Change, scene: Scene) -> float:
    if scene.is_security:
        return 1.0 if change.kind in SYMPTOMS else 0.6  # who got in first, what was done then second
    if change.effect == "added" and change.kind in _HARMLESS_ADDED:
        return 0.0
    return _EFFECT[change.effect]


def _touch(change: Change, failure: Failure, scene: Scene) -> tuple[float, str] | None:
    """The heaviest thing that the two have in common, and the beginning of the sentence that says so."""
    found = _own_touch(change, failure) or _table_touch(change, failure) or _principal_touch(change, failure)
    if found or not scene.is_security:
        return found
    by_user = change.who in failure.principals or bool(change.named & failure.principals)
    if by_user or (failure.address and change.address == failure.address):
        return 50, f"{change.said} by the same {'user' if by_user else 'address'},"
    return None


def _own_touch(change: Change, failure: Failure) -> tuple[float, str] | None:
    """The job or the warehouse itself; ids are those of a workspace."""
    elsewhere = change.workspace_id != failure.workspace_id
    if not change.target or (elsewhere and None not in (change.workspace_id, failure.workspace_id)):
        return None
    if change.kind == "job" and change.target == failure.job_id:
        return 100, change.phrase
    if change.kind == "warehouse" and change.target == failure.warehouse_id:
        return 80, change.phrase
    return None


def _principal_touch(change: Change, failure: Failure) -> tuple[float, str] | None:
    """Who it ran as, where the change is about that one and not only made by that one."""
    if change.kind in SYMPTOMS:
        return None
    if of := sorted(failure.principals & (change.named | {change.target})):
        return 80, f"{change.phrase} for {one_line(of[0], 120)}"
    if change.kind == "credential" and change.who in failure.principals and failure.noun != "alert":
        return 80, f"{change.noun} of {one_line(change.who, 120)} {change.past}"
    return None


def _table_touch(change: Change, failure: Failure) -> tuple[float, str] | None:
    target = change.target
    if not target or change.kind not in ("grant", "catalog", "denied"):
        return None
    shown = f"{change.phrase}{' on' if change.kind == 'grant' else ':'} {one_line(target, 120)}"
    if any(
        name == target or (name.count(".") == 1 and target.endswith(f".{name}")) for name in failure.tables
    ):
        return 90, f"{shown}, used by the {failure.noun},"
    if any(name.count(".") == 2 and name.startswith(f"{target}.") for name in failure.tables):
        return 60, f"{shown}, which holds what the {failure.noun} uses,"
    return None


def _nearness(before: timedelta) -> float:
    return max(0.2, 1 - before / HOUR / _FADES_OVER_HOURS)


def age(span: timedelta) -> str:
    """`under 1 min`, `12 min`, `2 h 36 min`."""
    minutes = span // timedelta(minutes=1)
    if minutes < 1:
        return "under 1 min"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def names(texts: Iterable[str | None]) -> frozenset[str]:
    """People as they are compared."""
    return frozenset(text.lower() for text in texts if text)
