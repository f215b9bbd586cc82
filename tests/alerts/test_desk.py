"""The alert desk: what it answers with a store, without one, with a broken one, and beside another process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sysmon_tui.alerts.life import Life
from sysmon_tui.alerts.store import AlertStore, Telling
from sysmon_tui.alerts.store_file import StoreError, StoreFile
from sysmon_tui.config import Thresholds
from sysmon_tui.config.rules import RuleConfig
from sysmon_tui.services.desk import AlertDesk
from sysmon_tui.sources.base import Request, Source
from sysmon_tui.views.answer import Answer
from tests.alerts.judging import MINUTE, telling
from tests.estate import Estate, at

STREAK = "workflow.consecutive_failures"
LOGINS = "security.failed_logins_per_hour"


class Counting:
    """The estate's source; how often it was asked."""

    def __init__(self, estate: Estate) -> None:
        self._inner = estate.source()
        self.asked = 0

    def execute(self, request: Request) -> Any:
        self.asked += 1
        return self._inner.execute(request)

    def cancel(self, request_id: str) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def estate() -> Estate:
    """All tables reach up to 11:50 of 12:00; a job has failed three times in a row."""
    estate = Estate(at("12:00"))
    estate.slice("ok", at("11:45"), at("11:50"), "SUCCEEDED", job_id="calm")
    estate.query("ok", at("11:49"), at("11:50"))
    estate.event("ok", at("11:50"), "logout")
    estate.warehouse_event("STOPPED", at("11:50"), 0)
    for number in range(3):
        estate.slice(f"f{number}", at("11:00"), at(f"11:1{number}"), "FAILED", job_id="j")
    return estate


@pytest.fixture
def store(tmp_path: Path) -> AlertStore:
    return AlertStore(StoreFile(tmp_path / "alerts.sqlite"), "t")


def desk_of(
    estate: Estate,
    store: AlertStore | None = None,
    *,
    source: Source | None = None,
    tells: Telling | None = None,
    shares: bool = False,
    spacing_s: Callable[[], float] = lambda: 60.0,
    rules: dict[str, RuleConfig] | None = None,
    thresholds: Thresholds | None = None,
) -> AlertDesk:
    """A desk of a process of its own."""
    asked = source or estate.source()
    monitor = estate.monitor(open_source=lambda: asked, rules=rules, thresholds=thresholds)
    evaluation = monitor.desk.evaluation
    return AlertDesk(evaluation, estate.clock, store=store, telling=tells, shares=shares, spacing_s=spacing_s)


def mended(estate: Estate) -> None:
    """Five minutes later the job succeeds, which ends its row for good."""
    estate.slice("s", at("11:52"), at("11:55"), "SUCCEEDED", job_id="j")
    estate.clock.advance(300)


def states(answer: Answer) -> dict[str, str]:
    return {alert["rule"]: alert["state"] for alert in answer.rows()}


def one(answer: Answer) -> dict[str, Any]:
    (alert,) = answer.rows()
    assert isinstance(alert, dict)
    return alert


# With and without a store ----------------------------------------------------------------------------------


async def test_without_a_store_alerts_live_in_memory(estate: Estate) -> None:
    """They begin, end, and are shown for as long as the rules look back; nothing is in trouble."""
    desk = desk_of(estate)
    first = await desk.answer(fresh=True)
    assert states(first) == {STREAK: "firing"} and first.extra["total_alerts"] == 1
    assert desk.trouble is None
    mended(estate)
    assert states(await desk.answer(fresh=True)) == {}
    assert one(await desk.answer(hours=1))["resolved_at"] == "2026-03-10T11:55:00Z"


async def test_without_a_store_its_incident_stays_the_same(estate: Estate) -> None:
    """Detected when it was first seen, in however many evaluations it is seen after."""
    desk = desk_of(estate)
    first = one(await desk.answer(fresh=True))
    estate.clock.advance(120)
    second = one(await desk.answer(fresh=True))
    assert (second["incident"], second["detected_at"]) == (first["incident"], "2026-03-10T12:00:00Z")


async def test_with_a_store_another_process_knows_it(estate: Estate, store: AlertStore) -> None:
    """A restart forgets nothing: the alert was detected before it."""
    first = one(await desk_of(estate, store).answer(fresh=True))
    estate.clock.advance(120)
    assert one(await desk_of(estate, store).answer(fresh=True))["incident"] == first["incident"]


@pytest.mark.parametrize("hours", [0.5, 24, 48, 168])
@pytest.mark.parametrize("kept", [False, True])
async def test_what_fires_is_shown_however_far_back_is_asked(
    estate: Estate, store: AlertStore, hours: float, kept: bool
) -> None:
    """Also to the first question of a process, and also of more than a day."""
    answer = await desk_of(estate, store if kept else None).answer(hours=hours)
    assert states(answer) == {STREAK: "firing"}
    assert answer.window.hours == hours


async def test_more_than_a_day_back_the_rows_say_what_ended(estate: Estate, store: AlertStore) -> None:
    """Another job failed and was mended the day before yesterday: shown to whoever asks for three days."""
    for number in range(3):
        estate.slice(f"o{number}", at("05:00", -2), at(f"05:1{number}", -2), "FAILED", job_id="old")
    estate.slice("os", at("06:00", -2), at("06:10", -2), "SUCCEEDED", job_id="old")
    desk = desk_of(estate, store)
    assert states(await desk.answer()) == {STREAK: "firing"}
    assert [alert["state"] for alert in (await desk.answer(hours=24)).rows()] == ["firing"]
    assert [alert["state"] for alert in (await desk.answer(hours=72)).rows()] == ["firing", "resolved"]


async def test_a_broken_store_silences_no_alert(estate: Estate, tmp_path: Path) -> None:
    """The answer is what it is without a store, and says since when nobody is told, and why."""
    desk = desk_of(estate, AlertStore(StoreFile(tmp_path / "gone" / "alerts.sqlite"), "t"), tells=telling())
    answer = await desk.answer(fresh=True)
    assert states(answer) == {STREAK: "firing"}
    assert desk.trouble is not None
    assert desk.trouble.startswith("Alerts are not saved since 2026-03-10T12:00:00Z, and nobody is told: ")
    assert "The store of alerts can't be used." in desk.trouble
    estate.clock.advance(300)
    await desk.answer(fresh=True)
    assert "12:00:00Z" in (desk.trouble or "")


async def test_a_store_that_is_mended_is_used_again(estate: Estate, tmp_path: Path) -> None:
    """What was in memory is found again by its rows; nothing is in trouble any more."""
    store = AlertStore(StoreFile(tmp_path / "later" / "alerts.sqlite"), "t")
    desk = desk_of(estate, store)
    await desk.answer(fresh=True)
    (tmp_path / "later").mkdir()
    estate.clock.advance(120)
    assert states(await desk.answer(fresh=True)) == {STREAK: "firing"}
    assert desk.trouble is None and len(store.lives()) == 1


class Full(AlertStore):
    """A store on a disk that is full, or that another process holds too long: it can be read, not written."""

    def apply(self, *_: Any, **__: Any) -> None:
        raise StoreError("The store of alerts can't be used.", "The cause: database or disk is full.")


async def test_a_store_that_can_only_be_read_hides_no_alert(estate: Estate, store: AlertStore) -> None:
    """It holds what was before; what was found now is shown."""
    await desk_of(estate, store).answer(fresh=True)
    mended(estate)
    assert states(await desk_of(estate, Full(store.file, store.scope)).answer(fresh=True)) == {}


async def test_a_store_that_can_only_be_read_silences_no_alert(estate: Estate, store: AlertStore) -> None:
    """What was found now is shown, and that it is not saved."""
    desk = desk_of(estate, Full(store.file, store.scope))
    answer = await desk.answer(fresh=True)
    assert states(answer) == {STREAK: "firing"}
    assert desk.trouble is not None and answer.extra["store_reason"] == desk.trouble


# What is shown ---------------------------------------------------------------------------------------------


async def test_one_category_is_judged_and_shown_alone(estate: Estate, store: AlertStore) -> None:
    """The others are neither shown nor ended."""
    for number in range(20):
        estate.event(f"l{number}", at("11:40"), "login", 401, email="eve@example.com")
    desk = desk_of(estate, store)
    assert states(await desk.answer()) == {STREAK: "firing", LOGINS: "firing"}
    workflows = await desk.answer(category="workflow", fresh=True)
    assert states(workflows) == {STREAK: "firing"}
    assert {rule["category"] for rule in workflows.extra["rules"]} == {"workflow"}
    security = await desk.answer(category="security", fresh=True)
    assert states(security) == {LOGINS: "firing"} and security.extra["total_alerts"] == 1
    assert len(store.lives()) == 2


async def test_who_has_it_and_how_long_it_is_silent_stand_in_the_answer(
    estate: Estate, store: AlertStore
) -> None:
    """At once, whoever said so; silenced alerts fire all the same, and are counted."""
    desk = desk_of(estate, store)
    alert = one(await desk.answer())
    assert (alert["acknowledged_by"], alert["silenced_until"]) == (None, None)
    assert await desk.acknowledge(alert["id"], "ann")
    made = await desk.silence({"rule": "workflow.*"}, 2, "deploy", "ann")
    assert made is not None
    found = await desk_of(estate, store).answer()
    assert one(found)["acknowledged_by"] == "ann"
    assert one(found)["silenced_until"] == "2026-03-10T14:00:00Z"
    assert found.extra["total_alerts"] == 1
    assert [silence.id for silence in await desk.silences()] == [made.id]
    assert await desk.unsilence(made.id) and not await desk.unsilence(made.id)
    assert await desk.acknowledge(alert["id"], None)
    alert = one(await desk.answer())
    assert (alert["acknowledged_by"], alert["silenced_until"]) == (None, None)


async def test_what_is_not_there_cannot_be_acknowledged(estate: Estate, store: AlertStore) -> None:
    """The answer is no, and nothing is made."""
    assert not await desk_of(estate, store).acknowledge("nothing", "ann")
    assert not await desk_of(estate).acknowledge("nothing", "ann")


@pytest.mark.parametrize("broken", [True, False])
async def test_without_a_store_it_can_be_acknowledged_too(
    estate: Estate, tmp_path: Path, broken: bool
) -> None:
    """In this process, as long as it fires."""
    desk = desk_of(estate, AlertStore(StoreFile(tmp_path / "gone" / "a"), "t") if broken else None)
    alert = one(await desk.answer())
    assert await desk.acknowledge(alert["id"], "ann")
    assert one(await desk.answer(fresh=True))["acknowledged_by"] == "ann"
    assert await desk.acknowledge(alert["id"], None)
    assert one(await desk.answer())["acknowledged_by"] is None
    mended(estate)
    await desk.answer(fresh=True)
    assert not await desk.acknowledge(alert["id"], "ann")


FAILED = "workflow.failed_per_hour"


def failed(answer: Answer) -> dict[str, Any]:
    (alert,) = [dict(alert) for alert in answer.rows() if alert["rule"] == FAILED]
    return alert


def fails(estate: Estate, clock: str) -> None:
    """One is too many: it fires for an hour."""
    estate.slice(f"x{clock}", at("09:00"), at(clock), "FAILED", job_id=f"x{clock}")


async def test_what_flaps_is_one_line(store: AlertStore) -> None:
    """Two times of one alert, of which the first is not over yet: the latest, since the first began."""
    estate = Estate(at("12:00"))
    fails(estate, "09:30")
    estate.slice("ok", at("09:45"), at("09:50"), "SUCCEEDED")
    desk = desk_of(estate, store, tells=telling(), thresholds=Thresholds(failed_workflows_per_hour=1))
    first = failed(await desk.answer(category="workflow", fresh=True))
    fails(estate, "11:40")
    estate.slice("ok2", at("11:45"), at("11:50"), "SUCCEEDED")
    estate.clock.advance(120)
    answer = await desk.answer(category="workflow", fresh=True)
    found = failed(answer)
    assert (found["state"], found["started_at"]) == ("firing", "2026-03-10T09:30:00Z")
    assert found["detected_at"] == first["detected_at"] and found["incident"] != first["incident"]
    assert answer.extra["total_alerts"] == 1 and len(store.lives()) == 2
    assert notices(store) == ["firing"]


async def test_an_alert_of_two_days_began_two_days_ago(store: AlertStore) -> None:
    """A run fails every 50 minutes, and one is too many; the rules read a little more than a day."""
    estate = Estate(at("12:00"))
    desk = desk_of(estate, store, thresholds=Thresholds(failed_workflows_per_hour=1))
    first = at("10:00")
    for hours in (0, 20, 12):
        estate.clock.advance(3600 * hours)
        while first < estate.clock.now():
            estate.slice(f"x{first}", first - MINUTE, first, "FAILED", job_id=f"x{first}")
            first += 50 * MINUTE
        found = failed(await desk.answer(category="workflow", fresh=True))
        assert found["started_at"] == "2026-03-10T10:00:00Z"


async def test_each_rule_in_one_word(estate: Estate, store: AlertStore) -> None:
    """Firing, or clear up to where no more rows come (three hours before the head)."""
    rules = {rule["rule"]: rule for rule in (await desk_of(estate, store).answer()).extra["rules"]}
    assert (rules[STREAK]["state"], rules[STREAK]["clear_until"]) == ("firing", None)
    assert (rules[LOGINS]["state"], rules[LOGINS]["clear_until"]) == ("clear", "2026-03-10T08:50:00Z")


async def test_a_rule_that_is_off_is_not_shown(estate: Estate, store: AlertStore) -> None:
    """Neither in the list of rules nor with the alert that it has left; that one is over."""
    await desk_of(estate, store).answer()
    off = desk_of(estate, store, rules={STREAK: RuleConfig(enabled=False)})
    found = await off.answer(hours=24)
    assert states(found) == {} and STREAK not in {rule["rule"] for rule in found.extra["rules"]}
    assert store.lives() == []


class Interleaved(AlertStore):
    """Both are reading before either has read."""

    def __init__(self, file: StoreFile, scope: str) -> None:
        super().__init__(file, scope)
        self.both = threading.Barrier(2, timeout=5)

    def lives(self, *, resolved_since: datetime | None = None) -> list[Life]:
        self.both.wait()
        found = super().lives(resolved_since=resolved_since)
        self.both.wait()
        return found


async def test_two_questions_at_once_have_answers_of_their_own(estate: Estate, store: AlertStore) -> None:
    """One asks what fires, one what ended within the day: neither gets the other's lives."""
    await desk_of(estate, store).answer(fresh=True)
    mended(estate)
    desk = desk_of(estate, Interleaved(store.file, store.scope))
    await desk_of(estate, store).answer(fresh=True)
    of_a_day, of_now = await asyncio.gather(desk.answer(hours=24), desk.answer())
    assert [alert["state"] for alert in of_a_day.rows()] == ["resolved"]
    assert of_now.rows() == []


# Who is told -----------------------------------------------------------------------------------------------


def notices(store: AlertStore) -> list[str]:
    with store.file.transaction() as connection:
        return [row["kind"] for row in connection.execute("SELECT kind FROM notice ORDER BY id")]


async def test_an_evaluation_plans_what_is_told_once(estate: Estate, store: AlertStore) -> None:
    """However often it is asked, with fresh rows or known ones."""
    desk = desk_of(estate, store, tells=telling())
    for fresh in (True, False, True, False):
        await desk.answer(fresh=fresh)
        estate.clock.advance(61)
    assert notices(store) == ["firing"]
    mended(estate)
    await desk.answer(fresh=True)
    assert notices(store) == ["firing", "resolved"]


async def test_what_is_over_is_not_told_again(estate: Estate, store: AlertStore) -> None:
    """Rows come, and an evaluation every five minutes."""
    desk = desk_of(estate, store, tells=telling())
    await desk.answer(fresh=True)
    mended(estate)
    for number in range(3):
        await desk.answer(fresh=True)
        estate.clock.advance(300)
        end = estate.clock.now() - 5 * MINUTE
        estate.slice(f"later{number}", end - MINUTE, end, "SUCCEEDED", job_id="calm")
    assert notices(store) == ["firing", "resolved"]


async def test_an_acknowledgement_is_told_with_the_next_answer(estate: Estate, store: AlertStore) -> None:
    """Though the rows are the same."""
    desk = desk_of(estate, store, tells=telling())
    alert = one(await desk.answer())
    await desk.acknowledge(alert["id"], "ann")
    await desk.answer()
    assert notices(store) == ["firing", "acknowledged"]


async def test_the_end_of_a_silence_is_told_though_the_rows_are_the_same(
    estate: Estate, store: AlertStore
) -> None:
    """Ended by somebody it is told with the next answer; run out, with the next refresh."""
    desk = desk_of(estate, store, tells=telling())
    made = await desk.silence({"rule": "*"}, 1, "", "ann")
    assert made is not None
    await desk.answer()
    assert notices(store) == []
    await desk.unsilence(made.id)
    await desk.answer()
    assert notices(store) == ["firing"]


async def test_whoever_tells_nobody_writes_lives_alone(estate: Estate, store: AlertStore) -> None:
    """A look at the app is no page."""
    await desk_of(estate, store).answer()
    assert notices(store) == [] and len(store.lives()) == 1


async def test_it_says_when_it_has_evaluated(estate: Estate, store: AlertStore) -> None:
    """Once an evaluation, not once a question."""
    desk, heard = desk_of(estate, store), []
    desk.on_change = lambda: heard.append(estate.clock.now())
    await desk.answer()
    await desk.answer()
    assert len(heard) == 1


# Several processes -----------------------------------------------------------------------------------------


async def test_a_second_desk_shows_what_the_first_found(estate: Estate, store: AlertStore) -> None:
    """Without asking its own source: the same alerts, rules and state."""
    first = desk_of(estate, store, shares=True)
    source = Counting(estate)
    second = desk_of(estate, store, shares=True, source=source)
    mine = await first.answer()
    theirs = await second.answer()
    assert source.asked == 0
    assert theirs.rows() == mine.rows() and theirs.extra["rules"] == mine.extra["rules"]
    assert (theirs.state, theirs.as_of) == (mine.state, mine.as_of)


async def test_a_second_desk_shows_one_category(estate: Estate, store: AlertStore) -> None:
    """Of what the first found of all."""
    await desk_of(estate, store, shares=True).answer()
    source = Counting(estate)
    second = desk_of(estate, store, shares=True, source=source)
    assert states(await second.answer(category="security")) == {}
    assert states(await second.answer(category="workflow")) == {STREAK: "firing"}
    assert source.asked == 0


async def test_a_second_desk_asks_for_itself_what_the_first_has_not_asked(
    estate: Estate, store: AlertStore
) -> None:
    """The first one has judged the workflows alone."""
    await desk_of(estate, store, shares=True).answer(category="workflow")
    source = Counting(estate)
    second = desk_of(estate, store, shares=True, source=source)
    assert states(await second.answer()) == {STREAK: "firing"}
    assert source.asked > 0


async def test_a_fresh_answer_is_ones_own(estate: Estate, store: AlertStore) -> None:
    """Whoever wants it fresh asks the source, whoever has the duty."""
    await desk_of(estate, store, shares=True).answer()
    source = Counting(estate)
    await desk_of(estate, store, shares=True, source=source).answer(fresh=True)
    assert source.asked > 0


@pytest.mark.parametrize("closes", [True, False])
async def test_the_duty_goes_over(estate: Estate, store: AlertStore, closes: bool) -> None:
    """At once when the first one closes, else when it has not been heard of for a refresh and half a minute."""
    first = desk_of(estate, store, shares=True)
    source = Counting(estate)
    second = desk_of(estate, store, shares=True, source=source)
    await first.answer()
    if closes:
        await first.close()
    else:
        estate.clock.advance(90)
    await second.answer()
    assert source.asked > 0


async def test_what_the_first_found_grows_old(estate: Estate, store: AlertStore) -> None:
    """It says that it has the duty and finds nothing any more: after three refreshes the second asks for itself."""
    first = desk_of(estate, store, shares=True)
    source = Counting(estate)
    second = desk_of(estate, store, shares=True, source=source)
    await first.answer()
    for _ in range(3):
        estate.clock.advance(59)
        store.take_duty(first._owner, estate.clock.now(), 90)
        await second.answer()
    assert source.asked == 0
    estate.clock.advance(59)
    store.take_duty(first._owner, estate.clock.now(), 90)
    assert states(await second.answer()) == {STREAK: "firing"}
    assert source.asked > 0


async def test_two_desks_tell_once(estate: Estate, store: AlertStore) -> None:
    """Both evaluate at the same time, as at a start."""
    for desk in (desk_of(estate, store, tells=telling()), desk_of(estate, store, tells=telling())):
        await desk.answer(fresh=True)
    assert notices(store) == ["firing"]
