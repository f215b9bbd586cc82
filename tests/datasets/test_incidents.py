"""What an incident's statements answer, on every engine: the class of each change, and the job run of each query."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from sysmon_tui.datasets import asks
from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at

CATALOG: dict[str, Any] = {"service_name": "unityCatalog"}


async def changes(
    estate: Estate,
    *,
    subjects: tuple[str, ...] = (),
    since: str = "06:00",
    until: str | None = None,
    **monitor: Any,
) -> pl.DataFrame:
    ask = asks.incident_changes(
        hours=12,
        since=at(since),
        until=None if until is None else at(until),
        near=at("11:00"),
        subjects=subjects,
    )
    return (await estate.monitor(**monitor).service.answer(ask)).frame


# Service, action, columns, and the class; None is left out.
EVENTS: list[tuple[str, str, dict[str, Any], str | None]] = [
    ("unityCatalog", "updatePermissions", {}, "grant"),
    ("unityCatalog", "updateWorkspaceBindings", {}, "grant"),
    ("unityCatalog", "getPermissions", {}, None),
    ("unityCatalog", "deleteTable", {}, "catalog"),
    ("unityCatalog", "generateTemporaryTableCredential", {}, None),
    ("unityCatalog", "getTable", {"status": 403}, "denied"),
    ("unityCatalog", "deleteTable", {"status": 400}, None),  # refused: nothing was changed
    ("unityCatalog", "deleteTable", {"status": None}, "catalog"),
    ("jobs", "reset", {}, "job"),
    ("jobs", "changeJobAcl", {}, "job"),
    ("jobs", "setTaskValue", {}, None),
    ("jobs", "runNow", {}, None),
    ("databrickssql", "editWarehouse", {}, "warehouse"),
    ("databrickssql", "stopEndpoint", {}, "warehouse"),
    ("databrickssql", "createQueryDraft", {}, None),
    ("clusterPolicies", "edit", {}, "cluster"),
    ("clusters", "delete", {}, "cluster"),
    ("clusters", "delete", {"email": "System-User"}, None),  # it had nothing to do any more
    ("accounts", "revokeDbToken", {}, "credential"),
    ("secrets", "putSecret", {}, "credential"),
    ("secrets", "getSecret", {}, None),
    ("accounts", "removePrincipalFromGroup", {}, "principal"),
    ("accounts", "delete", {}, "principal"),
    ("accounts", "updateIpAccessList", {}, "setting"),
    ("workspace", "workspaceConfEdit", {}, "setting"),
    ("sqlPermissions", "grantPermission", {}, "permission"),
    ("repos", "pull", {}, "code"),
    ("deltaPipelines", "edit", {}, "pipeline"),
    ("accounts", "login", {"status": 401}, "failed_login"),
    ("accounts", "login", {}, None),
    ("workspace", "fileDelete", {}, None),
    ("accounts", "login", {"email": "Eve@Example.com"}, "login"),
    ("workspace", "fileDelete", {"email": "eve@example.com"}, "other"),
]


async def test_the_class_of_each_event(estate: Estate) -> None:
    """Changes by what they change; reads, attempts and the machinery's own are left out, and so are logins and deeds of
    people whom it is not about."""
    for number, (service, action, columns, _) in enumerate(EVENTS):
        status = columns.get("status", 200)
        rest = {name: value for name, value in columns.items() if name != "status"}
        estate.event(str(number), at("10:00"), action, status, service_name=service, **rest)
    found = dict(
        (await changes(estate, subjects=("eve@example.com",))).select("event_id", "class").iter_rows()
    )
    expected = {str(number): kind for number, (*_, kind) in enumerate(EVENTS) if kind is not None}
    assert found == expected


@pytest.mark.parametrize(
    ("parameters", "target"),
    [
        ({"job_id": "7"}, "7"),
        ({"jobId": "7"}, "7"),
        ({"resourceId": "/jobs/7", "aclPermissionSet": "[]"}, "7"),
        ({"securable_full_name": "Main.Sales.Raw"}, "main.sales.raw"),
        ({"name": "raw", "schema_name": "sales", "catalog_name": "main"}, "main.sales.raw"),
        ({"name": "sales", "catalog_name": "main"}, "main.sales"),
        ({"targetUserName": "bob@example.com", "targetGroupName": "admins"}, "bob@example.com"),
        ({"id": "wh1"}, "wh1"),
        ({"unheard": "of"}, None),
        (None, None),
    ],
)
async def test_what_an_event_is_about(
    estate: Estate, parameters: dict[str, str] | None, target: str | None
) -> None:
    """Services name it differently; it is told in lower case."""
    estate.event("e", at("10:00"), "updatePermissions", request_params=parameters, **CATALOG)
    assert (await changes(estate)).get_column("target").to_list() == [target]


async def test_what_is_about_the_subjects_comes_before_what_is_near(estate: Estate) -> None:
    """Each class has rows for itself; in it the subjects' own come first, then those by them, then the nearest."""
    for number in range(205):
        estate.event(
            f"near {number:03}",
            at("11:00"),
            "updateTables",
            request_params={"full_name_arg": "a.b.c"},
            **CATALOG,
        )
    estate.event(
        "far", at("06:30"), "updateTables", request_params={"full_name_arg": "main.sales.raw"}, **CATALOG
    )
    estate.event("by one", at("06:31"), "updateTables", email="robot@example.com", **CATALOG)
    estate.event("grant", at("06:32"), "updatePermissions", **CATALOG)
    found = await changes(estate, subjects=("main.sales.raw", "Robot@example.com"))
    assert found.group_by("class").len().sort("class").rows() == [("catalog", 200), ("grant", 1)]
    assert {"far", "by one", "grant"} <= set(found.get_column("event_id"))
    assert "near 204" not in set(found.get_column("event_id"))


async def test_changes_have_bounds_of_their_own(estate: Estate) -> None:
    """An incident of the past is read as it was: half open, whatever the window up to now."""
    for clock in ("07:59:59", "08:00", "08:59:59", "09:00"):
        estate.event(clock, at(clock), "updatePermissions", **CATALOG)
    found = await changes(estate, since="08:00", until="09:00")
    assert sorted(found.get_column("event_id")) == ["08:00", "08:59:59"]


async def test_an_event_that_comes_twice_is_one(estate: Estate) -> None:
    """Deliveries are at least once."""
    for _ in range(2):
        estate.event("twice", at("10:00"), "updatePermissions", **CATALOG)
    assert (await changes(estate)).height == 1


async def test_events_of_another_workspace_are_not_ours(estate: Estate) -> None:
    """Those of the account are everybody's, unless they name the workspace that they are of."""
    for name, workspace_id, parameters in (
        ("ours", WORKSPACE, {}),
        ("other", OTHER_WORKSPACE, {}),
        ("account", "0", {}),
        ("named", "0", {"workspace_id": OTHER_WORKSPACE}),
    ):
        estate.event(
            name,
            at("10:00"),
            "updatePermissions",
            workspace_id=workspace_id,
            request_params=parameters,
            **CATALOG,
        )
    found = await changes(estate, workspace_ids=(WORKSPACE,))
    assert sorted(found.get_column("event_id")) == ["account", "ours"]


def source(job_id: str | None, run_id: str | None) -> dict[str, Any]:
    return {"job_info": {"job_id": job_id, "job_run_id": run_id}}


async def test_queries_and_their_job_runs(estate: Estate) -> None:
    """Those that failed, and the named ones; with of_jobs those of runs, with a job its own."""
    estate.query("of 7", at("10:00"), at("10:01"), "FAILED", query_source=source("7", "r1"))
    estate.query("of 8", at("10:00"), at("10:02"), "FAILED", query_source=source("8", "r2"))
    estate.query("of nobody", at("10:00"), at("10:03"), "FAILED", query_source=None)
    estate.query("named", at("10:00"), at("10:04"))
    estate.query("well", at("10:00"), at("10:05"))
    service = estate.monitor().service

    async def asked(**arguments: Any) -> dict[str, str | None]:
        ask = asks.incident_queries(hours=12, since=at("06:00"), until=None, near=at("11:00"), **arguments)
        frame = (await service.answer(ask)).frame
        return dict(frame.select("statement_id", "job_run_id").iter_rows())

    everything = {"of 7": "r1", "of 8": "r2", "of nobody": None, "named": None}
    assert await asked(statement_ids=("named",)) == everything
    assert await asked(of_jobs=True) == {"of 7": "r1", "of 8": "r2"}
    assert await asked(job_id="7", workspace_id=WORKSPACE) == {"of 7": "r1"}
    assert await asked(job_id="7", workspace_id=OTHER_WORKSPACE) == {}
    assert await asked(user_email="ANN@example.com") == {"of 7": "r1", "of 8": "r2", "of nobody": None}
    assert await asked(warehouse_id="elsewhere") == {}
