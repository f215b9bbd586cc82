"""The same hours of the day before: exactly, cheaply, and not at all where they are not known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysmon_tui.errors import StatementFailed
from tests.estate import Estate, at
from tests.services.test_incremental import Watched

NOW = at("12:07:31")
_UNKNOWN = {"total": None, "failed": None}


def estate_of(minutes: list[int], refused: set[int]) -> Estate:
    """Queries and audit events that ended so many minutes ago, those of `refused` in failure; and one just now."""
    estate = Estate(NOW)
    for number, ago in enumerate(minutes):
        when = NOW - timedelta(minutes=ago, seconds=7)
        failed = number in refused
        estate.query(f"q{number}", when - timedelta(seconds=2), when, "FAILED" if failed else "FINISHED")
        estate.event(f"e{number}", when, "tokenLogin", 401 if failed else 200)
    estate.query("now", NOW - timedelta(seconds=9), NOW - timedelta(seconds=5))
    estate.event("now", NOW - timedelta(seconds=5), "getTable")
    return estate


_MINUTES = st.lists(st.integers(0, 60 * 50), max_size=30)


@given(_MINUTES, st.sets(st.integers(0, 30)), st.booleans())
@settings(max_examples=12, deadline=None)
async def test_it_is_the_day_before_the_window(
    minutes: list[int], refused: set[int], incremental: bool
) -> None:
    """What ended from 48 to 24 hours ago, to the second, whatever spans it was counted in."""
    monitor = estate_of(minutes, refused).monitor(incremental=incremental)
    day_before = [n for n, ago in enumerate(minutes) if 24 * 60 <= ago < 48 * 60]
    expected = {"total": len(day_before), "failed": len(refused & set(day_before))}
    for kind in ("queries", "audit", "logins"):
        assert await monitor.yesterday(kind) == expected


async def test_it_moves_with_the_window() -> None:
    """Minutes later the two days that were read before still give the day before exactly."""
    ago = [24 * 60 - 3, 24 * 60 - 9, 24 * 60 + 1, 48 * 60 - 1, 48 * 60 - 5, 48 * 60 - 12]
    estate = estate_of(ago, {3})
    source = Watched(estate.source())
    monitor = estate.monitor(open_source=lambda: source, incremental=True)
    assert await monitor.yesterday("queries") == {"total": 4, "failed": 1}
    estate.clock.advance(6 * 60)
    assert await monitor.yesterday("queries") == {"total": 3, "failed": 0}
    assert len({request.values["span_us"] for request in source.asked("queries")}) == 2
    wide = [one for one in source.asked("queries") if one.values["span_us"] == 600_000_000]
    assert len(wide) == 1  # two days are read once in a quarter of an hour
    estate.clock.advance(12 * 60)
    assert await monitor.yesterday("queries") == {"total": 3, "failed": 0}


async def test_runs_are_counted_by_their_end() -> None:
    """Yesterday's runs and failures, as the listing of that day would have counted them."""
    estate = Estate(NOW)
    for number, (start, end, state) in enumerate(
        [
            (at("11:00", day=-1), at("11:10", day=-1), "FAILED"),
            (at("12:05", day=-1), at("12:20", day=-1), "SUCCEEDED"),
            (at("12:00", day=-2), at("12:10", day=-2), "SUCCEEDED"),
            (at("12:00", day=-2), at("12:06", day=-2), "ERROR"),
        ]
    ):
        estate.slice(str(number), start, end, state, job_id=str(number))
    assert await estate.monitor().yesterday("workflows") == {"total": 2, "failed": 1}


async def test_warehouses_that_did_not_start() -> None:
    """Each counts once; how many warehouses there were is not known."""
    estate = Estate(NOW)
    for day, warehouse in ((-1, "wh1"), (-1, "wh2"), (0, "wh3")):
        for minute in (10, 20):
            estate.warehouse_event("STARTING", at(f"09:{minute}", day=day), warehouse_id=warehouse)
            estate.warehouse_event("STOPPED", at(f"09:{minute + 5}", day=day), warehouse_id=warehouse)
    assert await estate.monitor().yesterday("warehouses") == {"total": None, "failed": 2}


@pytest.mark.parametrize("kind", ["workflows", "queries", "warehouses", "audit", "logins"])
async def test_what_the_table_has_not_shown_is_not_known(kind: str) -> None:
    """Nothing at all, or nothing since the day before began: no zero is told."""
    estate = Estate(NOW)
    assert await estate.monitor().yesterday(kind) == _UNKNOWN
    old = at("10:00", day=-1)
    estate.slice("1", old, old + timedelta(minutes=1))
    estate.query("1", old, old)
    estate.event("1", old, "login", 401)
    estate.warehouse_event("RUNNING", old)
    assert await estate.monitor().yesterday(kind) == _UNKNOWN


async def test_a_quiet_day_is_zero() -> None:
    """A table that goes on and shows nothing of that day says so."""
    assert await estate_of([5, 60], set()).monitor().yesterday("queries") == {"total": 0, "failed": 0}


async def test_a_table_that_cannot_be_read_is_not_known() -> None:
    """And it is asked again once it can be."""
    estate = estate_of([25 * 60], set())

    source = Watched(estate.source())
    source.error = StatementFailed("It broke.")
    monitor = estate.monitor(open_source=lambda: source, incremental=True)
    assert await monitor.yesterday("queries") == _UNKNOWN
    source.error = None
    estate.clock.advance(61)
    assert await monitor.yesterday("queries") == {"total": 1, "failed": 0}
