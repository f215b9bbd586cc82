"""`python -m tests.bench.backtest [--rows 1e6] [--days 30]`: what a backtest takes beside a count of the same tables.

One process: the demo estate is built, then the report is made as the command makes it, the second time with what it
suggests to be counted anew. Exit 1 where the first takes longer than it may.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from datetime import UTC, datetime

import duckdb

from sysmon_tui.clock import HeldClock
from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.sources.demo import DemoEstate
from sysmon_tui.sources.embedded import CATALOG, EmbeddedSource
from sysmon_tui.views.backtest_report import Report
from tests.backtesting import service_on, tried

NOW = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
MOST_S = 5.0
_COUNTED = ("job_run_timeline", "query_history", "audit")
_RUNS = 5


def count(connection: duckdb.DuckDBPyConnection) -> int:
    """Rows of the tables, each read whole: its columns are counted, so that the engine can't know without looking."""
    total = 0
    for table in _COUNTED:
        name = TABLES[table].replace("system", CATALOG, 1)
        row = connection.execute(f"SELECT COUNT(*), COUNT(COLUMNS(*)) FROM {name}").fetchone()
        total += int(row[0]) if row else 0
    return total


def report(connection: duckdb.DuckDBPyConnection, days: int, pages_per_week: int) -> Report:
    """Anew each time: a service of its own keeps no answers."""
    service = service_on(EmbeddedSource(connection.cursor()), HeldClock(NOW))
    return asyncio.run(tried(service, days=days, pages_per_week=pages_per_week))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backtest", description=__doc__)
    parser.add_argument("--rows", type=lambda text: int(float(text)), default=10**6, metavar="N")
    parser.add_argument("--days", type=int, default=30, metavar="N")
    asked = parser.parse_args()
    started = time.perf_counter()
    connection = duckdb.connect()
    DemoEstate(connection, now=NOW, rows=asked.rows)
    print(f"estate of {asked.rows:,} rows built in {time.perf_counter() - started:.2f} s")
    report(connection, 1, 7)  # the engine's first statement, and the translation of ours

    def median_s(pages_per_week: int) -> float:
        taken = []
        for _ in range(_RUNS):
            began = time.perf_counter()
            found = report(connection, asked.days, pages_per_week)
            taken.append(time.perf_counter() - began)
        assert all(table.is_known for table in found.tables)
        return sorted(taken)[_RUNS // 2]

    scans = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        rows = count(connection)
        scans.append(time.perf_counter() - began)
    scan_s = sorted(scans)[_RUNS // 2]
    plain_s, suggesting_s = median_s(100_000), median_s(25)
    print(f"count of {rows:,} rows of {len(_COUNTED)} tables: {scan_s:.2f} s")
    print(f"backtest of {asked.days} days: {plain_s:.2f} s, {plain_s / scan_s:.1f} times the count")
    print(
        f"with a suggestion counted anew: {suggesting_s:.2f} s, {suggesting_s / scan_s:.1f} times the count"
    )
    print(f"{'ok' if plain_s < MOST_S else 'FAILED'}: less than {MOST_S:.0f} s")
    return 0 if plain_s < MOST_S else 1


if __name__ == "__main__":
    sys.exit(main())
