"""/openapi.json tells the truth: its routes answer, and their answers fit its schemas."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.runtime import Runtime
from tests.estate import Estate, at
from tests.server.conftest import running
from tests.server.rows import API, LISTINGS, ROUTES

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def misfit(value: Any, schema: dict[str, Any], schemas: dict[str, Any], at: str = "$") -> str | None:
    """The first place where a value leaves its schema; None where it fits. Knows the keywords that we use."""
    if "$ref" in schema:
        return misfit(value, schemas[schema["$ref"].rsplit("/", 1)[1]], schemas, at)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, _KINDS[kind]) for kind in kinds) or (
        isinstance(value, bool) and "boolean" not in kinds
    ):
        return f"{at}: {value!r} is not {kinds}"
    if isinstance(value, str) and value not in schema.get("enum", [value]):
        return f"{at}: {value!r} is none of {schema['enum']}"
    if isinstance(value, str) and schema.get("format") == "date-time" and not _INSTANT.fullmatch(value):
        return f"{at}: {value!r} is no instant"
    inside: list[tuple[Any, dict[str, Any], str]] = []
    if isinstance(value, list):
        inside = [(item, schema["items"], f"{at}[{number}]") for number, item in enumerate(value)]
    elif isinstance(value, dict):
        missing = set(schema.get("required", ())) - set(value)
        if missing:
            return f"{at}: lacks {missing}"
        known, other = schema.get("properties", {}), schema.get("additionalProperties")
        inside = [(item, known.get(name, other), f"{at}.{name}") for name, item in value.items()]
    return next(filter(None, (misfit(item, s, schemas, where) for item, s, where in inside if s)), None)


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def test_document_names_every_route(document: dict[str, Any]) -> None:
    """OpenAPI 3.1, all routes of the contract and no others, each operation named once."""
    assert document["openapi"].startswith("3.1.")
    assert set(document["paths"]) == set(ROUTES)
    names = [path["get"]["operationId"] for path in document["paths"].values()]
    assert len(names) == len(set(names))


def test_parameters_are_the_contracts(document: dict[str, Any]) -> None:
    """Each route lists its own parameters with their ranges."""

    def query(path: str) -> dict[str, Any]:
        parameters = document["paths"][path]["get"]["parameters"]
        return {item["name"]: item["schema"] for item in parameters if item["in"] == "query"}

    assert set(query(f"{API}/workflows")) == {"workflow_name", "status", "filter", "hours", "limit", "cursor"}
    assert set(query(f"{API}/queries/failed")) == {"filter", "hours", "limit", "cursor"}
    assert set(query(f"{API}/warehouse/metrics")) == {"warehouse_id", "filter", "hours"}
    audit = {"action_name", "user_email", "status", "filter", "hours", "limit", "cursor"}
    assert set(query(f"{API}/audit")) == audit
    assert set(query(f"{API}/alerts")) == {"filter"}
    assert query("/livez") == {}
    limits = query(f"{API}/queries")
    assert (limits["hours"]["exclusiveMinimum"], limits["hours"]["maximum"], limits["hours"]["default"]) == (
        0,
        8760,
        24,
    )
    assert (limits["limit"]["minimum"], limits["limit"]["maximum"], limits["limit"]["default"]) == (
        1,
        10_000,
        100,
    )


@pytest.mark.parametrize("path", [route for route in ROUTES if route != "/metrics"])
def test_answers_fit_their_schema(client: httpx.Client, document: dict[str, Any], path: str) -> None:
    """What a route answers is what the document says, row by row."""
    schemas = document["components"]["schemas"]
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    query = (
        {"limit": 10_000, "hours": 720}
        if path in LISTINGS and "warehouse" not in path and "alert" not in path
        else {}
    )
    assert misfit(client.get(path, params=query).json(), schema, schemas) is None
    problem = client.get(path, params={"nonsense": "1"})
    assert misfit(problem.json(), schemas["Problem"], schemas) is None


def test_odd_rows_fit_their_schema(tmp_path: Path, document: dict[str, Any]) -> None:
    """Rows without ids or status, and words that Databricks has not used so far, are answers too."""
    database = tmp_path / "estate.duckdb"
    estate = Estate(at("12:00"), database)
    for result in (None, "FAILED", "UPSTREAM_FAILED"):
        estate.add(
            "job_run_timeline",
            run_id=result,
            period_start_time=at("11:00"),
            period_end_time=at("11:30"),
            result_state=result,
        )
    estate.add("query_history", start_time=at("11:00"), end_time=at("11:30"))
    estate.query("q", at("11:00"), at("11:30"), "PAUSED")
    estate.add("warehouse_events", event_time=at("11:00"))
    estate.add("audit", event_time=at("11:00"), event_date=at("11:00").date())
    estate.connection.close()
    tenant = TenantConfig(source="embedded", database=str(database))
    schemas = document["components"]["schemas"]
    with running(Runtime(Config(tenants={"t": tenant}), clock=estate.clock)) as client:
        for path, (key, _, _) in LISTINGS.items():
            answer = client.get(path).json()
            name = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            assert misfit(answer, name, schemas) is None
            assert "alert" in path or "failed" in path or answer[key]


def test_schemas_have_the_contracts_rows(document: dict[str, Any]) -> None:
    """The rows of the document have the contract's fields, all of them required."""
    schemas = document["components"]["schemas"]
    for path, (key, fields, _) in LISTINGS.items():
        name = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"][
            "$ref"
        ]
        row = schemas[name.rsplit("/", 1)[1]]["properties"][key]["items"]["$ref"].rsplit("/", 1)[1]
        assert list(schemas[row]["properties"]) == schemas[row]["required"] == fields


def test_validator_of_these_tests_finds_misfits() -> None:
    """The checks above can fail."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    assert misfit({"a": 1}, schema, {}) is None
    misfits: list[Any] = [{}, {"a": "1"}, {"a": True}, {"a": None}, []]
    for wrong in misfits:
        assert misfit(wrong, schema, {}) is not None
