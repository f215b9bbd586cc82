"""Which statements a window holds: those that ended in it, however long they ran."""

from __future__ import annotations

from datetime import timedelta

from tests.estate import Estate, at

MICROSECOND = timedelta(microseconds=1)


async def test_a_query_is_in_the_window_by_its_end_to_the_microsecond(estate: Estate) -> None:
    """11:00 <= end < 12:00: in at the first instant, out a microsecond before it and at the last one. Trap 16."""
    estate.query("before", at("10:00"), at("11:00") - MICROSECOND)
    estate.query("first", at("10:00"), at("11:00"))
    estate.query("last", at("10:00"), at("12:00") - MICROSECOND)
    estate.query("end", at("10:00"), at("12:00"))
    answer = await estate.monitor().queries(hours=1)
    assert [row["statement_id"] for row in answer.rows()] == ["last", "first"]
    assert answer.total == 2


async def test_a_query_that_began_days_ago_is_in_the_window_of_its_end(estate: Estate) -> None:
    """Statements of 26 hours and of more than two days ended in the last hour: both are there. Trap 16."""
    # 09:00 the day before to 11:00 is 26 h; 10:00 three days before to 11:30 is 73.5 h = 264 600 s.
    estate.query("day", at("09:00", -1), at("11:00"))
    estate.query("days", at("10:00", -3), at("11:30"), "FAILED", error_message="[LONG] no")
    estate.query("over", at("09:00", -3), at("10:00"))
    estate.warehouse_event("RUNNING", at("00:00", -5))
    estate.warehouse_event("STOPPED", at("11:30"), 0)
    monitor = estate.monitor()
    rows = (await monitor.queries(hours=1)).rows()
    assert [(row["statement_id"], row["total_duration_ms"]) for row in rows] == [
        ("days", 264_600_000),
        ("day", 93_600_000),
    ]
    (error,) = (await monitor.query_errors(hours=1)).frame.to_dicts()
    assert (error["error_class"], error["failures"]) == ("LONG", 1)
    # From 11:00 to 11:30 it ran without a pause: busy for half an hour of the half hour that the warehouse was up.
    (warehouse,) = (await monitor.warehouses(hours=1)).rows()
    assert (warehouse["queries"], warehouse["busy_seconds"], warehouse["uptime_seconds"]) == (2, 1800, 1800)


async def test_a_statement_of_the_future_is_left_out(estate: Estate) -> None:
    """One that ends after now is a wrong clock's: in no row, and it dates no table. Trap 26."""
    estate.query("now", at("11:00"), at("11:30"))
    estate.query("late", at("11:50"), at("12:00") + MICROSECOND)
    estate.query("tomorrow", at("10:00", 1), at("11:00", 1))
    answer = await estate.monitor().queries()
    assert [row["statement_id"] for row in answer.rows()] == ["now"]
    assert (answer.total, answer.as_of, answer.lag_seconds) == (1, at("11:30"), 1800)


async def test_a_row_without_an_end_is_in_no_window(estate: Estate) -> None:
    """History has ended statements only; a row without an end is in no window and breaks none. Trap 16."""
    estate.query("ended", at("11:00"), at("11:30"))
    estate.add("query_history", statement_id="open", start_time=at("11:00"), execution_status="RUNNING")
    answer = await estate.monitor().queries()
    assert [row["statement_id"] for row in answer.rows()] == ["ended"]
    assert (answer.total, answer.as_of) == (1, at("11:30"))
