"""Every route of the HTTP contract, its fields and its filters, on the demo estate over a real socket."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.server.rows import API, ENVELOPE, LISTINGS, PAGED, ROUTES


def rows_of(client: httpx.Client, path: str, **parameters: str | int) -> list[dict[str, Any]]:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()[LISTINGS[path][0]]
    return rows


@pytest.mark.parametrize("path", LISTINGS)
def test_listing_has_the_contracts_fields(client: httpx.Client, path: str) -> None:
    """Envelope and rows have exactly the contract's fields; the demo estate has rows for every list."""

    key, fields, beside = LISTINGS[path]
    document = client.get(path).json()
    assert set(document) == {*ENVELOPE, key, *beside}
    assert document["tenant"] == "demo_tenant"
    assert document["window"]["hours"] == 24
    assert document["count"] == len(document[key]) > 0
    assert all(list(row) == fields for row in document[key])
    assert document["window"]["end"] == document["fetched_at"]
    assert all(document[name].endswith("Z") for name in ("as_of", "fetched_at"))


@pytest.mark.parametrize("path", PAGED)
def test_pages_end_at_the_total_with_no_row_doubled(client: httpx.Client, path: str) -> None:
    """A walk by cursor gives every row once, newest first, and `truncated` says whether there is more."""
    key = LISTINGS[path][0]
    found: list[dict[str, Any]] = []
    total, cursor = None, None
    while True:
        query = {"limit": "37"} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=query).json()
        total = total or page["total"]
        assert page["total"] == total
        found += page[key]
        assert page["truncated"] == (page["next_cursor"] is not None) == (len(found) < total)
        cursor = page["next_cursor"]
        if cursor is None:
            break
    identities = [tuple(row[name] for name in PAGED[path]) for row in found]
    assert len(identities) == len(set(identities)) == total
    assert found == rows_of(client, path, limit=10_000)


def test_cursor_of_another_question_is_refused(client: httpx.Client) -> None:
    """A cursor carries its question: with other filters it would skip rows in silence."""
    cursor = client.get(f"{API}/workflows", params={"limit": 1}).json()["next_cursor"]
    for query in ({"status": "failed"}, {"hours": "48"}):
        answer = client.get(f"{API}/workflows", params={**query, "limit": "1", "cursor": cursor})
        assert (answer.status_code, answer.json()["parameter"]) == (400, "cursor")
    assert client.get(f"{API}/queries", params={"cursor": cursor}).status_code == 400


def test_failed_status_means_the_failed_group_in_any_case(client: httpx.Client) -> None:
    """status=FAILED, failed and Failed are the failed group, the same rows as /failed."""
    failed = rows_of(client, f"{API}/workflows/failed", limit=10_000)
    for word in ("FAILED", "failed", "Failed"):
        found = rows_of(client, f"{API}/workflows", status=word, limit=10_000)
        assert {row["run_id"] for row in found} == {row["run_id"] for row in failed}
        assert {row["status"] for row in found} <= {"FAILED", "ERROR", "TIMED_OUT"}
    for word in ("FAILED", "failed"):
        assert rows_of(client, f"{API}/queries", status=word) == rows_of(client, f"{API}/queries/failed")


@pytest.mark.parametrize("path", [f"{API}/workflows", f"{API}/queries"])
def test_both_spellings_of_cancelled_are_one(client: httpx.Client, path: str) -> None:
    """CANCELED and CANCELLED give the same rows."""
    one, two = (rows_of(client, path, status=word, hours=720) for word in ("canceled", "CANCELLED"))
    assert one == two != []


def test_audit_status_is_an_outcome_or_a_code(client: httpx.Client) -> None:
    """`failure` is what has a status code of 400 and more; 403 is that code alone."""
    failures = rows_of(client, f"{API}/audit", status="Failure", limit=10_000)
    assert failures
    assert all(row["status"] == "failure" and row["status_code"] >= 400 for row in failures)
    denied = rows_of(client, f"{API}/audit", status="403", limit=10_000)
    assert denied
    assert denied == [row for row in failures if row["status_code"] == 403]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        (f"{API}/workflows", "workflow_name"),
        (f"{API}/queries", "user_email"),
        (f"{API}/audit", "user_email"),
        (f"{API}/audit", "action_name"),
    ],
)
def test_filter_matches_whole_and_star_is_the_only_wildcard(
    client: httpx.Client, path: str, parameter: str
) -> None:
    """`*` matches any run of characters; `%` and `_` are letters like others, and case counts."""
    everything = rows_of(client, path, limit=10_000)
    value = next(
        row[parameter] for row in everything if row[parameter] and row[parameter].upper() != row[parameter]
    )
    exact = rows_of(client, path, limit=10_000, **{parameter: value})
    assert exact == [row for row in everything if row[parameter] == value]
    by_star = rows_of(client, path, limit=10_000, **{parameter: f"{value[:3]}*"})
    assert by_star == [row for row in everything if (row[parameter] or "").startswith(value[:3])]
    for literal in (f"{value[:3]}%", "_" * len(value), value.upper(), value[:-1], "'; DROP TABLE x --", "\\"):
        assert rows_of(client, path, **{parameter: literal}) == []


def test_warehouse_metrics_of_one_warehouse(client: httpx.Client) -> None:
    """warehouse_id narrows the list to that one; totals are the sums of what is listed."""
    whole = client.get(f"{API}/warehouse/metrics").json()
    assert whole["totals"]["queries"] == sum(row["queries"] for row in whole["warehouses"])
    one = whole["warehouses"][0]
    assert rows_of(client, f"{API}/warehouse/metrics", warehouse_id=one["warehouse_id"]) == [one]
    assert rows_of(client, f"{API}/warehouse/metrics", warehouse_id="nothing") == []


def test_health_has_the_contracts_fields(client: httpx.Client) -> None:
    """A status, sums that agree with the listings, the alerts, the newest failures, the four tables."""
    health = client.get(f"{API}/health").json()
    assert {"status", "summary", "alerts", "recent_failures", "sources"} <= set(health)
    assert health["status"] == "unhealthy"  # the demo estate has critical alerts
    assert set(health["summary"]) == {"workflows", "queries", "warehouses", "audit"}
    assert all(set(tally) == {"total", "failed", "success_rate"} for tally in health["summary"].values())
    for name in ("workflows", "queries"):
        assert health["summary"][name]["total"] == client.get(f"{API}/{name}").json()["total"]
        assert health["summary"][name]["failed"] == client.get(f"{API}/{name}/failed").json()["total"]
        assert health["recent_failures"][name] == rows_of(client, f"{API}/{name}/failed", limit=10)
    alerts = client.get(f"{API}/alerts").json()
    assert health["alerts"] == {name: alerts[name] for name in ("total_alerts", "by_severity", "alerts")}
    assert set(health["sources"]) == {"job_run_timeline", "query_history", "warehouse_events", "audit"}
    for source in health["sources"].values():
        assert set(source) == {"state", "as_of", "lag_seconds", "reason"}


def test_detailed_health_adds_how_the_monitor_does(client: httpx.Client) -> None:
    """Per source its statements, failures, p95 and cache hits, beside everything that health has."""
    detailed = client.get("/health/detailed").json()
    assert set(client.get(f"{API}/health").json()) <= set(detailed)
    assert detailed["process"]["threads"] > 0 and detailed["notifications"]["dead"] in (0, None)
    for source in detailed["sources"].values():
        assert {"state", "statements", "failures", "p95_ms", "cache_hits"} <= set(source)


def test_narrower_alerts_are_of_their_category(client: httpx.Client) -> None:
    """The two narrower routes hold their category alone, and at least what fires of it."""
    firing = rows_of(client, f"{API}/alerts")
    for path, category in (("workflows", "workflow"), ("security", "security")):
        narrow = rows_of(client, f"{API}/alerts/{path}", hours=24)
        assert {alert["category"] for alert in narrow} == {category}
        of_category = {alert["id"] for alert in firing if alert["category"] == category}
        assert of_category <= {alert["id"] for alert in narrow}


@pytest.mark.parametrize("path", ROUTES)
def test_json_is_inert_and_head_is_get_without_a_body(client: httpx.Client, path: str) -> None:
    """HEAD has GET's status, validators and no body; JSON carries no raw control or bidi character."""
    got = client.get(path)
    assert got.status_code == 200
    if "json" in got.headers["content-type"]:
        json.loads(got.content)
        assert not set(got.text) & {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x202E, 0x2066)}
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    if path not in ("/metrics", "/health/detailed"):
        assert head.headers.get("etag") == got.headers.get("etag")
        assert head.headers["content-length"] == got.headers["content-length"]
