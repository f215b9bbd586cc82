"""Where the time of statements went, which took longest, and whose logins were refused: figures of a whole window."""

from __future__ import annotations

from typing import Any

from sysmon_tui.services.monitor import Monitor
from sysmon_tui.views.breakdown import LoginKey
from tests.estate import OTHER_WORKSPACE, Estate, at


async def times(monitor: Monitor) -> dict[str, tuple[Any, ...]]:
    """Sum, share and 95th percentile by part."""
    frame = (await monitor.query_times()).frame
    return {row[0]: row[1:] for row in frame.select("part", "sum_ms", "share", "p95_ms").iter_rows()}


async def refused(monitor: Monitor, by: LoginKey) -> dict[str | None, tuple[Any, ...]]:
    """Failures, how many others, whether a login followed and when, by name."""
    frame = (await monitor.login_failures(by=by)).frame
    rows = frame.select("name", "failures", "others", "followed", "let_in_at").iter_rows()
    return {row[0]: row[1:] for row in rows}


async def test_where_the_time_went(estate: Estate) -> None:
    """Sums over all that ended in the window, shares of the whole; 19 of 20 stay within p95, which is a value that
    occurred."""
    for number in range(1, 21):
        estate.query(
            f"{number}",
            at("10:00"),
            at("10:01"),
            total_duration_ms=number * 1000,
            waiting_for_compute_duration_ms=0,
            waiting_at_capacity_duration_ms=None,
            compilation_duration_ms=100,
            execution_duration_ms=number * 1000 - 100,
        )
    estate.query("before", at("10:00", -3), at("10:01", -3), total_duration_ms=10**9)
    answer = await estate.monitor().query_times()
    assert answer.frame.get_column("statements").to_list() == [20] * 5
    assert answer.total == 5
    assert await times(estate.monitor()) == {
        "in all": (210_000, 1.0, 19_000),
        "waiting for compute": (0, 0.0, 0),
        "waiting at capacity": (None, None, None),
        "compiling": (2000, 2000 / 210_000, 100),
        "executing": (208_000, 208_000 / 210_000, 18_900),
    }


async def test_our_own_statements_take_no_time(estate: Estate) -> None:
    """They are neither in the sums nor among the slowest; a window with no others has no figures, and is dated."""
    estate.query("own", at("10:00"), at("11:00"), query_tags={"app": "sysmon_tui"})
    monitor = estate.monitor()
    for answer in (await monitor.query_times(), await monitor.slowest_queries()):
        assert (answer.frame.height, answer.state, answer.as_of) == (0, "fresh", at("11:00"))


async def test_an_empty_table_is_empty_not_zero(estate: Estate) -> None:
    """No figures at all, and the state says why."""
    monitor = estate.monitor()
    answers = [
        await monitor.query_times(),
        await monitor.slowest_queries(),
        await monitor.login_failures(by="user"),
        await monitor.login_failures(by="address"),
    ]
    assert [(answer.frame.height, answer.total, answer.state) for answer in answers] == [(0, 0, "empty")] * 4


async def test_the_slowest_come_first(estate: Estate) -> None:
    """By how long they took, whatever became of them, the newer first of two; what has no duration is not slow."""
    estate.query("quick", at("10:00"), at("10:00:01"))
    estate.query("failed", at("09:00"), at("09:30"), "FAILED", error_message="[BAD] no")
    estate.query("older", at("08:00"), at("08:10"))
    estate.query("newer", at("08:00"), at("08:15"), total_duration_ms=600_000)
    estate.query("unknown", at("08:00"), at("10:00"), total_duration_ms=None)
    answer = await estate.monitor().slowest_queries(limit=3)
    assert [row["statement_id"] for row in answer.rows()] == ["failed", "newer", "older"]
    assert answer.rows()[0]["error_class"] == "BAD"
    assert answer.frame.columns == (await estate.monitor().queries()).frame.columns


async def test_refused_logins_by_user(estate: Estate) -> None:
    """Counted each once, whatever the letters, with the addresses that they came from; the most refused first."""
    for number in range(3):
        for _ in range(2):  # delivered twice
            estate.event(
                f"a{number}",
                at(f"10:0{number}"),
                "login",
                401,
                email="Ann@x",
                source_ip_address="10.0.0.1:44",
            )
    estate.event("a3", at("10:05"), "samlLogin", 403, email="ann@x", source_ip_address="10.0.0.2")
    estate.event(
        "b",
        at("10:06"),
        "login",
        401,
        email=None,
        source_ip_address="10.0.0.1",
        request_params={"user": "bob@x"},
    )
    estate.event("c", at("10:07"), "login", 200, email="cyd@x", source_ip_address="10.0.0.3")
    monitor = estate.monitor()
    assert await refused(monitor, "user") == {"ann@x": (4, 2, "no", None), "bob@x": (1, 1, "no", None)}
    assert await refused(monitor, "address") == {
        "10.0.0.1": (4, 2, "no", None),
        "10.0.0.2": (1, 1, "no", None),
    }
    answer = await monitor.login_failures(by="user")
    assert answer.frame.get_column("name").to_list() == ["ann@x", "bob@x"]
    assert answer.frame.row(0, named=True)["last_failure"] == at("10:05")
    assert answer.total == 2


async def test_a_login_follows_a_refused_one(estate: Estate) -> None:
    """Who was let in after any refused login got in, also when refused again later; before the first is no matter."""
    estate.event("1", at("10:00"), "login", 401, email="in@x", source_ip_address="192.0.2.1")
    estate.event("2", at("10:01"), "login", 200, email="in@x", source_ip_address="192.0.2.1")
    estate.event("3", at("10:02"), "login", 401, email="in@x", source_ip_address="192.0.2.1")
    estate.event("4", at("09:00"), "login", 200, email="before@x", source_ip_address="192.0.2.2")
    estate.event("5", at("10:00"), "login", 401, email="before@x", source_ip_address="192.0.2.2")
    # A refusal by an access list has a status of 200 in some years, and lets nobody in.
    estate.event("6", at("10:00"), "login", 401, email="listed@x", source_ip_address="192.0.2.3")
    estate.event("7", at("10:01"), "IpAccessDenied", 200, email="listed@x", source_ip_address="192.0.2.3")
    estate.event("8", at("10:02"), "getTable", 200, email="listed@x", source_ip_address="192.0.2.3")
    monitor = estate.monitor()
    by_user = {name: rest[2:] for name, rest in (await refused(monitor, "user")).items()}
    assert by_user == {
        "in@x": ("yes", at("10:01")),
        "before@x": ("no", None),
        "listed@x": ("no", None),
    }
    by_address = {name: rest[2:] for name, rest in (await refused(monitor, "address")).items()}
    assert by_address == {
        "192.0.2.1": ("yes", at("10:01")),
        "192.0.2.2": ("no", None),
        "192.0.2.3": ("no", None),
    }


async def test_nobody_in_particular_is_nobody(estate: Estate) -> None:
    """Events without a user or an address are counted together, and of those it is not known who got in."""
    estate.event("1", at("10:00"), "login", 401, email="unknown", source_ip_address="127.0.0.1")
    estate.event("2", at("10:01"), "login", 401, email=None, source_ip_address="")
    estate.event("3", at("10:02"), "login", 200, email="unknown", source_ip_address="::1")
    monitor = estate.monitor()
    assert await refused(monitor, "user") == {None: (2, 0, "unknown", None)}
    assert await refused(monitor, "address") == {None: (2, 0, "unknown", None)}


async def test_more_names_than_are_shown(estate: Estate) -> None:
    """Of a spray the 500 most refused users come; how many there are is exact, and the address has all of them."""
    for number in range(510):
        estate.event(
            f"{number}", at("10:00"), "login", 401, email=f"u{number}@x", source_ip_address="192.0.2.9"
        )
    estate.event("again", at("10:01"), "login", 401, email="u509@x", source_ip_address="192.0.2.9")
    monitor = estate.monitor()
    users = await monitor.login_failures(by="user")
    assert (users.frame.height, users.total, users.frame.item(0, "name")) == (500, 510, "u509@x")
    assert await refused(monitor, "address") == {"192.0.2.9": (511, 510, "no", None)}


async def test_other_workspaces_are_left_out(estate: Estate) -> None:
    """A tenant of some workspaces has neither the times nor the slow statements of others."""
    estate.query("own", at("10:00"), at("10:01"))
    estate.query("other", at("10:00"), at("11:00"), workspace_id=OTHER_WORKSPACE)
    monitor = estate.monitor(workspace_ids=("1111111111111111",))
    assert (await times(monitor))["in all"] == (60_000, 1.0, 60_000)
    assert [row["statement_id"] for row in (await monitor.slowest_queries()).rows()] == ["own"]
