"""Rules on each entity: its events counted within a window, or each of them an alert."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import pytest

from sysmon_tui.alerts import rules
from sysmon_tui.alerts.counted import happened, of_each
from sysmon_tui.alerts.episodes import HOUR, Episode
from sysmon_tui.alerts.finding import Finding, Seen, Words
from sysmon_tui.alerts.rules import Rule
from tests.estate import at

_INSTANT = pl.Datetime("us", "UTC")
_EVENT = {
    "event_id": pl.String(),
    "event_time": _INSTANT,
    "workspace_id": pl.String(),
    "user_email": pl.String(),
    "source_ip": pl.String(),
    "failures": pl.Int64(),
}


def events(head: str | None, *rows: dict[str, Any]) -> Seen:
    """Events, newest first; read at a quarter past twelve."""
    made = [dict.fromkeys(_EVENT) | {"workspace_id": "1"} | row for row in rows]
    frame = pl.DataFrame(made, schema=_EVENT)
    newest_first = frame.sort("event_time", descending=True, maintain_order=True)
    as_of = None if head is None else at(head)
    return Seen("t", newest_first, frame.height, as_of, at("12:15"), "fresh", None, HOUR)


def event(clock: str, user: str | None = "ann", address: str | None = None, **values: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{clock}",
        "event_time": at(clock),
        "user_email": user,
        "source_ip": address,
        **values,
    }


def said(found: Finding) -> list[Words]:
    return [found.words(episode) for episode in found.episodes]


# Of each entity --------------------------------------------------------------------------------------------


def test_an_entity_without_a_name_is_called_empty() -> None:
    """A user of no letters is one like others; one that is not known is none."""
    rows = (event("10:00", ""), event("10:01", ""), event("10:02", None), event("10:03", None))
    (found,) = of_each(
        rules.DENIED_BURST,
        events("11:00", *rows),
        2,
        time="event_time",
        by=["user_email"],
        named="user_email",
    )
    assert found.entity == {"user_email": ""}
    assert [words.title for words in said(found)] == [
        "(empty): 2 requests denied by Unity Catalog within an hour"
    ]


def refused(table: Seen, threshold: int, rule: Rule = rules.PASSWORD_SPRAY) -> list[Finding]:
    """By address, how many users were refused."""
    return of_each(
        rule, table, threshold, time="event_time", by=["source_ip"], named="source_ip", distinct="user_email"
    )


def by_user(table: Seen, threshold: int, rule: Rule = rules.DENIED_BURST) -> list[Finding]:
    return of_each(rule, table, threshold, time="event_time", by=["user_email"], named="user_email")


def test_the_events_of_each_are_counted_apart() -> None:
    """Those with too few and rows of nobody are passed over; the rest come as their newest rows do."""
    table = events(
        "10:30",
        *(event(f"10:{number:02}", None) for number in range(5)),
        event("10:05", "ann"),
        event("10:06", "bob"),
        event("10:07", "ann"),
        event("10:08", "bob"),
        event("10:09", "one"),
    )
    first, second = by_user(table, 2)
    assert (first.rule, first.threshold, first.identity) == (rules.DENIED_BURST, 2, None)
    assert first.seen is table
    assert (first.entity, second.entity) == ({"user_email": "bob"}, {"user_email": "ann"})
    assert (first.episodes, second.episodes) == (
        [Episode(at("10:08"), None, 2)],
        [Episode(at("10:07"), None, 2)],
    )
    assert said(first) == [
        Words(
            title="bob: 2 requests denied by Unity Catalog within an hour",
            message=(
                "bob: 2 requests denied by Unity Catalog in the hour up to 2026-03-10 10:30 UTC "
                "(threshold 2)."
            ),
            rows=[("1", "e10:08"), ("1", "e10:06")],
            since=at("10:06"),
            parameters={"hours": 4},
        )
    ]
    assert [words.rows for words in said(second)] == [[("1", "e10:07"), ("1", "e10:05")]]


def test_an_entity_whose_events_never_met_is_not_told() -> None:
    """Enough of them, but not within an hour of each other."""
    assert by_user(events("11:30", event("10:00"), event("11:00")), 2) == []


@pytest.mark.parametrize(("head", "episode"), [("11:04", None), ("11:05", at("11:05"))])
def test_of_each_what_ended_is_told_too(head: str, episode: datetime | None) -> None:
    """Up to when the first of the two was an hour old."""
    (found,) = by_user(events(head, event("10:05"), event("10:10")), 2)
    assert found.episodes == [Episode(at("10:10"), episode, 2)]


def test_of_each_the_rule_s_own_window_counts() -> None:
    """Deletions are counted by the day."""
    (found,) = by_user(events("12:00", event("01:00"), event("09:00")), 2, rules.MASS_DELETE)
    assert found.episodes == [Episode(at("09:00"), None, 2)]
    assert [words.message for words in said(found)] == [
        "ann: 2 deletions by one user in the day up to 2026-03-10 12:00 UTC (threshold 2)."
    ]


def test_different_users_are_counted_and_named() -> None:
    """From one address two of them were refused; another refused one user twice."""
    table = events(
        "10:30",
        event("10:00", "ann", "10.0.0.1"),
        event("10:05", "cyd", "10.0.0.2"),
        event("10:06", "cyd", "10.0.0.2"),
        event("10:10", "ann", "10.0.0.1"),
        event("10:20", "bob", "10.0.0.1"),
    )
    (found,) = refused(table, 2)
    assert (found.entity, found.episodes) == ({"source_ip": "10.0.0.1"}, [Episode(at("10:20"), None, 2)])
    assert [(words.title, words.message) for words in said(found)] == [
        (
            "10.0.0.1: 2 users refused from one address within an hour",
            "10.0.0.1: 2 users refused from one address in the hour up to 2026-03-10 10:30 UTC "
            "(threshold 2): ann (2), bob (1).",
        )
    ]


def test_an_entity_of_several_columns_lacks_none_of_them() -> None:
    """It is known by one of its columns, and its alert's id may be made of fewer."""

    def address(entity: dict[str, Any]) -> dict[str, Any]:
        return {"source_ip": entity["source_ip"]}

    (found,) = of_each(
        rules.DENIED_BURST,
        events(
            "10:30",
            event("10:00", "ann", "10.0.0.1"),
            event("10:01", "ann"),
            event("10:02", None, "10.0.0.1"),
        ),
        1,
        time="event_time",
        by=["user_email", "source_ip"],
        named="source_ip",
        identity=address,
    )
    assert found.entity == {"user_email": "ann", "source_ip": "10.0.0.1"}
    assert found.identity == {"source_ip": "10.0.0.1"}
    assert [words.title for words in said(found)] == [
        "10.0.0.1: 1 requests denied by Unity Catalog within an hour"
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("n" * 120, "n" * 120), ("n" * 121, "n" * 119 + "…"), ("two\nlines", "two lines")],
)
def test_the_name_of_an_entity_is_one_line(name: str, shown: str) -> None:
    """Cut at a hundred and twenty letters; the entity itself is whole."""
    (found,) = by_user(events("10:30", event("10:00", name)), 1)
    assert found.entity == {"user_email": name}
    assert [words.title for words in said(found)] == [
        f"{shown}: 1 requests denied by Unity Catalog within an hour"
    ]


def test_of_each_nothing_is_counted_on_a_table_without_a_row() -> None:
    """It has no newest event, so nothing has an end to be counted up to."""
    assert by_user(events(None, event("10:00")), 1) == []


# Each of them an alert -------------------------------------------------------------------------------------


def granted(row: dict[str, Any]) -> str:
    return f"{row['user_email'] or 'somebody'} granted administration in {row['event_id']}"


def each(table: Seen, threshold: int | None = None, measured: str | None = None) -> list[Finding]:
    """Grants, or what is measured of them, by user."""
    return happened(
        rules.ADMIN_GRANTED,
        table,
        threshold,
        time="event_time",
        by=["user_email"],
        said=granted,
        measured=measured,
    )


def test_each_event_is_an_episode_of_a_moment() -> None:
    """Oldest first, by user in the order of the newest; those of nobody belong to nobody."""
    table = events("11:00", event("10:00"), event("10:10", "bob"), event("10:20"), event("10:30", None))
    found = each(table)
    assert [(one.entity, one.episodes) for one in found] == [
        ({"user_email": None}, [Episode(at("10:30"), at("10:30"), 1)]),
        (
            {"user_email": "ann"},
            [Episode(at("10:00"), at("10:00"), 1), Episode(at("10:20"), at("10:20"), 1)],
        ),
        ({"user_email": "bob"}, [Episode(at("10:10"), at("10:10"), 1)]),
    ]
    assert [(one.rule, one.threshold, one.identity) for one in found] == [
        (rules.ADMIN_GRANTED, None, None)
    ] * 3
    assert all(one.seen is table for one in found)
    assert [words.title for words in said(found[0])] == ["somebody granted administration in e10:30"]


def test_one_event_is_told_alone() -> None:
    """What it was and when, with its row."""
    (found,) = each(events("11:00", event("10:00"), event("10:40")))
    assert said(found) == [
        Words(
            title="ann granted administration in e10:00",
            message="ann granted administration in e10:00, at 2026-03-10 10:00 UTC.",
            value=1,
            rows=[("1", "e10:00")],
            since=at("10:00"),
            parameters={"hours": 3},
        ),
        Words(
            title="ann granted administration in e10:40",
            message="ann granted administration in e10:40, at 2026-03-10 10:40 UTC.",
            value=1,
            rows=[("1", "e10:40")],
            since=at("10:40"),
            parameters={"hours": 2},
        ),
    ]


@pytest.mark.parametrize("ended_at", [at("10:40"), None])
def test_several_events_in_one_are_told_by_the_newest(ended_at: datetime | None) -> None:
    """How many more there were since the first; while it holds, up to the newest event of the table."""
    rows = [event("09:59"), event("10:00"), event("10:20"), event("10:40"), event("10:41")]
    (found,) = each(events("10:40", *rows))
    assert found.words(Episode(at("10:00"), ended_at, 1)) == Words(
        title="ann granted administration in e10:40",
        message=(
            "ann granted administration in e10:40, at 2026-03-10 10:40 UTC, "
            "2 more since 2026-03-10 10:00 UTC."
        ),
        value=3,
        rows=[("1", "e10:40"), ("1", "e10:20"), ("1", "e10:00")],
        since=at("10:00"),
        parameters={"hours": 3},
    )


def test_what_is_measured_is_told_by_its_most() -> None:
    """Of two logins after refused ones the one with more refusals is the value, not the newest."""
    rows = [event("10:00", failures=7), event("10:20", failures=5), event("10:40", failures=9)]
    (found,) = each(events("11:00", *rows), 5, "failures")
    assert found.threshold == 5
    assert found.words(Episode(at("10:00"), at("10:20"), 1)).value == 7
    assert [words.value for words in said(found)] == [7, 5, 9]


@pytest.mark.parametrize(
    ("user", "title"),
    [
        ("u" * 167, "u" * 167 + " granted administration in e10:00"),
        ("u" * 168, "u" * 168 + " granted administration in e10:…"),
        ("a\nb", "a b granted administration in e10:00"),
    ],
)
def test_what_happened_is_said_in_one_line(user: str, title: str) -> None:
    """Cut at two hundred letters, in the message too."""
    (found,) = each(events("11:00", event("10:00", user)))
    (words,) = said(found)
    assert (words.title, words.message) == (title, f"{title}, at 2026-03-10 10:00 UTC.")


def test_without_events_nothing_happened() -> None:
    """No entity, so no finding."""
    assert each(events("11:00")) == []
