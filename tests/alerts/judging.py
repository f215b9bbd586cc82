"""Rules evaluated on rows that a test makes up, and lives that go on from one evaluation to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from sysmon_tui.alerts import freshness, rules
from sysmon_tui.alerts.episodes import HOUR, Episode, at_least
from sysmon_tui.alerts.finding import Finding, Seen, Words
from sysmon_tui.alerts.life import Judged, Life, advance
from sysmon_tui.alerts.routes import Routes
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.alerts.store import Telling
from sysmon_tui.alerts.verdict import unknown, verdicts
from sysmon_tui.config import ChannelConfig, NotificationsConfig, RouteConfig, SlackChannel
from sysmon_tui.views.answer import State

MINUTE = timedelta(minutes=1)
RULE = rules.FAILED_RUNS
OTHER_RULE = rules.FAILED_QUERIES
AUDIT = rules.FRESHNESS["audit"]
STALE_AFTER = timedelta(hours=3)


def seen(
    head: datetime | None,
    *,
    state: State = "fresh",
    reason: str | None = None,
    lateness: timedelta = HOUR,
    fetched_at: datetime | None = None,
    code: str | None = None,
) -> Seen:
    """A table up to `head`, where a row may come an hour late."""
    fetched = fetched_at or head
    assert fetched is not None
    return Seen("a.b.c", pl.DataFrame(), 0, head, fetched, state, reason, lateness, code)


def judged(
    table: Seen, *episodes: Episode, rule: Rule = RULE, entity: dict[str, Any] | None = None
) -> Judged:
    """The rule, having found these episodes of one entity."""
    return (
        of_several(table, {"": episodes}, rule=rule)
        if entity is None
        else _judged(table, rule, [(entity, episodes)])
    )


def of_several(table: Seen, found: dict[str, Sequence[Episode]], *, rule: Rule = RULE) -> Judged:
    """The rule, having found episodes of several entities, by name; of the nameless one too."""
    return _judged(
        table, rule, [({"workflow_name": name} if name else {}, episodes) for name, episodes in found.items()]
    )


def _judged(table: Seen, rule: Rule, found: Iterable[tuple[dict[str, Any], Sequence[Episode]]]) -> Judged:
    told = [
        verdict
        for entity, episodes in found
        for verdict in verdicts(Finding(rule, table, 5, episodes, _words, entity), "t")
    ]
    blind = not table.trusted and not any(verdict.state == "firing" for verdict in told)
    return Judged(rule, table, 5, told, unknown(rule, table, 5, "t") if blind else None)


def _words(episode: Episode) -> Words:
    return Words(f"{episode.value} of them", f"{episode.value} of them.")


def counted(table: Seen, times: Iterable[datetime], threshold: int = 2, *, rule: Rule = RULE) -> Judged:
    """The rule, having counted these rows."""
    assert table.as_of is not None
    return judged(table, *at_least(list(times), threshold, table.as_of), rule=rule)


def of_table(table: Seen) -> Judged:
    """The rule on the table itself, three hours being usual at most."""
    found = freshness.verdict(AUDIT, table, STALE_AFTER, "t")
    return Judged(AUDIT, table, 180, [found] if found else [])


class Lives:
    """What was known, as evaluation follows evaluation."""

    def __init__(self) -> None:
        self.all: list[Life] = []

    def see(self, *evaluated: Judged, now: datetime, active: Iterable[str] | None = None) -> list[Life]:
        """What changed."""
        on = {one.rule.id for one in evaluated} if active is None else active
        changed = advance(self.all, evaluated, frozenset(on), now)
        known = {(life.id, life.incident): life for life in (*self.all, *changed)}
        self.all = [life for life in known.values() if life.state != "dropped"]
        return changed

    def change(self, how: Callable[[Life], Life]) -> None:
        self.all = [how(life) for life in self.all]

    @property
    def states(self) -> list[str]:
        return [life.state for life in sorted(self.all, key=lambda life: life.incident)]

    @property
    def one(self) -> Life:
        (life,) = self.all
        return life


def routes(*config: RouteConfig, channels: Sequence[str] = ("ops",), tenant: str = "t") -> Routes:
    """To Slack channels of these names."""
    made: dict[str, ChannelConfig] = {
        name: SlackChannel(url_env="TEST_HOOK", allow_hosts=("127.0.0.1",)) for name in channels
    }
    return Routes(NotificationsConfig(channels=made, routes=config), tenant, "production")


def telling(
    *config: RouteConfig,
    channels: Sequence[str] = ("ops",),
    pages: int = 30,
    openings: bool = True,
    max_page_age: timedelta = timedelta(hours=6),
) -> Telling:
    return Telling(routes(*config, channels=channels), max_page_age, pages, openings)


def with_rule(name: str, **changes: Any) -> Rule:
    return replace(RULE, id=name, **changes)
