"""What rules about statements count: failures, slow ones, and those that waited long for a place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sysmon_tui.datasets import asks, catalogue
from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at


async def rows(estate: Estate, *, hours: float = 24, **service: Any) -> list[dict[str, Any]]:
    """With 600 seconds as slow and 60 as long in a queue."""
    ask = asks.query_signals(hours=hours, slow_query_seconds=600, queued_query_seconds=60)
    return (await estate.monitor(**service).service.answer(ask)).frame.to_dicts()


async def test_thresholds_are_met_at_their_value(estate: Estate) -> None:
    """A millisecond less is nothing; the value itself and more count, whatever became of the statement."""
    for name, took_ms, queued_ms in (
        ("quick", 599_999, 59_999),
        ("slow", 600_000, 0),
        ("slower", 600_001, None),
        ("queued", 60_500, 60_000),
        ("queued more", 60_500, 60_001),
        ("unknown", None, None),
    ):
        estate.query(
            name,
            at("10:00"),
            at("10:01"),
            total_duration_ms=took_ms,
            waiting_at_capacity_duration_ms=queued_ms,
        )
    estate.query("stopped", at("10:00"), at("10:40"), "CANCELED")
    estate.query("waited for the start", at("10:00"), at("10:05"), waiting_for_compute_duration_ms=290_000)
    found = {row["statement_id"] for row in await rows(estate)}
    assert found == {"slow", "slower", "queued", "queued more", "stopped"}


async def test_failures_count_however_short(estate: Estate) -> None:
    """Every failure, in any case of its word; FINISHED and CANCELED ones are none; our own statements never."""
    for status in ("FAILED", "failed", "FINISHED", "CANCELED", "CANCELLED"):
        estate.query(status, at("10:00"), at("10:01"), status)
    estate.query("ours", at("10:00"), at("11:00"), "FAILED", query_tags={"app": "sysmon_tui"})
    estate.query("bare", None, at("10:01"), "FAILED", total_duration_ms=None)
    assert {row["statement_id"] for row in await rows(estate)} == {"FAILED", "failed", "bare"}


async def test_the_columns_are_those_of_the_listing(estate: Estate) -> None:
    """A row is the one that the list of statements shows, newest end first, the latest version of a statement."""
    estate.query("1", at("10:00"), at("10:20"), update_time=at("10:21"), read_rows=1)
    estate.query("1", at("10:00"), at("10:20"), update_time=at("10:30"), read_rows=2)
    estate.query("2", at("10:00"), at("10:30"), "FAILED", error_message="[DIVIDE_BY_ZERO] x")
    found = await rows(estate)
    listed = (await estate.monitor().service.answer(asks.queries())).frame.to_dicts()
    assert catalogue.QUERY_SIGNALS.schema is catalogue.QUERIES.schema
    assert found == listed
    assert [(row["statement_id"], row["error_class"], row["read_rows"]) for row in found] == [
        ("2", "DIVIDE_BY_ZERO", None),
        ("1", None, 2),
    ]


async def test_the_window_is_of_ends(estate: Estate) -> None:
    """Of an hour: one that ended at its first instant, and one that began days before; none that ended sooner."""
    start = at("11:00")
    estate.query("at its start", start - timedelta(minutes=20), start)
    estate.query("before", start - timedelta(minutes=20), start - timedelta(milliseconds=1))
    estate.query("for days", start - timedelta(days=3), start + timedelta(minutes=1))
    estate.query("elsewhere", start, start + timedelta(minutes=30), workspace_id=OTHER_WORKSPACE)
    found = {row["statement_id"] for row in await rows(estate, hours=1, workspace_ids=(WORKSPACE,))}
    assert found == {"at its start", "for days"}
