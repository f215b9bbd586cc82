"""Rules that count events within a sliding window: all of them, or for each entity. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from sysmon_tui.alerts.episodes import Episode, at_least
from sysmon_tui.alerts.finding import (
    Finding,
    Seen,
    Words,
    commonest,
    hours_back,
    minute,
    oldest,
    row_ids,
    span,
)
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.text import one_line


def in_all(rule: Rule, seen: Seen, threshold: int, *, time: str, who: str) -> list[Finding]:
    """Events of everybody together. `who` is the column whose commonest values the message names."""
    if seen.as_of is None:
        return []
    found = at_least(seen.frame.get_column(time).to_list(), threshold, seen.as_of, rule.window)
    words = told(rule, seen, seen.frame, threshold, time=time, who=who)
    return [Finding(rule, seen, threshold, found, words)]


def of_each(
    rule: Rule,
    seen: Seen,
    threshold: int,
    *,
    time: str,
    by: Sequence[str],
    named: str,
    distinct: str | None = None,
    identity: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> list[Finding]:
    """Events of each entity, which is what the columns `by` say; rows without one of them belong to none.

    `named` is the column by which a person knows it. With `distinct` different values of that column are counted.
    """
    if seen.as_of is None:
        return []
    found = []
    for part in seen.frame.drop_nulls(list(by)).partition_by(list(by), maintain_order=True):
        if part.height < threshold:  # most have too few rows to look at
            continue
        entity = part.select(by).row(0, named=True)
        who = None if distinct is None else part.get_column(distinct).to_list()
        times = part.get_column(time).to_list()
        episodes = at_least(times, threshold, seen.as_of, rule.window, who)
        if episodes:
            name = one_line(str(part.get_column(named)[0]), 120) or "(empty)"
            words = told(rule, seen, part, threshold, time=time, who=distinct, name=name)
            found.append(
                Finding(
                    rule, seen, threshold, episodes, words, entity, identity(entity) if identity else None
                )
            )
    return found


def told(
    rule: Rule,
    seen: Seen,
    rows: pl.DataFrame,
    threshold: int,
    *,
    time: str,
    who: str | None,
    name: str = "",
) -> Callable[[Episode], Words]:
    """The words for a count of `rows`, of the entity `name` or of all. `who` is the column whose values are named."""
    of = f"{name}: " if name else ""

    def words(episode: Episode) -> Words:
        inside = within(rows, time, rule.window, episode, seen)
        value = f"at least {episode.value}" if seen.cut else str(episode.value)
        if episode.ended_at is None:
            counted = f"{value} {rule.noun} in the {_named(rule.window)} up to {minute(_last(episode, seen))}"
        else:
            times = f"between {minute(episode.started_at)} and {minute(episode.ended_at)}"
            counted = f"{value} {rule.noun} within {span(rule.window)} at most, {times}"
        top = commonest(inside, who) if who else ""
        return Words(
            title=f"{of}{value} {rule.noun} within {span(rule.window)}",
            message=f"{of}{counted} (threshold {threshold})" + (f": {top}." if top else "."),
            rows=row_ids(inside, rule.key),
            since=oldest(inside, "started_at", "start_time", time),
            parameters={"hours": hours_back(seen, episode.started_at - rule.window)},
        )

    return words


def happened(
    rule: Rule,
    seen: Seen,
    threshold: int | None,
    *,
    time: str,
    by: Sequence[str],
    said: Callable[[dict[str, Any]], str],
    measured: str | None = None,
) -> list[Finding]:
    """Events of which each one is an alert of its entity; those that follow within `rule.keep` are one with it.

    `measured` is the column whose most is the alert's value; without it the events are counted.
    """
    found = []
    for part in seen.frame.partition_by(list(by), maintain_order=True):
        episodes = [Episode(at, at, 1) for at in sorted(part.get_column(time).to_list())]
        entity = part.select(by).row(0, named=True)
        found.append(
            Finding(
                rule,
                seen,
                threshold,
                episodes,
                _of_events(rule, seen, part, time=time, said=said, measured=measured),
                entity,
            )
        )
    return found


def _of_events(
    rule: Rule,
    seen: Seen,
    part: pl.DataFrame,
    *,
    time: str,
    said: Callable[[dict[str, Any]], str],
    measured: str | None,
) -> Callable[[Episode], Words]:
    def words(episode: Episode) -> Words:
        inside = part.filter(pl.col(time).is_between(episode.started_at, episode.ended_at or seen.as_of))
        newest = inside.row(0, named=True)
        more = inside.height - 1
        title = one_line(said(newest), 200)
        since = f", {more} more since {minute(episode.started_at)}" if more else ""
        return Words(
            title=title,
            message=f"{title}, at {minute(newest[time])}{since}.",
            value=inside.height if measured is None else max(inside.get_column(measured).to_list()),
            rows=row_ids(inside, rule.key),
            since=oldest(inside, time),
            parameters={"hours": hours_back(seen, episode.started_at)},
        )

    return words


def within(frame: pl.DataFrame, time: str, window: timedelta, episode: Episode, seen: Seen) -> pl.DataFrame:
    """The rows that an episode was about: of one that ended what made it fire, not what was left when it ended."""
    until = _last(episode, seen)
    since = (until if episode.ended_at is None else episode.started_at) - window
    return frame.filter((pl.col(time) > since) & (pl.col(time) <= until))


def _last(episode: Episode, seen: Seen) -> datetime:
    return episode.ended_at or seen.as_of or seen.fetched_at


def _named(window: timedelta) -> str:
    """`hour`, `day`, `90 minutes`: after `in the`."""
    return span(window).removeprefix("an ").removeprefix("a ")
