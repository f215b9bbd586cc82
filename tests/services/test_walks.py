"""Walks over many pages while rows arrive: none lost, none doubled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sysmon_tui.services.monitor import Monitor
from tests.estate import Estate, at

NOW = at("12:00")
_ROWS = 300

Listing = Callable[..., Awaitable[Any]]
# How to list, and what a row is known by.
LISTINGS: dict[str, tuple[Callable[[Monitor], Listing], str]] = {
    "runs": (lambda monitor: monitor.workflows, "run_id"),
    "failed runs": (lambda monitor: monitor.failed_workflows, "run_id"),
    "queries": (lambda monitor: monitor.queries, "statement_id"),
    "audit": (lambda monitor: monitor.audit, "event_id"),
}


def rows_at(estate: Estate, name: str, end: datetime) -> None:
    """A run that failed, a statement and an event that ended then."""
    estate.slice(name, end - timedelta(minutes=4), end, "FAILED", job_id=name[-1])
    estate.query(name, end - timedelta(seconds=3), end)
    estate.event(name, end, "createCluster")


@pytest.fixture
def estate() -> Estate:
    """300 rows of each kind over 23 hours; every tenth shares its instant with the one before."""
    estate = Estate(NOW)
    for number in range(_ROWS):
        minutes = 20 + 4.5 * (number - 1 if number % 10 == 9 else number)
        rows_at(estate, f"r{number:03}", NOW - timedelta(minutes=minutes))
    return estate


def disturbed(estate: Estate, page: int) -> None:
    """What happens while somebody turns a page: time passes, new rows come, and a run of an earlier day fails again."""
    estate.clock.advance(20)
    now = estate.clock.now()
    rows_at(estate, f"new{page:03}", now - timedelta(seconds=5))
    # A run that the walk has yet to reach, or has passed, is repaired and fails anew.
    old = f"r{(page * 7) % _ROWS:03}"
    estate.slice(old, now - timedelta(minutes=2), now - timedelta(seconds=1), "FAILED", job_id=old[-1])


@pytest.mark.parametrize(
    ("incremental", "pages_expected"), [(False, 50), (True, 20)], ids=["50 pages", "20 pages, incremental"]
)
@pytest.mark.parametrize("name", LISTINGS)
async def test_a_walk_holds_the_rows_of_its_first_moment(
    estate: Estate, name: str, incremental: bool, pages_expected: int
) -> None:
    """Rows arrive, runs are repaired and the clock goes on at every page: each row that was there when the walk began
    comes once, no other does, and every page says the same total."""
    find, key = LISTINGS[name]
    monitor = estate.monitor(incremental=incremental)
    seen: list[str] = []
    cursor, pages = None, 0
    while True:
        page = await find(monitor)(limit=_ROWS // pages_expected, cursor=cursor)
        assert page.total == _ROWS and page.truncated == (page.next_cursor is not None)
        seen += [row[key] for row in page.rows()]
        disturbed(estate, pages)
        pages += 1
        cursor = page.next_cursor
        if cursor is None:
            break
    assert pages == pages_expected
    assert len(seen) == len(set(seen)) and set(seen) == {f"r{number:03}" for number in range(_ROWS)}


async def test_rows_that_come_late_into_a_walk_double_nothing(estate: Estate) -> None:
    """Rows older than the newest one arrive before and behind the place of the walk: those that were there come once,
    a late one at most once."""
    for find, key in (LISTINGS["queries"], LISTINGS["audit"], LISTINGS["failed runs"]):
        monitor = estate.monitor()
        seen: list[str] = []
        cursor, pages = None, 0
        while True:
            page = await find(monitor)(limit=30, cursor=cursor)
            seen += [row[key] for row in page.rows()]
            for hours in (1, 12, 20):
                rows_at(estate, f"late {key} {pages} {hours}", NOW - timedelta(hours=hours, seconds=pages))
            pages += 1
            cursor = page.next_cursor
            if cursor is None:
                break
        assert len(seen) == len(set(seen))
        assert {f"r{number:03}" for number in range(_ROWS)} <= set(seen)
