"""The rules on tables: one that shows nothing new, and one that can't be read."""

from __future__ import annotations

from datetime import datetime

import pytest

from sysmon_tui.alerts import freshness
from sysmon_tui.alerts.finding import Seen
from sysmon_tui.errors import AccessDenied, WarehouseAsleep, WarehouseStarting
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.embedded import EmbeddedSource
from sysmon_tui.views.answer import State
from tests.alerts.judging import AUDIT, MINUTE, STALE_AFTER, Lives, of_table, seen
from tests.estate import Estate, at


def late(by_minutes: int, now: datetime) -> Seen:
    """A table that has shown nothing for so long."""
    head = now - by_minutes * MINUTE
    return seen(head, state="stale" if by_minutes > 180 else "fresh", reason="Late.", fetched_at=now)


def refused(now: datetime, state: State = "denied", reason: str | None = "No grant.") -> Seen:
    return seen(None, state=state, reason=reason, fetched_at=now)


@pytest.fixture
def lives() -> Lives:
    return Lives()


@pytest.mark.parametrize(("minutes", "fires"), [(179, False), (180, True), (181, True)])
def test_a_table_is_late_beyond_what_is_usual(minutes: int, fires: bool) -> None:
    """Met at three hours, like every threshold; what fires says since when, and how long."""
    found = of_table(late(minutes, at("12:00"))).verdicts
    assert [verdict.state for verdict in found] == (["firing"] if fires else [])
    if fires:
        assert found[0].started_at == at("15:00") - minutes * MINUTE
        assert (found[0].alert["value"], found[0].alert["threshold"]) == (minutes, 180)
        assert found[0].alert["entity"] == {"table": "a.b.c"}


@pytest.mark.parametrize("code", [WarehouseAsleep.code, WarehouseStarting.code])
def test_a_warehouse_that_sleeps_makes_no_table_late(code: str) -> None:
    """Nobody looks: that is no news of the table."""
    asleep = seen(at("06:00"), state="stale", reason="Asleep.", fetched_at=at("12:00"), code=code)
    assert of_table(asleep).verdicts == []


def test_it_fires_while_it_is_late_and_ends_when_it_is_not(lives: Lives) -> None:
    """By the clock, not by the head: the head stands still, that is the point."""
    lives.see(of_table(late(181, at("12:00"))), now=at("12:00"))
    lives.see(of_table(late(241, at("13:00"))), now=at("13:00"))
    assert (lives.one.state, lives.one.alert["value"]) == ("firing", 241)
    lives.see(of_table(late(10, at("13:30"))), now=at("13:30"))
    assert (lives.one.state, lives.one.resolved_at) == ("resolved", at("13:30"))


def test_a_table_that_shows_nothing_at_all_is_not_late(lives: Lives) -> None:
    """Empty since ever: nobody said that it should have rows."""
    empty = seen(None, state="empty", fetched_at=at("12:00"))
    assert lives.see(of_table(empty), now=at("12:00")) == []


def test_one_refusal_is_no_alert(lives: Lives) -> None:
    """Pending, with the reason and without a number; gone when the next statement does better."""
    lives.see(of_table(refused(at("12:00"))), now=at("12:00"))
    life = lives.one
    assert (life.state, life.alert["value"], life.alert["message"]) == ("pending", None, "No grant.")
    lives.see(of_table(late(10, at("12:05"))), now=at("12:05"))
    assert lives.all == []


@pytest.mark.parametrize("state", ["denied", "failed"])
def test_a_table_that_stays_refused_fires(lives: Lives, state: State) -> None:
    """From a quarter of an hour on, as one alert since it was refused for the first time."""
    for minute in (0, 5, 10):
        now = at(f"12:{minute:02}")
        lives.see(of_table(refused(now, state)), now=now)
    assert lives.states == ["pending"]
    lives.see(of_table(refused(at("12:15"), state)), now=at("12:15"))
    assert (lives.states, lives.one.started_at) == (["firing"], at("12:00"))


def test_a_table_that_was_read_before_and_is_refused_fires(lives: Lives) -> None:
    """What was read last is shown on, so its time stands still: pending, and after a quarter of an hour firing."""
    kept = seen(at("11:50"), state="stale", reason="No network.", fetched_at=at("12:00"), code="unreachable")
    lives.see(of_table(kept), now=at("12:05"))
    lives.see(of_table(kept), now=at("12:19"))
    assert lives.states == ["pending"]
    lives.see(of_table(kept), now=at("12:20"))
    assert lives.states == ["firing"]


def test_refused_for_long_and_then_late_is_one_alert(lives: Lives) -> None:
    """The network is back, and the table has shown nothing meanwhile: it fires on, by another reason."""
    kept = seen(at("11:50"), state="stale", reason="No network.", fetched_at=at("12:00"), code="unreachable")
    for clock in ("12:05", "12:20"):
        lives.see(of_table(kept), now=at(clock))
    lives.see(of_table(late(190, at("15:00"))), now=at("15:00"))
    assert lives.states == ["firing"]


def test_a_table_that_hovers_at_its_limit_has_one_alert(lives: Lives) -> None:
    """New rows come, and it is late all the same: at no evaluation was it well, so it is one alert."""
    for clock, minutes in (("12:00", 190), ("12:05", 195), ("12:10", 182), ("12:15", 187)):
        lives.see(of_table(late(minutes, at(clock))), now=at(clock))
    assert lives.states == ["firing"]


def test_an_older_look_says_nothing_of_it(lives: Lives) -> None:
    """Another process has looked earlier, by the clock, and found the table well or later still."""
    lives.see(of_table(late(200, at("12:00"))), now=at("12:00"))
    before = lives.one
    assert before.head == at("12:00")
    for older in (late(10, at("11:50")), late(230, at("11:55"))):
        assert lives.see(of_table(older), now=at("12:01")) == []
    assert lives.one == before


def test_late_again_is_another_alert(lives: Lives) -> None:
    """It was well meanwhile."""
    lives.see(of_table(late(200, at("12:00"))), now=at("12:00"))
    lives.see(of_table(late(10, at("12:30"))), now=at("12:30"))
    lives.see(of_table(late(185, at("16:00"))), now=at("16:00"))
    assert lives.states == ["resolved", "firing"]


def test_an_older_look_does_not_open_it_again(lives: Lives) -> None:
    """It was well at 12:30; another process shows that it was late at 12:20."""
    lives.see(of_table(late(200, at("12:00"))), now=at("12:00"))
    lives.see(of_table(late(10, at("12:30"))), now=at("12:30"))
    lives.see(of_table(late(200, at("12:20"))), now=at("12:31"))
    assert lives.states == ["resolved"]


def test_a_verdict_of_a_table_is_about_itself() -> None:
    """That it can't be read is what the alert says, not what makes it doubtful."""
    lives = Lives()
    for clock in ("12:00", "12:01"):
        lives.see(of_table(late(200, at("12:00"))), now=at(clock))
    assert lives.one.unverified is None
    assert freshness.verdict(AUDIT, late(10, at("12:00")), STALE_AFTER, "t") is None


# On an estate ----------------------------------------------------------------------------------------------


class NoAudit:
    """The estate's source, but for the audit log."""

    def __init__(self, inner: EmbeddedSource) -> None:
        self._inner = inner

    def execute(self, request: Request) -> object:
        if "audit" in request.statement.tables:
            raise AccessDenied("No grant on system.access.audit.", "GRANT SELECT.")
        return self._inner.execute(request)

    def cancel(self, request_id: str) -> None: ...

    def close(self) -> None: ...


async def test_a_denied_table_is_an_alert_after_a_quarter_of_an_hour() -> None:
    """A grant that was taken away: freshness.audit is unknown at first, then it fires, once."""
    estate = Estate(at("12:00"))
    estate.slice("ok", at("11:45"), at("11:50"), "SUCCEEDED")
    monitor = estate.monitor(open_source=lambda: NoAudit(estate.source()))  # type: ignore[arg-type, return-value]
    states = []
    for _ in range(4):
        rows = (await monitor.alerts(fresh=True)).rows()
        states.append([alert["state"] for alert in rows if alert["rule"] == AUDIT.id])
        estate.clock.advance(6 * 60)
    assert states == [["unknown"], ["unknown"], ["unknown"], ["firing"]]
