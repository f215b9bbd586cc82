"""Sources that are down, bugs, and clients that misuse connections: the server stays up."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.errors import ConfigError
from sysmon_tui.runtime import Runtime
from sysmon_tui.server import connection
from tests.server.conftest import DEMO, FEW_ROWS, running, wait_until_ready
from tests.server.rows import API, LISTINGS


@pytest.fixture
def down(clock: HeldClock, tmp_path: Path) -> Iterator[httpx.Client]:
    """A tenant whose database is not there."""
    tenant = TenantConfig(source="embedded", database=str(tmp_path / "missing.duckdb"))
    with running(Runtime(Config(tenants={"lost": tenant}), clock=clock)) as client:
        wait_until_ready(client)
        yield client


def test_source_that_is_down_is_no_5xx(down: httpx.Client) -> None:
    """Every list answers 200, empty, with the state and what to do; health is never healthy then."""
    for path, (key, _, _) in LISTINGS.items():
        answer = down.get(path)
        document = answer.json()
        assert (answer.status_code, document["state"]) == (200, "failed")
        assert answer.headers["x-data-state"] == "failed"
        assert "database" in document["reason"]
        if key != "alerts":
            assert document[key] == []
    health = down.get(f"{API}/health")
    assert health.headers["x-data-state"] == "failed"
    assert health.json()["status"] == "unknown"
    assert down.get("/livez").status_code == 200


def test_stated_reason_is_enough_to_be_ready_and_counts_are_absent(down: httpx.Client) -> None:
    """Ready means known or known why not; a count that is not known is no zero."""
    assert down.get("/readyz").json() == {"status": "ready", "tenants": 1}
    metrics = down.get("/metrics").text
    assert 'sysmon_table_state{state="failed",table="audit",tenant="lost"} 1.0' in metrics
    assert "sysmon_runs{" not in metrics
    assert "sysmon_failures{" not in metrics


def test_not_ready_until_every_tenant_has_been_asked(clock: HeldClock) -> None:
    """/readyz is 503 while a tenant's first answer is on its way; /livez is 200 all the while."""
    runtime = Runtime(Config(tenants={"demo_tenant": DEMO}), clock=clock, demo_rows=FEW_ROWS)
    monitor: Any = runtime.tenants["demo_tenant"].monitor
    go = threading.Event()
    health = monitor.health

    async def held_health() -> dict[str, Any]:
        while not go.is_set():
            await asyncio.sleep(0.01)
        answer: dict[str, Any] = await health()
        return answer

    monitor.health = held_health
    with running(runtime) as client:
        waiting = client.get("/readyz")
        assert (waiting.status_code, waiting.json()["code"]) == (503, "not_ready")
        assert waiting.headers["retry-after"] == "1"
        assert client.get("/livez").status_code == 200
        go.set()
        wait_until_ready(client)


def test_bug_is_a_500_problem_with_the_reason_in_the_log_alone(
    clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets the request's id, the log the traceback under it; the next request is answered."""
    runtime = Runtime(Config(tenants={"demo_tenant": DEMO}), clock=clock, demo_rows=FEW_ROWS)
    monitor: Any = runtime.tenants["demo_tenant"].monitor

    async def broken(dataset: str, parameters: object) -> None:
        raise ZeroDivisionError("secret detail")

    monitor.ask = broken
    with running(runtime) as client:
        answer = client.get(f"{API}/workflows", headers={"X-Request-ID": "find-me"})
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json()["code"], answer.json()["request_id"]) == ("internal_error", "find-me")
        assert "secret" not in answer.text and "Traceback" not in answer.text
        assert client.get("/livez").status_code == 200
    logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(logged) == 1
    assert "find-me" in logged[0].getMessage()
    assert logged[0].exc_info is not None


def test_own_error_of_a_tenant_is_a_503_with_its_sentence(clock: HeldClock) -> None:
    """What we raise ourselves is made for people: the client reads it, readiness takes it as the reason."""
    runtime = Runtime(Config(tenants={"demo_tenant": DEMO}), clock=clock)
    monitor: Any = runtime.tenants["demo_tenant"].monitor

    async def refuse(*_: object) -> None:
        raise ConfigError("The profile is not there.", "Check `profile`.")

    monitor.ask = monitor.health = refuse
    with running(runtime) as client:
        answer = client.get(f"{API}/workflows")
        assert (answer.status_code, answer.json()["code"]) == (503, "config_invalid")
        assert answer.json()["detail"] == "The profile is not there. Check `profile`."
        wait_until_ready(client)
        assert 'sysmon_tenant_up{tenant="demo_tenant"} 0.0' in client.get("/metrics").text


def test_identical_requests_at_once_run_one_statement(clock: HeldClock) -> None:
    """Thirty clients that ask the same wait for one statement."""
    runtime = Runtime(Config(tenants={"demo_tenant": DEMO}), clock=clock, demo_rows=FEW_ROWS)
    with running(runtime) as client:
        wait_until_ready(client)

        def runs() -> int:
            sources = client.get("/health/detailed").json()["sources"]
            count: int = sources["job_run_timeline"]["statements"]
            return count

        before, answers = runs(), []
        threads = [
            threading.Thread(
                target=lambda: answers.append(
                    httpx.get(client.base_url.join(f"{API}/workflows?hours=77"), timeout=30).content
                )
            )
            for _ in range(30)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 30
        assert len(set(answers)) == 1
        assert runs() == before + 1


def test_work_ends_when_its_client_goes(clock: HeldClock) -> None:
    """Nobody waits for the answer any more: the request is cancelled, and with it its statement."""
    runtime = Runtime(Config(tenants={"demo_tenant": DEMO}), clock=clock, demo_rows=FEW_ROWS)
    monitor: Any = runtime.tenants["demo_tenant"].monitor
    asked, ended = threading.Event(), threading.Event()

    async def endless(*_: object) -> None:
        asked.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    monitor.ask = endless
    with running(runtime) as client:
        with connect(client) as one:
            one.sendall(f"GET {API}/workflows HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert asked.wait(10)
            assert not ended.is_set()
        assert ended.wait(10)
        assert client.get("/livez").status_code == 200


def test_request_at_work_when_the_server_stops_gets_a_problem(clock: HeldClock) -> None:
    """After a moment of grace it is cancelled and answered, so that the stop is soon."""
    runtime = Runtime(Config(tenants={"demo_tenant": DEMO}), clock=clock, demo_rows=FEW_ROWS)
    monitor: Any = runtime.tenants["demo_tenant"].monitor
    asked = threading.Event()

    async def endless(*_: object) -> None:
        asked.set()
        await asyncio.sleep(60)

    monitor.ask = endless
    answers: list[httpx.Response] = []
    with running(runtime) as client:
        url = client.base_url.join(f"{API}/workflows")
        thread = threading.Thread(target=lambda: answers.append(httpx.get(url, timeout=30)))
        thread.start()
        assert asked.wait(10)
        stopped = time.monotonic()
    thread.join()
    assert time.monotonic() - stopped < 5
    assert (answers[0].status_code, answers[0].json()["code"]) == (503, "stopping")


def connect(client: httpx.Client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=10)


def test_slow_heads_are_cut_off_and_others_answered(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More half-sent heads than connections are allowed: the oldest give way, /livez answers at once."""
    monkeypatch.setattr(connection, "HEAD_DEADLINE_S", 0.3)
    slow = [connect(client) for _ in range(connection.MAX_CONNECTIONS + 40)]
    try:
        for one in slow[-connection.MAX_CONNECTIONS // 2 :]:
            one.sendall(b"GET /livez HTTP/1.1\r\nHost: local")
        started = time.monotonic()
        assert httpx.get(client.base_url.join("/livez")).status_code == 200
        assert time.monotonic() - started < 2
        for one in slow:
            try:
                assert one.recv(100) == b""
            except ConnectionResetError:
                continue  # cut off is what is asked for
        assert time.monotonic() - started < 5
    finally:
        for one in slow:
            one.close()


def test_more_bytes_do_not_move_the_heads_deadline(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then keeps no connection: the head has one deadline, on a used connection too."""
    monkeypatch.setattr(connection, "HEAD_DEADLINE_S", 0.5)
    with connect(client) as one:
        one.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert one.recv(65536).startswith(b"HTTP/1.1 200 ")
        started = time.monotonic()
        with pytest.raises(OSError):  # reset or broken pipe, as the kernel likes
            while time.monotonic() - started < 5:
                one.sendall(b"X")
                time.sleep(0.1)
        assert time.monotonic() - started < 3


def test_client_that_does_not_read_is_cut_off(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that nobody takes is thrown away after the write deadline."""
    monkeypatch.setattr(connection, "WRITE_DEADLINE_S", 0.3)
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.settimeout(10)
        one.connect((client.base_url.host, client.base_url.port))
        one.sendall(b"GET /api/monitoring/queries?hours=8760&limit=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(3)
        answer = b""
        while part := one.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length")
    )
    assert 0 < len(body) < length
    assert client.get("/livez").status_code == 200
