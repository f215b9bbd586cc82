"""When a tenant is asked: at full speed for whoever looks, hardly ever for nobody, and within the budget."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysmon_tui import limits
from sysmon_tui.clock import HeldClock
from sysmon_tui.errors import AccessDenied, SourceUnreachable
from sysmon_tui.services.meter import Meter
from sysmon_tui.services.pace import Pace, Wake
from tests.estate import at
from tests.services.billed import ASK, OTHER, Place, bare, let_pass, refreshed, service_of

_RATE = 4.0  # DBU an hour of a 2X-Small


def pace_of(clock: HeldClock, *, auto_stop_s: float, refresh_s: float = 60.0) -> Pace:
    place = Place(clock, auto_stop_mins=int(auto_stop_s // 60))
    meter = Meter(clock)
    meter.warehouse = place.live.warehouse()
    return Pace(clock, meter, refresh_s=refresh_s, bills=True)


@given(
    refresh_s=st.floats(5, 3600),
    auto_stop_min=st.integers(1, 300),
    looks=st.lists(st.integers(0, 299), max_size=20),
    waits=st.lists(st.floats(0, 7200), min_size=1, max_size=20),
)
def test_refreshes_come_farther_apart_the_longer_nobody_looks(
    refresh_s: float, auto_stop_min: int, looks: list[int], waits: list[float]
) -> None:
    """Full speed while looks are less than IDLE_S apart, then ever farther apart; at last the warehouse can stop."""
    clock = HeldClock(at("12:00"))
    pace = pace_of(clock, auto_stop_s=auto_stop_min * 60.0, refresh_s=refresh_s)
    for look_s in looks:
        clock.advance(look_s)
        assert pace.spacing_s() == refresh_s and pace.slowed_words is None
        pace.looked()
    clock.advance(limits.IDLE_S)
    assert pace.is_quiet and pace.slowed_words is not None
    spacing_s = pace.spacing_s()
    assert spacing_s >= refresh_s
    for wait_s in waits:
        clock.advance(wait_s)
        assert pace.spacing_s() >= spacing_s
        spacing_s = pace.spacing_s()
    clock.advance(20 * limits.IDLE_S)
    assert pace.spacing_s() > auto_stop_min * 60
    pace.looked()
    assert pace.spacing_s() == refresh_s


@pytest.mark.parametrize("auto_stop_mins", [1, 10, 120])
async def test_a_day_with_nobody_looking_leaves_the_warehouse_stopped(auto_stop_mins: int) -> None:
    """After the first hour and its auto-stop the clock wakes nothing; who then asks wakes it and gets new rows."""
    clock = HeldClock(at("00:00"))
    place = Place(clock, auto_stop_mins=auto_stop_mins)
    service = service_of(place)
    await service.answer(ASK)
    await let_pass(service, 1)
    starts = place.warehouse.starts
    await let_pass(service, 23)
    assert place.awake_s() <= 3600 + auto_stop_mins * 60 and place.warehouse.starts == starts
    quiet = await refreshed(service)
    assert (quiet.state, quiet.code, quiet.frame.height) == ("stale", "warehouse_asleep", 1)
    assert quiet.reason is not None and "r asks now" in quiet.reason
    clock.advance(limits.FAILED_RETRY_S + 1)
    woken = await service.answer(ASK)
    assert (woken.code, woken.fetched_at) == (None, clock.now()) and place.warehouse.starts == starts + 1


@pytest.mark.parametrize("how", ["switched off", "denied", "broken since it was seen up"])
async def test_a_warehouse_that_cant_be_seen_is_not_woken_by_the_clock(how: str) -> None:
    """On demand, where the API says nothing (any more): the clock wakes it no more than where it does."""
    clock = HeldClock(at("00:00"))
    place = Place(clock, auto_stop_mins=120)
    service = service_of(place, live=how != "switched off")
    if how == "denied":
        place.live.error = AccessDenied("No CAN VIEW.")
    await service.answer(ASK)
    await refreshed(service)
    if how.startswith("broken"):
        place.live.error = SourceUnreachable("Down.")
    await let_pass(service, 24)
    assert place.awake_s() <= 3600 + 120 * 60 and place.warehouse.starts == 0


@pytest.mark.parametrize("how", ["seen", "switched off", "broken since it was seen up"])
async def test_never_wakes_nothing_whoever_asks(how: str) -> None:
    """A stopped warehouse stays stopped for the clock, a question and `fresh`; the last rows stay and say why."""
    clock = HeldClock(at("00:00"))
    place = Place(clock)
    service = service_of(place, wake="never", live=how != "switched off")
    first = await service.answer(ASK)
    seen = how != "switched off"
    assert first.code == (None if seen else "warehouse_asleep")
    if how.startswith("broken"):
        place.live.error = SourceUnreachable("Down.")
    clock.advance(3600)
    assert place.warehouse.state == "STOPPED"
    await refreshed(service)
    clock.advance(limits.FAILED_RETRY_S + 1)
    for fresh in (False, True):
        answer = await service.answer(ASK, fresh=fresh)
        assert answer.code == "warehouse_asleep" and answer.reason is not None
        assert (answer.state, answer.frame.height) == (("stale", 1) if seen else ("failed", 0))
    assert place.warehouse.starts == 0 and len(place.requests) == seen


async def test_a_demand_right_after_a_quiet_refresh_wakes() -> None:
    """The clock has just let the warehouse be: a question a second later is a question, and wakes it."""
    clock = HeldClock(at("00:00"))
    place = Place(clock)
    service = service_of(place)
    await service.answer(ASK)
    clock.advance(3600)
    assert (await refreshed(service)).code == "warehouse_asleep"
    clock.advance(1)
    assert (await service.answer(ASK)).code is None and place.warehouse.starts == 1


async def test_a_demand_that_meets_a_quiet_refresh_wakes() -> None:
    """The clock is still looking whether the warehouse is up when somebody asks the same: that wakes it."""
    clock = HeldClock(at("00:00"))
    place = Place(clock)
    service = service_of(place)
    await service.answer(ASK)
    await service.live.warehouse()
    clock.advance(3600)
    place.live.held = threading.Event()
    by_the_clock = asyncio.create_task(refreshed(service))
    await asyncio.sleep(0.05)
    demand = asyncio.create_task(service.answer(ASK))
    await asyncio.sleep(0.05)
    place.live.held.set()
    await by_the_clock
    assert (await demand).code is None and place.warehouse.starts == 1


@pytest.mark.parametrize(("wake", "bills"), [("keep_warm", True), ("on_demand", False), ("never", False)])
async def test_what_is_kept_warm_or_costs_nothing_never_slows(wake: Wake, bills: bool) -> None:
    """Half a day without a look: every refresh comes, at the set distance, and asks."""
    clock = HeldClock(at("00:00"))
    place = Place(clock)
    service = service_of(place, wake=wake, bills=bills, refresh_s=600)
    assert await let_pass(service, 12) == len(place.requests) == 72
    assert service.pace.spacing_s() == 600 and service.pace.slowed_words is None


@settings(max_examples=60, deadline=None)
@given(
    budget=st.floats(1, 60),
    auto_stop_mins=st.integers(1, 60),
    refresh_s=st.sampled_from([60, 300, 1800]),
    takes=st.lists(st.floats(0.1, 60), min_size=1, max_size=10),
    start_min=st.integers(0, 1380),
)
def test_a_day_of_refreshes_stays_within_the_budget(
    budget: float, auto_stop_mins: int, refresh_s: float, takes: list[float], start_min: int
) -> None:
    """Whatever statements take: half of the budget goes at full speed, the day exceeds it by a refresh at most."""
    clock = HeldClock(at("00:00"))
    place = Place(clock, auto_stop_mins=auto_stop_mins)
    meter = Meter(clock)
    meter.warehouse = place.live.warehouse()
    pace = Pace(clock, meter, refresh_s=refresh_s, bills=True, wake="keep_warm", dbu_per_day=budget)
    clock.advance(start_min * 60)
    one_refresh = (max(takes) + auto_stop_mins * 60) / 3600 * _RATE
    count = 0
    while clock.now() < at("23:59"):
        spent = meter.today().dbu or 0.0
        assert spent <= budget + one_refresh + 1e-6
        request = bare(ASK.statement)
        meter.began(request)
        clock.advance(takes[count % len(takes)])
        meter.ended(request, 1)
        kept_s, ended_s, count = pace.keep_s(), clock.monotonic_s(), count + 1
        if (meter.today().dbu or 0.0) < budget / 2:
            assert kept_s == refresh_s
        clock.advance(kept_s)
        while clock.monotonic_s() - ended_s < pace.spacing_s():
            clock.advance(60)


async def test_a_budget_that_is_used_up_holds_until_midnight_utc() -> None:
    """The clock asks no more that day, `fresh` and a first question do; the next day begins at full speed."""
    clock = HeldClock(at("18:00"))
    place = Place(clock)
    service = service_of(place, wake="keep_warm", dbu_per_day=0.5)
    await service.live.warehouse()
    await service.answer(ASK)  # ten minutes of four an hour: more than there is
    pace = service.pace
    assert pace.keep_s() == pace.spacing_s() == 6 * 3600 and "0.5 DBU" in str(pace.budget_words)
    clock.advance(5 * 3600)
    await refreshed(service)
    assert len(place.requests) == 1
    await service.answer(ASK, fresh=True)
    await service.answer(OTHER)
    assert len(place.requests) == 3
    clock.advance(3601)
    assert pace.keep_s() == 60 and pace.budget_words is None
    await refreshed(service)
    assert len(place.requests) == 4


async def test_a_budget_that_cant_be_kept_is_said() -> None:
    """The warehouse's size is not known, so neither is what is spent: the reason says that the budget holds nothing."""
    clock = HeldClock(at("12:00"))
    service = service_of(Place(clock), wake="keep_warm", dbu_per_day=1.0, live=False)
    await service.answer(ASK)
    assert "budget" in str(service.pace.document()["reason"])
