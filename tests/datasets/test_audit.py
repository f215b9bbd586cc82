"""Golden scenarios of the audit log: duplicates, users, account events, failed logins."""

from __future__ import annotations

import pytest

from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at


@pytest.fixture
def estate() -> Estate:
    return Estate(at("12:00"))


async def test_an_event_delivered_twice_is_shown_once(estate: Estate) -> None:
    """Duplicates by event_id count once in rows, total and counts; events without an id are kept apart."""
    for event_id in ("e1", "e1", "e2", None, None):
        estate.event(event_id, at("10:00"), "login")
    monitor = estate.monitor()
    answer = await monitor.audit()
    assert (answer.total, len(answer.rows())) == (4, 4)
    assert (await monitor.counts("audit")).frame.get_column("count").sum() == 4


@pytest.mark.parametrize(
    ("email", "tried", "expected"),
    [
        ("ann@example.com", "other", "ann@example.com"),
        (None, "root", "root"),
        ("unknown", "root", "root"),
        ("", "root", "root"),
        ("unknown", None, "unknown"),
        (None, None, None),
    ],
)
async def test_the_user_is_the_identity_or_the_one_that_was_tried(
    estate: Estate, email: str | None, tried: str | None, expected: str | None
) -> None:
    """A failed login often has no identity: the name is in the request then."""
    parameters = {"user": tried} if tried else {}
    estate.event("e", at("10:00"), "login", 401, email=email, request_params=parameters)
    (row,) = (await estate.monitor().audit()).rows()
    assert row["user_email"] == expected
    assert row["request_params"] == parameters


async def test_account_events_stay_with_a_workspace_filter(estate: Estate) -> None:
    """Workspace '0' concerns every tenant; a Unity Catalog event that names another workspace does not."""
    estate.event("account", at("10:00"), "login")
    estate.event("here", at("10:01"), "deleteTable", workspace_id=WORKSPACE)
    estate.event("there", at("10:02"), "deleteTable", workspace_id=OTHER_WORKSPACE)
    estate.event("uc-here", at("10:03"), "getTable", request_params={"workspace_id": WORKSPACE})
    estate.event("uc-there", at("10:04"), "getTable", request_params={"workspace_id": OTHER_WORKSPACE})
    rows = (await estate.monitor(workspace_ids=(WORKSPACE,)).audit()).rows()
    assert sorted(row["event_id"] for row in rows) == ["account", "here", "uc-here"]


@pytest.mark.parametrize(
    "action",
    [
        "login",
        "samlLogin",
        "oidcBrowserLogin",
        "oidcTokenAuthorization",
        "tokenLogin",
        "jwtLogin",
        "certLogin",
        "aadBrowserLogin",
        "aadTokenLogin",
        "accountLoginCodeAuthentication",
        "accountInHouseOAuthClientAuthentication",
        "workspaceInHouseOAuthClientAuthentication",
        "mintOAuthToken",
        "mfaLogin",
        "IpAccessDenied",
        "someNewLoginOfNextYear",
    ],
)
@pytest.mark.parametrize("status", [401, 403])
async def test_failed_logins_under_every_name(estate: Estate, action: str, status: int) -> None:
    """The authentication actions, by name and by pattern, with 401 or 403; other statuses and services are not."""
    estate.event("yes", at("10:00"), action, status)
    estate.event("fine", at("10:00"), action, 200)
    estate.event("broken", at("10:00"), action, 500)
    estate.event("elsewhere", at("10:00"), "getTable", 403)
    estate.event("service", at("10:00"), action, status, service_name="unityCatalog")
    answer = await estate.monitor().failed_logins()
    assert [row["event_id"] for row in answer.rows()] == ["yes"]


async def test_status_is_an_outcome_or_a_code(estate: Estate) -> None:
    """Failure is a status code of 400 or more; a missing code is no failure."""
    for event_id, code in (("ok", 200), ("bad", 404), ("denied", 403), ("null", None)):
        estate.event(event_id, at("10:00"), "getTable", code)  # type: ignore[arg-type]
    monitor = estate.monitor()

    async def found(status: str) -> list[str]:
        return sorted(row["event_id"] for row in (await monitor.audit(status=status)).rows())

    assert await found("failure") == ["bad", "denied"]
    assert await found("SUCCESS") == ["null", "ok"]
    assert await found("403") == ["denied"]


async def test_a_window_over_midnight_reads_both_dates(estate: Estate) -> None:
    """event_date prunes and is in UTC: 14 hours back from noon reach yesterday."""
    estate.event("yesterday", at("23:30", -1), "login")
    estate.event("today", at("00:30"), "login")
    assert (await estate.monitor().audit(hours=14)).total == 2


async def test_huge_parameters_come_cut_and_marked(estate: Estate) -> None:
    """request_params of 100 kB reach the client as their beginning."""
    estate.event("e", at("10:00"), "commandSubmit", request_params={"commandText": "x" * 100_000})
    (row,) = (await estate.monitor().audit()).rows()
    assert list(row["request_params"]) == ["truncated_json"]
    assert len(row["request_params"]["truncated_json"]) < 20_000
