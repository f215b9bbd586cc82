"""Signals of a service that asks only for what may have changed are those of a full read, whatever comes late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sysmon_tui.datasets import asks
from sysmon_tui.services.query import QueryService
from tests.estate import Estate, at
from tests.services.arriving import Arriving

ASKED = [
    asks.security_signals(hours=24, brute_force_failures=2, token_lifetime_hours=72, limit=50),
    asks.query_signals(hours=24, slow_query_seconds=60, queued_query_seconds=60, limit=20),
    asks.long_runs(hours=24, min_seconds=1800),
    asks.failed_starts(hours=24),
]


async def everything(service: QueryService) -> list[Any]:
    results = [await service.answer(ask) for ask in ASKED]
    return [(result.frame.to_dicts(), result.total, result.as_of, result.state) for result in results]


@pytest.mark.parametrize("seed", range(2))
async def test_a_refresh_says_what_a_full_read_says(seed: int) -> None:
    """Rows of all tables up to an hour late and out of order, over four refreshes."""
    estate = Estate(at("12:00"))
    life = Arriving(estate, seed, timedelta(minutes=60))
    life.between(at("00:00", -8), at("06:00", -1), per_hour=0.2)
    life.between(at("06:00", -1), at("12:00"), per_hour=4)
    life.arrive(at("12:00"))
    steady = estate.monitor(incremental=True).service
    for seconds in (0, 61, 300, 200):
        before = estate.clock.now()
        estate.clock.advance(seconds)
        life.between(before, estate.clock.now(), per_hour=60)
        life.arrive(estate.clock.now())
        shown = await everything(steady)
        assert shown == await everything(estate.monitor().service)
    assert all(rows for rows, *_ in shown)
    assert any(row["signal"] == "brute_force" for row in shown[0][0])
