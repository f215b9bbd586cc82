"""What thresholds would have raised over the last days, counted by the engine; and which would have raised less.

A table that can't be read takes its own rules along and no others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from sysmon_tui.config import Thresholds
from sysmon_tui.config.rules import RuleConfig
from sysmon_tui.services.asking import of_panel
from sysmon_tui.services.backtest_history import Counted, History, Service
from sysmon_tui.services.backtest_rules import NOT_TRIED, parts
from sysmon_tui.services.suggestion import raised
from sysmon_tui.views.backtest_report import Change, Report, RuleResult, Suggestion

# Runs with raised thresholds: a page may come apart into two, so the first may still have too many.
_MOST_RUNS = 6


@dataclass(frozen=True)
class Settings:
    """What a tenant's configuration says, and in `changes` the thresholds to try instead of its own."""

    source: str
    thresholds: Thresholds
    changes: Mapping[str, int]
    rules: Mapping[str, RuleConfig]
    lateness: Mapping[str, timedelta]


async def backtest(service: Service, settings: Settings, *, days: int, pages_per_week: int) -> Report:
    """Raises nothing for a source that is down: the report says what is not known."""
    wanted, off = parts(settings.rules)
    tried = msgspec.structs.replace(settings.thresholds, **settings.changes)
    configured = msgspec.structs.asdict(settings.thresholds)
    history = History(service, wanted, settings.lateness, days)
    with of_panel("backtest"):
        first = await history.counted(tried)
        suggestion = await _suggestion(history, first, tried, pages_per_week, days)
    return Report(
        tenant=service.tenant,
        source=settings.source,
        days=days,
        window=first.window,
        tables=first.tables,
        rules=first.rules,
        suggestion=suggestion,
        tried=msgspec.structs.asdict(tried),
        changed={name: configured[name] for name in settings.changes},
        unused=tuple(name for name in settings.changes if not any(name in part.settings for part in wanted)),
        off=off,
        not_tried=NOT_TRIED,
    )


async def _suggestion(
    history: History, first: Counted, tried: Thresholds, pages_per_week: int, days: int
) -> Suggestion | None:
    """None where nothing is known. Raised, counted anew, and raised again where that was not enough."""
    if not any(rule.is_known for rule in first.rules):
        return None
    allowed = pages_per_week * days // 7

    def said(text: str, now: Counted = first) -> Suggestion:
        changes = _changes(first.rules, now.rules)
        return Suggestion(pages_per_week, allowed, first.total, now.total, changes, text)

    if first.total <= allowed:
        return said("These thresholds keep to it; there is nothing to raise.")
    fixed = _fixed(first.rules)
    if fixed > allowed:
        least = math.ceil(fixed * 7 / days)
        return said(
            f"No thresholds keep to it: {fixed} of the pages are of rules that page for each event, whatever "
            f"the thresholds. --pages-per-week {least} or more can be kept to; else turn such rules off, or "
            "route them to a channel that wakes nobody."
        )
    now, thresholds = first, tried
    for _ in range(_MOST_RUNS):
        higher = _raised(now.rules, allowed)
        if not higher:
            break
        thresholds = msgspec.structs.replace(thresholds, **higher)
        now = await history.counted(thresholds)
        if [rule.is_known for rule in now.rules] != [rule.is_known for rule in first.rules]:
            return said("A table could not be read for a second time, so nothing is suggested.")
    return said("" if now.total <= allowed else "This is as near as raising them comes.", now)


def _fixed(rules: Sequence[RuleResult]) -> int:
    """Pages that no threshold takes away."""
    return sum(rule.total for rule in rules if rule.setting is None)


def _raised(rules: Sequence[RuleResult], allowed: int) -> dict[str, int]:
    """By setting."""
    countable = {rule.rule: rule for rule in rules if rule.setting is not None}
    higher = raised(
        {name: [page.peak for page in rule.pages] for name, rule in countable.items()},
        {name: rule.threshold for name, rule in countable.items()},
        _fixed(rules),
        allowed,
    )
    return {str(countable[name].setting): threshold for name, threshold in higher.items()}


def _changes(before: Sequence[RuleResult], after: Sequence[RuleResult]) -> tuple[Change, ...]:
    return tuple(
        Change(one.setting, one.rule, one.threshold, other.threshold, one.total, other.total)
        for one, other in zip(before, after, strict=True)
        if one.setting is not None and other.threshold != one.threshold
    )
