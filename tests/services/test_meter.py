"""What our statements cost: the time that the warehouse is up because of them, counted once, by day and by panel."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysmon_tui.clock import HeldClock
from sysmon_tui.datasets import catalogue
from sysmon_tui.errors import SignInRefused, SourceUnreachable, StatementFailed
from sysmon_tui.services.ledger import Ledger
from sysmon_tui.services.meter import Meter
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.live import WarehouseNow
from tests.estate import at
from tests.services.billed import ASK, OTHER, Place, bare, service_of

_TAIL_S = 600.0


def warehouse(size: str = "2X-Small", kind: str = "serverless", stop_s: float = _TAIL_S) -> WarehouseNow:
    return WarehouseNow("wh", "Monitoring", "RUNNING", size, kind, stop_s, at("12:00"))


def metered(clock: HeldClock, ledger: Ledger | None = None, **settings: float) -> Meter:
    meter = Meter(clock, ledger, **settings)
    meter.warehouse = warehouse()
    return meter


def ran(meter: Meter, clock: HeldClock, seconds: float, *, panel: str = "queries", rows: int = 1) -> None:
    request = bare(catalogue.QUERIES, panel=panel)
    meter.began(request)
    clock.advance(seconds)
    meter.ended(request, rows)


def union_s(spans: list[tuple[float, float]]) -> float:
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def counted_s(statements: list[tuple[int, int]]) -> list[float]:
    """Awake seconds by the ledger, by both sessions together, that two meters on one file make of (begin, seconds)."""
    with TemporaryDirectory() as directory:
        clock = HeldClock(at("01:00").replace(year=2999))  # the file forgets days that are long past
        meters = [metered(clock, Ledger("t", lambda: Path(directory) / "spent")) for _ in range(2)]
        requests = [bare(catalogue.QUERIES) for _ in statements]
        moments = [(begin, 1, number) for number, (begin, _) in enumerate(statements)]
        moments += [(begin + seconds, 2, number) for number, (begin, seconds) in enumerate(statements)]
        now_s = 0
        for at_s, what, number in sorted(moments):
            clock.advance(at_s - now_s)
            now_s, meter = at_s, meters[number % 2]
            if what == 1:
                meter.began(requests[number])
            else:
                meter.ended(requests[number], 0)
        found = [meters[0].today().awake_s, sum(meter.session().awake_s for meter in meters)]
        for meter in meters:
            meter.close()
        return found


_STATEMENTS = st.lists(st.tuples(st.integers(0, 7200), st.integers(0, 900)), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(statements=_STATEMENTS)
def test_the_time_awake_is_never_told_too_short(statements: list[tuple[int, int]]) -> None:
    """In any order of ends, over two processes: at least the union of [begin, end + auto-stop], at most their sum."""
    spans = [(float(begin), begin + seconds + _TAIL_S) for begin, seconds in statements]
    for awake_s in counted_s(statements):
        assert union_s(spans) - 1e-6 <= awake_s <= sum(end - begin for begin, end in spans) + 1e-6


@settings(max_examples=40, deadline=None)
@given(begins=st.lists(st.integers(0, 7200), min_size=1, max_size=8), seconds=st.integers(0, 900))
def test_statements_that_end_as_they_began_are_counted_once(begins: list[int], seconds: int) -> None:
    """What several keep awake counts once, exactly, where they end in the order in which they began."""
    spans = [(float(begin), begin + seconds + _TAIL_S) for begin in begins]
    assert counted_s([(begin, seconds) for begin in begins]) == pytest.approx([union_s(spans)] * 2)


def test_what_is_spent_is_told_by_panel() -> None:
    """Statements, seconds, rows and bytes of each panel; together they are the total, today and for the session."""
    clock = HeldClock(at("12:00"))
    meter = metered(clock)
    for seconds, panel, rows in ((2.0, "health", 5), (3.0, "queries", 7), (4.0, "health", 1), (1.0, "", 2)):
        ran(meter, clock, seconds, panel=panel, rows=rows)
    for bill in (meter.today(), meter.session()):
        found = {panel: (one.statements, one.seconds, one.rows) for panel, one in bill.panels.items()}
        assert found == {"health": (2, 6.0, 6), "queries": (1, 3.0, 7), "other": (1, 1.0, 2)}
        assert (bill.total.statements, bill.total.seconds, bill.total.rows) == (4, 10.0, 15)
    assert meter.document()["today"]["by_panel"]["health"]["rows"] == 6


def test_the_price_is_the_sizes_and_the_kinds_or_the_configured_one() -> None:
    """An hour of a Small pro warehouse; a size that nobody knows has no DBU, a kind that nobody knows no dollars."""
    clock = HeldClock(at("12:00"))
    meter, own = Meter(clock), Meter(clock, usd_per_dbu=2.0)
    for one in (meter, own):
        one.warehouse = warehouse("Small", "pro", 0.0)
    ran(meter, clock, 3600)
    ran(own, clock, 3600)
    assert meter.today().dbu == 12.0 and meter.today().usd == pytest.approx(6.6)
    assert own.today().usd == 24.0
    meter.warehouse = warehouse("Small", "a new kind")
    assert (meter.today().dbu, meter.today().usd) == (12.0, None)
    meter.warehouse = own.warehouse = warehouse("9X-Huge")
    assert meter.today().dbu is meter.today().usd is own.today().usd is None
    assert meter.document()["today"]["dbu"] is None


def test_a_day_ends_at_midnight_utc() -> None:
    """A statement belongs to the day on which it began; no second is lost or counted twice between the days."""
    clock = HeldClock(at("23:59:50"))
    meter = metered(clock)
    ran(meter, clock, 5)
    yesterday = meter.today()
    clock.advance(10)
    today = meter.today()
    assert (yesterday.total.statements, today.total.statements, today.awake_s) == (1, 0, 0.0)
    ran(meter, clock, 5)
    assert meter.today().total.statements == 1 and meter.session().total.statements == 2
    assert meter.session().awake_s == yesterday.awake_s + meter.today().awake_s == 620


async def test_statements_that_fail_are_counted() -> None:
    """The warehouse was up for them too."""
    clock = HeldClock(at("12:00"))

    def broken(request: Request) -> None:
        raise StatementFailed("No.")

    place = Place(clock, takes_s=3, answer=broken)  # type: ignore[arg-type]
    service = service_of(place)
    await service.live.warehouse()
    assert (await service.answer(ASK)).state == "failed"
    bill = service.meter.today()
    assert (bill.total.statements, bill.total.rows, bill.awake_s) == (1, 0, 603)


@pytest.mark.parametrize("error", [SourceUnreachable("No route."), SignInRefused("Token expired.")])
async def test_a_statement_that_never_reached_the_workspace_costs_nothing(error: Exception) -> None:
    """A night without a network, asked again and again: no DBU, and the budget of the day is still there."""
    clock = HeldClock(at("00:00"))
    place = Place(clock)
    service = service_of(place, wake="keep_warm", dbu_per_day=8.0)
    await service.live.warehouse()
    place.error = error  # type: ignore[assignment]
    for _ in range(100):
        await service.answer(ASK)
        clock.advance(301)
    assert service.meter.today().dbu == 0.0 and service.pace.keep_s() == 60


async def test_the_first_statement_is_billed_with_its_auto_stop() -> None:
    """A process of one question, over before the warehouse was looked at: the ten minutes after it are counted."""
    clock = HeldClock(at("12:00"))
    place = Place(clock)
    service = service_of(place, live=False)
    await service.answer(ASK)
    await service.answer(OTHER)
    assert service.meter.today().awake_s >= 600


def test_what_runs_is_looked_at_by_its_oldest() -> None:
    """While statements wait for the warehouse: since when the oldest of those does; None when none is left."""
    clock = HeldClock(at("12:00"))
    meter = metered(clock)
    requests = [bare(catalogue.QUERIES) for _ in range(3)]
    for request in requests:
        meter.began(request)
        request.progress.state = "waiting"
        clock.advance(10)
    requests[0].progress.state = "running"
    assert meter.waiting_since_s == 10
    for request, _ in pairwise(requests):
        meter.ended(request, 0)
    assert meter.waiting_since_s == 20
    meter.ended(requests[2], 0)
    assert meter.waiting_since_s is None
