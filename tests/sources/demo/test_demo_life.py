"""The estate's time: rows arrive late, days are made as they come near, and chance repeats itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from sysmon_tui.sources.demo import DEFAULT_ROWS, DemoEstate
from tests.sources.demo.estate_asking import BUILT_AT, ask_of, standing

SMALL = 50_000

# Table, its event time, and the longest believable wait for the newest row, in minutes.
FACTS = [
    ("lakeflow.job_run_timeline", "period_end_time", 40),
    ("lakeflow.job_task_run_timeline", "period_end_time", 40),
    ("query.history", "end_time", 45),
    ("compute.warehouse_events", "event_time", 60),
    ("access.audit", "event_time", 30),
]
TABLES = [
    *(table for table, _, _ in FACTS),
    "lakeflow.jobs",
    "lakeflow.job_tasks",
    "compute.warehouses",
    "access.workspaces_latest",
]


def digest(connection: duckdb.DuckDBPyConnection) -> list[Any]:
    """Per table: how many rows can be seen and a sum over the hashes of their texts."""
    return [
        connection.execute(
            "SELECT count(*), sum(hash(t::VARCHAR)::HUGEINT) FROM system_tables." + table + " AS t"
        ).fetchone()
        for table in TABLES
    ]


def built(now: datetime = BUILT_AT, **options: int) -> tuple[duckdb.DuckDBPyConnection, DemoEstate]:
    connection = duckdb.connect()
    return connection, DemoEstate(connection, now=now, **{"rows": SMALL, **options})


@pytest.mark.parametrize("rows", [SMALL, DEFAULT_ROWS, 400_000])
def test_as_many_rows_as_wanted(rows: int) -> None:
    """The visible rows of all tables together are within five per cent of `rows`."""
    connection, _ = built(rows=rows)
    assert sum(count for count, _ in digest(connection)) == pytest.approx(rows, rel=0.05)


def test_audit_is_the_largest_table_and_all_have_rows() -> None:
    """The mix is that of a real account."""
    counts = {table: standing("SELECT count(*) FROM " + table) for table in TABLES}
    largest = sorted(counts, key=lambda table: -counts[table])
    assert largest[:2] == ["access.audit", "query.history"]
    assert min(counts.values()) > 0


def test_history_is_thirty_days_deep() -> None:
    """Long windows show something in every fact table."""
    for table, event, _ in FACTS:
        oldest = standing("SELECT min(" + event + ") FROM " + table)
        depth = BUILT_AT.replace(tzinfo=None) - oldest
        assert timedelta(days=28) < depth < timedelta(days=31), table


def test_same_seed_and_clock_give_the_same_rows() -> None:
    """Chance repeats itself, whatever the number of threads; another seed gives other rows."""
    one, other, third = (duckdb.connect(config={"threads": threads}) for threads in (1, 4, 4))
    DemoEstate(one, now=BUILT_AT, rows=SMALL)
    DemoEstate(other, now=BUILT_AT, rows=SMALL)
    DemoEstate(third, now=BUILT_AT, rows=SMALL, seed=8)
    assert digest(one) == digest(other)
    assert digest(one)[0] != digest(third)[0]


def test_the_way_to_an_hour_does_not_matter() -> None:
    """Three days in one step show the same rows as three days hour by hour."""
    walked, walker = built()
    jumped, jumper = built()
    for hour in range(1, 76):
        walker.advance(BUILT_AT + timedelta(hours=hour))
    jumper.advance(BUILT_AT + timedelta(hours=75))
    assert digest(walked) == digest(jumped)


def test_heads_follow_the_clock_for_three_days() -> None:
    """Hour after hour the newest row of each table is some minutes old, never of the future."""
    connection, estate = built(rows=DEFAULT_ROWS)
    ask = ask_of(connection)
    for hour in range(73):
        now = BUILT_AT + timedelta(hours=hour)
        estate.advance(now)
        for table, event, longest_min in FACTS:
            head = ask("SELECT max(" + event + ") FROM system_tables." + table)
            lag = now.replace(tzinfo=None) - head
            assert timedelta(minutes=1) <= lag <= timedelta(minutes=longest_min), (table, now, lag)


def test_old_rows_go() -> None:
    """A process of weeks holds some thirty days and no more."""
    connection, estate = built()
    estate.advance(BUILT_AT + timedelta(days=40))
    for table, event, _ in FACTS:
        oldest = ask_of(connection)("SELECT min(" + event + ") FROM system_tables." + table)
        assert oldest > BUILT_AT.replace(tzinfo=None) + timedelta(days=6), table


def test_rows_arrive_late_and_out_of_order() -> None:
    """Some per cent of a table's rows arrive more than three quarters of an hour after their time."""
    for table, event, _ in FACTS:
        late = standing(
            "SELECT avg((arrival > " + event + " + INTERVAL 45 MINUTE)::INT) FROM demo_estate." + table
        )
        assert 0.005 < late < 0.06, table


def test_a_row_is_seen_from_its_arrival_on() -> None:
    """A statement sees exactly the rows that have arrived by the time advance() was given."""
    connection, estate = built()
    ask = ask_of(connection)
    for minutes in (7, 200, 1500):
        now = BUILT_AT + timedelta(minutes=minutes)
        estate.advance(now)
        for table in TABLES[:-1]:
            seen = ask("SELECT count(*) FROM system_tables." + table)
            assert seen == ask(
                "SELECT count(*) FROM demo_estate." + table + " WHERE arrival <= $now",
                now=now.replace(tzinfo=None),
            )


def test_time_does_not_go_back() -> None:
    """What has arrived stays: an earlier time changes nothing."""
    connection, estate = built()
    estate.advance(BUILT_AT + timedelta(hours=2))
    before = digest(connection)
    estate.advance(BUILT_AT + timedelta(hours=1))
    assert digest(connection) == before


def test_advance_from_several_threads() -> None:
    """Readers in threads of their own move the time across a day's making and see whole tables."""
    connection, estate = built()

    def read(step: int) -> int:
        estate.advance(BUILT_AT + timedelta(minutes=30 * step))
        return int(ask_of(connection.cursor())("SELECT count(*) FROM system_tables.access.audit"))

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(read, range(100)))
    alone, alone_estate = built()
    alone_estate.advance(BUILT_AT + timedelta(minutes=30 * 99))
    assert min(counts) > 0
    assert digest(connection) == digest(alone)


def test_wrong_arguments_are_refused() -> None:
    """A time without a zone and an estate too small for its incidents are errors."""
    with pytest.raises(ValueError, match="zone"):
        DemoEstate(duckdb.connect(), now=BUILT_AT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="50000"):
        DemoEstate(duckdb.connect(), now=BUILT_AT, rows=SMALL - 1)


def test_packing_changes_no_row_and_gives_memory_back() -> None:
    """The rows are the same afterwards, in half the memory or less, also while somebody reads; later days come all the
    same."""
    connection, estate = built()
    before, loose = digest(connection), in_memory(connection)
    reader = connection.cursor().execute("FROM system_tables.access.audit")
    estate.pack()
    assert reader.fetchone() is not None
    assert digest(connection) == before
    assert in_memory(connection) < loose / 2
    estate.advance(BUILT_AT + timedelta(hours=30))
    assert digest(connection) != before


def in_memory(connection: duckdb.DuckDBPyConnection) -> int:
    """Bytes that the engine's tables take."""
    row = connection.execute(
        "SELECT memory_usage_bytes FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'"
    ).fetchone()
    assert row is not None
    return int(row[0])
