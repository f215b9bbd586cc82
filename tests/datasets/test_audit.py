"""Audit events: each once, with its user, its outcome and its workspace."""

from __future__ import annotations

from typing import Any

import pytest

from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at


async def test_an_event_delivered_twice_is_shown_once(estate: Estate) -> None:
    """Duplicates by event_id count once in rows, total and counts; events without an id are kept apart. Trap 24."""
    # e1 twice, e2, and two that nothing tells apart: 4.
    for event_id in ("e1", "e1", "e2", None, None):
        estate.event(event_id, at("10:00"), "login")
    monitor = estate.monitor()
    answer = await monitor.audit()
    assert (answer.total, len(answer.rows())) == (4, 4)
    assert (await monitor.counts("audit")).frame.get_column("count").sum() == 4


async def test_pages_hold_every_event_once(estate: Estate) -> None:
    """Pages over events of one instant, duplicates and events without an id: each once, the total exact. Trap 24."""
    for event_id in ("a", "a", "b", "c", "d", None, None):
        estate.event(event_id, at("10:00"), "login")
    monitor = estate.monitor()
    seen: list[str | None] = []
    cursor = None
    for _ in range(3):
        page = await monitor.audit(limit=2, cursor=cursor)
        assert page.total == 6
        seen += [row["event_id"] for row in page.rows()]
        cursor = page.next_cursor
    assert cursor is None
    assert sorted(seen, key=str) == [None, None, "a", "b", "c", "d"]


# (the identity's email, the parameters, who is shown)
USERS: list[tuple[str | None, dict[str, str] | None, str | None]] = [
    ("ann@example.com", {"user": "other"}, "ann@example.com"),
    (None, {"user": "root"}, "root"),
    ("unknown", {"user": "root"}, "root"),
    ("", {"user": "root"}, "root"),
    ("", {"user": ""}, None),
    ("unknown", {}, "unknown"),
    ("unknown", {"other": "x"}, "unknown"),
    (None, None, None),
    (None, {"workspace_id": "0"}, None),
    ("System-User", None, "System-User"),
    ("null", None, "null"),
]


async def test_the_user_is_the_identity_or_the_one_that_was_tried(estate: Estate) -> None:
    """Without an identity the user is in the request; missing maps and keys are no error. Traps 22, 28 and 45."""
    for number, (email, parameters, _) in enumerate(USERS):
        estate.event(f"{number:02}", at("10:00"), "samlLogin", 401, email=email, request_params=parameters)
    estate.event("bare", at("09:00"), "samlLogin", user_identity=None)
    rows = (await estate.monitor().audit()).rows()
    assert [row["user_email"] for row in rows] == [*(user for _, _, user in USERS), None]
    assert [row["request_params"] for row in rows] == [*(parameters for _, parameters, _ in USERS), None]


async def test_users_and_actions_are_found(estate: Estate) -> None:
    """Filters match what is shown, also a user who is only in the request; `*` is the only wildcard. Trap 22."""
    estate.event("1", at("10:01"), "samlLogin", 401, email=None, request_params={"user": "root_1"})
    estate.event("2", at("10:02"), "samllogin", 401, email="root_1", request_params={"user": "x"})
    estate.event("3", at("10:03"), "login", 401, email="rootx1", request_params={"user": "root_1"})
    monitor = estate.monitor()

    async def found(**filters: Any) -> list[Any]:
        return [row["event_id"] for row in (await monitor.audit(**filters)).rows()]

    assert await found(user_email="root_1") == ["2", "1"]
    assert await found(user_email="root*") == ["3", "2", "1"]
    assert await found(action_name="*Login") == ["1"]


async def test_an_outcome_is_a_number(estate: Estate) -> None:
    """Failure is a status code of 400 or more; a missing code or response is no failure. Trap 19."""
    # Compared as texts, 99 and 1000 would change sides.
    codes = {
        "ok": 200,
        "bad": 404,
        "denied": 403,
        "edge": 400,
        "below": 399,
        "odd": 99,
        "high": 1000,
        "null": None,
    }
    for event_id, code in codes.items():
        estate.event(event_id, at("10:00"), "getTable", code)
    estate.event("bare", at("10:00"), "getTable", response=None)
    monitor = estate.monitor()

    async def found(status: str) -> list[str]:
        return sorted(row["event_id"] for row in (await monitor.audit(status=status)).rows())

    assert await found("failure") == ["bad", "denied", "edge", "high"]
    assert await found("SUCCESS") == ["bare", "below", "null", "odd", "ok"]
    assert await found("403") == ["denied"]
    rows = {row["event_id"]: row for row in (await monitor.audit()).rows()}
    assert (rows["denied"]["status"], rows["denied"]["status_code"]) == ("failure", 403)
    assert (rows["bare"]["status"], rows["bare"]["status_code"]) == ("success", None)


async def test_account_events_stay_with_a_workspace_filter(estate: Estate) -> None:
    """Workspace '0' concerns every tenant; a Unity Catalog event that names another workspace does not. Trap 21."""
    catalog: dict[str, Any] = {"service_name": "unityCatalog"}
    estate.event("account", at("10:00"), "login", 401)
    estate.event("here", at("10:01"), "deleteTable", workspace_id=WORKSPACE)
    estate.event("there", at("10:02"), "deleteTable", workspace_id=OTHER_WORKSPACE)
    estate.event("uc-here", at("10:03"), "getTable", request_params={"workspace_id": WORKSPACE}, **catalog)
    estate.event(
        "uc-there", at("10:04"), "getTable", request_params={"workspace_id": OTHER_WORKSPACE}, **catalog
    )
    estate.event("uc-account", at("10:05"), "getTable", request_params={"workspace_id": "0"}, **catalog)
    estate.event("uc-silent", at("10:06"), "getTable", request_params={"name": "t"}, **catalog)
    estate.event("uc-null", at("10:07"), "getTable", request_params=None, **catalog)
    monitor = estate.monitor(workspace_ids=(WORKSPACE,))
    answer = await monitor.audit()
    shown = {row["event_id"]: row["workspace_id"] for row in answer.rows()}
    assert shown == {
        "account": "0",
        "here": WORKSPACE,
        "uc-here": "0",
        "uc-account": "0",
        "uc-silent": "0",
        "uc-null": "0",
    }
    assert answer.total == 6
    # The login that was refused at the account is not hidden either.
    assert [row["event_id"] for row in (await monitor.failed_logins()).rows()] == ["account"]


async def test_huge_parameters_come_cut_and_marked(estate: Estate) -> None:
    """request_params of 100 kB reach the client as their beginning. Trap 17."""
    estate.event("e", at("10:00"), "commandSubmit", request_params={"commandText": "x" * 100_000})
    (row,) = (await estate.monitor().audit()).rows()
    assert list(row["request_params"]) == ["truncated_json"]
    assert len(row["request_params"]["truncated_json"]) < 20_000


@pytest.mark.parametrize("value", ['"quoted" \\ back', "line\nbreak\ttab", "Ünïcødé 🦆", "", "null"])
async def test_parameters_come_back_as_they_were(live_estate: Estate, value: str) -> None:
    """Keys and values are texts, whatever is in them; of the engines only the way over the wire matters. Trap 28."""
    live_estate.event("e", at("10:00"), "x", request_params={"key": value, "user name": value})
    (row,) = (await live_estate.monitor().audit()).rows()
    assert row["request_params"] == {"key": value, "user name": value}
