"""What the statements behind the alert rules find in the demo: the attack, and nothing where there is none."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache

import duckdb
import polars as pl
import pytest

from sysmon_tui.datasets import asks
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.services.values import values
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.demo import DemoEstate
from sysmon_tui.sources.embedded import EmbeddedSource
from sysmon_tui.views.answer import Window
from tests.sources.demo.estate_asking import BUILT_AT

DAY = 24.0
MONTH = 24.0 * 31

INTRUDER = "ops.admin@halden-air.example"
SPRAYER = "45.155.205.233"


def answer(source: EmbeddedSource, now: datetime, ask: Ask) -> pl.DataFrame:
    asked = values(ask, Window.before(now, ask.hours), "")
    return source.execute(Request(ask.statement, ask.statement.text, asked, 60))


def security(source: EmbeddedSource, now: datetime, hours: float) -> pl.DataFrame:
    ask = asks.security_signals(hours=hours, brute_force_failures=10, token_lifetime_hours=72, limit=100_000)
    return answer(source, now, ask).filter(pl.col("row_key").is_not_null())


@cache
def standing() -> EmbeddedSource:
    connection = duckdb.connect()
    DemoEstate(connection, now=BUILT_AT)
    return EmbeddedSource(connection)


def users_within_an_hour(frame: pl.DataFrame) -> dict[str, int]:
    """The most users that were refused from an address within an hour."""
    tried = defaultdict(list)
    for address, when, user in frame.filter(signal="failed_login")[
        "address", "event_time", "user_email"
    ].iter_rows():
        tried[address].append((when, user))
    hour = timedelta(hours=1)
    return {
        address: max(len({user for when, user in events if end - hour < when <= end}) for end, _ in events)
        for address, events in tried.items()
    }


def test_the_attack_is_found_and_its_twins_are_not() -> None:
    """In the day before the build: the brute force, the spray, the grants and the token, and nobody else's."""
    frame = security(standing(), BUILT_AT, DAY)
    grave = frame.filter(pl.col("signal").is_in(["brute_force", "admin_granted", "long_lived_token"]))
    assert sorted(grave["user_email", "signal", "action_name"].rows()) == [
        (INTRUDER, "admin_granted", "addPrincipalToGroup"),
        (INTRUDER, "admin_granted", "setAccountAdmin"),
        (INTRUDER, "brute_force", "login"),
        (INTRUDER, "long_lived_token", "generateDbToken"),
    ]
    users = users_within_an_hour(frame)
    assert {address for address, tried in users.items() if tried >= 10} == {SPRAYER}
    # The twins are there, each one short of it: nine mistakes, twelve long before the way in, nine users.
    refused = frame.filter(signal="failed_login").group_by("user_email").len()
    counts = dict(refused.iter_rows())
    assert [counts[f"{name}@halden-air.example"] for name in ("tove.lind", "piet.maas")] == [9, 12]
    assert users["198.51.100.77"] == 9


def test_the_twins_stand_beside_the_attack() -> None:
    """Each thing that only looks like the attack happened within the hour of it, so that no demo has one alone."""
    connection = duckdb.connect()
    DemoEstate(connection, now=BUILT_AT, rows=50_000)
    twins = connection.execute(
        "SELECT action_name, response.status_code, request_params['targetGroupName'], count(*)"
        " FROM system_tables.access.audit WHERE source_ip_address LIKE '10.22.1.6%'"
        " AND event_time > $built - INTERVAL 1 HOUR GROUP BY ALL ORDER BY ALL",
        {"built": BUILT_AT.replace(tzinfo=None)},
    ).fetchall()
    assert twins == [
        ("addPrincipalToGroup", 200, "analysts", 1),
        ("generateDbToken", 200, None, 1),
        ("login", 200, None, 2),
        ("login", 401, None, 21),
        ("removePrincipalFromGroup", 200, "admins", 1),
        ("setAccountAdmin", 403, None, 1),
    ]


@pytest.mark.parametrize(
    ("seed", "now"),
    [
        (7, datetime(2026, 3, 1, 0, 0, 5, tzinfo=UTC)),
        (8, datetime(2027, 1, 3, 23, 59, 59, tzinfo=UTC)),
        (42, BUILT_AT),
    ],
)
def test_ordinary_traffic_is_no_attack(seed: int, now: datetime) -> None:
    """A month and two days of ordinary hours: each brute force is the intruder's, each spray the sprayer's."""
    connection = duckdb.connect()
    estate = DemoEstate(connection, now=now, seed=seed, rows=50_000)
    later = now + timedelta(hours=48)
    estate.advance(later)
    frame = security(EmbeddedSource(connection), later, MONTH)
    assert frame.filter(signal="brute_force")["user_email"].unique().to_list() == [INTRUDER]
    assert frame.filter(signal="brute_force").height > 10
    users = users_within_an_hour(frame)
    assert {address for address, tried in users.items() if tried >= 10} == {SPRAYER}


def test_slow_runs_queues_and_failed_starts_are_found() -> None:
    """The other rules have something to find too: a run of four times the usual, waits, starts that came to nothing."""
    source = standing()
    runs = answer(source, BUILT_AT, asks.long_runs(hours=3, min_seconds=300))
    usual = answer(source, BUILT_AT, asks.run_baselines())
    compared = runs.join(usual, on=["workspace_id", "job_id"])
    slow = compared.filter(pl.col("duration_seconds") > pl.col("median_seconds") + 10 * pl.col("mad_seconds"))
    assert "ledger_reconciliation" in slow["workflow_name"].to_list()
    queued = answer(
        source, BUILT_AT, asks.query_signals(hours=3, slow_query_seconds=600, queued_query_seconds=60)
    )
    waited = queued.filter(pl.col("waiting_at_capacity_duration_ms") >= 60_000)
    assert waited.height > 3
    starts = answer(source, BUILT_AT, asks.failed_starts(hours=3))
    assert starts["recovered_at"].null_count() == starts.height == 2
