"""OpenAPI 3.1 of the headless mode, made from the route table."""

from __future__ import annotations

from typing import Any

from sysmon_tui import __version__, limits
from sysmon_tui.datasets.asks import QUERY_STATES, RUN_STATES
from sysmon_tui.server.problems import MEDIA_TYPE
from sysmon_tui.server.routes import ENDPOINTS, Endpoint
from sysmon_tui.server.schemas import SCHEMAS
from sysmon_tui.views.filter_language import fields

_MATCHED = "Exact and case-sensitive; `*` matches any run of characters."
_STATUS = {
    "workflows": f"{', '.join(RUN_STATES)}, or failed for the failed group; in any case.",
    "queries": f"{', '.join(QUERY_STATES)}; in any case.",
    "audit": "success, failure, or a status code such as 403.",
}
_FILTERED = (
    "Terms apart by spaces, all of which must hold: `word` (in any text), `field=value` (`*` any characters, `a,b` any "
    "of them, `-` no value), `!=`, `~` (contains), `!~`, `>` `>=` `<` `<=` (`5m`, `10MB`, `02:30`, `2026-03-01`, the "
    'age `2h`), `!term`, `"as it is"`. Without regard to case; times without an offset are in UTC. `total` counts what '
    "matches in the window; where it holds more rows than are read, `reason` says so."
)
_PARAMETERS: dict[str, tuple[str, dict[str, Any]]] = {
    "hours": (
        "The window, from now back.",
        {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": limits.MAX_HOURS,
            "default": limits.DEFAULT_HOURS,
        },
    ),
    "limit": (
        "Rows in one answer.",
        {
            "type": "integer",
            "minimum": 1,
            "maximum": limits.MAX_PAGE_ROWS,
            "default": limits.DEFAULT_PAGE_ROWS,
        },
    ),
    "cursor": ("`next_cursor` of the page before.", {"type": "string", "minLength": 1}),
    "workflow_name": (_MATCHED, {"type": "string", "minLength": 1}),
    "user_email": (_MATCHED, {"type": "string", "minLength": 1}),
    "action_name": (_MATCHED, {"type": "string", "minLength": 1}),
    "warehouse_id": ("One warehouse.", {"type": "string", "minLength": 1}),
    "status": ("", {"type": "string", "minLength": 1}),
    "filter": ("", {"type": "string", "minLength": 1}),
}
_TENANT = {
    "name": "X-Tenant-ID",
    "in": "header",
    "description": "One of the configured tenants. Needed where there are several.",
    "schema": {"type": "string"},
}
_ETAG_HEADERS = {
    "ETag": {"schema": {"type": "string"}},
    "X-Data-State": {"schema": {"type": "string"}, "description": "The `state` of the answer."},
    "Age": {"schema": {"type": "integer"}, "description": "Seconds since the rows were read."},
}
_PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def document() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sysmon_tui",
            "version": __version__,
            "summary": "Databricks System Tables: what is failing, since when, and how old that is.",
        },
        "paths": {endpoint.path: {"get": _operation(endpoint)} for endpoint in ENDPOINTS},
        "components": {"schemas": SCHEMAS},
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    parameters = [_parameter(endpoint, name) for name in endpoint.parameters]
    return {
        "operationId": endpoint.path.strip("/").replace("/", "_").replace(".", "_"),
        "summary": endpoint.summary,
        "parameters": [_TENANT, *parameters] if endpoint.per_tenant else parameters,
        "responses": _responses(endpoint),
    }


def _parameter(endpoint: Endpoint, name: str) -> dict[str, Any]:
    description, schema = _PARAMETERS[name]
    if name == "status":
        description = _STATUS[endpoint.dataset or ""]
    if name == "filter":
        dataset = (endpoint.dataset or "").partition("/")[0]
        description = f"{_FILTERED} Short names: {', '.join(fields(dataset))}; and every field of the rows."
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    if "/" in endpoint.answer:
        ok: dict[str, Any] = {"content": {endpoint.answer: {"schema": {"type": "string"}}}}
    else:
        ok = {
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{endpoint.answer}"}}}
        }
    responses: dict[str, Any] = {"200": {"description": "The answer", **ok}}
    refusals = {"400": "A parameter is unknown, repeated, empty or out of range"}
    if endpoint.per_tenant:
        responses["200"]["headers"] = _ETAG_HEADERS
        responses["304"] = {"description": "The client has this answer already"}
        refusals["404"] = "No such tenant"
    if endpoint.may_be_unready:
        refusals["503"] = "A tenant has neither an answer nor a stated reason yet"
    refusals |= {"403": "A request from another web site", "421": "A foreign Host"}
    return responses | {status: {"description": reason, **_PROBLEM} for status, reason in refusals.items()}
