"""What is refused in mid-run: a table, the token, one of the schemas."""

from __future__ import annotations

import pytest

from sysmon_tui import limits
from tests.faults.scene import TABLE_OF, Scene, all_ended, look, no_secret, others, states
from tests.workspace import Fault

_REFUSALS = {
    "revoked token": Fault(403, {"error_code": 403, "message": "Invalid access token."}, times=None),
    "expired token": Fault(401, {"error_code": "UNAUTHENTICATED", "message": "Expired."}, times=None),
    "permission": Fault(403, {"error_code": "PERMISSION_DENIED", "message": "Not for you."}, times=None),
}


@pytest.mark.parametrize("refusal", _REFUSALS)
async def test_row_41_a_refused_sign_in_is_no_storm(scene: Scene, refusal: str) -> None:
    """Refused in mid-run: the last rows stay with why; five refreshes ask twice at most; a key asks at once."""
    clock, workspace = scene.estate.clock, scene.workspace
    async with scene.monitored() as monitor:
        before = await look(monitor)
        await monitor.health()
        workspace.faults.append(_REFUSALS[refusal])
        clock.advance(61)
        answers = await look(monitor)
        assert set(states(answers).values()) == {"stale"}
        assert {answer.code for answer in answers.values()} <= {"sign_in_refused", None}
        for name, answer in answers.items():
            assert answer.frame.equals(before[name].frame) and answer.fetched_at == before[name].fetched_at
            assert answer.reason and no_secret(workspace, [answer.reason])
        first = scene.posts()
        assert first - len(workspace.statements) <= limits.STATEMENTS_AT_ONCE
        requests = len(workspace.requests)
        for _ in range(5):
            clock.advance(61)
            assert (await monitor.health())["state"] in ("denied", "stale")
        assert scene.posts() - first <= 2
        assert len(workspace.requests) - requests <= 2 + 3  # each part of the live lane once
        asked = scene.posts()
        assert (await monitor.audit(fresh=True)).state == "stale"
        assert scene.posts() > asked
        workspace.faults.clear()
        assert (await monitor.audit(fresh=True)).state == "fresh"
        # What that key has found out holds for the others: the circuit is closed.
        clock.advance(61)
        assert set(states(await look(monitor)).values()) == {"fresh"}
    assert all_ended(workspace)


async def test_row_41_a_sign_in_that_was_never_accepted_is_denied(scene: Scene) -> None:
    """With no rows from before: denied, what to check, and back by itself after the back-off."""
    scene.workspace.tokens.clear()
    async with scene.monitored() as monitor:
        answers = await look(monitor)
        assert set(states(answers).values()) == {"denied"}
        assert "DATABRICKS_TOKEN" in str(answers["audit"].reason)
        assert no_secret(scene.workspace, [answer.reason for answer in answers.values()])
        scene.workspace.tokens.add(scene.workspace.token)
        scene.estate.clock.advance(limits.DENIED_RETRY_S + 1)
        assert (await monitor.audit()).state == "fresh"
        assert set(states(await look(monitor, fresh=True)).values()) == {"fresh"}


async def test_row_41_a_grant_that_is_taken_away_is_named_and_asked_for_rarely(scene: Scene) -> None:
    """Audit alone is refused in mid-run: its rows stay, its GRANT is named, five refreshes ask it twice at most."""
    clock, workspace = scene.estate.clock, scene.workspace
    async with scene.monitored() as monitor:
        before = await look(monitor)
        await monitor.health()
        workspace.denied_tables.add("system.access.audit")
        clock.advance(61)
        answers = await look(monitor)
        await monitor.health()
        assert answers["audit"].state == "stale" and answers["audit"].code == "access_denied"
        assert "GRANT USE SCHEMA, SELECT ON SCHEMA system.access" in str(answers["audit"].reason)
        assert answers["audit"].frame.equals(before["audit"].frame)
        assert others(answers, "audit") == {"fresh"}
        asked, since = len(scene.sent("audit")), len(workspace.statements)
        for _ in range(5):
            clock.advance(61)
            health = await monitor.health()
            assert health["sources"]["audit"]["state"] == "stale"
            assert health["sources"]["query_history"]["state"] == "fresh"
        assert len(scene.sent("audit")) - asked <= 2
        assert len(scene.sent("query_history", since=since)) >= 5
        workspace.denied_tables.clear()
        assert (await monitor.audit(fresh=True)).state == "fresh"


async def test_row_41_the_warehouse_itself_may_not_be_used(scene: Scene) -> None:
    """CAN USE is missing: denied, and the grant that is missing is named; nothing is asked for until the back-off."""
    said = f"User does not have permission to use the SQL warehouse {scene.workspace.warehouse_id}"
    refusal = {"error_code": "PERMISSION_DENIED", "message": said}
    scene.workspace.faults.append(Fault(403, refusal, method="POST", times=None))
    async with scene.monitored() as monitor:
        answers = await look(monitor)
        assert set(states(answers).values()) == {"denied"}
        assert all("CAN USE" in str(answer.reason) for answer in answers.values())
        asked = scene.posts()
        for _ in range(4):
            scene.estate.clock.advance(61)
            await look(monitor)
        assert scene.posts() == asked


_SCHEMAS = {
    "lakeflow": ("workflows",),
    "query": ("queries",),
    "compute": ("warehouses",),
    "access": ("audit",),
}


@pytest.mark.parametrize("is_enabled", [True, False], ids=["not granted", "not enabled"])
@pytest.mark.parametrize("schema", _SCHEMAS)
async def test_row_65_one_schema_of_the_four_is_closed(scene: Scene, schema: str, is_enabled: bool) -> None:
    """Its part says so with the GRANT, the other parts live; asked again only after a while, or by a key."""
    workspace, clock = scene.workspace, scene.estate.clock
    closed = _SCHEMAS[schema]
    if is_enabled:
        names = [f"system.{schema}.{table}" for table in _tables(scene, schema)]
        workspace.denied_tables.update(names)
    else:
        workspace.missing_schemas.add(f"system.{schema}")
    async with scene.monitored() as monitor:
        answers = await look(monitor)
        assert others(answers, *closed) <= {"fresh", "stale"}
        # Query figures stand beside warehouses: those are told as missing there.
        stale = [name for name, answer in answers.items() if answer.state == "stale"]
        assert stale == (["warehouses"] if schema == "query" else [])
        for name in closed:
            assert (answers[name].state, answers[name].code) == ("denied", "access_denied")
            assert f"SELECT ON SCHEMA system.{schema}" in str(answers[name].reason)
            assert is_enabled or f"systemschemas/{schema}" in str(answers[name].reason)
        health = await monitor.health()
        for panel, table in TABLE_OF.items():
            wanted = ("denied",) if panel in closed else ("fresh", "stale")
            assert health["sources"][table]["state"] in wanted
        tables = [TABLE_OF[name] for name in closed]
        asked = len(scene.sent(*tables))
        for _ in range(4):
            clock.advance(61)
            await look(monitor)
            await monitor.health()
        assert len(scene.sent(*tables)) == asked
        for name in closed:
            assert (await getattr(monitor, name)(fresh=True)).state == "denied"
        assert len(scene.sent(*tables)) > asked
        workspace.denied_tables.clear()
        workspace.missing_schemas.clear()
        clock.advance(limits.DENIED_RETRY_S + 1)
        assert set(states(await look(monitor)).values()) == {"fresh"}


def _tables(scene: Scene, schema: str) -> list[str]:
    found = scene.estate.connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'system_tables' AND schema_name = $1",
        [schema],
    ).fetchall()
    return [str(name) for (name,) in found]
