"""From episodes to what fires, waits, has ended or can't be known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sysmon_tui.alerts.episodes import HOUR, Episode
from sysmon_tui.alerts.finding import Finding, Seen, Words
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.alerts.verdict import (
    Verdict,
    by_severity,
    in_order,
    settles_after,
    unknown,
    verdicts,
    worth_showing,
)
from tests.alerts.judging import MINUTE, RULE, seen
from tests.alerts.receivers import alert, resolved
from tests.estate import at


def told(
    table: Seen, *episodes: Episode, rule: Rule = RULE, tenant: str = "t", **finding: Any
) -> list[Verdict]:
    return verdicts(
        Finding(rule, table, 5, episodes, lambda one: Words("title", "message."), **finding), tenant
    )


def states(found: list[Verdict]) -> list[str]:
    return [verdict.state for verdict in found]


def test_what_holds_fires() -> None:
    """Up to the head, with what was measured there."""
    (verdict,) = told(seen(at("10:30")), Episode(at("10:00"), None, 7))
    assert (verdict.state, verdict.started_at, verdict.met_until) == ("firing", at("10:00"), at("10:30"))
    assert (verdict.alert["value"], verdict.alert["threshold"], verdict.alert["as_of"]) == (
        7,
        5,
        "2026-03-10T10:30:00Z",
    )
    assert (verdict.alert["resolved_at"], verdict.alert["acknowledged_by"]) == (None, None)


@pytest.mark.parametrize(("head", "state"), [("11:00", "firing"), ("11:59", "firing"), ("12:00", "resolved")])
def test_what_ended_fires_until_no_more_rows_come(head: str, state: str) -> None:
    """It ended at 11:00, and a row may come an hour late; the message says which it is."""
    (verdict,) = told(seen(at(head)), Episode(at("10:00"), at("11:00"), 7))
    assert (verdict.state, verdict.met_until) == (state, at("11:00"))
    ends = "it ends when a.b.c has come past 2026-03-10 12:00 UTC" in verdict.alert["message"]
    assert ends is (state == "firing")
    assert verdict.alert["resolved_at"] == (None if state == "firing" else "2026-03-10T11:00:00Z")


def test_when_an_end_is_one() -> None:
    """As long as the rule wants, and late rows on top of it; a final end waits only where something may come back."""
    assert settles_after(RULE, HOUR) == HOUR
    assert settles_after(replace(RULE, keep=2 * HOUR), HOUR) == 3 * HOUR
    assert settles_after(replace(RULE, keep=MINUTE), HOUR) == HOUR + MINUTE
    assert settles_after(replace(RULE, final=True), HOUR) == timedelta(0)
    assert settles_after(replace(RULE, final=True, keep=MINUTE), HOUR) == HOUR + MINUTE


def test_it_is_over_when_the_rule_lets_it_be() -> None:
    """It keeps firing for two hours, is known to have ended an hour after that, and said to have ended then."""
    rule = replace(RULE, keep=2 * HOUR)
    episode = Episode(at("10:00"), at("11:00"), 7)
    assert states(told(seen(at("13:59")), episode, rule=rule)) == ["firing"]
    (verdict,) = told(seen(at("14:00")), episode, rule=rule)
    assert (verdict.state, verdict.alert["resolved_at"]) == ("resolved", "2026-03-10T13:00:00Z")
    assert verdict.met_until == at("11:00")


def test_a_final_end_is_one_at_once() -> None:
    """Unless the rule keeps firing: within that time rows that come late may bring it back."""
    episode = Episode(at("10:00"), at("11:00"), 7)
    (verdict,) = told(seen(at("11:00")), episode, rule=replace(RULE, final=True))
    assert (verdict.state, verdict.alert["resolved_at"]) == ("resolved", "2026-03-10T11:00:00Z")
    keeps = replace(RULE, final=True, keep=HOUR)
    assert states(told(seen(at("12:59")), episode, rule=keeps)) == ["firing"]
    assert states(told(seen(at("13:00")), episode, rule=keeps)) == ["resolved"]


def test_a_wait_is_in_event_time() -> None:
    """It holds for 29 of 30 minutes by its rows, however late it is by the clock."""
    rule = replace(RULE, wait=30 * MINUTE)
    assert states(
        told(seen(at("10:29"), fetched_at=at("23:00")), Episode(at("10:00"), None, 5), rule=rule)
    ) == ["pending"]
    assert states(told(seen(at("10:30")), Episode(at("10:00"), None, 5), rule=rule)) == ["firing"]
    assert told(seen(at("10:29")), Episode(at("10:00"), at("10:20"), 5), rule=rule) == []


def test_what_begins_again_while_it_keeps_firing_waits_for_nothing() -> None:
    """It fires still; later than that it must hold anew."""
    rule = replace(RULE, wait=30 * MINUTE, keep=HOUR)
    first = Episode(at("10:00"), at("11:00"), 5)
    (verdict,) = told(seen(at("12:00")), first, Episode(at("12:00"), None, 6), rule=rule)
    assert (verdict.state, verdict.started_at) == ("firing", at("10:00"))
    found = told(seen(at("12:10")), first, Episode(at("12:01"), None, 6), rule=rule)
    assert states(found) == ["firing", "pending"]
    found = told(seen(at("13:00")), first, Episode(at("12:50"), None, 6), rule=rule)
    assert states(found) == ["resolved", "pending"]


def test_that_rows_may_be_late_joins_nothing() -> None:
    """It begins again within the hour in which rows may come: another episode, whenever it is looked at."""
    first, second = Episode(at("10:00"), at("11:00"), 5), Episode(at("11:05"), None, 6)
    found = told(seen(at("11:30")), first, second)
    assert [(one.state, one.started_at) for one in found] == [
        ("firing", at("10:00")),
        ("firing", at("11:05")),
    ]
    assert states(told(seen(at("12:00")), first, second)) == ["resolved", "firing"]
    waits = replace(RULE, wait=30 * MINUTE)
    assert states(told(seen(at("11:30")), first, second, rule=waits)) == ["firing", "pending"]


def test_each_episode_is_a_verdict_oldest_first() -> None:
    """All of one alert."""
    found = told(
        seen(at("14:00")),
        Episode(at("08:00"), at("09:00"), 5),
        Episode(at("11:00"), at("12:00"), 6),
        Episode(at("13:30"), None, 7),
    )
    assert states(found) == ["resolved", "resolved", "firing"]
    assert len({verdict.id for verdict in found}) == 1


def test_a_table_without_a_head_says_nothing() -> None:
    """There is no time at which anything could be judged."""
    assert told(seen(None, fetched_at=at("12:00")), Episode(at("10:00"), None, 5)) == []


def test_the_unknown_says_why() -> None:
    """Since when its table is known, and the reason of the table; without one, a sentence."""
    verdict = unknown(RULE, seen(at("10:00"), state="denied", reason="No grant."), 5, "t")
    assert (verdict.state, verdict.alert["message"]) == ("unknown", "No grant.")
    assert verdict.alert["started_at"] == "2026-03-10T10:00:00Z"
    assert "denied" in verdict.alert["title"]
    empty = unknown(RULE, seen(None, state="empty", fetched_at=at("10:00")), 5, "t")
    assert "no row" in empty.alert["message"] and empty.alert["started_at"] is None


def test_the_id_is_of_tenant_rule_and_identity() -> None:
    """What is shown of the entity may change; whose it is may not."""
    table, holds = seen(at("10:30")), Episode(at("10:00"), None, 7)
    named = {"job_id": "1", "workflow_name": "before"}
    (first,) = told(table, holds, entity=named, identity={"job_id": "1"})
    (renamed,) = told(table, holds, entity=named | {"workflow_name": "after"}, identity={"job_id": "1"})
    assert first.id == renamed.id
    others = [
        told(table, holds, entity=named, identity={"job_id": "2"}),
        told(table, holds, entity=named, identity={"job_id": "1"}, tenant="u"),
        told(table, holds, entity=named, identity={"job_id": "1"}, rule=replace(RULE, id="x.y")),
        told(table, holds, entity=named),
    ]
    assert len({found[0].id for found in others} | {first.id}) == 5


def test_the_order_of_alerts() -> None:
    """What fires, then pending, unknown, resolved; grave before light; new before old."""
    alerts = [
        resolved(id="r", severity="critical"),
        alert(id="u", state="unknown", severity="critical", started_at=None),
        alert(id="p", state="pending", severity="critical"),
        alert(id="m", severity="medium"),
        alert(id="old", started_at="2026-11-22T01:00:00Z"),
        alert(id="new"),
        alert(id="c", severity="critical", started_at="2026-11-21T01:00:00Z"),
    ]
    assert [one["id"] for one in in_order(alerts)] == ["c", "new", "old", "m", "p", "u", "r"]
    assert by_severity(alerts) == {"critical": 1, "high": 2, "medium": 1}


def test_what_is_worth_showing() -> None:
    """What is open; with an instant also what ended at or after it."""
    alerts = [alert(id="f"), resolved(id="r")]
    ended = at("00:00").fromisoformat("2026-11-22T02:50:00+00:00")
    assert [one["id"] for one in worth_showing(alerts, since=None)] == ["f"]
    assert [one["id"] for one in worth_showing(alerts, since=ended)] == ["f", "r"]
    assert [one["id"] for one in worth_showing(alerts, since=ended + MINUTE)] == ["f"]
