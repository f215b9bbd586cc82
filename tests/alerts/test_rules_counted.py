"""Rules that count: what holds and what ended, what is said of it, and which rows are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from sysmon_tui.alerts import rules
from sysmon_tui.alerts.counted import in_all, told, within
from sysmon_tui.alerts.episodes import HOUR, Episode
from sysmon_tui.alerts.finding import Finding, Seen, Words
from sysmon_tui.alerts.rules import DAY, Rule
from tests.estate import at

MINUTE = timedelta(minutes=1)
_INSTANT = pl.Datetime("us", "UTC")
_RUN = {
    "workspace_id": pl.String(),
    "run_id": pl.String(),
    "workflow_name": pl.String(),
    "start_time": _INSTANT,
    "end_time": _INSTANT,
}


def runs(head: str | None, *rows: tuple[str, str | None], more: int = 0) -> Seen:
    """Runs of five minutes by end and name, newest first; read at a quarter past twelve."""
    frame = pl.DataFrame(
        [
            {
                "workspace_id": "1",
                "run_id": f"r{ended}",
                "workflow_name": name,
                "start_time": at(ended) - 5 * MINUTE,
                "end_time": at(ended),
            }
            for ended, name in rows
        ],
        schema=_RUN,
    )
    return table_of(frame.sort("end_time", descending=True, maintain_order=True), head, more)


def table_of(frame: pl.DataFrame, head: str | None, more: int) -> Seen:
    as_of = None if head is None else at(head)
    return Seen("t", frame, frame.height + more, as_of, at("12:15"), "fresh", None, HOUR)


def counted_runs(table: Seen, threshold: int, rule: Rule = rules.FAILED_RUNS) -> Finding:
    (found,) = in_all(rule, table, threshold, time="end_time", who="workflow_name")
    assert (found.rule, found.threshold, found.entity, found.identity) == (rule, threshold, {}, None)
    assert found.seen is table
    return found


def said(found: Finding) -> list[Words]:
    return [found.words(episode) for episode in found.episodes]


# All together ----------------------------------------------------------------------------------------------


def test_what_holds_is_counted_in_the_hour_up_to_the_newest_row() -> None:
    """The message names who failed most, and the rows are those of the hour, newest first."""
    found = counted_runs(
        runs("10:30", ("09:30", "old"), ("10:00", "nightly"), ("10:10", "hourly"), ("10:20", "nightly")), 3
    )
    assert found.episodes == [Episode(at("10:10"), None, 3)]
    assert said(found) == [
        Words(
            title="3 failed workflow runs within an hour",
            message=(
                "3 failed workflow runs in the hour up to 2026-03-10 10:30 UTC (threshold 3): "
                "nightly (2), hourly (1)."
            ),
            rows=[("1", "r10:20"), ("1", "r10:10"), ("1", "r10:00")],
            since=at("09:55"),
            parameters={"hours": 4},
        )
    ]


def test_what_ended_is_told_by_its_most_and_its_times() -> None:
    """Its rows are those that made it fire and those that came while it did, without what has come since."""
    found = counted_runs(
        runs("12:00", ("10:00", "a"), ("10:20", "b"), ("10:30", None), ("10:40", "b"), ("11:45", "c")), 3
    )
    assert found.episodes == [Episode(at("10:30"), at("11:20"), 4)]
    assert said(found) == [
        Words(
            title="4 failed workflow runs within an hour",
            message=(
                "4 failed workflow runs within an hour at most, "
                "between 2026-03-10 10:30 UTC and 2026-03-10 11:20 UTC (threshold 3): b (2), a (1)."
            ),
            rows=[("1", "r10:40"), ("1", "r10:30"), ("1", "r10:20"), ("1", "r10:00")],
            since=at("09:55"),
            parameters={"hours": 3},
        )
    ]


def test_each_episode_has_words_of_its_own() -> None:
    """One in the morning that ended, and one that holds."""
    found = counted_runs(runs("11:30", ("08:00", "a"), ("08:01", "a"), ("11:00", "b"), ("11:30", "b")), 2)
    assert found.episodes == [Episode(at("08:01"), at("09:00"), 2), Episode(at("11:30"), None, 2)]
    first, last = said(found)
    assert (first.rows, first.since, first.parameters) == (
        [("1", "r08:01"), ("1", "r08:00")],
        at("07:55"),
        {"hours": 6},
    )
    assert (last.rows, last.since, last.parameters) == (
        [("1", "r11:30"), ("1", "r11:00")],
        at("10:55"),
        {"hours": 2},
    )


@pytest.mark.parametrize(("ends", "fires"), [(("10:00", "10:59"), True), (("10:00", "11:00"), False)])
def test_two_an_hour_apart_are_not_within_an_hour(ends: tuple[str, str], fires: bool) -> None:
    """The rule is told in either case, with no episode where it never held."""
    found = counted_runs(runs(ends[1], *((end, "a") for end in ends)), 2)
    assert found.episodes == ([Episode(at("10:59"), None, 2)] if fires else [])


def test_where_rows_were_cut_off_there_were_at_least_so_many() -> None:
    """Of a flood only the newest rows come."""
    holds = counted_runs(runs("10:10", ("10:00", "a"), ("10:10", "a"), more=1), 2)
    ended = counted_runs(runs("11:30", ("10:00", "a"), ("10:10", "a"), more=1), 2)
    assert [one.message for one in (*said(holds), *said(ended))] == [
        "at least 2 failed workflow runs in the hour up to 2026-03-10 10:10 UTC (threshold 2): a (2).",
        "at least 2 failed workflow runs within an hour at most, "
        "between 2026-03-10 10:10 UTC and 2026-03-10 11:00 UTC (threshold 2): a (2).",
    ]


def test_nobody_is_named_where_no_row_has_a_name() -> None:
    """Runs submitted once have none."""
    (words,) = said(counted_runs(runs("10:10", ("10:00", None), ("10:10", "")), 2))
    assert words.message == "2 failed workflow runs in the hour up to 2026-03-10 10:10 UTC (threshold 2)."


@pytest.mark.parametrize(
    ("window", "titled", "up_to", "hours", "shown"),
    [
        (DAY, "a day", "day", 27, 3),
        (90 * MINUTE, "90 minutes", "90 minutes", 4, 2),
        (10 * MINUTE, "10 minutes", "10 minutes", 3, 2),
    ],
)
def test_another_window_is_named(window: timedelta, titled: str, up_to: str, hours: int, shown: int) -> None:
    """A day is `the day`, and what is counted and listed goes back as far as the window does."""
    rule = replace(rules.FAILED_RUNS, window=window)
    found = counted_runs(runs("10:05", ("02:00", "a"), ("10:00", "a"), ("10:05", "a")), 2, rule)
    (words,) = said(found)
    assert found.episodes[-1].value == shown
    assert (words.title, words.message) == (
        f"{shown} failed workflow runs within {titled}",
        f"{shown} failed workflow runs in the {up_to} up to 2026-03-10 10:05 UTC (threshold 2): a ({shown}).",
    )
    assert (len(words.rows), words.parameters["hours"]) == (shown, hours)


def test_nothing_is_counted_on_a_table_without_a_row() -> None:
    """It has no newest event, so there is no moment to count up to."""
    assert in_all(rules.FAILED_RUNS, runs(None), 1, time="end_time", who="workflow_name") == []


# Words of a count ------------------------------------------------------------------------------------------


def test_a_count_of_nobody_in_particular_names_nobody() -> None:
    """Neither an entity nor a column to name values of."""
    table = runs("10:30", ("10:00", "nightly"))
    words = told(rules.FAILED_RUNS, table, table.frame, 1, time="end_time", who=None)
    assert words(Episode(at("10:00"), None, 1)) == Words(
        title="1 failed workflow runs within an hour",
        message="1 failed workflow runs in the hour up to 2026-03-10 10:30 UTC (threshold 1).",
        rows=[("1", "r10:00")],
        since=at("09:55"),
        parameters={"hours": 4},
    )


_ENDS = ["09:59", "10:00", "10:01", "10:30", "11:00", "11:01", "11:30", "11:31"]


@pytest.mark.parametrize(
    ("head", "episode", "shown"),
    [
        ("11:00", Episode(at("10:30"), None, 3), ["10:01", "10:30", "11:00"]),
        ("11:30", Episode(at("11:00"), at("11:30"), 3), ["10:01", "10:30", "11:00", "11:01", "11:30"]),
        (None, Episode(at("10:30"), None, 3), ["11:30", "11:31"]),
    ],
)
def test_rows_are_within_an_episode_up_to_its_end(
    head: str | None, episode: Episode, shown: list[str]
) -> None:
    """From an hour before, without that moment, up to its end or the newest row, with that moment.

    Of a table that has shown none the hour ends when it was read.
    """
    table = runs(head, *((end, "a") for end in _ENDS))
    found = within(table.frame, "end_time", HOUR, episode, table)
    assert found.get_column("run_id").to_list() == [f"r{end}" for end in reversed(shown)]
