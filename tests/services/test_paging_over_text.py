"""Pages over a wire that carries instants as text with milliseconds."""

from __future__ import annotations

from datetime import timedelta

from sysmon_tui.sources.databricks import DatabricksSource
from tests.estate import Estate, at
from tests.workspace import Workspace


async def test_rows_within_a_millisecond_are_neither_lost_nor_doubled() -> None:
    """Nine runs and queries that differ by microseconds, in pages of two: each once."""
    estate = Estate(at("12:00"))
    for number in range(9):
        start = at("10:00") + timedelta(microseconds=100 * number + 7)
        estate.slice(f"r{number}", start, at("10:30"), "SUCCEEDED")
        estate.query(f"q{number}", at("09:00"), start)
    with Workspace(estate.connection) as workspace:
        source = DatabricksSource(
            host=workspace.url, token=workspace.token, warehouse_id=workspace.warehouse_id
        )
        monitor = estate.monitor(open_source=lambda: source)
        for listing, key in ((monitor.workflows, "run_id"), (monitor.queries, "statement_id")):
            seen: list[str] = []
            cursor = None
            for _ in range(5):
                page = await listing(limit=2, cursor=cursor)
                seen += [row[key] for row in page.rows()]
                cursor = page.next_cursor
            assert cursor is None and len(seen) == 9 and len(set(seen)) == 9
        await monitor.service.close()
