"""Failed logins: the refused authentication actions, under every name that the reference has."""

from __future__ import annotations

import pytest

from tests.estate import Estate, at

ACTIONS = [
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
    "mintOAuthAuthorizationCode",
    "mfaLogin",
    "IpAccessDenied",
    "accountIpAclsValidationFailed",
    "someNewLoginOfNextYear",
    "someNewAuthenticationOfNextYear",
    "LOGIN",
]
# Refused too, and no login: other actions of the service, and one that only sounds like it.
OTHERS = ["logout", "deleteUser", "generateDbToken", "getTable", "updateAuthorization"]


@pytest.mark.parametrize("status", [401, 403])
async def test_failed_logins_under_every_name(estate: Estate, status: int) -> None:
    """Authentication by name and by pattern, refused with 401 or 403, at the service of accounts. Trap 22."""
    for action in ACTIONS:
        estate.event(action, at("10:00"), action, status)
        estate.event(f"{action} elsewhere", at("10:00"), action, status, service_name="unityCatalog")
    for action in OTHERS:
        estate.event(action, at("10:00"), action, status)
    answer = await estate.monitor().failed_logins()
    assert sorted(row["event_id"] for row in answer.rows()) == sorted(ACTIONS)
    assert answer.total == 20


async def test_other_outcomes_are_no_failed_logins(estate: Estate) -> None:
    """200, 400, 404, 500, and no code at all: nobody was refused. Traps 19 and 22."""
    for code in (200, 302, 400, 402, 404, 429, 500, None):
        estate.event(f"{code}", at("10:00"), "tokenLogin", code)
    estate.event("bare", at("10:00"), "tokenLogin", response=None)
    estate.event("refused", at("10:00"), "tokenLogin", 401)
    answer = await estate.monitor().failed_logins()
    assert [row["event_id"] for row in answer.rows()] == ["refused"]


async def test_failed_logins_are_counted_once(estate: Estate) -> None:
    """19 refused logins, delivered twice, beside our own token's traffic: one less than the threshold. Traps 23, 24."""
    for number in range(19):
        for _ in range(2):
            estate.event(f"{number}", at("11:30"), "tokenLogin", 401, email=None)
    for number in range(30):
        estate.event(f"own{number}", at("11:30"), "tokenLogin", 200)
    monitor = estate.monitor()
    assert (await monitor.failed_logins()).total == 19
    assert (await monitor.alerts(category="security")).rows() == []


async def test_twenty_refused_logins_fire(estate: Estate) -> None:
    """20 within the hour fire, and the commonest users are named, also those that were only tried. Trap 22."""
    for number in range(20):
        tried = "root" if number < 12 else "admin"
        estate.event(
            f"{number}", at("11:30"), "samlLogin", 403, email="unknown", request_params={"user": tried}
        )
    (alert,) = (await estate.monitor().alerts(category="security")).rows()
    assert (alert["state"], alert["value"]) == ("firing", 20)
    assert "root (12), admin (8)" in alert["message"]
