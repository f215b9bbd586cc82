"""Who the caller is, and which system schemas of the metastore are enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.workspace.routing import Refusal, Request, Route

if TYPE_CHECKING:
    from tests.workspace.workspace import Workspace

METASTORE_ID = "11111111-2222-4333-8444-555555555555"
_SCHEMAS = ("access", "billing", "compute", "lakeflow", "query")


def _assignment(workspace: Workspace, request: Request) -> dict[str, Any]:
    return {
        "metastore_id": METASTORE_ID,
        "workspace_id": int(workspace.org_id),
        "default_catalog_name": "main",
    }


def _schemas(workspace: Workspace, request: Request, metastore_id: str) -> dict[str, Any]:
    if metastore_id != METASTORE_ID:
        raise Refusal(404, "METASTORE_DOES_NOT_EXIST", f"Metastore '{metastore_id}' does not exist.")
    missing = workspace.missing_schemas
    states = {name: "AVAILABLE" if f"system.{name}" in missing else "ENABLE_COMPLETED" for name in _SCHEMAS}
    return {"schemas": [{"schema": name, "state": state} for name, state in states.items()]}


def _me(workspace: Workspace, request: Request) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "123",
        "userName": workspace.user_name,
        "displayName": workspace.user_name,
        "active": True,
    }


ROUTES = (
    Route("GET", "/api/2.1/unity-catalog/current-metastore-assignment", _assignment),
    Route("GET", r"/api/2.1/unity-catalog/metastores/([\w-]+)/systemschemas", _schemas),
    Route("GET", "/api/2.0/preview/scim/v2/Me", _me),
)
