"""The lives of alerts, evaluation by evaluation: what begins, goes on, ends, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_tui.alerts.episodes import HOUR, Episode, at_least
from sysmon_tui.alerts.finding import Seen
from sysmon_tui.clock import to_micros
from sysmon_tui.views.answer import State
from tests.alerts.judging import (
    MINUTE,
    OTHER_RULE,
    RULE,
    Lives,
    counted,
    judged,
    of_several,
    seen,
    with_rule,
)
from tests.estate import at


def holds(start: str, value: int = 5) -> Episode:
    return Episode(at(start), None, value)


def held(start: str, end: str, value: int = 5) -> Episode:
    return Episode(at(start), at(end), value)


@pytest.fixture
def lives() -> Lives:
    return Lives()


def test_what_holds_begins_a_life(lives: Lives) -> None:
    """Since when it holds is the rows'; since when we know it is the clock's, and the incident's name."""
    (life,) = lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    assert (life.state, life.started_at, life.met_until) == ("firing", at("10:00"), at("10:05"))
    assert (life.detected_at, life.incident) == (at("10:20"), to_micros(at("10:20")))


def test_the_same_rows_again_change_nothing(lives: Lives) -> None:
    """An evaluation that is made twice finds nothing new."""
    evaluated = judged(seen(at("10:05")), holds("10:00"))
    lives.see(evaluated, now=at("10:20"))
    assert lives.see(evaluated, now=at("10:25")) == []


def test_it_goes_on_and_ends_past_the_lateness(lives: Lives) -> None:
    """It ended at 11:00 by its rows: over when the head has come an hour further, and then since 11:00."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    lives.see(judged(seen(at("11:59")), held("10:00", "11:00")), now=at("12:10"))
    assert lives.one.state == "firing"
    lives.see(judged(seen(at("12:00")), held("10:00", "11:00")), now=at("12:20"))
    assert (lives.one.state, lives.one.resolved_at) == ("resolved", at("11:00"))


def test_what_began_and_ended_meanwhile_is_a_life_too(lives: Lives) -> None:
    """Seen for the first time when it is over."""
    lives.see(judged(seen(at("12:00")), held("08:00", "09:00")), now=at("12:20"))
    assert (lives.one.state, lives.one.resolved_at) == ("resolved", at("09:00"))


def test_two_episodes_in_one_evaluation_are_two_lives(lives: Lives) -> None:
    """Each has a name of its own, though both are seen in the same moment."""
    lives.see(judged(seen(at("12:00")), held("08:00", "09:00"), holds("11:55")), now=at("12:20"))
    assert lives.states == ["resolved", "firing"]
    assert len({life.incident for life in lives.all}) == 2
    assert len({life.id for life in lives.all}) == 1


def test_reopening_is_a_new_incident(lives: Lives) -> None:
    """What begins again after it was over is told apart, and nobody has acknowledged it."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    lives.change(lambda life: replace(life, acknowledged_by="ann", acknowledged_at=at("10:21")))
    lives.see(judged(seen(at("12:30")), held("10:00", "11:00")), now=at("12:40"))
    lives.see(judged(seen(at("13:00")), held("10:00", "11:00"), holds("12:55")), now=at("13:10"))
    first, second = sorted(lives.all, key=lambda life: life.incident)
    assert (first.state, first.acknowledged_by) == ("resolved", "ann")
    assert (second.state, second.acknowledged_by) == ("firing", None)


def test_late_earlier_rows_move_its_start_back(lives: Lives) -> None:
    """The same incident, detected when it was, that began earlier than was known."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    before = lives.one
    lives.see(judged(seen(at("10:10")), holds("09:30", 9)), now=at("10:25"))
    after = lives.one
    assert (after.started_at, after.alert["value"]) == (at("09:30"), 9)
    assert (after.incident, after.detected_at) == (before.incident, before.detected_at)


def test_its_start_follows_the_rows(lives: Lives) -> None:
    """A run was repaired: it is the same incident, and began later than was known."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    before = lives.one
    lives.see(judged(seen(at("10:10")), holds("10:04")), now=at("10:25"))
    assert (lives.one.incident, lives.one.detected_at) == (before.incident, before.detected_at)
    assert lives.one.started_at == at("10:04")


def test_what_does_not_touch_it_is_another_time(lives: Lives) -> None:
    """The first time is over when no more rows of it can come: it held up to 10:05, by all that was seen."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    lives.see(judged(seen(at("11:30")), holds("11:00")), now=at("11:40"))
    first, second = sorted(lives.all, key=lambda life: life.incident)
    assert (first.state, first.resolved_at) == ("resolved", at("10:05"))
    assert (second.state, second.started_at) == ("firing", at("11:00"))


def test_rows_later_than_allowed_open_it_again(lives: Lives) -> None:
    """It was over too early: that is a new incident, not a life that comes back."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    lives.see(judged(seen(at("12:10")), held("10:00", "11:00")), now=at("12:20"))
    lives.see(judged(seen(at("12:15")), holds("10:00", 8)), now=at("12:30"))
    assert lives.states == ["resolved", "firing"]
    assert lives.see(judged(seen(at("12:15")), holds("10:00", 8)), now=at("12:31")) == []


def test_rows_later_than_allowed_and_earlier_open_it_once(lives: Lives) -> None:
    """What has come late began before the life that is over: one new incident, not one an evaluation."""
    lives.see(judged(seen(at("10:35")), holds("10:30")), now=at("10:40"))
    lives.see(judged(seen(at("12:40")), held("10:30", "11:25")), now=at("12:41"))
    for minute in range(3):
        lives.see(judged(seen(at("12:45")), holds("10:10", 8)), now=at(f"12:5{minute}"))
    assert lives.states == ["resolved", "firing"]


def test_older_rows_do_not_open_it_again(lives: Lives) -> None:
    """Another process still shows what it read ten minutes ago: that is no news, and nobody is paged."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    lives.see(judged(seen(at("12:10")), held("10:00", "11:00")), now=at("12:20"))
    lives.see(judged(seen(at("10:50")), holds("10:00")), now=at("12:21"))
    assert lives.states == ["resolved"]


def test_older_rows_do_not_open_what_was_retracted(lives: Lives) -> None:
    """Runs were repaired, so it is over; another process has not read that yet."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    lives.see(judged(seen(at("11:05"))), now=at("11:20"))
    lives.see(judged(seen(at("10:50")), holds("10:00")), now=at("11:21"))
    assert lives.states == ["resolved"]


@pytest.mark.parametrize("state", ["stale", "denied", "failed"])
def test_what_is_not_known_keeps_its_state(lives: Lives, state: State) -> None:
    """The table can't be trusted any more: what fired fires, whatever its rows (or none of them) say."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    blind = seen(at("13:00"), state=state, reason="No grant.")
    for evaluated in (judged(blind, held("10:00", "11:00")), judged(blind)):
        lives.see(evaluated, now=at("13:10"))
        assert (lives.one.state, lives.one.unverified) == ("firing", "No grant.")
        assert "can't be told now: No grant." in lives.one.document()["message"]


def test_a_table_without_a_head_keeps_its_state(lives: Lives) -> None:
    """Nothing is known of it at all, without a reason: the sentence names the table and its state."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    lives.see(judged(seen(None, state="denied", fetched_at=at("10:30"))), now=at("10:30"))
    assert (lives.one.state, lives.one.unverified) == ("firing", "a.b.c is denied.")


def test_what_is_known_again_is_told_again(lives: Lives) -> None:
    """The doubt goes when the table is back; the incident is the same."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    lives.see(judged(seen(at("10:05"), state="failed", reason="No network.")), now=at("10:30"))
    lives.see(judged(seen(at("10:40")), holds("10:00")), now=at("10:45"))
    assert (lives.one.state, lives.one.unverified) == ("firing", None)


def test_retracted_rows_end_it_past_the_lateness(lives: Lives) -> None:
    """Runs were repaired: nothing speaks for the alert. Up to where more may come it fires on."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    lives.see(judged(seen(at("11:04"))), now=at("11:10"))
    assert lives.one.state == "firing"
    lives.see(judged(seen(at("11:05"))), now=at("11:20"))
    assert (lives.one.state, lives.one.resolved_at) == ("resolved", at("10:05"))


def test_retracted_rows_of_a_rule_that_keeps_firing(lives: Lives) -> None:
    """It must be over for as long as the rule wants it, rows may be late, and it is over since the former."""
    rule = replace(RULE, keep=2 * HOUR)
    lives.see(judged(seen(at("10:05")), holds("10:00"), rule=rule), now=at("10:20"))
    lives.see(judged(seen(at("13:04")), rule=rule), now=at("13:10"))
    assert lives.one.state == "firing"
    lives.see(judged(seen(at("13:05")), rule=rule), now=at("13:20"))
    assert (lives.one.state, lives.one.resolved_at) == ("resolved", at("12:05"))


def test_a_final_end_waits_for_nothing(lives: Lives) -> None:
    """A success ends a row of failures for good: no row that comes late undoes it."""
    rule = replace(RULE, final=True)
    lives.see(judged(seen(at("10:05")), holds("10:00"), rule=rule), now=at("10:20"))
    lives.see(judged(seen(at("10:30")), held("10:00", "10:30"), rule=rule), now=at("10:40"))
    assert (lives.one.state, lives.one.resolved_at) == ("resolved", at("10:30"))


def test_pending_fires_when_it_has_held(lives: Lives) -> None:
    """Half an hour is wanted, in event time: the clock alone makes nothing fire."""
    rule = replace(RULE, wait=30 * MINUTE)
    lives.see(judged(seen(at("10:10")), holds("10:00"), rule=rule), now=at("10:20"))
    assert lives.one.state == "pending"
    assert lives.see(judged(seen(at("10:10")), holds("10:00"), rule=rule), now=at("14:00")) == []
    incident = lives.one.incident
    lives.see(judged(seen(at("10:30")), holds("10:00"), rule=rule), now=at("14:10"))
    assert (lives.one.state, lives.one.incident) == ("firing", incident)


def test_pending_that_did_not_hold_is_dropped(lives: Lives) -> None:
    """It never fired, so it has not ended either: it is as if it had not been."""
    rule = replace(RULE, wait=30 * MINUTE)
    lives.see(judged(seen(at("10:10")), holds("10:00"), rule=rule), now=at("10:20"))
    (change,) = lives.see(judged(seen(at("10:40")), held("10:00", "10:20"), rule=rule), now=at("10:50"))
    assert change.state == "dropped"
    assert lives.all == []


def test_pending_on_a_table_that_went_blind_stays(lives: Lives) -> None:
    """Unknown keeps the state, whichever it is."""
    rule = replace(RULE, wait=30 * MINUTE)
    lives.see(judged(seen(at("10:10")), holds("10:00"), rule=rule), now=at("10:20"))
    lives.see(judged(seen(at("10:10"), state="failed", reason="Gone."), rule=rule), now=at("10:30"))
    assert (lives.one.state, lives.one.unverified) == ("pending", "Gone.")


def test_flapping_of_a_rule_that_keeps_firing_is_one_life(lives: Lives) -> None:
    """It falls and rises within half an hour: one incident all along."""
    rule = replace(RULE, keep=30 * MINUTE)
    lives.see(judged(seen(at("10:05")), holds("10:00"), rule=rule), now=at("10:20"))
    lives.see(judged(seen(at("11:10")), held("10:00", "11:00"), rule=rule), now=at("11:20"))
    lives.see(judged(seen(at("11:35")), held("10:00", "11:00"), holds("11:30"), rule=rule), now=at("11:40"))
    assert (lives.one.state, lives.one.started_at) == ("firing", at("10:00"))


def test_flapping_while_rows_may_be_late_is_a_life_each(lives: Lives) -> None:
    """The first settles while the second fires, and whoever has the alert has both; each ends by itself."""
    first, second = held("10:00", "11:00"), holds("11:30")
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    lives.change(lambda life: replace(life, acknowledged_by="ann", acknowledged_at=at("10:21")))
    lives.see(judged(seen(at("11:10")), first), now=at("11:20"))
    lives.see(judged(seen(at("11:35")), first, second), now=at("11:40"))
    assert lives.states == ["firing", "firing"]
    assert [(life.acknowledged_by, life.acknowledged_at) for life in lives.all] == [("ann", at("10:21"))] * 2
    lives.see(judged(seen(at("12:00")), first, second), now=at("12:10"))
    assert lives.states == ["resolved", "firing"]
    early, late = sorted(lives.all, key=lambda life: life.incident)
    assert (early.started_at, early.resolved_at) == (at("10:00"), at("11:00"))
    assert (late.started_at, late.resolved_at) == (at("11:30"), None)


def test_later_times_have_later_names(lives: Lives) -> None:
    """Also where the clock was set back between them."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    lives.see(judged(seen(at("12:00")), held("10:00", "11:00"), holds("11:50")), now=at("09:00"))
    early, late = sorted(lives.all, key=lambda life: life.started_at)
    assert late.incident > early.incident


def test_a_resolved_life_adopts_later_times(lives: Lives) -> None:
    """A row that came too late was of it: it began earlier and ended later than was told."""
    lives.see(judged(seen(at("12:00")), held("10:00", "11:00")), now=at("12:10"))
    before = lives.one
    lives.see(judged(seen(at("12:30")), held("09:50", "11:10")), now=at("12:40"))
    after = lives.one
    assert (after.state, after.incident) == ("resolved", before.incident)
    assert (after.started_at, after.met_until, after.resolved_at) == (at("09:50"), at("11:10"), at("11:10"))


@pytest.mark.parametrize("state", ["stale", "denied", "failed"])
def test_an_end_on_a_table_that_is_not_trusted_begins_no_life(lives: Lives, state: State) -> None:
    """It is told once its table can be trusted again."""
    episode = held("10:00", "11:00")
    lives.see(judged(seen(at("12:30"), state=state, reason="Late."), episode), now=at("12:40"))
    assert lives.all == []
    lives.see(judged(seen(at("12:31")), episode), now=at("12:41"))
    assert (lives.one.state, lives.one.resolved_at) == ("resolved", at("11:00"))


def test_older_rows_say_nothing_of_an_open_life(lives: Lives) -> None:
    """Another process has read less far: what it finds, or does not find, changes nothing."""
    lives.see(judged(seen(at("12:00")), holds("10:00", 9)), now=at("12:10"))
    before = lives.one
    assert before.head == at("12:00")
    for older in (judged(seen(at("11:59"))), judged(seen(at("11:59")), holds("10:30", 5))):
        assert lives.see(older, now=at("12:20")) == []
    assert lives.one == before


def test_nothing_found_does_not_end_what_is_met_by_nothing(lives: Lives) -> None:
    """Too few rows of one who has none at all any more: still too few."""
    rule = replace(RULE, absence=True, final=True)
    lives.see(judged(seen(at("12:00")), holds("10:00"), rule=rule), now=at("12:10"))
    lives.see(judged(seen(at("23:00")), rule=rule), now=at("23:10"))
    assert lives.one.state == "firing"
    lives.see(judged(seen(at("23:30")), held("10:00", "23:20"), rule=rule), now=at("23:40"))
    assert (lives.one.state, lives.one.resolved_at) == ("resolved", at("23:20"))


def test_a_gap_is_joined_whatever_order_its_rows_come_in(lives: Lives) -> None:
    """Rows that come 15 of 60 allowed minutes late make the lives that they make in their order."""
    first, second = [at("08:00"), at("08:01")], [at("09:50"), at("09:51")]
    lives.see(counted(seen(at("08:01")), first), now=at("08:02"))
    lives.see(counted(seen(at("10:05")), first), now=at("10:06"))
    lives.see(counted(seen(at("10:06")), first + second), now=at("10:07"))
    lives.see(counted(seen(at("13:00")), first + second), now=at("13:01"))
    in_order = Lives()
    for head in ("08:01", "09:51", "10:45", "13:00"):
        come = [time for time in first + second if time <= at(head)]
        in_order.see(counted(seen(at(head)), come), now=at(head))
    assert lives.states == in_order.states


def test_a_rule_that_is_switched_off_ends_its_alerts(lives: Lives) -> None:
    """Now, with the reason; those of rules that are only not judged this time go on."""
    other = with_rule("workflow.other")
    lives.see(
        judged(seen(at("10:05")), holds("10:00")),
        judged(seen(at("10:05")), holds("10:00"), rule=other),
        now=at("10:20"),
    )
    lives.see(now=at("10:30"), active=[other.id])
    states = {life.rule: (life.state, life.resolved_at) for life in lives.all}
    assert states == {RULE.id: ("resolved", at("10:30")), other.id: ("firing", None)}
    ended = next(life for life in lives.all if life.rule == RULE.id)
    assert ended.document()["message"].endswith("The rule is off.")


def test_a_rule_that_is_switched_off_drops_what_never_fired(lives: Lives) -> None:
    """A pending alert has not ended: it is dropped."""
    rule = replace(RULE, wait=30 * MINUTE)
    lives.see(judged(seen(at("10:10")), holds("10:00"), rule=rule), now=at("10:20"))
    lives.see(now=at("10:30"), active=[])
    assert lives.all == []


def test_a_rule_that_is_not_judged_is_left_alone(lives: Lives) -> None:
    """A question of one category changes nothing of the others."""
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    before = lives.one
    lives.see(judged(seen(at("15:00")), rule=OTHER_RULE), now=at("15:10"), active=[RULE.id, OTHER_RULE.id])
    assert lives.one == before


def test_entities_have_lives_of_their_own(lives: Lives) -> None:
    """One ends, the other goes on."""
    lives.see(of_several(seen(at("10:05")), {"a": [holds("10:00")], "b": [holds("10:00")]}), now=at("10:20"))
    lives.see(
        of_several(seen(at("12:30")), {"a": [held("10:00", "11:00")], "b": [holds("10:00")]}),
        now=at("12:40"),
    )
    assert {life.alert["entity"]["workflow_name"]: life.state for life in lives.all} == {
        "a": "resolved",
        "b": "firing",
    }


# Any order -------------------------------------------------------------------------------------------------

_EVALUATIONS = st.lists(
    st.tuples(
        st.integers(0, 90),  # how far the head comes on
        st.sampled_from(["fresh", "fresh", "fresh", "stale", "denied", "failed"]),
        st.sets(st.integers(0, 40), max_size=4),  # how long before the head rows come
    ),
    max_size=25,
)


def _table(head: datetime, state: State) -> Seen:
    return seen(head, state=state, reason=None if state == "fresh" else "Blind.")


@given(_EVALUATIONS)
def test_it_never_ends_while_its_table_is_not_trusted(
    evaluations: list[tuple[int, State, set[int]]],
) -> None:
    """Whatever comes in whatever order: an end is told by a trusted table that has passed it by an hour."""
    lives, rows, head = Lives(), set[datetime](), at("00:00")
    for step, state, late in evaluations:
        head += step * MINUTE
        rows |= {head - minutes * MINUTE for minutes in late}
        before = {(life.id, life.incident): life for life in lives.all}
        for life in lives.see(counted(_table(head, state), rows), now=head + MINUTE):
            known = before.get((life.id, life.incident))
            if life.state == "resolved":
                assert life.resolved_at is not None and head >= life.resolved_at + HOUR
                assert state == "fresh" or (known is not None and known.state == "resolved")
            elif life.state == "dropped":  # late rows have made one of two times
                assert any(other.id == life.id and other.is_open for other in lives.all)
            elif known is not None:
                assert known.state == life.state  # what is over does not come back


@given(_EVALUATIONS)
def test_an_alert_fires_in_one_life_and_settles_in_others(
    evaluations: list[tuple[int, State, set[int]]],
) -> None:
    """What holds at the head is one of them; what else is open can still change. Evaluating the same rows again
    changes nothing. (Of a table that is trusted.)
    """
    lives, rows, head = Lives(), set[datetime](), at("00:00")
    for number, (step, _, late) in enumerate(evaluations):
        head += step * MINUTE
        rows |= {head - minutes * MINUTE for minutes in late}
        evaluated = counted(seen(head), rows)
        now = head + timedelta(minutes=1, microseconds=number)
        before = {life.incident for life in lives.all}
        lives.see(evaluated, now=now)
        assert lives.see(evaluated, now=now + timedelta(seconds=1)) == []
        fires = [one.started_at for one in at_least(list(rows), 2, head) if one.ended_at is None]
        opened = [life for life in lives.all if life.is_open]
        assert [
            life.started_at for life in opened if life.met_until == head and life.started_at in fires
        ] == fires
        assert all(life.met_until + HOUR > head for life in opened)
        assert len({life.incident for life in lives.all}) == len(lives.all)
        new = [life.incident for life in lives.all if life.incident not in before]
        assert not new or min(new) > max(before, default=0)


def test_rows_that_join_two_times_make_one_of_them(lives: Lives) -> None:
    """A row comes late, between two times: they were one all along, and nothing of it has ended."""
    rows = [at("10:00"), at("10:59"), at("11:01")]
    lives.see(counted(seen(at("11:01")), rows), now=at("11:02"))
    assert lives.states == ["firing", "firing"]
    for head in ("11:02", "11:59"):
        lives.see(counted(seen(at(head)), [*rows, at("11:00")]), now=at(head))
    lives.see(counted(seen(at("12:00")), [*rows, at("11:00")]), now=at("12:01"))
    assert [(life.state, life.started_at) for life in lives.all] == [("firing", at("10:59"))]


def test_what_fires_again_on_a_table_that_is_not_trusted(lives: Lives) -> None:
    """The first time can't end there, the second says that it is not sure; both are settled when it is back."""
    first, second = held("10:00", "11:00"), holds("12:55")
    lives.see(judged(seen(at("10:05")), holds("10:00")), now=at("10:20"))
    stale = seen(at("13:00"), state="stale", reason="Late.")
    lives.see(judged(stale, first, second), now=at("18:00"))
    assert lives.states == ["firing", "firing"]
    assert {life.unverified for life in lives.all} == {"Late."}
    lives.see(judged(seen(at("13:01")), first, second), now=at("18:10"))
    assert lives.states == ["resolved", "firing"]
    assert {life.unverified for life in lives.all} == {None}


def test_what_begins_on_a_table_that_is_not_trusted_says_so(lives: Lives) -> None:
    """From the first evaluation on."""
    lives.see(judged(seen(at("10:05"), state="stale", reason="Late."), holds("10:00")), now=at("14:00"))
    assert lives.one.unverified == "Late."
