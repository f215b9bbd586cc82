"""With DATABRICKS_* and no file: every front end on a stand-in of a workspace, well and broken."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sysmon_tui.config.load import load
from sysmon_tui.runtime import Runtime
from sysmon_tui.server import create_app
from sysmon_tui.services.alerting import AlertingService
from sysmon_tui.tui.app import SysmonApp
from tests.workspace import Workspace, demo_workspace

ROWS = 50_000


@pytest.fixture(scope="module")
def estate() -> Iterator[Workspace]:
    with demo_workspace(datetime.now(UTC), rows=ROWS) as workspace:
        yield workspace


@pytest.fixture
def workspace(estate: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The stand-in as it is, and an environment that names it; its knobs are put back afterwards."""
    for name in [name for name in os.environ if name.startswith(("DATABRICKS_", "SYSMON_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATABRICKS_HOST", estate.url)
    monkeypatch.setenv("DATABRICKS_TOKEN", estate.token)
    monkeypatch.setenv("DATABRICKS_WAREHOUSE_ID", estate.warehouse_id)
    yield estate
    estate.denied_tables.clear()
    estate.missing_schemas.clear()
    estate.faults.clear()


@dataclass
class Seen:
    """What each front end says of the workflows, asked at the same time."""

    http: dict[str, object]
    cli: subprocess.CompletedProcess[bytes]
    app: str
    check: subprocess.CompletedProcess[bytes]
    alerts: dict[str, Any]


async def everywhere() -> Seen:
    questions = (
        over_http(),
        asyncio.to_thread(run, "query", "workflows"),
        screen("2"),
        asyncio.to_thread(run, "check"),
        asyncio.to_thread(python),
    )
    return Seen(*await asyncio.gather(*questions))


def python() -> dict[str, Any]:
    with AlertingService() as alerting:
        return alerting.check_all_alerts()


async def over_http() -> dict[str, object]:
    runtime = Runtime(load(user_file=None).config)
    transport = httpx.ASGITransport(create_app(runtime))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", timeout=60) as client:
        answer = await client.get("/api/monitoring/workflows", headers={"X-Tenant-ID": "default"})
    await runtime.close()
    assert answer.status_code == 200
    return answer.json()  # type: ignore[no-any-return]


def run(*words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "sysmon_tui", *words, "--format", "json"]
    return subprocess.run(command, capture_output=True, check=False, timeout=120)


async def screen(key: str) -> str:
    """The text of a tab at 120x40 once it has an answer, and the app still answers keys."""
    runtime = Runtime(load(user_file=None).config)
    app = SysmonApp(runtime, tenant=None, row_limit=500, low_bandwidth=False)
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press(key)
            for _ in range(600):
                await pilot.pause(0.05)
                text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
                if any(f" {word}" in text for word in ("fresh", "denied", "failed ·", "failed:", "stale")):
                    return text
            raise AssertionError(f"no answer on the screen:\n{text}")
    finally:
        await runtime.close()


async def test_every_front_end_works_from_the_environment_alone(workspace: Workspace) -> None:
    """Tenant `default`: rows over HTTP, on the command line, on the screen, and alerts from Python.

    The estate stands still and the window's start moves on with the machine's clock: counts can fall, not rise.
    """
    first, seen, last = await over_http(), await everywhere(), await over_http()
    assert first["tenant"] == "default" and first["state"] == "fresh"
    cli = json.loads(seen.cli.stdout)["total"]
    app = int(re.search(r"([\d,]+) runs", seen.app)[1].replace(",", ""))  # type: ignore[index]
    for total in (cli, app, seen.http["total"]):
        assert first["total"] >= total >= last["total"] > 0  # type: ignore[operator]
    assert seen.check.returncode == 2
    assert seen.alerts["total_alerts"] == json.loads(seen.check.stdout)["total_alerts"]
    tags = [statement.body.get("query_tags") for statement in workspace.statements]
    assert all({"key": "app", "value": "sysmon_tui"} in (tag or []) for tag in tags)


async def test_a_wrong_token_is_a_sentence_everywhere(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Denied, what to check, and the token itself nowhere."""
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi-wrong-secret")
    seen = await everywhere()
    for said in (str(seen.http["reason"]), seen.cli.stderr.decode(), seen.app):
        assert "token" in said.lower() and "dapi-wrong-secret" not in said
    health = await screen("1")
    assert "NO FAILURES" not in health and "NOT KNOWN" in health and "unknown" in health
    assert seen.http["state"] == "denied"
    assert (seen.cli.returncode, seen.check.returncode) == (3, 3)
    assert {alert["state"] for alert in seen.alerts["alerts"]} == {"unknown"}


async def test_an_unknown_warehouse_is_named_everywhere(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the id that was configured and where it comes from."""
    monkeypatch.setenv("DATABRICKS_WAREHOUSE_ID", "feedfeedfeedfeed")
    seen = await everywhere()
    for said in (str(seen.http["reason"]), seen.cli.stderr.decode(), seen.app):
        assert "feedfeedfeedfeed" in said
    assert seen.http["state"] == "failed" and seen.check.returncode == 3


async def test_a_host_that_does_not_answer_is_named_everywhere(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused connection: said within seconds, on every front end."""
    monkeypatch.setenv("DATABRICKS_HOST", "http://127.0.0.1:9")
    seen = await everywhere()
    for said in (str(seen.http["reason"]), seen.cli.stderr.decode(), seen.app):
        assert "127.0.0.1" in said
    assert seen.http["state"] == "failed" and seen.check.returncode == 3


async def test_a_table_without_a_grant_stops_nothing_else(workspace: Workspace) -> None:
    """Audit refused: route, tab and rule say so with the grant; workflows go on, check finds what fires."""
    workspace.denied_tables.add("system.access.audit")
    seen = await everywhere()
    assert seen.http["state"] == "fresh" and seen.check.returncode == 2
    sources = seen.alerts["sources"]
    assert sources["audit"]["state"] == "denied"
    assert sources["job_run_timeline"]["state"] == "fresh"
    denied = run("query", "audit")
    assert denied.returncode == 3
    for said in (denied.stderr.decode(), await screen("5")):
        assert "GRANT" in said and "system.access" in said
