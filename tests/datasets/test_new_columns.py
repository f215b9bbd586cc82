"""Tables gain columns without notice: answers stay what they were."""

from __future__ import annotations

import pytest

from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.sources.embedded import CATALOG
from tests.estate import Estate, at

# One that nobody knows, and some that our own statements make.
COLUMNS = ("brand_new", "status", "user_email", "error_class", "row_key", "sort_time", "as_of", "total")


@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
async def test_new_columns_change_no_answer(live_estate: Estate, first: bool) -> None:
    """Columns are addressed by name, wherever new ones stand and whatever they are called. Trap 44.

    For the engines whose tables a test may change.
    """
    estate = live_estate
    for table in ("job_run_timeline", "query_history", "warehouse_events", "audit"):
        schema, name = TABLES[table].split(".")[1:]
        extra = ", ".join(f"'junk' AS {column}" for column in COLUMNS)
        selected = f"{extra}, *" if first else f"*, {extra}"
        estate.connection.execute(
            f"CREATE OR REPLACE TABLE {CATALOG}.{schema}.{name} AS "
            f"SELECT {selected} FROM {CATALOG}.{schema}.{name}"
        )
        for column in COLUMNS:
            estate.connection.execute(
                f"ALTER TABLE {CATALOG}.{schema}.{name} ALTER COLUMN {column} SET DEFAULT 'junk'"
            )
    estate.slice("1", at("11:00"), at("11:10"), "FAILED")
    estate.query("1", at("11:00"), at("11:10"), "FAILED", error_message="[A] x")
    estate.event("1", at("11:10"), "login", 401)
    estate.warehouse_event("STARTING", at("11:10"))
    monitor = estate.monitor()
    runs = await monitor.workflows()
    assert (runs.total, runs.as_of, runs.rows()[0]["status"]) == (1, at("11:10"), "FAILED")
    statements = await monitor.queries()
    (row,) = statements.rows()
    assert (row["status"], row["user_email"], row["error_class"]) == ("FAILED", "ann@example.com", "A")
    assert (statements.total, statements.as_of) == (1, at("11:10"))
    events = await monitor.failed_logins()
    assert [(event["user_email"], event["status"]) for event in events.rows()] == [
        ("ann@example.com", "failure")
    ]
    assert (events.total, events.as_of) == (1, at("11:10"))
    (warehouse,) = (await monitor.warehouses()).rows()
    assert (warehouse["starts"], warehouse["state"]) == (1, "STARTING")
