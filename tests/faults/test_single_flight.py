"""Row 26: many identical requests at once over HTTP, and the routes while a part of the warehouse is closed."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx

from sysmon_tui.runtime import Runtime
from tests.faults.scene import Scene, all_ended, comes_true
from tests.server.conftest import running
from tests.workspace import Fault

_ROUTES = {
    "/api/monitoring/queries?hours=7": "queries",
    "/api/monitoring/audit?hours=7&limit=13": "audit_events",
    "/api/monitoring/workflows?hours=7&limit=13": "runs",
}


async def _at_once(base_url: str, path: str, count: int) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=count)
    async with httpx.AsyncClient(base_url=base_url, timeout=30, limits=limits) as client:
        return await asyncio.gather(*(client.get(path) for _ in range(count)))


async def test_row_26_fifty_identical_requests_are_one_statement(scene: Scene) -> None:
    """Fifty GETs of a route that is not cached: the same bytes for all, and no statement twice."""
    runtime = Runtime(scene.config(), clock=scene.estate.clock)
    with running(runtime) as client:
        assert await comes_true(lambda: client.get("/readyz").status_code == 200)
        scene.workspace.running_s = 0.4
        for path, name in _ROUTES.items():
            since = len(scene.workspace.statements)
            answers = await _at_once(str(client.base_url), path, 50)
            assert {answer.status_code for answer in answers} == {200}
            assert len({answer.content for answer in answers}) == 1
            assert answers[0].json()["state"] == "fresh"
            asked = Counter(
                (one.text, str(sorted(one.parameters.items()))) for one in scene.sent(since=since)
            )
            assert set(asked.values()) == {1}
            assert [one.tags["statement"] for one in scene.sent(since=since)].count(name) == 1
        scene.workspace.running_s = 0
    assert all_ended(scene.workspace)


async def test_row_26_and_one_failure_is_the_answer_of_all(scene: Scene) -> None:
    """Fifty GETs while the warehouse refuses: one request there, the same sentence for all."""
    runtime = Runtime(scene.config(), clock=scene.estate.clock)
    with running(runtime) as client:
        assert await comes_true(lambda: client.get("/readyz").status_code == 200)
        refusal = {"error_code": "PERMISSION_DENIED", "message": "Not for you."}
        scene.workspace.faults.append(Fault(403, refusal, wait_s=0.4, method="POST", times=None))
        asked = scene.posts()
        answers = await _at_once(str(client.base_url), "/api/monitoring/audit?hours=5", 50)
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.json()["state"] for answer in answers} == {"denied"}
        assert scene.posts() - asked == 1


async def test_row_65_the_routes_of_the_open_schemas_answer(scene: Scene) -> None:
    """Over HTTP: the closed part answers 200 with `denied` and the GRANT, the others with rows; health knows both."""
    scene.workspace.missing_schemas.add("system.access")
    runtime = Runtime(scene.config(), clock=scene.estate.clock, incremental=True)
    with running(runtime) as client:
        assert await comes_true(lambda: client.get("/readyz").status_code == 200)
        closed = client.get("/api/monitoring/audit")
        assert closed.status_code == 200 and closed.headers["X-Data-State"] == "denied"
        assert "GRANT USE SCHEMA, SELECT ON SCHEMA system.access" in closed.json()["reason"]
        for name in ("workflows", "queries", "warehouse/metrics"):
            assert client.get(f"/api/monitoring/{name}").json()["state"] == "fresh"
        health = client.get("/api/monitoring/health").json()
        assert health["sources"]["audit"]["state"] == "denied"
        assert health["sources"]["query_history"]["state"] == "fresh"
        assert health["status"] != "healthy"
        assert client.get("/livez").status_code == 200
