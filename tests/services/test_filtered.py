"""Listings under a filter: of the whole window, with exact totals, page by page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sysmon_tui import limits
from sysmon_tui.datasets import asks
from sysmon_tui.errors import RequestError
from sysmon_tui.services import filtered
from sysmon_tui.services.monitor import Monitor
from sysmon_tui.sources.base import Request, Source
from sysmon_tui.sources.embedded import CATALOG
from sysmon_tui.views import filters
from sysmon_tui.views.filter_language import FilterError, parsed
from tests.estate import Estate, at

NOW = at("12:00")
_ROWS = 120
UTC = ZoneInfo("UTC")
LISTINGS = ("workflows", "failed_workflows", "queries", "audit")
KEYS = {"workflows": "run_id", "failed_workflows": "run_id", "queries": "statement_id", "audit": "event_id"}
# Every third row, by what each kind of row has.
LINES = {
    "workflows": "id=*third",
    "failed_workflows": "id~third",
    "queries": "THIRD",
    "audit": "!id!~third id=r*",
}


def rows_at(estate: Estate, name: str, end: datetime) -> None:
    """A run that failed, a statement and an event that ended then."""
    estate.slice(name, end - timedelta(minutes=4), end, "FAILED", job_id=name[-1])
    estate.query(name, end - timedelta(seconds=3), end)
    estate.event(name, end, "createCluster")


def name_of(number: int) -> str:
    return f"r{number:03}{'third' if number % 3 == 0 else ''}"


@pytest.fixture
def estate() -> Estate:
    """120 rows of each kind over 20 hours; every tenth shares its instant with the one before."""
    estate = Estate(NOW)
    for number in range(_ROWS):
        minutes = 20 + 10 * (number - 1 if number % 10 == 9 else number)
        rows_at(estate, name_of(number), NOW - timedelta(minutes=minutes))
    return estate


@pytest.mark.parametrize("name", LISTINGS)
async def test_total_and_rows_are_of_the_whole_window(estate: Estate, name: str) -> None:
    """However few rows are asked for, the total counts all that match, and the newest of those come."""
    listing = getattr(estate.monitor(), name)
    page = await listing(filter=LINES[name], limit=3)
    whole = await listing(limit=limits.MAX_PAGE_ROWS)
    third = [row[KEYS[name]] for row in whole.rows() if "third" in row[KEYS[name]]]
    assert page.total == len(third) == _ROWS // 3
    assert [row[KEYS[name]] for row in page.rows()] == third[:3]
    assert (page.key, page.state, page.reason, page.truncated) == (whole.key, "fresh", None, True)


@pytest.mark.parametrize("incremental", [False, True], ids=["once", "incremental"])
@pytest.mark.parametrize("name", LISTINGS)
async def test_a_walk_holds_the_rows_of_its_first_moment(
    estate: Estate, name: str, incremental: bool
) -> None:
    """Rows that match arrive, runs are repaired and the clock goes on at every page: each row that was there comes
    once, no other does, and every page says the same total."""
    monitor = estate.monitor(incremental=incremental)
    seen: list[str] = []
    cursor, pages = None, 0
    while True:
        page = await getattr(monitor, name)(filter=LINES[name], limit=7, cursor=cursor)
        assert page.total == _ROWS // 3
        seen += [row[KEYS[name]] for row in page.rows()]
        estate.clock.advance(40)
        now = estate.clock.now()
        rows_at(estate, f"rnew{pages}third", now - timedelta(seconds=5))
        old = name_of(pages * 21 % _ROWS)
        estate.slice(old, now - timedelta(minutes=2), now - timedelta(seconds=1), "FAILED", job_id=old[-1])
        pages += 1
        if (cursor := page.next_cursor) is None:
            break
    assert pages == 6
    assert len(seen) == len(set(seen)) and set(seen) == {name_of(number) for number in range(0, _ROWS, 3)}


async def test_rows_that_come_late_double_nothing(estate: Estate) -> None:
    """Rows that match arrive before and behind the place of the walk: those that were there come once."""
    monitor = estate.monitor()
    seen: list[str] = []
    cursor, pages = None, 0
    while True:
        page = await monitor.queries(filter="third", limit=10, cursor=cursor)
        seen += page.frame.get_column("statement_id").to_list()
        for hours in (1, 8, 17):
            rows_at(estate, f"late{pages}{hours}third", NOW - timedelta(hours=hours, seconds=pages))
        estate.clock.advance(limits.FULL_READ_S)  # what is kept is old by now
        pages += 1
        if (cursor := page.next_cursor) is None:
            break
    assert len(seen) == len(set(seen)) and {name_of(number) for number in range(0, _ROWS, 3)} <= set(seen)


async def test_a_walk_goes_on_where_its_last_row_is_gone(estate: Estate) -> None:
    """A row that the table has lost takes no other along."""
    monitor = estate.monitor()
    first = await monitor.queries(filter="third", limit=10)
    estate.connection.execute(
        f"DELETE FROM {CATALOG}.query.history WHERE statement_id = ?", [first.frame.item(-1, "statement_id")]
    )
    second = await monitor.queries(filter="third", limit=100, cursor=first.next_cursor)
    shown = [*first.frame.get_column("statement_id"), *second.frame.get_column("statement_id")]
    assert shown == [name_of(number) for number in range(0, _ROWS, 3)]


async def test_rows_that_nothing_tells_apart_come_once_each() -> None:
    """Events of one instant without an id, every other of which matches, in pages of one."""
    estate = Estate(NOW)
    for number in range(8):
        action = "match" if number % 2 else "other"
        estate.add(
            "audit",
            event_time=at("11:00"),
            event_date=at("11:00").date(),
            action_name=action,
            source_ip_address=str(number),
        )
    monitor = estate.monitor()
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = await monitor.audit(filter="action=match", limit=1, cursor=cursor)
        seen += page.frame.get_column("source_ip").to_list()
        cursor = page.next_cursor
    assert cursor is None and sorted(seen) == ["1", "3", "5", "7"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("workflows", "status=failed"),
        ("workflows", "status=canceled,succeeded id~1"),
        ("workflows", "!status=failed"),
        ("queries", "status=failed"),
        ("queries", "status=finished start<6h"),
        ("audit", "status=failed"),
        ("audit", "status=403"),
        ("audit", "status=success,403"),
    ],
)
async def test_the_same_rows_in_the_same_order_as_on_the_screen(name: str, line: str) -> None:
    """What the statement does itself keeps the rows, and their order, that the filter keeps of all rows."""
    estate = Estate(NOW)
    for number, (run, query, code) in enumerate(
        [("FAILED", "FAILED", 403), ("SUCCEEDED", "FINISHED", 200), ("CANCELLED", "CANCELED", 500)] * 8
    ):
        end = NOW - timedelta(minutes=20 + 60 * number)
        # The later it ends, the longer it took: by start and by end the order differs.
        estate.slice(f"r{number}", end - timedelta(hours=24 - number), end, run)
        estate.query(f"q{number}", end - timedelta(seconds=3), end, query)
        estate.event(f"e{number}", end, "createCluster", code)
    listing = getattr(estate.monitor(), name)
    page, whole = await listing(filter=line, limit=1000), await listing(limit=1000)
    keep = filters.matching(parsed(line, name), whole.frame.schema, whole.fetched_at, UTC)
    assert 0 < page.total < 24
    assert page.frame.equals(whole.frame.filter(keep))


class Watched:
    """A source that remembers the values that it was asked with."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def execute(self, request: Request) -> pl.DataFrame:
        self.asked.append((request.statement.name, dict(request.values)))
        return self._inner.execute(request)

    def cancel(self, request_id: str) -> None:
        self._inner.cancel(request_id)

    def close(self) -> None:
        self._inner.close()


@pytest.mark.parametrize(
    ("name", "line", "values"),
    [
        ("workflows", "status=failed x", {"statuses": "ERROR,FAILED,TIMED_OUT", "newest_by_end": False}),
        ("queries", "dur>1 status=failed", {"statuses": "FAILED"}),
        ("queries", "status=failed,x", {"statuses": ""}),
        ("queries", "!status=failed", {"statuses": ""}),
        ("queries", "status=fail*", {"statuses": ""}),
        ("queries", "status!=failed", {"statuses": ""}),
        ("queries", "status=-,failed", {"statuses": ""}),
        ("queries", "status~failed", {"statuses": ""}),
        ("audit", "status=failed", {"outcome": "failure", "status_code": None}),
        ("audit", "status=403", {"outcome": None, "status_code": None}),
    ],
)
async def test_what_the_statement_does_itself(
    estate: Estate, name: str, line: str, values: dict[str, Any]
) -> None:
    """Statuses go to the engine as values, so that a window with many rows is read only as far as it must be."""
    source = Watched(estate.source())
    await getattr(estate.monitor(open_source=lambda: source), name)(filter=line)
    asked = next(asked for _, asked in source.asked if "after_us" in asked)
    assert {key: asked[key] for key in values} == values
    assert line not in str(source.asked)


async def test_filters_on_one_window_share_its_rows(estate: Estate) -> None:
    """A window that was read for one filter answers the next without a statement."""
    source = Watched(estate.source())
    monitor = estate.monitor(open_source=lambda: source)
    await monitor.queries(filter="third")
    before = len(source.asked)
    assert (await monitor.queries(filter="!third", limit=5)).total == _ROWS - _ROWS // 3
    assert len(source.asked) == before


async def test_a_window_with_more_rows_than_are_read_says_so(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows that were looked at are told as such: the state stays, reason and code say that it is not all."""
    monkeypatch.setattr(limits, "MAX_TABLE_ROWS", 50)
    page = await estate.monitor().queries(filter="third", limit=5)
    assert page.total == 17  # of the newest fifty
    assert (page.state, page.code) == ("fresh", filtered.PARTIAL)
    assert page.reason is not None and "newest 50 of 120 rows" in page.reason
    narrow = await estate.monitor().queries(filter="third", limit=5, hours=6)
    assert (narrow.reason, narrow.code) == (None, None)


async def test_a_source_that_is_down_is_no_empty_match() -> None:
    """Under a filter too, what can't be read is said, with the last good rows where there are some."""
    estate = Estate(NOW)
    rows_at(estate, "r1", at("11:00"))
    monitor = estate.monitor()
    assert (await monitor.queries(filter="r1")).total == 1
    estate.connection.execute(f"DROP TABLE {CATALOG}.query.history")
    estate.clock.advance(3600)
    stale = await monitor.queries(filter="r1")
    assert (stale.state, stale.total, stale.frame.height) == ("stale", 1, 1) and stale.reason
    fresh = await estate.monitor().queries(filter="r1")
    assert fresh.state in ("denied", "failed") and fresh.total == 0 and fresh.reason


async def test_a_cursor_belongs_to_its_filter(estate: Estate) -> None:
    """It is refused with another filter, and without one."""
    monitor = estate.monitor()
    page = await monitor.queries(filter="third", limit=5)
    for other in ("r0", None):
        with pytest.raises(RequestError) as caught:
            await monitor.queries(filter=other, cursor=page.next_cursor)
        assert caught.value.parameter == "cursor"


@pytest.mark.parametrize("name", [name for name, known in asks.DATASETS.items() if "filter" in known])
async def test_a_wrong_filter_runs_nothing(name: str) -> None:
    """It is told before any statement, for every dataset."""
    estate = Estate(NOW)
    source = Watched(estate.source())
    monitor: Monitor = estate.monitor(open_source=lambda: source)
    with pytest.raises(FilterError):
        await monitor.ask(name, {"filter": "stats=x"})
    assert source.asked == []


async def test_spaces_are_no_filter(estate: Estate) -> None:
    """A line without terms answers as if it were not there."""
    monitor = estate.monitor()
    assert (await monitor.queries(filter="  ")).frame.equals((await monitor.queries()).frame)


async def test_warehouses_and_their_totals() -> None:
    """Totals are the sums over the warehouses that are shown."""
    estate = Estate(NOW)
    for name in ("prod", "dev"):
        estate.warehouse(name, name, at("08:00"))
        for event, clock in (("STARTING", "09:00"), ("RUNNING", "09:01"), ("STOPPED", "10:01")):
            estate.warehouse_event(event, at(clock), warehouse_id=name)
    monitor = estate.monitor()
    both, one = await monitor.warehouses(), await monitor.warehouses(filter="!wh=DEV")
    assert (both.total, one.total, one.frame.get_column("warehouse_name").to_list()) == (2, 1, ["prod"])
    assert both.extra["totals"]["starts"] == 2 * one.extra["totals"]["starts"] == 2


async def test_alerts_and_their_counts() -> None:
    """Alerts that pass are counted, and no others; records and columns are the same alerts."""
    estate = Estate(NOW)
    for number in range(30):
        rows_at(estate, f"r{number}", NOW - timedelta(minutes=21, seconds=number))
    monitor = estate.monitor()
    whole, some = await monitor.alerts(), await monitor.alerts(filter="type=workflow")
    wanted = [alert["id"] for alert in whole.rows() if alert["category"] == "workflow"]
    assert 0 < len(wanted) < whole.total
    assert [alert["id"] for alert in some.rows()] == some.frame.get_column("id").to_list() == wanted
    assert some.total == len(wanted)
    assert some.extra["total_alerts"] == sum(some.extra["by_severity"].values()) == len(wanted)
    assert (await monitor.ask("alerts/security", {"filter": "type=workflow"})).total == 0
