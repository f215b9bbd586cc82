"""The rules that can be tried out on what has happened, and what the statements need to know of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sysmon_tui.alerts import rules
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.alerts.verdict import settles_after
from sysmon_tui.config import Thresholds
from sysmon_tui.config.rules import RuleConfig
from sysmon_tui.datasets import backtests
from sysmon_tui.datasets.backtests import Trial
from sysmon_tui.datasets.statement import Statement, Value


@dataclass(frozen=True)
class Tried:
    """`setting` is the threshold; where `happens`, each event pages whatever the threshold is.

    `entity` is what pages are of ("" for everybody together); `who` and `what` are the kinds of what took part in them.
    """

    rule: Rule
    setting: str | None
    entity: str = ""
    who: str = ""
    what: str = ""
    happens: bool = False

    @property
    def raisable(self) -> str | None:
        return None if self.happens else self.setting

    def threshold(self, thresholds: Thresholds) -> int:
        return 1 if self.setting is None else int(getattr(thresholds, self.setting))

    def trial(self, thresholds: Thresholds, lateness: timedelta) -> Trial:
        """Episodes are one page where nobody is told of the second: the alert of the first is not over yet."""
        return Trial(
            self.rule.id,
            self.threshold(thresholds),
            timedelta(0) if self.happens else self.rule.window,
            settles_after(self.rule, lateness),
            self.rule.wait,
        )


@dataclass(frozen=True)
class Part:
    """The rules on one table, which one statement tries out. `meant` are thresholds that say what an event is."""

    statement: Statement
    table: str
    tried: tuple[Tried, ...]
    meant: tuple[str, ...] = ()

    @property
    def settings(self) -> set[str]:
        """The thresholds that matter to it."""
        return {*self.meant, *(tried.setting for tried in self.tried if tried.setting is not None)}

    def values(self, thresholds: Thresholds) -> dict[str, Value]:
        """Of those that say what an event is."""
        given = {
            "slow_query_seconds": thresholds.slow_query_seconds,
            "queued_query_seconds": thresholds.queued_query_seconds,
            "brute_force_failures": thresholds.brute_force_failures,
            "token_lifetime_ms": thresholds.token_lifetime_hours * 3_600_000,
        }
        return {name: value for name, value in given.items() if name in self.statement.parameters}


_PARTS = (
    Part(
        backtests.WORKFLOWS,
        "job_run_timeline",
        (
            Tried(rules.CONSECUTIVE_FAILURES, "consecutive_failures", entity="job"),
            Tried(rules.FAILED_RUNS, "failed_workflows_per_hour", who="job"),
        ),
    ),
    Part(
        backtests.QUERIES,
        "query_history",
        (
            Tried(rules.FAILED_QUERIES, "failed_queries_per_hour", who="user", what="error class"),
            Tried(rules.SLOW_QUERIES, "slow_queries_per_hour", who="user", what="warehouse"),
            Tried(rules.QUEUEING, "queued_queries_per_hour", entity="warehouse", who="user"),
        ),
        meant=("slow_query_seconds", "queued_query_seconds"),
    ),
    Part(
        backtests.SECURITY,
        "audit",
        (
            Tried(rules.FAILED_LOGINS, "failed_logins_per_hour", who="user", what="address"),
            Tried(rules.PASSWORD_SPRAY, "password_spray_users", entity="address", who="user"),
            Tried(rules.BRUTE_FORCE, "brute_force_failures", entity="user", what="address", happens=True),
            Tried(rules.ADMIN_GRANTED, None, entity="user", what="action", happens=True),
            Tried(rules.ACCESS_LIST_CHANGED, None, entity="user", what="action", happens=True),
            Tried(rules.VENDOR_ACCESS, None, entity="user", what="action", happens=True),
            Tried(rules.LONG_LIVED_TOKEN, "token_lifetime_hours", entity="user", happens=True),
            Tried(rules.DENIED_BURST, "denied_requests_per_hour", entity="user", what="action"),
            Tried(rules.MASS_DELETE, "deletes_per_day", entity="user", what="action"),
        ),
    ),
)
NOT_TRIED = tuple(sorted(set(rules.BUILT_IN) - {tried.rule.id for part in _PARTS for tried in part.tried}))


def parts(configured: Mapping[str, RuleConfig]) -> tuple[list[Part], tuple[str, ...]]:
    """The parts with rules as a tenant's configuration wants them, and the ids of those that it turns off."""
    found, off = [], []
    for part in _PARTS:
        kept = []
        for tried in part.tried:
            rule = rules.configured(tried.rule, configured.get(tried.rule.id))
            if rule is None:
                off.append(tried.rule.id)
            else:
                kept.append(replace(tried, rule=rule))
        if kept:
            found.append(replace(part, tried=tuple(kept)))
    return found, tuple(off)
