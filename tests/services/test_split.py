"""Windows that a table refuses to answer whole: read in parts, the answer is what the whole would have been."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sysmon_tui.clock import HeldClock
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.errors import StatementCanceled, TooMuchData
from sysmon_tui.services.query import QueryService
from sysmon_tui.services.result import Result
from sysmon_tui.services.split import SplitSource
from sysmon_tui.services.values import values
from sysmon_tui.sources.base import Request, Source
from sysmon_tui.views import warehouses
from sysmon_tui.views.answer import Window
from tests.estate import Estate, at
from tests.services.billed import Place, service_of

NOW = at("12:00")
_HOUR_US = 3_600_000_000


class Narrow:
    """A source that refuses windows wider than `hours`."""

    def __init__(self, inner: Source, hours: float) -> None:
        self.inner, self.hours = inner, hours
        self.widths: list[float] = []
        self.refused = 0
        self.canceled: list[str] = []
        self.after: Callable[[], object] = lambda: None

    def execute(self, request: Request) -> pl.DataFrame:
        if request.statement.incremental:
            since_us, end_us = request.values["since_us"], request.values["window_end_us"]
            assert isinstance(since_us, int) and isinstance(end_us, int) and since_us < end_us
            self.widths.append((end_us - since_us) / _HOUR_US)
            if self.widths[-1] > self.hours:
                self.refused += 1
                raise TooMuchData("Too much.")
        frame = self.inner.execute(request)
        self.after()
        return frame

    def cancel(self, request_id: str) -> None:
        self.canceled.append(request_id)

    def close(self) -> None:
        self.inner.close()


def service(estate: Estate, source: Source, *, incremental: bool = False) -> QueryService:
    return estate.monitor(open_source=lambda: source, incremental=incremental).service


_ROW = st.tuples(
    st.one_of(st.integers(0, 48 * 60).map(lambda minute: minute * 60), st.integers(0, 48 * 3600)),
    st.sampled_from([None, "a", "b", "c", "d", "e", "f"]),
    st.sampled_from(["FINISHED", "FAILED", "CANCELED", None]),
    st.sampled_from(["wh1", "wh2"]),
)


def furnished(rows: list[tuple[int, str | None, str | None, str]]) -> Estate:
    """Rows that end so many seconds before now; some are of one instant, have no id, or are there twice."""
    estate = Estate(NOW)
    for number, (age_s, key, status, warehouse) in enumerate(rows):
        end = NOW - timedelta(seconds=age_s)
        name = None if key is None else f"{key}{age_s}"  # the same row twice, where all is the same
        estate.query(
            name, end - timedelta(seconds=7 * number + 1), end, status or "FINISHED", warehouse_id=warehouse
        )
        estate.event(name, end, "login", {"FAILED": 403, None: None}.get(status, 200))
    return estate


def same(ask: Ask, one: Result, other: Result) -> None:
    assert (one.as_of, one.state, one.window) == (other.as_of, other.state, other.window)
    if "queries" in one.frame.columns:  # a span may stand in two rows: its figures add up
        figures = [warehouses.statements(each.frame, each.window.start) for each in (one, other)]
        assert figures[0].sort(pl.all()).equals(figures[1].sort(pl.all()))
        return
    assert (one.total, one.next_cursor is None) == (other.total, other.next_cursor is None)
    time, key = (
        ("end_time", "statement_id") if "end_time" in one.frame.columns else ("event_time", "event_id")
    )
    assert one.frame.select(time, key).equals(other.frame.select(time, key))
    assert one.frame.schema == other.frame.schema
    spans = [
        each.counts.group_by("span_us", "status").agg(pl.col("count").sum()).sort("span_us", "status")
        for each in (one, other)
    ]
    assert spans[0].equals(spans[1])


@pytest.mark.long
@settings(
    max_examples=8,
    deadline=None,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # an example takes half a second: to shrink it, minutes
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    rows=st.lists(_ROW, max_size=25),
    hours=st.sampled_from([1.5, 5.0, 24.0, 25.0, 33.3, 47.9]),
    narrow=st.sampled_from([1.0, 1.3, 4.0, 11.9, 12.0, 23.0]),
    limit=st.integers(1, 8),
    incremental=st.booleans(),
    filtered=st.booleans(),
)
async def test_parts_make_the_same_answer(
    *,
    rows: list[tuple[int, str | None, str | None, str]],
    hours: float,
    narrow: float,
    limit: int,
    incremental: bool,
    filtered: bool,
) -> None:
    """Rows of any instant, page and filter: rows, counts, total and date are the whole's, in a bounded number of
    statements; asked again, no width is tried that was refused."""
    estate = furnished(rows)
    questions = [
        asks.queries(hours=hours, limit=limit, status="failed" if filtered else None),
        asks.audit_events(hours=hours, limit=limit, failed_logins=filtered),
        asks.warehouse_metrics(hours=hours)[1],
    ]
    for ask in questions:
        source = Narrow(estate.source(), narrow)
        parted = service(estate, source, incremental=incremental)
        whole = service(estate, estate.source(), incremental=incremental)
        same(ask, await parted.answer(ask), await whole.answer(ask))
        assert len(source.widths) <= 4 * max(1.0, hours / narrow) + 2
        refused = source.refused
        same(ask, await parted.answer(ask, fresh=True), await whole.answer(ask, fresh=True))
        assert source.refused == refused


@pytest.mark.parametrize(("hours", "narrow"), [(1.5, 1.0), (24, 1.3), (48, 2.5)])
async def test_spans_as_wide_as_what_the_table_gives_are_read(hours: float, narrow: float) -> None:
    """Warehouse figures come by the hour, and hardly more than an hour comes at once: read, in few statements."""
    estate = furnished([(1800 * number, "a", "FINISHED", "wh1") for number in range(40)])
    ask, source = asks.warehouse_metrics(hours=hours)[1], Narrow(estate.source(), narrow)
    found = await service(estate, source).answer(ask)
    same(ask, found, await service(estate, estate.source()).answer(ask))
    assert len(source.widths) <= 4 * hours / narrow


async def test_pages_of_parts_give_every_row_once() -> None:
    """A walk through a listing in pages over a table that gives four hours: every row, each once, none twice."""
    estate = furnished([(1800 * number, "a", "FINISHED", "wh1") for number in range(40)])
    source = Narrow(estate.source(), 4.0)
    monitor = estate.monitor(open_source=lambda: source)
    page = await monitor.queries(limit=7)
    seen = [row["statement_id"] for row in page.rows()]
    while page.next_cursor:
        page = await monitor.queries(limit=7, cursor=page.next_cursor)
        seen += [row["statement_id"] for row in page.rows()]
    assert len(seen) == len(set(seen)) == page.total == 39  # the row of this very moment is in no window yet


def whole_request(hours: float) -> Request:
    ask = asks.queries(hours=hours)
    asked = values(ask, Window.before(NOW, hours), "")
    return Request(ask.statement, ask.statement.text, asked, 30.0, panel="queries", fresh=True)


def test_a_table_that_refuses_an_hour_says_what_to_narrow() -> None:
    """Not even the narrowest window comes: TooMuchData, after few statements, with what to do about it."""
    source = Narrow(Place(HeldClock(NOW)), 0.0)
    with pytest.raises(TooMuchData) as caught:
        SplitSource(source).execute(whole_request(24))
    assert "workspace_ids" in caught.value.hint and "user or status" in caught.value.hint
    assert len(source.widths) <= 6 and min(source.widths) >= 0.5


def test_parts_are_asked_as_the_whole_was() -> None:
    """Panel, `fresh` and what is left of the time go along to each part; no two overlap, none is missing."""
    place = Place(HeldClock(NOW))
    request = whole_request(24)
    SplitSource(Narrow(place, 7.0)).execute(request)
    assert {(one.panel, one.fresh) for one in place.requests} == {("queries", True)}
    assert all(29 < one.timeout_s <= 30 for one in place.requests)
    bounds = sorted((one.values["since_us"], one.values["window_end_us"]) for one in place.requests)
    assert bounds[0][0] == request.values["since_us"] and bounds[-1][1] == request.values["window_end_us"]
    assert all(before[1] == after[0] for before, after in pairwise(bounds))


def test_a_cancel_reaches_the_part_at_work() -> None:
    """The whole's id is known to nobody below: the part's own is what is cancelled, and no part follows it."""
    request = whole_request(24)

    def canceled_meanwhile(part: Request) -> pl.DataFrame:
        split.cancel(request.id)
        assert part.id in narrow.canceled and part.id != request.id
        raise StatementCanceled("The statement was cancelled.")

    place = Place(HeldClock(NOW), answer=canceled_meanwhile)
    narrow = Narrow(place, 7.0)
    split = SplitSource(narrow)
    with pytest.raises(StatementCanceled):
        split.execute(request)
    assert len(place.requests) == 1


def test_a_cancel_between_two_parts_ends_the_rest() -> None:
    """It comes when one part has just ended and the next is not yet asked: nothing more is asked."""
    place = Place(HeldClock(NOW))
    narrow = Narrow(place, 7.0)
    split, request = SplitSource(narrow), whole_request(24)
    narrow.after = lambda: split.cancel(request.id)
    with pytest.raises(StatementCanceled):
        split.execute(request)
    assert len(place.requests) == 1


async def test_the_time_out_bounds_the_whole() -> None:
    """A table that gives two hours at once, ten seconds a statement: after the time-out no further part is asked."""
    clock = HeldClock(NOW)
    place = Place(clock, takes_s=10, answer=lambda request: pl.DataFrame(schema=request.statement.schema))
    source = Narrow(place, 2.0)
    split = service_of(place, bills=False, timeout_s=30)
    split._stack._open_source = lambda: source
    assert (await split.answer(asks.queries(hours=48))).state == "failed"
    assert clock.monotonic_s() <= 60


async def test_a_table_that_gives_all_again_is_asked_whole_again() -> None:
    """A day later the table refuses nothing any more: the window is asked in one statement again."""
    estate = furnished([(3600 * number, "a", "FINISHED", "wh1") for number in range(24)])
    source = Narrow(estate.source(), 4.0)
    one = service(estate, source)
    await one.answer(asks.queries())
    source.hours = float("inf")
    estate.clock.advance(24 * 3600)
    source.widths.clear()
    await one.answer(asks.queries(), fresh=True)
    assert source.widths == [24.0]
