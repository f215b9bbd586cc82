"""Row 42: the way to the workspace, and a workspace that asks to be left alone."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from sysmon_tui import limits
from sysmon_tui.sources.databricks import api
from tests.faults.scene import STATEMENTS, Scene, all_ended, look, no_secret, states
from tests.workspace import Fault

_BUSY = {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "Too many requests."}
_TROUBLES = {
    "429": Fault(429, _BUSY, headers={"Retry-After": "600"}, times=None),
    "503": Fault(503, {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "Later."}, times=None),
    "500": Fault(500, {"error_code": "INTERNAL_ERROR", "message": "Oops."}, times=None),
    "502 of a proxy": Fault(502, b"<html>Bad Gateway</html>", times=None),
    "reset": Fault(reset=True, times=None),
    "closed": Fault(lose=True, times=None),
    "half": Fault(200, {"statement_id": "1"}, cut=True, times=None),
}


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tries in less time."""
    monkeypatch.setattr(api, "CONNECT_BUDGET_S", 0.4)
    monkeypatch.setattr(api, "BUSY_BUDGET_S", 0.4)


@pytest.mark.parametrize("trouble", _TROUBLES)
async def test_row_42_trouble_leaves_the_last_rows_and_ends_by_itself(
    scene: Scene, hasty: None, trouble: str
) -> None:
    """Bounded tries, last rows with their age, then silence: the circuit is open; it closes when the trouble ends."""
    clock, workspace = scene.estate.clock, scene.workspace
    async with scene.monitored() as monitor:
        before = await look(monitor)
        clock.advance(61)
        workspace.faults.append(_TROUBLES[trouble])
        asked = scene.posts()
        answers = await look(monitor)
        assert set(states(answers).values()) == {"stale"}
        assert {answer.code for answer in answers.values()} <= {"source_busy", "source_unreachable", None}
        for name, answer in answers.items():
            assert answer.frame.equals(before[name].frame) and answer.as_of == before[name].as_of
            assert answer.fetched_at == before[name].fetched_at
            assert no_secret(workspace, [answer.reason])
        assert scene.posts() - asked <= limits.STATEMENTS_AT_ONCE * 5
        # Open: nothing goes out, whoever asks.
        requests = scene.posts()
        clock.advance(5)
        await monitor.queries(hours=2)
        assert scene.posts() == requests
        workspace.faults.clear()
        clock.advance(limits.CIRCUIT_LONGEST_S + 1)
        assert (await monitor.audit()).state == "fresh"
        clock.advance(61)
        assert set(states(await look(monitor)).values()) == {"fresh"}
    assert all_ended(workspace)


async def test_row_42_while_it_lasts_one_request_at_a_time_looks(scene: Scene, hasty: None) -> None:
    """Ten refreshes within ten minutes of an outage: a handful of tries, farther and farther apart."""
    async with scene.monitored() as monitor:
        await look(monitor)
        scene.workspace.faults.append(_TROUBLES["429"])
        scene.estate.clock.advance(61)
        await look(monitor)
        asked = scene.posts()
        for _ in range(10):
            scene.estate.clock.advance(60)
            assert "stale" in states(await look(monitor)).values()
        assert 1 <= scene.posts() - asked <= 10
        assert (await monitor.audit(fresh=True)).state == "stale"


async def test_row_42_it_is_looked_for_soon_after_the_first_failures(scene: Scene, hasty: None) -> None:
    """Panels that fail together are one outage: the first look comes after CIRCUIT_OPEN_S, not after minutes."""
    async with scene.monitored() as monitor:
        await look(monitor)
        scene.estate.clock.advance(61)
        scene.workspace.faults.append(_TROUBLES["503"])
        await look(monitor)
        scene.workspace.faults.clear()
        scene.estate.clock.advance(limits.CIRCUIT_OPEN_S + 1)
        assert (await monitor.audit()).state == "fresh"


@pytest.mark.parametrize("trouble", ["429", "503", "500", "reset", "closed"])
async def test_row_42_short_trouble_is_not_seen(scene: Scene, trouble: str) -> None:
    """Two refused tries and then an answer: fresh rows, one statement, no word of it."""
    fault = _TROUBLES[trouble]
    headers = {"Retry-After": "1"} if trouble in ("429", "503") else {}
    method = "GET" if trouble in ("500", "reset", "closed") else "POST"
    async with scene.monitored("[live]\nenabled = false") as monitor:
        await monitor.queries(hours=1)  # the host is known, and the warehouses' names
        scene.workspace.faults.append(
            Fault(
                fault.status,
                fault.body,
                headers,
                method=method,
                path=STATEMENTS,
                reset=fault.reset,
                lose=fault.lose,
                times=2,
            )
        )
        since = len(scene.workspace.statements)
        answer = await monitor.audit()
        assert (answer.state, answer.reason) == ("fresh", None) and answer.total
        assert len(scene.sent("audit", since=since)) == 1
        assert not scene.workspace.faults


async def test_row_42_a_name_that_is_not_resolved(
    scene: Scene, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS failure: failed, the name in the sentence, soon; rows as soon as the name is known."""
    known: list[bool] = []
    resolve: Callable[..., Any] = socket.getaddrinfo

    def names(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host in ("sysmon-test.invalid", b"sysmon-test.invalid"):
            if not known:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            host = "127.0.0.1"
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", names)
    port = scene.workspace.url.rpartition(":")[2]
    async with scene.monitored(host=f"http://sysmon-test.invalid:{port}") as monitor:
        answers = await look(monitor)
        assert {(one.state, one.code) for one in answers.values()} == {("failed", "source_unreachable")}
        assert all("sysmon-test.invalid" in str(one.reason) for one in answers.values())
        assert "resolved" in str(answers["audit"].reason)
        known.append(True)
        scene.estate.clock.advance(limits.CIRCUIT_LONGEST_S + 1)
        assert (await monitor.audit()).state == "fresh"


async def test_row_42_tls_where_none_is_spoken(scene: Scene, hasty: None) -> None:
    """https to a port without it: failed, told as TLS, without many tries."""
    async with scene.monitored(host=scene.workspace.url.replace("http:", "https:")) as monitor:
        answers = await look(monitor)
        assert {(one.state, one.code) for one in answers.values()} == {("failed", "source_unreachable")}
        assert all("TLS" in str(one.reason) for one in answers.values())
        assert no_secret(scene.workspace, [one.reason for one in answers.values()])
    assert not scene.workspace.statements
