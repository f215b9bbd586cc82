"""Late data: how far each table has come, and what a window without rows means."""

from __future__ import annotations

from datetime import timedelta

from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at


def one_of_each(estate: Estate, clock: str, day: int = 0, workspace_id: str = WORKSPACE) -> None:
    """A failed run, a failed statement, a refused login and a running warehouse, all at one instant."""
    when = at(clock, day)
    name = f"{clock} {day}"
    earlier = when - timedelta(minutes=5)
    estate.slice(name, earlier, when, "FAILED", workspace_id=workspace_id)
    estate.query(name, earlier, when, "FAILED", workspace_id=workspace_id)
    estate.event(name, when, "login", 401, workspace_id=workspace_id)
    estate.warehouse_event("RUNNING", when, workspace_id=workspace_id)


async def test_an_hour_without_rows_is_empty_and_dated_by_its_table(estate: Estate) -> None:
    """A window that shows nothing is `empty`, not a known zero, and as_of is the table's newest event. Trap 26."""
    # The newest event is of 10:00, two hours ago; those of tomorrow and after now are wrong clocks'.
    one_of_each(estate, "08:00")
    one_of_each(estate, "10:00")
    one_of_each(estate, "12:30")
    one_of_each(estate, "11:00", day=1)
    monitor = estate.monitor()
    for answer in (
        await monitor.workflows(hours=1),
        await monitor.failed_workflows(hours=1),
        await monitor.queries(hours=1),
        await monitor.audit(hours=1),
        await monitor.failed_logins(hours=1),
    ):
        assert (answer.state, answer.total, answer.rows()) == ("empty", 0, []), answer.key
        assert (answer.as_of, answer.lag_seconds) == (at("10:00"), 7200), answer.key
    # A warehouse is known whatever the window shows: 11:00 to the head of 10:00 is no uptime.
    warehouses = await monitor.warehouses(hours=1)
    (row,) = warehouses.rows()
    assert (row["state"], row["uptime_seconds"], row["starts"]) == ("RUNNING", 0, 0)
    assert (warehouses.as_of, warehouses.lag_seconds) == (at("10:00"), 7200)


async def test_rows_within_the_hour_are_fresh(estate: Estate) -> None:
    """With rows in the window the newest of them dates the answer, and the state is `fresh`. Trap 26."""
    one_of_each(estate, "11:20")
    one_of_each(estate, "11:40")
    monitor = estate.monitor()
    for answer in (
        await monitor.workflows(hours=1),
        await monitor.queries(hours=1),
        await monitor.audit(hours=1),
        await monitor.warehouses(hours=1),
    ):
        assert (answer.state, answer.reason) == ("fresh", None), answer.key
        assert (answer.as_of, answer.lag_seconds) == (at("11:40"), 1200), answer.key


async def test_a_late_table_is_stale_and_keeps_its_rows(estate: Estate) -> None:
    """Silent for longer than is usual of it, a table is `stale` with its name; others have more patience. Trap 26."""
    # Six hours: over the 4 h of runs and the 3 h of statements and events, under the 24 h of warehouses.
    one_of_each(estate, "06:00")
    monitor = estate.monitor()
    for answer, table in (
        (await monitor.workflows(), "system.lakeflow.job_run_timeline"),
        (await monitor.queries(), "system.query.history"),
        (await monitor.audit(), "system.access.audit"),
    ):
        assert (answer.state, answer.total, answer.as_of) == ("stale", 1, at("06:00")), table
        assert answer.reason is not None and table in answer.reason
    warehouses = await monitor.warehouses()
    assert (warehouses.state, warehouses.as_of) == ("fresh", at("06:00"))


async def test_a_table_that_was_silent_for_days_is_dated_by_its_last_row(estate: Estate) -> None:
    """Where even the scan before the window shows nothing, the table itself is asked for its newest event. Trap 26."""
    # Ten days before, beyond every scan but that of warehouses; rows of the future date nothing here either.
    one_of_each(estate, "12:00", day=-11)
    one_of_each(estate, "12:00", day=-10)
    one_of_each(estate, "12:30")
    monitor = estate.monitor()
    for answer in (await monitor.workflows(), await monitor.queries(), await monitor.audit()):
        assert (answer.state, answer.total, answer.rows()) == ("stale", 0, []), answer.key
        assert (answer.as_of, answer.lag_seconds) == (at("12:00", -10), 864_000), answer.key


async def test_a_table_that_has_shown_nothing_has_no_date(estate: Estate) -> None:
    """Tables without a row of this tenant are `empty` without a date and without a lag. Traps 10 and 26."""
    one_of_each(estate, "11:40", workspace_id=OTHER_WORKSPACE)
    monitor = estate.monitor(workspace_ids=(WORKSPACE,))
    for answer in (
        await monitor.workflows(),
        await monitor.queries(),
        await monitor.audit(),
        await monitor.warehouses(),
    ):
        assert (answer.state, answer.rows()) == ("empty", []), answer.key
        assert (answer.as_of, answer.lag_seconds) == (None, None), answer.key


async def test_a_row_that_arrives_late_is_found_at_its_time(live_estate: Estate) -> None:
    """Rows with old timestamps that come after newer ones are there at the next refresh. Trap 26.

    One monitor, asked twice: for engines that see the row; a copy would not be the same table.
    """
    estate = live_estate
    one_of_each(estate, "09:00")
    one_of_each(estate, "11:40")
    monitor = estate.monitor()
    assert (await monitor.workflows()).total == 2
    assert (await monitor.queries()).total == 2
    assert (await monitor.audit()).total == 2
    one_of_each(estate, "10:00")
    estate.clock.advance(120)
    for key, answer in (
        ("run_id", await monitor.workflows()),
        ("statement_id", await monitor.queries()),
        ("event_id", await monitor.audit()),
    ):
        assert [row[key] for row in answer.rows()] == ["11:40 0", "10:00 0", "09:00 0"]
        assert (answer.total, answer.as_of) == (3, at("11:40"))


async def test_a_result_that_arrives_late_ends_its_run(live_estate: Estate) -> None:
    """A running run whose last slice arrives has ended at the next refresh, and counts once. Traps 2 and 26.

    One monitor, asked twice: for engines that see the row.
    """
    estate = live_estate
    estate.slice("1", at("10:00"), at("11:00"))
    estate.slice("2", at("11:00"), at("11:50"), "SUCCEEDED")
    monitor = estate.monitor()
    assert {row["status"] for row in (await monitor.workflows()).rows()} == {"RUNNING", "SUCCEEDED"}
    estate.slice("1", at("11:00"), at("11:20"), "FAILED")
    estate.clock.advance(120)
    answer = await monitor.workflows()
    assert {row["run_id"]: row["status"] for row in answer.rows()} == {"1": "FAILED", "2": "SUCCEEDED"}
    assert answer.total == 2
