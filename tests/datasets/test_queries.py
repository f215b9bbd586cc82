"""Statements in query history: whose they are, in which state, on which warehouse, how often, and how long."""

from __future__ import annotations

from typing import Any

from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at


async def test_our_own_statements_are_left_out_but_date_the_table(estate: Estate) -> None:
    """By tag or by application: in no row, total or count; as_of still is the table's newest event. Traps 23, 26."""
    estate.query("theirs", at("10:00"), at("10:01"))
    estate.query("tagged", at("11:00"), at("11:01"), query_tags={"app": "sysmon_tui", "panel": "runs"})
    estate.query("agent", at("11:30"), at("11:31"), client_application="sysmon_tui/0.1.0 databricks-sdk-py")
    # Near misses: another application's tag, a name that only begins like ours, `_` that is no wildcard.
    estate.query(
        "tag", at("10:10"), at("10:11"), query_tags={"app": "other"}, client_application="sysmonitor"
    )
    estate.query("name", at("10:10"), at("10:12"), query_tags={}, client_application="sysmon-tui")
    monitor = estate.monitor()
    answer = await monitor.queries()
    assert [row["statement_id"] for row in answer.rows()] == ["name", "tag", "theirs"]
    assert answer.total == 3
    assert (await monitor.counts("queries")).frame.get_column("count").sum() == 3
    assert answer.as_of == at("11:31")


async def test_a_statement_delivered_twice_counts_once(estate: Estate) -> None:
    """An exact duplicate adds nothing to rows, total, counts, error classes or a warehouse's figures. Trap 24."""
    for _ in range(2):
        estate.query(
            "twice",
            at("10:00"),
            at("10:01"),
            "FAILED",
            error_message="[BAD] no",
            waiting_at_capacity_duration_ms=4000,
        )
    estate.query("once", at("10:00"), at("10:02"))
    estate.warehouse_event("RUNNING", at("09:00"))
    monitor = estate.monitor()
    answer = await monitor.queries()
    assert (answer.total, [row["statement_id"] for row in answer.rows()]) == (2, ["once", "twice"])
    assert (await monitor.counts("queries")).frame.get_column("count").sum() == 2
    (error,) = (await monitor.query_errors()).frame.to_dicts()
    assert error["failures"] == 1
    (warehouse,) = (await monitor.warehouses()).rows()
    assert (warehouse["queries"], warehouse["failed_queries"], warehouse["queued_seconds"]) == (2, 1, 4)


async def test_statements_without_an_id_are_kept_apart(estate: Estate) -> None:
    """Every column may be NULL: three statements without an id are three, not one delivered three times. Trap 24."""
    for minute in (1, 2, 3):
        estate.query(None, at("10:00"), at(f"10:0{minute}"))
    answer = await estate.monitor().queries()
    assert (answer.total, len(answer.rows())) == (3, 3)


async def test_a_statement_that_nobody_saw_begin_is_shown(estate: Estate) -> None:
    """A NULL start_time takes no statement out of the window, which is by its end, and makes no busy time. Trap 16."""
    # Its two minutes at most; "from the beginning of the window on" would be 22.5 h.
    estate.query("1", None, at("10:30"), total_duration_ms=120_000)
    estate.warehouse_event("RUNNING", at("09:00", -2))
    estate.warehouse_event("STOPPED", at("11:00"), 0)
    monitor = estate.monitor()
    answer = await monitor.queries()
    (row,) = answer.rows()
    assert (row["statement_id"], row["start_time"], row["total_duration_ms"]) == ("1", None, 120_000)
    assert (answer.total, answer.as_of) == (1, at("10:30"))
    (warehouse,) = (await monitor.warehouses()).rows()
    assert warehouse["queries"] == 1
    assert 0 <= warehouse["busy_seconds"] <= 120


async def test_states_and_users_are_found(estate: Estate) -> None:
    """CANCELED in both spellings and any case; a user matches exactly, `*` is the only wildcard. Trap 12."""
    estate.query("1", at("10:00"), at("10:01"), "CANCELED", executed_by="bob@example.com")
    estate.query("2", at("10:00"), at("10:02"), "FINISHED", executed_by="b%b@example.com")
    estate.query("3", at("10:00"), at("10:03"), "CANCELLED", executed_by=None)
    estate.query("4", at("10:00"), at("10:04"), "NEXT_YEAR", executed_by="")
    monitor = estate.monitor()

    async def found(**filters: Any) -> list[str]:
        return [row["statement_id"] for row in (await monitor.queries(**filters)).rows()]

    rows = (await monitor.queries()).rows()
    # A word that nobody knows is shown.
    assert [row["status"] for row in rows] == ["NEXT_YEAR", "CANCELED", "FINISHED", "CANCELED"]
    assert [row["user_email"] for row in rows] == ["", None, "b%b@example.com", "bob@example.com"]
    assert await found(status="cancelled") == ["3", "1"]
    assert await found(user_email="b%b@*") == ["2"]
    assert await found(user_email="B*") == []


async def test_a_serverless_query_has_no_warehouse_and_a_deleted_warehouse_its_last_name(
    estate: Estate,
) -> None:
    """Names come from the newest version of a warehouse; where there is none, the row stays. Traps 7, 10 and 16."""
    estate.warehouse("wh1", "old", at("00:00", -9))
    estate.warehouse("wh1", "new", at("00:00", -2), delete_time=at("00:00", -2))
    estate.warehouse("wh1", "theirs", at("00:00", -1), workspace_id=OTHER_WORKSPACE)
    estate.query("1", at("10:00"), at("10:05"))
    estate.query("2", at("10:00"), at("10:04"), warehouse_id=None)
    estate.query("3", at("10:00"), at("10:03"), compute=None)
    estate.query("4", at("10:00"), at("10:02"), warehouse_id="elsewhere")
    answer = await estate.monitor().queries()
    assert [(row["statement_id"], row["warehouse_id"], row["warehouse_name"]) for row in answer.rows()] == [
        ("1", "wh1", "new"),
        ("2", None, None),
        ("3", None, None),
        ("4", "elsewhere", None),
    ]


async def test_durations_are_those_of_the_table(estate: Estate) -> None:
    """total_duration_ms excludes the fetch and is no end minus start; CPU time is none of them. Trap 18."""
    # 6 s between the ends, of which 5 s were fetching: 1 000 ms = 100 + 200 + 300 + 400.
    estate.query(
        "1",
        at("10:00:00"),
        at("10:00:06"),
        total_duration_ms=1000,
        waiting_for_compute_duration_ms=100,
        waiting_at_capacity_duration_ms=200,
        compilation_duration_ms=300,
        execution_duration_ms=400,
        result_fetch_duration_ms=5000,
        total_task_duration_ms=99_000,
        read_io_cache_percent=100,
        read_bytes=2**53 + 1,
        from_result_cache=False,
    )
    estate.query("2", at("10:00"), at("10:00"), total_duration_ms=None, from_result_cache=None)
    rows = {row["statement_id"]: row for row in (await estate.monitor().queries()).rows()}
    named = ("waiting_for_compute", "waiting_at_capacity", "compilation", "execution", "total")
    assert [rows["1"][f"{name}_duration_ms"] for name in named] == [100, 200, 300, 400, 1000]
    assert (rows["1"]["read_bytes"], rows["1"]["from_result_cache"]) == (9_007_199_254_740_993, False)
    assert [rows["2"][f"{name}_duration_ms"] for name in named] == [None] * 5
    assert (rows["2"]["read_bytes"], rows["2"]["from_result_cache"]) == (None, None)


async def test_links_lead_to_the_workspace_of_the_row(estate: Estate) -> None:
    """The host comes from workspaces_latest; ids are encoded; a workspace that is not listed has no link. Trap 10."""
    estate.add("workspaces", workspace_id=WORKSPACE, workspace_url="https://ws-1.example/")
    # 10:00 UTC on 2026-03-10 is 1 773 136 800 s.
    estate.query("a b", at("10:00"), at("10:02"))
    estate.query("c", at("10:00"), at("10:01"), workspace_id=OTHER_WORKSPACE)
    linked, bare = (await estate.monitor().queries()).rows()
    assert linked["url"] == (
        f"https://ws-1.example/sql/history?queryId=a%20b&queryStartTimeMs=1773136800000&o={WORKSPACE}"
    )
    assert bare["url"] is None
