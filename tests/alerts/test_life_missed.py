"""Lives that nothing speaks for any more, that are doubted, or whose rows show less than they did."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sysmon_tui.alerts.episodes import HOUR, Episode
from sysmon_tui.alerts.life import Judged, Life, LifeState, advance
from sysmon_tui.clock import EPOCH, to_micros
from sysmon_tui.views.answer import State
from tests.alerts.judging import AUDIT, MINUTE, RULE, Lives, judged, of_table, seen, with_rule
from tests.estate import at

MOMENT = timedelta(microseconds=1)
NOT_KNOWN = "5 of them. Whether it still holds can't be told now: "


def holds(start: str = "10:00", value: int = 5) -> Episode:
    return Episode(at(start), None, value)


def held(start: str, end: str, value: int = 5) -> Episode:
    return Episode(at(start), at(end), value)


@pytest.fixture
def lives() -> Lives:
    """One that fires since 10:00, seen up to 10:05."""
    found = Lives()
    found.see(judged(seen(at("10:05")), holds()), now=at("10:20"))
    return found


def changed(lives: Lives, *evaluated: Judged, now: str = "10:30") -> dict[str, Any]:
    """What of the one life is another than it was."""
    before = vars(lives.one)
    lives.see(*evaluated, now=at(now))
    return {name: value for name, value in vars(lives.one).items() if value != before[name]}


# Whole -----------------------------------------------------------------------------------------------------


def test_a_life_that_begins() -> None:
    """All that it has is the verdict's, but for when it was detected."""
    evaluated = judged(seen(at("10:05"), state="stale", reason="Late."), holds())
    (verdict,) = evaluated.verdicts
    assert advance([], [evaluated], frozenset({RULE.id}), at("10:20")) == [
        Life(
            id=verdict.id,
            incident=to_micros(at("10:20")),
            rule=RULE.id,
            state="firing",
            alert=verdict.alert,
            started_at=at("10:00"),
            met_until=at("10:05"),
            detected_at=at("10:20"),
            head=at("10:05"),
            unverified="Late.",
        )
    ]


def test_a_life_that_begins_with_what_is_not_known() -> None:
    """It waits, since now, on a table of which nothing has been seen."""
    table = seen(None, state="denied", fetched_at=at("10:20"))
    evaluated = judged(table)
    assert evaluated.unknown is not None
    told = replace(evaluated, verdicts=[evaluated.unknown])
    (life,) = advance([], [told], frozenset({RULE.id}), at("10:21"))
    assert life == Life(
        id=evaluated.unknown.id,
        incident=to_micros(at("10:21")),
        rule=RULE.id,
        state="pending",
        alert=evaluated.unknown.alert,
        started_at=at("10:21"),
        met_until=at("10:21"),
        detected_at=at("10:21"),
        head=EPOCH,
        unverified="a.b.c is denied.",
    )


def test_the_document_of_a_life(lives: Lives) -> None:
    """The alert as it was seen, with the times, the people and the name that only the life knows."""
    ended = replace(
        lives.one,
        state="resolved",
        resolved_at=at("11:00"),
        acknowledged_by="ann",
        unverified="Late.",
    )
    assert ended.document() == ended.alert | {
        "state": "resolved",
        "message": "5 of them.",
        "started_at": "2026-03-10T10:00:00Z",
        "detected_at": "2026-03-10T10:20:00Z",
        "resolved_at": "2026-03-10T11:00:00Z",
        "acknowledged_by": "ann",
        "incident": str(to_micros(at("10:20"))),
    }


@pytest.mark.parametrize(
    ("rule", "state", "told", "message"),
    [
        (RULE.id, "firing", "firing", NOT_KNOWN + "No grant."),
        (RULE.id, "pending", "pending", "5 of them."),
        (RULE.id, "resolved", "resolved", "5 of them."),
        (AUDIT.id, "firing", "firing", NOT_KNOWN + "No grant."),
        (AUDIT.id, "pending", "unknown", "5 of them."),
    ],
)
def test_what_the_document_says_of_doubt(
    lives: Lives, rule: str, state: LifeState, told: str, message: str
) -> None:
    """Only what fires can be doubted; a table that has just refused is not known."""
    found = replace(lives.one, rule=rule, state=state, unverified="No grant.").document()
    assert (found["state"], found["message"], found["resolved_at"]) == (told, message, None)


# Missed ----------------------------------------------------------------------------------------------------


def test_the_doubt_goes_though_nothing_speaks_for_it(lives: Lives) -> None:
    """Its table is back and shows none of its rows: it fires up to where more may come, and that is known."""
    blind = judged(seen(at("10:05"), state="failed", reason="No network."))
    assert changed(lives, blind) == {"unverified": "No network."}
    assert changed(lives, judged(seen(at("10:40")))) == {"unverified": None, "head": at("10:40")}
    assert lives.see(judged(seen(at("10:40"))), now=at("10:50")) == []


def test_a_doubt_ends_with_its_alert(lives: Lives) -> None:
    """What is over is certain; its message is what it was, without a word or a space more."""
    changed(lives, judged(seen(at("10:05"), state="failed", reason="No network.")))
    assert changed(lives, judged(seen(at("11:05"))), now="11:20") == {
        "state": "resolved",
        "resolved_at": at("10:05"),
        "unverified": None,
        "head": at("11:05"),
    }
    assert lives.one.document()["message"] == "5 of them."


def test_a_doubt_ends_with_its_rule(lives: Lives) -> None:
    """It is off: over now, and said why."""
    changed(lives, judged(seen(at("10:05"), state="failed", reason="No network.")))
    lives.see(now=at("10:40"), active=[])
    after = lives.one
    assert (after.state, after.resolved_at, after.unverified) == ("resolved", at("10:40"), None)
    assert after.document()["message"] == "5 of them. The rule is off."


@pytest.mark.parametrize(("head", "is_over"), [("11:05", True), ("11:04:59", False)])
def test_what_nothing_speaks_for_is_over_past_the_lateness(lives: Lives, head: str, is_over: bool) -> None:
    """It held up to 10:05, and rows may come an hour late."""
    found = changed(lives, judged(seen(at(head))), now="12:00")
    assert found.get("state") == ("resolved" if is_over else None)
    assert lives.one.head == at(head)


def test_a_table_without_a_head_says_nothing_of_what_was_seen(lives: Lives) -> None:
    """Though it can be read: it is not known how far."""
    found = changed(lives, judged(seen(None, state="empty", fetched_at=at("12:00"))))
    assert found == {"unverified": "a.b.c is empty."}


def test_what_nothing_speaks_for_and_waits_is_dropped_at_once() -> None:
    """It has never fired, so nobody waits for rows that are late."""
    rule = replace(RULE, wait=30 * MINUTE)
    lives = Lives()
    lives.see(judged(seen(at("10:10")), holds(), rule=rule), now=at("10:20"))
    (life,) = lives.see(judged(seen(at("10:10")), rule=rule), now=at("10:21"))
    assert life.state == "dropped" and lives.all == []


# The table itself ------------------------------------------------------------------------------------------


@pytest.fixture
def silent() -> Lives:
    """The table shows nothing new since 07:00; asked at 10:00."""
    found = Lives()
    found.see(of_table(seen(at("07:00"), fetched_at=at("10:00"))), now=at("10:00"))
    assert found.one.state == "firing"
    return found


@pytest.mark.parametrize("state", ["fresh", "empty"])
def test_a_table_that_is_well_again_is_over_now(silent: Lives, state: State) -> None:
    """By the clock."""
    table = seen(at("10:00") if state == "fresh" else None, state=state, fetched_at=at("10:10"))
    assert changed(silent, of_table(table), now="10:11") == {
        "state": "resolved",
        "resolved_at": at("10:11"),
        "head": at("10:10"),
    }


@pytest.mark.parametrize("state", ["stale", "denied", "failed"])
def test_a_table_that_nobody_asked_goes_on(silent: Lives, state: State) -> None:
    """Its warehouse sleeps: nothing is known of it, but how far was looked."""
    asleep = seen(at("07:00"), state=state, fetched_at=at("10:10"), code="warehouse_asleep")
    assert changed(silent, of_table(asleep)) == {"head": at("10:10")}


@pytest.mark.parametrize(("asked", "is_over"), [("09:59", False), ("10:00", True)])
def test_an_older_look_at_an_empty_table_says_nothing(silent: Lives, asked: str, is_over: bool) -> None:
    """By when it was asked, though it has no head."""
    changed(silent, of_table(seen(None, state="empty", fetched_at=at(asked))), now="10:11")
    assert silent.states == ["resolved" if is_over else "firing"]


# Whose rows are read no more -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read_since", "started_at"),
    [
        (None, "10:03"),
        ("08:00", "10:03"),
        ("09:00", "10:03"),
        ("09:00:01", "10:00"),
        ("09:30", "10:00"),
    ],
)
def test_a_start_that_is_not_read_any_more_stays(
    lives: Lives, read_since: str | None, started_at: str
) -> None:
    """A window of an hour that begins before what is read is cut; else fewer rows mean a later start."""
    table = replace(seen(at("10:40")), since=None if read_since is None else at(read_since))
    lives.see(judged(table, holds("10:03")), now=at("10:50"))
    assert lives.one.started_at == at(started_at)


@pytest.mark.parametrize("fires_first", [True, False])
def test_what_fires_keeps_its_start_while_its_rows_make_it_wait(fires_first: bool) -> None:
    """Rows were retracted: it fires on, since when it did. What waits, waits since its rows say so."""
    rule = replace(RULE, wait=30 * MINUTE)
    lives = Lives()
    head = at("10:35") if fires_first else at("10:25")
    lives.see(judged(seen(head), holds(), rule=rule), now=at("10:40"))
    lives.see(judged(seen(at("10:40")), holds("10:20", 6), rule=rule), now=at("10:45"))
    assert (lives.one.state, lives.one.started_at) == (
        ("firing", at("10:00")) if fires_first else ("pending", at("10:20"))
    )
    assert lives.one.alert["value"] == 6


def test_a_start_that_comes_earlier_is_taken_all_the_same(lives: Lives) -> None:
    """Also where its rows are not read to their beginning."""
    table = replace(seen(at("10:40")), since=at("09:30"))
    lives.see(judged(table, holds("09:50")), now=at("10:50"))
    assert lives.one.started_at == at("09:50")


# Open again ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("head", "states"), [("12:10", ["resolved"]), ("12:11", ["resolved", "firing"])])
def test_what_is_over_begins_again_with_newer_rows_only(lives: Lives, head: str, states: list[str]) -> None:
    """Two processes that have read equally far differ: the end that was told stands."""
    lives.see(judged(seen(at("12:10")), held("10:00", "11:00")), now=at("12:20"))
    before = lives.one
    lives.see(judged(seen(at(head)), holds(value=8)), now=at("12:30"))
    assert lives.states == states
    assert before in lives.all


def test_what_is_over_keeps_its_head(lives: Lives) -> None:
    """It says up to where its end was told."""
    lives.see(judged(seen(at("12:10")), held("10:00", "11:00")), now=at("12:20"))
    evaluated = judged(seen(at("12:30")), held("10:00", "11:10", 6))
    assert changed(lives, evaluated) == {
        "alert": evaluated.verdicts[0].alert,
        "met_until": at("11:10"),
        "resolved_at": at("11:10"),
    }
    assert lives.one.head == at("12:10")


@pytest.mark.parametrize(("start", "count"), [("11:05", 1), ("11:05:01", 2)])
def test_a_life_is_touched_up_to_the_hold(start: str, count: int) -> None:
    """A rule that keeps firing for an hour: what begins exactly then is of it still, on a table that goes on."""
    rule = with_rule("x.y", keep=HOUR)
    lives = Lives()
    lives.see(judged(seen(at("10:05")), holds(), rule=rule), now=at("10:20"))
    lives.see(judged(seen(at("11:10")), holds(start), rule=rule), now=at("11:20"))
    assert len(lives.all) == count
