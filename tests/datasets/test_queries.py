"""Golden scenarios of query history: windows, error classes, our own statements, busy time."""

from __future__ import annotations

import pytest

from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at


@pytest.fixture
def estate() -> Estate:
    return Estate(at("12:00"))


async def test_a_query_is_in_the_window_by_its_end(estate: Estate) -> None:
    """One that ran 26 hours and ended an hour ago is in; one that ended a second before the window is not."""
    estate.query("long", at("09:00", -1), at("11:00"))
    estate.query("out", at("10:00"), at("10:59:59"))
    estate.query("edge", at("10:00"), at("11:00"))
    answer = await estate.monitor().queries(hours=1)
    assert sorted(row["statement_id"] for row in answer.rows()) == ["edge", "long"]


async def test_our_own_statements_are_left_out_but_date_the_table(estate: Estate) -> None:
    """By tag or by application: in no row, total or count; as_of still is the newest event of the table."""
    estate.query("theirs", at("10:00"), at("10:01"))
    estate.query("tagged", at("11:00"), at("11:01"), query_tags={"app": "sysmon_tui", "panel": "runs"})
    estate.query("agent", at("11:30"), at("11:31"), client_application="sysmon_tui/0.1.0 databricks-sdk-py")
    estate.query(
        "near", at("10:10"), at("10:11"), query_tags={"app": "other"}, client_application="sysmonitor"
    )
    monitor = estate.monitor()
    answer = await monitor.queries()
    assert [row["statement_id"] for row in answer.rows()] == ["near", "theirs"]
    assert answer.total == 2
    assert (await monitor.counts("queries")).frame.get_column("count").sum() == 2
    assert answer.as_of == at("11:31")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("[TABLE_OR_VIEW_NOT_FOUND] The table `a` cannot be found.", "TABLE_OR_VIEW_NOT_FOUND"),
        ("\n[DELTA_X.SUB_CLASS] no", "DELTA_X.SUB_CLASS"),
        ("broken [/x] [not a class]", None),
        ("", None),
        (None, None),
    ],
)
async def test_the_error_class_is_the_bracketed_word_that_starts_the_message(
    estate: Estate, message: str | None, expected: str | None
) -> None:
    """Messages are empty or NULL under customer-managed keys; those and unclassed ones have no class."""
    estate.query("1", at("10:00"), at("10:01"), "FAILED", error_message=message)
    monitor = estate.monitor()
    (row,) = (await monitor.failed_queries()).rows()
    assert (row["error_class"], row["error_message"]) == (expected, message)
    (group,) = (await monitor.query_errors()).frame.to_dicts()
    assert (group["error_class"], group["failures"], group["users"]) == (expected, 1, 1)


async def test_a_long_text_is_cut_at_4096_characters(estate: Estate) -> None:
    """60 kB of SQL: 4096 characters with an ellipsis; a text of just that length stays whole."""
    estate.query("huge", at("10:00"), at("10:01"), statement_text="x" * 60_000)
    estate.query("fits", at("11:00"), at("11:01"), statement_text="y" * 4096)
    fits, huge = (row["statement_text"] for row in (await estate.monitor().queries()).rows())
    assert fits == "y" * 4096
    assert huge == "x" * 4095 + "…"


async def test_status_and_user_filters(estate: Estate) -> None:
    """CANCELED in both spellings and any case; a user matches exactly, with `*` as the only wildcard."""
    estate.query("1", at("10:00"), at("10:01"), "CANCELED", executed_by="bob@example.com")
    estate.query("2", at("10:00"), at("10:02"), "FINISHED", executed_by="b%b@example.com")
    monitor = estate.monitor()
    assert [row["statement_id"] for row in (await monitor.queries(status="cancelled")).rows()] == ["1"]
    assert [row["statement_id"] for row in (await monitor.queries(user_email="b%b@*")).rows()] == ["2"]
    assert [row["statement_id"] for row in (await monitor.queries(user_email="B*")).rows()] == []


async def test_a_serverless_query_has_no_warehouse_and_a_deleted_warehouse_its_last_name(
    estate: Estate,
) -> None:
    """Names come from the newest version of a warehouse; where there is none, the row stays."""
    estate.add(
        "warehouses",
        workspace_id=WORKSPACE,
        warehouse_id="wh1",
        warehouse_name="old",
        change_time=at("00:00", -9),
    )
    estate.add(
        "warehouses",
        workspace_id=WORKSPACE,
        warehouse_id="wh1",
        warehouse_name="new",
        change_time=at("00:00", -2),
        delete_time=at("00:00", -2),
    )
    estate.add(
        "warehouses",
        workspace_id=OTHER_WORKSPACE,
        warehouse_id="wh1",
        warehouse_name="theirs",
        change_time=at("00:00", -1),
    )
    estate.query("1", at("10:00"), at("10:02"))
    estate.query("2", at("10:00"), at("10:01"), warehouse_id=None)
    rows = (await estate.monitor().queries()).rows()
    assert [(row["statement_id"], row["warehouse_name"]) for row in rows] == [("1", "new"), ("2", None)]


async def test_links_lead_to_the_workspace_of_the_row(estate: Estate) -> None:
    """The host comes from workspaces_latest; ids are encoded; a workspace that is not listed has no link."""
    estate.add("workspaces", workspace_id=WORKSPACE, workspace_url="https://ws-1.example/")
    estate.query("a b", at("10:00"), at("10:02"))
    estate.query("c", at("10:00"), at("10:01"), workspace_id=OTHER_WORKSPACE)
    linked, bare = (await estate.monitor().queries()).rows()
    assert linked["url"] == (
        f"https://ws-1.example/sql/history?queryId=a%20b&queryStartTimeMs=1773136800000&o={WORKSPACE}"
    )
    assert bare["url"] is None
