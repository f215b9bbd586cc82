"""The query service: cache, single flight, cancelling, and what it says of a source that is down."""

from __future__ import annotations

import asyncio
import base64
import json
import threading

import polars as pl
import pytest

from sysmon_tui.datasets import asks
from sysmon_tui.errors import AccessDenied, RequestError, SourceUnreachable, StatementCanceled
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.embedded import EmbeddedSource
from tests.estate import Estate, at


class Gate:
    """A source that counts what it is asked, waits when told to, and breaks when told to."""

    def __init__(self, inner: EmbeddedSource) -> None:
        self.inner = inner
        self.requests: list[str] = []
        self.canceled: list[str] = []
        self.error: Exception | None = None
        self.open = threading.Event()
        self.open.set()
        self.closed = False

    def execute(self, request: Request) -> pl.DataFrame:
        self.requests.append(request.statement.name)
        while not self.open.wait(0.01):
            if request.id in self.canceled or self.closed:
                raise StatementCanceled("The statement was cancelled.")
        if self.error is not None:
            raise self.error
        return self.inner.execute(request)

    def cancel(self, request_id: str) -> None:
        self.canceled.append(request_id)

    def close(self) -> None:
        self.closed = True
        self.inner.close()


@pytest.fixture
def estate() -> Estate:
    estate = Estate(at("12:00"))
    estate.slice("1", at("11:00"), at("11:10"), "FAILED")
    return estate


@pytest.fixture
def gate(estate: Estate) -> Gate:
    return Gate(estate.source())


async def test_an_answer_holds_until_the_next_refresh_is_due(estate: Estate, gate: Gate) -> None:
    """Within 60 s the same answer and no statement; after them, or with `fresh`, a new one."""
    service = estate.monitor(open_source=lambda: gate).service
    first = await service.answer(asks.runs())
    estate.clock.advance(59)
    assert await service.answer(asks.runs()) is first
    estate.clock.advance(2)
    second = await service.answer(asks.runs())
    assert second is not first and second.fetched_at == at("12:01:01")
    assert await service.answer(asks.runs(), fresh=True) is not second
    assert gate.requests == ["runs", "runs", "runs"]


async def test_identical_questions_at_the_same_time_run_one_statement(estate: Estate, gate: Gate) -> None:
    """Fifty askers, one statement, one answer."""
    service = estate.monitor(open_source=lambda: gate).service
    gate.open.clear()
    askers = [asyncio.create_task(service.answer(asks.runs())) for _ in range(50)]
    await asyncio.sleep(0.05)
    gate.open.set()
    answers = await asyncio.gather(*askers)
    assert gate.requests == ["runs"]
    assert all(answer is answers[0] for answer in answers)


async def test_the_last_asker_who_leaves_cancels_the_statement(estate: Estate, gate: Gate) -> None:
    """While one still waits it runs on; when nobody does, the source is told to cancel it."""
    service = estate.monitor(open_source=lambda: gate).service
    gate.open.clear()
    first = asyncio.create_task(service.answer(asks.runs()))
    second = asyncio.create_task(service.answer(asks.runs()))
    await asyncio.sleep(0.05)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert gate.canceled == []
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    for _ in range(100):
        if gate.canceled:
            break
        await asyncio.sleep(0.01)
    assert len(gate.canceled) == 1
    gate.open.set()
    assert (await service.answer(asks.runs())).total == 1


async def test_a_source_that_goes_down_leaves_the_last_good_rows(estate: Estate, gate: Gate) -> None:
    """The rows stay, with their own age, marked stale with the reason; when it is back they are fresh."""
    service = estate.monitor(open_source=lambda: gate).service
    good = await service.answer(asks.runs())
    estate.clock.advance(120)
    gate.error = SourceUnreachable("The host ws.example does not answer.", "Check the network.")
    down = await service.answer(asks.runs())
    assert (down.state, down.fetched_at, down.total) == ("stale", good.fetched_at, 1)
    assert down.reason == "The host ws.example does not answer. Check the network."
    gate.error = None
    estate.clock.advance(16)
    assert (await service.answer(asks.runs())).state == "fresh"


async def test_an_error_that_nobody_foresaw_is_that_answer_alone(estate: Estate, gate: Gate) -> None:
    """A source that breaks its promise of SourceError takes nothing down: failed, in a sentence."""
    gate.error = ZeroDivisionError("oops")
    answer = await estate.monitor(open_source=lambda: gate).workflows()
    assert answer.state == "failed" and "ZeroDivisionError" in str(answer.reason)


async def test_with_no_good_rows_ever_the_answer_is_empty_and_says_why(estate: Estate, gate: Gate) -> None:
    """Denied and failed are states of an empty answer, never an exception."""
    service = estate.monitor(open_source=lambda: gate).service
    gate.error = AccessDenied("No grant on system.lakeflow.", "GRANT SELECT ...")
    denied = await service.answer(asks.runs())
    assert (denied.state, denied.frame.height, denied.as_of) == ("denied", 0, None)
    assert "workflow_name" in denied.frame.columns
    gate.error = SourceUnreachable("Down.")
    assert (await service.answer(asks.queries())).state == "failed"


async def test_a_refused_table_is_not_asked_again_every_refresh(estate: Estate, gate: Gate) -> None:
    """Denied is remembered for five minutes, unless a person asks; a failure for fifteen seconds."""
    service = estate.monitor(open_source=lambda: gate).service
    gate.error = AccessDenied("No grant.")
    await service.answer(asks.runs())
    estate.clock.advance(299)
    await service.answer(asks.runs())
    assert len(gate.requests) == 1
    await service.answer(asks.runs(), fresh=True)
    assert len(gate.requests) == 2
    estate.clock.advance(301)
    await service.answer(asks.runs())
    assert len(gate.requests) == 3


async def test_a_source_that_cannot_be_opened_is_a_reason_too(estate: Estate) -> None:
    """Opening fails like a statement does, and is tried again later."""

    def refuse() -> EmbeddedSource:
        raise SourceUnreachable("The host ws.example cannot be found.")

    service = estate.monitor(open_source=refuse).service
    assert (await service.answer(asks.runs())).reason == "The host ws.example cannot be found."


async def test_a_late_table_is_stale_and_says_since_when(estate: Estate) -> None:
    """Newest run 50 min old: fresh. Five hours later nothing new came: stale, with the time and what to do."""
    service = estate.monitor().service
    assert (await service.answer(asks.runs())).state == "fresh"
    estate.clock.advance(5 * 3600)
    late = await service.answer(asks.runs())
    assert late.state == "stale" and late.total == 1
    assert late.reason is not None and "2026-03-10T11:10:00Z" in late.reason


async def test_an_hour_that_has_not_arrived_is_empty_not_zero(estate: Estate) -> None:
    """A window of half an hour before a table that is 50 min late: empty, as_of known from the table's head."""
    answer = await estate.monitor().service.answer(asks.runs(hours=0.5))
    assert (answer.state, answer.total, answer.as_of) == ("empty", 0, at("11:10"))


async def test_a_table_that_has_shown_nothing_is_empty_without_a_date(estate: Estate) -> None:
    """No row ever: empty, as_of null."""
    answer = await estate.monitor().service.answer(asks.queries())
    assert (answer.state, answer.as_of, answer.total) == ("empty", None, 0)


async def test_a_filter_that_matches_nothing_on_a_fresh_table_is_a_known_zero(estate: Estate) -> None:
    """The table reaches into the window: zero matches is an answer, not a gap."""
    answer = await estate.monitor().service.answer(asks.runs(workflow_name="nobody"))
    assert (answer.state, answer.total) == ("fresh", 0)


async def test_a_cursor_belongs_to_its_tenant_and_question(estate: Estate) -> None:
    """Another tenant, other filters, another route, or rubbish: RequestError for `cursor`, and no statement."""
    for number in range(5):
        estate.slice(f"r{number}", at("10:00"), at("10:10"), "SUCCEEDED")
    page = await estate.monitor(tenant="a").workflows(limit=2)
    cursor = page.next_cursor
    assert cursor is not None
    gate = Gate(estate.source())
    other = estate.monitor(tenant="b", open_source=lambda: gate)
    same = estate.monitor(tenant="a", open_source=lambda: gate)
    for question in (
        other.workflows(limit=2, cursor=cursor),
        same.workflows(limit=2, status="failed", cursor=cursor),
        same.workflows(limit=2, hours=12, cursor=cursor),
        same.queries(limit=2, cursor=cursor),
        same.workflows(limit=2, cursor="rubbish"),
        same.workflows(limit=2, cursor="ÿ"),
        same.workflows(limit=2, cursor="W10"),
    ):
        with pytest.raises(RequestError) as caught:
            await question
        assert caught.value.parameter == "cursor"
    assert "runs" not in gate.requests and "queries" not in gate.requests


def forged(cursor: str, place: int, value: object) -> str:
    fields = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    fields[place] = value
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, -62135596800000000),
        (0, 10**18),
        (0, 10**30),
        (0, 1.5),
        (1, 10**30),
        (1, "1"),
        (2, 10**30),
        (2, "1"),
        (3, "\ud800"),
        (3, None),
        (4, 0),
        (4, -1),
        (4, "1"),
        (4, 10**30),
    ],
)
async def test_an_edited_cursor_is_refused(estate: Estate, place: int, value: object) -> None:
    """A window end in the future, long past or no number, a key that no engine takes: RequestError, no statement."""
    for number in range(5):
        estate.slice(f"r{number}", at("10:00"), at("10:10"), "SUCCEEDED")
    cursor = (await estate.monitor().workflows(limit=2)).next_cursor
    assert cursor is not None
    with pytest.raises(RequestError) as caught:
        await estate.monitor().workflows(limit=2, cursor=forged(cursor, place, value))
    assert caught.value.parameter == "cursor"


async def test_runs_that_still_go_on_are_no_empty_answer(estate: Estate) -> None:
    """A window shorter than the table's lag, and a run that has not ended: the row is shown, and so is its state."""
    estate.slice("on", at("10:30"), at("11:05"))
    answer = await estate.monitor().workflows(hours=0.25)
    assert (answer.state, answer.total) == ("fresh", 1)


async def test_rows_that_arrive_while_paging_move_nothing(estate: Estate) -> None:
    """The pages of a walk hold the rows of its first moment, each once, whatever arrives in between."""
    for number in range(9):
        estate.slice(f"r{number}", at(f"10:0{number}"), at("10:30"), "SUCCEEDED")
    monitor = estate.monitor()
    page = await monitor.workflows(limit=4)
    seen = [row["run_id"] for row in page.rows()]
    estate.clock.advance(120)
    estate.slice("new", at("12:00:30"), at("12:01"), "SUCCEEDED")
    while page.next_cursor:
        page = await monitor.workflows(limit=4, cursor=page.next_cursor)
        assert page.total == 10 and page.window.end == at("12:00")
        seen += [row["run_id"] for row in page.rows()]
    assert sorted(seen) == sorted(["1", *(f"r{number}" for number in range(9))])


async def test_closing_ends_what_runs(estate: Estate, gate: Gate) -> None:
    """close() returns soon with a statement pending, and the asker is told."""
    service = estate.monitor(open_source=lambda: gate).service
    gate.open.clear()
    asker = asyncio.create_task(service.answer(asks.runs()))
    await asyncio.sleep(0.05)
    await asyncio.wait_for(service.close(), timeout=5)
    await asyncio.wait([asker], timeout=5)
    assert asker.done() and gate.closed


async def test_rows_that_nothing_tells_apart_are_each_given_once(estate: Estate) -> None:
    """Events and queries without an id, all of one instant, in pages of three: as many as the total."""
    for number in range(7):
        estate.event(None, at("11:00"), "login", source_ip_address=f"10.0.0.{number // 2}")
        estate.query(None, at("10:00"), at("11:00"))
    estate.event("x", at("10:30"), "login")
    estate.query("y", at("10:00"), at("10:30"))
    monitor = estate.monitor()
    for listing in (monitor.audit, monitor.queries):
        page = await listing(limit=3)
        counts = [len(page.rows())]
        while page.next_cursor:
            page = await listing(limit=3, cursor=page.next_cursor)
            counts.append(len(page.rows()))
        assert page.total == 8 and counts == [3, 3, 2]


async def test_a_row_without_its_ids_ends_no_listing(estate: Estate) -> None:
    """Ids may be NULL in every table: such rows are shown, and those behind them too."""
    for number in range(5):
        estate.slice(f"r{number}", at("10:00"), at("10:10"), "SUCCEEDED")
        estate.query(f"q{number}", at("10:00"), at("10:10"))
    estate.add(
        "job_run_timeline", period_start_time=at("11:00"), period_end_time=at("11:10"), result_state="FAILED"
    )
    estate.query("q", at("10:00"), at("11:00"), workspace_id=None)
    monitor = estate.monitor()
    for listing in (monitor.workflows, monitor.queries):
        first = await listing(limit=2)
        assert first.total > 5 and len(first.rows()) == 2 and first.next_cursor is not None
        assert len((await listing(limit=first.total)).rows()) == first.total


async def test_a_row_of_the_future_dates_no_table(estate: Estate) -> None:
    """The newest event is thirty hours old and one lies ahead of the clock: stale, by the old one."""
    estate.event("old", at("06:00", -1), "login")
    estate.event("ahead", at("06:00", 2), "login")
    answer = await estate.monitor().audit()
    assert (answer.state, answer.as_of) == ("stale", at("06:00", -1))


async def test_query_figures_that_could_not_be_read_again_are_old_and_said_so(
    estate: Estate, gate: Gate
) -> None:
    """Query history is refused after a first reading: warehouses keep its last figures, stale and with the reason."""
    estate.warehouse_event("RUNNING", at("11:00"))
    estate.query("q", at("11:00"), at("11:01"))
    source = Refusing(gate.inner, "warehouse_queries")
    monitor = estate.monitor(open_source=lambda: source)
    assert (await monitor.warehouses()).state == "fresh"
    source.refuses = True
    estate.clock.advance(3600)
    answer = await monitor.warehouses()
    assert answer.state == "stale" and "Query figures are old: No grant." in str(answer.reason)
    assert answer.rows()[0]["queries"] == 1


class Refusing(Gate):
    """A source that refuses one statement when told to."""

    def __init__(self, inner: EmbeddedSource, name: str) -> None:
        super().__init__(inner)
        self._name = name
        self.refuses = False

    def execute(self, request: Request) -> pl.DataFrame:
        if self.refuses and request.statement.name == self._name:
            raise AccessDenied("No grant.")
        return super().execute(request)
