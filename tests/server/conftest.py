"""A headless server on a real socket, over the demo estate with a held clock."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.runtime import Runtime
from sysmon_tui.server.app import create_app
from sysmon_tui.server.run import bind, uvicorn_config

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
DEMO = TenantConfig(source="demo", environment="demo")
FEW_ROWS = 50_000


@contextmanager
def running(runtime: Runtime) -> Iterator[httpx.Client]:
    """The application of `runtime` in a thread of its own; a client of it. Closes the runtime."""
    listener = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn_config(create_app(runtime)))

    async def serve() -> None:
        await server.serve(sockets=[listener])
        await runtime.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="session")
def clock() -> HeldClock:
    return HeldClock(NOW)


@pytest.fixture(scope="session")
def client(clock: HeldClock) -> Iterator[httpx.Client]:
    """One tenant, the demo estate, warm."""
    runtime = Runtime(Config(tenants={"demo_tenant": DEMO}), clock=clock, demo_rows=FEW_ROWS)
    with running(runtime) as client:
        wait_until_ready(client)
        yield client


def wait_until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline, "the server did not become ready"
        time.sleep(0.05)
