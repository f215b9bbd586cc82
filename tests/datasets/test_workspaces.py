"""A tenant's workspaces: what is of others is in no row, total, count, name or alert."""

from __future__ import annotations

from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at

# It begins like ours: a comparison by beginnings would let it in.
PREFIX = WORKSPACE[:8]
THIRD = "3333333333333333"


def estate_of(estate: Estate, workspace_id: str, number: int) -> None:
    """Three failed runs, a statement, an event and a warehouse, all under the ids of every other workspace."""
    name = f"of {workspace_id}"
    for run in range(3):
        estate.slice(f"{run}", at("11:00"), at(f"11:1{run}"), "FAILED", workspace_id=workspace_id)
    estate.job("7", name, at("00:00", -1), workspace_id=workspace_id)
    estate.query("1", at("11:00"), at(f"11:2{number}"), workspace_id=workspace_id)
    estate.event(name, at("11:30"), "login", workspace_id=workspace_id)
    estate.warehouse("wh1", name, at("00:00", -1), workspace_id=workspace_id)
    estate.warehouse_event("STARTING", at("11:00"), workspace_id=workspace_id)


async def test_a_tenant_sees_its_workspaces_alone(estate: Estate) -> None:
    """One of four workspaces with the same ids, one of which begins like ours: each listing has ours. Traps 10, 21."""
    for number, workspace_id in enumerate((WORKSPACE, OTHER_WORKSPACE, PREFIX, THIRD)):
        estate_of(estate, workspace_id, number)
    estate.event("account", at("11:31"), "login")
    monitor = estate.monitor(workspace_ids=(WORKSPACE,))
    ours = f"of {WORKSPACE}"
    runs = await monitor.workflows()
    assert (runs.total, {row["workflow_name"] for row in runs.rows()}) == (3, {ours})
    statements = await monitor.queries()
    assert (statements.total, [row["warehouse_name"] for row in statements.rows()]) == (1, [ours])
    # The newest statement of all is another's: ours ended at 11:20.
    assert statements.as_of == at("11:20")
    events = await monitor.audit()
    assert [row["event_id"] for row in events.rows()] == ["account", ours]
    (warehouse,) = (await monitor.warehouses()).rows()
    assert (warehouse["warehouse_name"], warehouse["starts"], warehouse["queries"]) == (ours, 1, 1)


async def test_alerts_and_counts_are_of_the_tenants_workspaces(estate: Estate) -> None:
    """Twelve failures in four workspaces are three of ours: no five in an hour, and one job's row. Trap 10."""
    for number, workspace_id in enumerate((WORKSPACE, OTHER_WORKSPACE, PREFIX, THIRD)):
        estate_of(estate, workspace_id, number)
    monitor = estate.monitor(workspace_ids=(WORKSPACE,))
    (alert,) = (await monitor.alerts(category="workflow")).rows()
    assert (alert["rule"], alert["value"]) == ("workflow.consecutive_failures", 3)
    assert alert["entity"]["workspace_id"] == WORKSPACE
    counts = {kind: await monitor.counts(kind) for kind in ("workflows", "queries", "warehouses", "audit")}
    assert {kind: answer.frame.get_column("count").sum() for kind, answer in counts.items()} == {
        "workflows": 3,
        "queries": 1,
        "warehouses": 1,
        "audit": 1,
    }


async def test_several_workspaces_are_all_of_them(estate: Estate) -> None:
    """Two named workspaces show both and no third, and rows without a workspace are nobody's. Trap 10."""
    for number, workspace_id in enumerate((WORKSPACE, OTHER_WORKSPACE, THIRD)):
        estate_of(estate, workspace_id, number)
    estate.query("nobody's", at("11:00"), at("11:30"), workspace_id=None)
    monitor = estate.monitor(workspace_ids=(WORKSPACE, OTHER_WORKSPACE))
    rows = (await monitor.queries()).rows()
    assert [row["workspace_id"] for row in rows] == [OTHER_WORKSPACE, WORKSPACE]
    assert (await monitor.workflows()).total == 6
    # Without a filter all are there, nobody's too.
    assert (await estate.monitor().queries()).total == 4
