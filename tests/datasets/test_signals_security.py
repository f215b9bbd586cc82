"""What security rules count: each audit event with at most one signal, and logins that many refused ones led to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from sysmon_tui.datasets import asks
from sysmon_tui.services.query import QueryService
from sysmon_tui.services.result import Result
from tests.datasets.watched import Watched
from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at

_US = timedelta(microseconds=1)


async def answered(
    asked: Estate | QueryService, *, hours: float = 24, failures: int = 10, limit: int = 20_000
) -> Result:
    service = asked.monitor().service if isinstance(asked, Estate) else asked
    ask = asks.security_signals(
        hours=hours, brute_force_failures=failures, token_lifetime_hours=72, limit=limit
    )
    return await service.answer(ask)


async def signals(asked: Estate | QueryService, **arguments: Any) -> dict[str, str]:
    """Signals by event id."""
    frame = (await answered(asked, **arguments)).frame
    return dict(frame.select("event_id", "signal").iter_rows())


async def brute(asked: Estate | QueryService, **arguments: Any) -> dict[str, tuple[str, int]]:
    """By event id what matched, and how many failures."""
    frame = (await answered(asked, **arguments)).frame.filter(signal="brute_force")
    return {
        event: (by, count) for event, by, count in frame["event_id", "matched_by", "failures"].iter_rows()
    }


def refused(estate: Estate, times: int, last: datetime, *, apart_s: float = 10, **columns: Any) -> None:
    """So many refused logins, the last of them then."""
    for number in range(times):
        when = last - timedelta(seconds=apart_s * number)
        estate.event(f"refused {estate.rows_added}", when, "login", 401, **columns)


# Action, status, columns, and the signal; None is no signal.
CATALOG: dict[str, Any] = {"service_name": "unityCatalog"}
ADMINS: dict[str, Any] = {"request_params": {"targetGroupName": "admins", "targetUserName": "eve"}}
EVENTS: list[tuple[str, int | None, dict[str, Any], str | None]] = [
    ("setAccountAdmin", 200, {}, "admin_granted"),
    ("setAccountAdmin", 399, {}, "admin_granted"),
    ("setAccountAdmin", None, {}, "admin_granted"),  # nothing says that it was refused
    ("setAccountAdmin", 400, {}, None),
    ("setAccountAdmin", 403, {}, None),
    ("changeAccountOwner", 200, {}, "admin_granted"),
    ("setAdmin", 200, {"email": None}, "admin_granted"),
    ("removeAdmin", 200, {}, None),
    ("addPrincipalToGroup", 200, ADMINS, "admin_granted"),
    ("addPrincipalsToGroup", 200, {"request_params": {"targetGroupName": "Admins"}}, "admin_granted"),
    ("addPrincipalToGroup", 403, ADMINS, None),
    ("addPrincipalToGroup", 200, {"request_params": {"targetGroupName": "admins2"}}, None),
    ("addPrincipalToGroup", 200, {"request_params": None}, None),
    ("removePrincipalFromGroup", 200, ADMINS, None),
    ("createIpAccessList", 200, {}, "access_list_changed"),
    ("updateIpAccessList", 200, {}, "access_list_changed"),
    ("replaceIpAccessList", 200, {}, "access_list_changed"),
    ("deleteIpAccessList", 200, {}, "access_list_changed"),
    ("createAccountIpAccessList", 200, {}, "access_list_changed"),
    ("getIpAccessList", 200, {}, None),
    ("listIpAccessLists", 200, {}, None),
    ("deleteIpAccessList", 403, {}, None),
    ("databricksAccess", 200, {"service_name": "genie"}, "vendor_access"),
    ("databricksAccess", 403, {"service_name": "genie"}, None),
    ("databricksAccess", 200, {}, None),
    ("login", 401, {}, "failed_login"),
    ("login", 500, {}, None),
    ("login", 200, {}, None),
    ("getTable", 401, CATALOG, "denied"),
    ("deleteTable", 403, CATALOG, "denied"),
    ("getTable", 404, CATALOG, None),
    ("getTable", 200, CATALOG, None),
    ("getTable", 403, {"service_name": "notebook"}, None),
    ("deleteTable", 200, CATALOG, "deleted"),
    ("workspaceMoveToTrash", 200, {"service_name": "workspace"}, "deleted"),
    ("DELETE", 200, {"service_name": "clusters"}, "deleted"),
    ("deleteTable", 200, {**CATALOG, "email": "System-User"}, None),
    ("deleteTable", 200, {**CATALOG, "email": "unknown"}, None),
    ("deleteTable", 200, {**CATALOG, "email": None}, None),
    ("deleteTable", 500, CATALOG, None),
    ("restore", 200, {"service_name": "workspace"}, None),
    ("getTable", 200, {**CATALOG, "response": None, "user_identity": None}, None),
]


async def test_each_event_has_its_signal_or_none(estate: Estate) -> None:
    """Grants, lists, vendor, refusals and deletions, each beside what only looks like it. Traps 19, 21 and 22."""
    for number, (action, status, columns, _) in enumerate(EVENTS):
        estate.event(f"{number}", at("10:00"), action, status, **columns)
    expected = {f"{number}": event[3] for number, event in enumerate(EVENTS) if event[3] is not None}
    assert await signals(estate) == expected


# Milliseconds that a token made at 10:00 lives, or a text; and whether that is too long.
LIFETIMES: list[tuple[int | str | None, bool]] = [
    (72 * 3_600_000, False),
    (72 * 3_600_000 + 1, True),
    (24 * 3_600_000, False),
    (8760 * 3_600_000, True),
    ("0", True),
    ("-1", True),
    ("9223372036854775807", True),
    ("99999999999999999999999", False),  # no number that anything holds
    ("never", False),
    ("1.9e12", False),
    ("", False),
    (None, False),
]


async def test_tokens_that_live_too_long(estate: Estate) -> None:
    """72 hours are allowed: one millisecond more is not, and no end at all is not; a text is no number. Trap 45."""
    made_ms = int(at("10:00").timestamp() * 1000)
    for number, (life, _) in enumerate(LIFETIMES):
        text = f"{made_ms + life}" if isinstance(life, int) else life
        parameters = None if text is None else {"tokenExpirationTime": text, "comment": "mine"}
        estate.event(f"{number}", at("10:00"), "generateDbToken", 200, request_params=parameters)
    far = {"tokenExpirationTime": "-1"}
    estate.event("refused", at("10:00"), "generateDbToken", 403, request_params=far)
    estate.event("other", at("10:00"), "revokeDbToken", 200, request_params=far)
    too_long = {f"{number}" for number, (_, is_long) in enumerate(LIFETIMES) if is_long}
    assert await signals(estate) == dict.fromkeys(too_long, "long_lived_token")


async def test_the_target_says_whom_or_what(estate: Estate) -> None:
    """The user before the group, the table, the path, the list's label; an empty text is none, a long one is cut."""
    estate.event("user", at("10:01"), "addPrincipalToGroup", **ADMINS)
    group = {"targetGroupName": "admins", "targetUserName": ""}
    estate.event("group", at("10:02"), "addPrincipalToGroup", request_params=group)
    estate.event("table", at("10:03"), "deleteTable", request_params={"full_name_arg": "a.b.c"}, **CATALOG)
    estate.event("path", at("10:04"), "fileDelete", request_params={"path": "/" + "x" * 5000})
    estate.event("list", at("10:05"), "createIpAccessList", request_params={"label": "office"})
    estate.event("none", at("10:06"), "login", 401, request_params={"user": "root"})
    frame = (await answered(estate)).frame
    assert dict(frame.select("event_id", "target").iter_rows()) == {
        "user": "eve",
        "group": "admins",
        "table": "a.b.c",
        "path": "/" + "x" * 199,
        "list": "office",
        "none": None,
    }


async def test_a_login_after_ten_refused_ones_of_its_user(estate: Estate) -> None:
    """Nine are mistakes, ten and eleven a brute force: from no known address, under any name of a login."""
    for times in (9, 10, 11):
        user = f"user{times}"
        refused(estate, times, at("10:00"), email="unknown", request_params={"user": user})
        estate.event(f"in after {times}", at("10:01"), "tokenLogin", email=user)
    assert await brute(estate) == {"in after 10": ("user", 10), "in after 11": ("user", 11)}
    answer = await answered(estate)
    assert answer.frame.filter(signal="failed_login").height == 30
    assert answer.frame.filter(pl.col("signal") != "brute_force")["failures"].null_count() == 30


async def test_a_login_after_ten_refused_ones_from_its_address(estate: Estate) -> None:
    """Many users tried from one address, with ports that change; the user with more failures is named first."""
    for times in (9, 10):
        for number in range(times):
            address = f"192.0.2.{times}:{50_000 + number}"
            estate.event(
                f"{times}/{number}", at("10:00"), "login", 401, email=f"{number}", source_ip_address=address
            )
        estate.event(
            f"in after {times}", at("10:01"), "login", email="new", source_ip_address=f"192.0.2.{times}"
        )
    # Ten from the address, of which ten, or eleven with one from elsewhere, are of the user.
    for user, elsewhere in (("even", 0), ("more", 1)):
        refused(estate, 10, at("11:00"), email=user, source_ip_address=user)
        refused(estate, elsewhere, at("11:00"), email=user)
        estate.event(user, at("11:01"), "login", email=user, source_ip_address=user)
    refused(estate, 10, at("11:30"), email="a", source_ip_address="192.0.2.70")
    refused(estate, 1, at("11:30"), email="b", source_ip_address="192.0.2.70")
    estate.event("most", at("11:31"), "login", email="a", source_ip_address="192.0.2.70")
    assert await brute(estate) == {
        "in after 10": ("address", 10),
        "even": ("user", 10),
        "more": ("user", 11),
        "most": ("address", 11),
    }


async def test_a_quarter_of_an_hour_counts(estate: Estate) -> None:
    """Failures at the instant of the login count, those a quarter of an hour before it don't; nor any after it."""
    quarter = timedelta(minutes=15)
    for user, last in (
        ("at once", at("10:00")),
        ("just", at("10:00") - quarter + _US),
        ("too old", at("10:00") - quarter),
        ("after", at("10:00") + _US),
    ):
        refused(estate, 10, last, apart_s=0, email=user)
        estate.event(user, at("10:00"), "login", email=user)
    assert await brute(estate) == {"at once": ("user", 10), "just": ("user", 10)}


async def test_nobody_and_nowhere_match_nothing(estate: Estate) -> None:
    """Failures of nobody known, from nowhere known, are no row against each other. Trap 22."""
    nobody: list[str | None] = ["unknown", "Unknown", "System-User", "", None]
    for number, email in enumerate(nobody):
        refused(estate, 12, at("10:00"), email=email, source_ip_address=None)
        estate.event(f"nobody {number}", at("10:01"), "login", email=email, source_ip_address=None)
    nowhere = ["", "0.0.0.0", "127.0.0.1", "127.0.0.1:9000", "::1", "[::1]:443", " "]  # noqa: S104
    for number, address in enumerate(nowhere):
        refused(estate, 12, at("11:00"), email=None, source_ip_address=address)
        estate.event(f"nowhere {number}", at("11:01"), "login", email=f"{number}", source_ip_address=address)
    answer = await answered(estate)
    assert answer.frame.filter(signal="brute_force").rows() == []
    assert answer.frame["address"].null_count() == answer.frame.height == 12 * 12


async def test_users_are_the_same_in_any_case(estate: Estate) -> None:
    """Ann@Example.com and ann@example.COM are one user."""
    for number in range(10):
        estate.event(
            f"{number}",
            at("10:00"),
            "login",
            401,
            email="Ann@Example.com" if number % 2 else "ann@example.COM",
        )
    estate.event("in", at("10:01"), "login", email="ANN@EXAMPLE.COM")
    assert await brute(estate) == {"in": ("user", 10)}


ADDRESSES = {
    "192.0.2.1": "192.0.2.1",
    "192.0.2.1:51312": "192.0.2.1",
    "2001:db8::1": "2001:db8::1",
    "2001:DB8::1": "2001:db8::1",
    "[2001:db8::1]:443": "2001:db8::1",
    "[2001:db8::1]": "2001:db8::1",
    "::ffff:192.0.2.9": "::ffff:192.0.2.9",
    "fe80::1%eth0": "fe80::1%eth0",
    " 192.0.2.3 ": "192.0.2.3",
    "a.host.example": "a.host.example",
}


async def test_addresses_lose_their_ports(estate: Estate) -> None:
    """Version 4 and 6, with and without a port; ten of one address in four spellings are ten."""
    for number, address in enumerate(ADDRESSES):
        estate.event(f"{number}", at("09:00"), "login", 401, email=None, source_ip_address=address)
    spelled = [address for address, bare in ADDRESSES.items() if bare == "2001:db8::1"]
    for number in range(10):
        estate.event(
            f"six {number}", at("10:00"), "login", 401, email=None, source_ip_address=spelled[number % 4]
        )
    estate.event("in", at("10:01"), "login", source_ip_address="[2001:db8::1]:1")
    frame = (await answered(estate)).frame
    shown = dict(frame.select("event_id", "address").iter_rows())
    assert [shown[f"{number}"] for number in range(len(ADDRESSES))] == list(ADDRESSES.values())
    assert await brute(estate) == {"in": ("address", 10)}


async def test_only_a_login_that_succeeds_is_the_way_in(estate: Estate) -> None:
    """200 to 299 of an authentication action; a refusal of an address, a logout and other actions let nobody in."""
    cases: list[tuple[str, int | None, bool]] = [
        ("login", 200, True),
        ("samlLogin", 204, True),
        ("mintOAuthToken", 299, True),
        ("accountLoginCodeAuthentication", 200, True),
        ("login", 199, False),
        ("login", 302, False),
        ("login", 400, False),
        ("login", 500, False),
        ("login", None, False),
        ("logout", 200, False),
        ("getUser", 200, False),
        ("IpAccessDenied", 200, False),
        ("accountIpAclsValidationFailed", 200, False),
    ]
    refused(estate, 10, at("10:00"))
    for number, (action, status, _) in enumerate(cases):
        estate.event(f"{number}", at("10:01"), action, status)
    estate.event("elsewhere", at("10:01"), "login", service_name="unityCatalog")
    assert sorted(await brute(estate)) == sorted(f"{number}" for number, case in enumerate(cases) if case[2])


async def test_an_event_delivered_twice_counts_once(estate: Estate) -> None:
    """Nine refusals, each twice, are nine; the way in, twice, is one; events without an id are apart. Trap 24."""
    for user, times in (("nine", 9), ("ten", 10)):
        for number in range(times):
            for _ in range(2):
                estate.event(f"{user}{number}", at("10:00"), "login", 401, email=user)
        for _ in range(2):
            estate.event(user, at("10:01"), "login", email=user)
    for _ in range(10):
        estate.event(None, at("11:00"), "login", 401, email="bare")
    for _ in range(2):
        estate.event(None, at("11:01"), "login", email="bare")
    answer = await answered(estate)
    found = answer.frame.filter(signal="brute_force").select("user_email", "failures")
    assert found.rows() == [("bare", 10), ("bare", 10), ("ten", 10)]
    assert answer.total == answer.frame.height == 9 + 10 + 10 + 3


async def test_the_newest_come_first_and_all_are_counted(estate: Estate) -> None:
    """Of 12 signals 3 are shown, the way in before what led to it; the counts by signal are exact."""
    refused(estate, 11, at("10:00"))
    estate.event("in", at("10:01"), "login")
    answer = await answered(estate, limit=3)
    assert answer.frame["signal"].to_list() == ["brute_force", "failed_login", "failed_login"]
    assert answer.total == 12
    by_signal = answer.counts.group_by("status").agg(pl.col("count").sum()).sort("status")
    assert by_signal.rows() == [("brute_force", 1), ("failed_login", 11)]


async def test_account_level_events_count_for_a_tenant(estate: Estate) -> None:
    """With one workspace named, logins of the account count, those of another workspace don't. Trap 21."""
    refused(estate, 10, at("10:00"), email="account")
    refused(estate, 10, at("10:00"), email="here", workspace_id=WORKSPACE)
    refused(estate, 10, at("10:00"), email="there", workspace_id=OTHER_WORKSPACE)
    for user in ("account", "here", "there"):
        estate.event(user, at("10:01"), "login", email=user)
    service = estate.monitor(workspace_ids=(WORKSPACE,)).service
    assert await brute(service) == {"account": ("user", 10), "here": ("user", 10)}


@pytest.mark.parametrize("hours", [1, 12])
async def test_failures_before_the_window_count_and_are_not_listed(estate: Estate, hours: int) -> None:
    """A window that begins at 11:00, and one at midnight, so that the failures have another date. Trap 20."""
    start = at("12:00") - timedelta(hours=hours)
    refused(estate, 9, start - _US, email="ann", apart_s=1)
    refused(estate, 1, start, email="ann")
    estate.event("before", start - _US, "login", email="ann")
    estate.event("in", start + timedelta(minutes=5), "login", email="ann")
    answer = await answered(estate, hours=hours)
    assert answer.frame.select("signal", "failures").rows() == [("brute_force", 10), ("failed_login", None)]
    assert answer.total == 2


async def test_failures_before_a_part_of_the_window_count(estate: Estate) -> None:
    """The table gives twelve hours at once, so the newer part begins at midnight: the failures before it count."""
    refused(estate, 10, at("23:55", -1), email="ann")
    estate.event("in", at("00:05"), "login", email="ann")
    source = Watched(estate.engine()[0], hours=12)
    answer = await answered(estate.monitor(open_source=lambda: source).service)
    assert source.names() == ["security_signals", "security_signals"]
    assert answer.frame["signal"].to_list() == ["brute_force", *["failed_login"] * 10]
    assert answer.frame["failures"].to_list()[0] == 10
    assert answer.total == 11


async def test_failures_before_what_is_read_again_count(live_estate: Estate) -> None:
    """A refresh lists from 10:50 on. A login of 10:55 comes late: the failures of 10:49 are counted all the same."""
    estate = live_estate
    refused(estate, 10, at("10:49"), email="ann")
    estate.event("newest", at("11:59"), "deleteTable", service_name="unityCatalog")
    source = Watched(estate.engine()[0])
    service = estate.monitor(open_source=lambda: source, incremental=True).service
    assert await brute(service) == {}
    estate.event("in", at("10:55"), "login", email="ann")
    estate.clock.advance(61)
    assert await brute(service) == {"in": ("user", 10)}
    assert source.requests[-1].values["since_us"] == int(at("10:55").timestamp()) * 1_000_000
    answer = await answered(service)
    assert (answer.total, answer.frame.height) == (12, 12)
