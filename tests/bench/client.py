"""`python -m tests.bench.client ROWS`: one size, in a fresh process that uses the program as `serve` does.

It asks the routes of the ASGI application over an incremental Runtime with one tenant, `databricks`, at the
workspace of tests.bench.standin, whose time it moves with its own. The last line of its output is a Size as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from sysmon_tui import limits, memory
from sysmon_tui.clock import HeldClock
from sysmon_tui.config.load import load
from tests.bench.figures import Cost, Course, Peaks, Size, course

memory.keep_little()  # as `serve` does, before what follows brings Polars
from sysmon_tui.runtime import Runtime  # noqa: E402
from sysmon_tui.server import create_app  # noqa: E402
from sysmon_tui.server.routes import ENDPOINTS  # noqa: E402

START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
# A second more than the default of refresh.seconds: every answer is due.
REFRESH_S = 61.0
REFRESHES = 5
# /health is the first, as in a `serve` that begins.
PATHS = tuple(one.path for one in ENDPOINTS if one.path.startswith("/api/monitoring/"))


class StandIn:
    """The stand-in's process, and its clock."""

    def __init__(self, rows: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.standin", str(rows)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.clock = HeldClock(START)
        self.address: dict[str, str] = self._answer()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self._ask({"now": self.clock.now().isoformat()})

    def cost(self, seconds: float) -> Cost:
        """Of what was asked in these seconds. Their statements run once more here, after the time was taken."""
        answer = self._ask({"now": None})
        if answer["failed"]:
            raise RuntimeError(f"statements failed: {answer['failed']}")
        told(", ".join(f"{name} {rows:,}" for name, rows in sorted(answer["rows"].items())))
        return Cost(seconds, sum(answer["rows"].values()), answer["sent"], answer["statements"])

    def _ask(self, line: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        print(json.dumps(line), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.kill()  # it has nothing to put in order
        self._process.wait()


class Service:
    """The application with nothing in its memory yet."""

    def __init__(self, standin: StandIn) -> None:
        config = load(user_file=Path(os.devnull)).config
        self._standin = standin
        self._runtime = Runtime(config, clock=standin.clock, incremental=True)
        transport = httpx.ASGITransport(create_app(self._runtime))
        self._http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")

    async def asked(self, paths: Sequence[str]) -> Cost:
        """The routes one after another."""
        began_s = time.monotonic()
        for path in paths:
            answer = await self._http.get(path)
            answer.raise_for_status()
            if answer.headers["X-Data-State"] != "fresh":
                raise RuntimeError(f"{path} is {answer.headers['X-Data-State']}: {answer.json()['reason']}")
        return self._standin.cost(time.monotonic() - began_s)

    async def again(self, paths: Sequence[str], after_s: float = REFRESH_S) -> Cost:
        self._standin.advance(after_s)
        return await self.asked(paths)

    async def close(self) -> None:
        await self._http.aclose()
        await self._runtime.close()


async def measured(standin: StandIn, rows: int) -> Size:
    service = Service(standin)
    first = await service.asked(PATHS)
    after_first = peak_bytes()
    refreshes = [await service.again(PATHS) for _ in range(REFRESHES)]
    after_refreshes = peak_bytes()
    reread = await service.again(PATHS, limits.FULL_READ_S + REFRESH_S)
    peaks = Peaks(after_first, after_refreshes, peak_bytes())
    await service.close()
    routes = {path: await alone(standin, path) for path in PATHS}
    return Size(rows, course(first, refreshes), reread, peaks, routes)


async def alone(standin: StandIn, path: str) -> Course:
    """A route that nobody shares anything with."""
    told(path)
    service = Service(standin)
    first = await service.asked([path])
    refreshes = [await service.again([path]) for _ in range(REFRESHES)]
    await service.close()
    return course(first, refreshes)


def peak_bytes() -> int:
    """The most that this process has held in memory. Not ru_maxrss: that one begins with what the parent held."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def told(progress: str) -> None:
    print(f"  {progress}", file=sys.stderr, flush=True)


def main() -> None:
    rows = int(sys.argv[1])
    standin = StandIn(rows)
    for name in [name for name in os.environ if name.startswith(("DATABRICKS_", "SYSMON_"))]:
        del os.environ[name]
    # What is known of alerts would be those of whoever runs this.
    os.environ["SYSMON_STATE_DIR"] = tempfile.mkdtemp(prefix="sysmon-bench-")
    os.environ.update({f"DATABRICKS_{key.upper()}": value for key, value in standin.address.items()})
    try:
        size = asyncio.run(measured(standin, rows))
    finally:
        standin.close()
    print(msgspec.json.encode(size).decode())


if __name__ == "__main__":
    main()
