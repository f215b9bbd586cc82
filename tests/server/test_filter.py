"""`filter=` over HTTP: the same language and the same rows as on the screen."""

from __future__ import annotations

from typing import Any

import httpx
import polars as pl
import pytest

from tests.server.rows import API, LISTINGS, PAGED


@pytest.mark.parametrize(
    ("path", "line", "field", "value"),
    [
        (f"{API}/workflows", "status=failed", "status", {"FAILED", "ERROR", "TIMED_OUT"}),
        (f"{API}/workflows/failed", "NAME=journey_orchestrator", "workflow_name", {"journey_orchestrator"}),
        (f"{API}/queries", "!status=finished,canceled", "status", {"FAILED"}),
        (f"{API}/audit", "status=403", "status_code", {403}),
        (f"{API}/alerts", "severity=critical", "severity", {"critical"}),
        (f"{API}/alerts/workflows", "rule=workflow.consecutive*", "rule", {"workflow.consecutive_failures"}),
    ],
)
def test_rows_pass_and_the_total_counts_them(
    client: httpx.Client, path: str, line: str, field: str, value: set[Any]
) -> None:
    """The list holds what passes, its total is how many do in the window, and the first page is the newest of them."""
    paged = path in PAGED
    key = LISTINGS[path][0]
    limit = {"limit": 10_000} if paged else {}
    whole = client.get(path, params=limit).json()
    passing = [row for row in whole[key] if row[field] in value]
    assert whole["total"] == whole["count"] >= len(passing) > 0
    answer = client.get(path, params={"filter": line, **limit}).json()
    assert answer["total"] == answer["count"] == len(passing)
    assert answer[key] == passing
    if paged:
        few = client.get(path, params={"filter": line, "limit": 2}).json()
        assert (few["total"], few[key]) == (len(passing), passing[:2])


@pytest.mark.parametrize("path", PAGED)
def test_pages_end_at_the_total_with_no_row_doubled(client: httpx.Client, path: str) -> None:
    """A walk under a filter gives every row that passes once."""
    key = LISTINGS[path][0]
    asked: dict[str, Any] = {"filter": "time<6h", "hours": 12, "limit": 25}
    seen: list[tuple[str, ...]] = []
    for _ in range(12):
        answer = client.get(path, params=asked).json()
        seen += [tuple(row[name] for name in PAGED[path]) for row in answer[key]]
        if not answer["truncated"]:
            assert len(seen) == len(set(seen)) == answer["total"]
            return
        asked["cursor"] = answer["next_cursor"]
    assert len(seen) == len(set(seen)) == 300 < answer["total"]


def test_an_answer_stays_the_same_until_the_next_refresh(client: httpx.Client) -> None:
    """Ages are told from when the rows were read: the same question is the same bytes."""
    asked = {"filter": "time<1h !status=finished"}
    first, second = (client.get(f"{API}/queries", params=asked) for _ in range(2))
    assert first.content == second.content and first.headers["ETag"] == second.headers["ETag"]


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (f"{API}/workflows", "status=failed stats=x", 14),
        (f"{API}/queries", 'user="ann', 5),
        (f"{API}/warehouse/metrics", "busy>much", 5),
        (f"{API}/audit", "time>25:00", 5),
        (f"{API}/alerts", "dur>5m", 0),
        (f"{API}/alerts/security", "!", 0),
    ],
)
def test_a_wrong_filter_is_400_with_its_column(
    client: httpx.Client, path: str, line: str, column: int
) -> None:
    """The problem names the parameter and where in it."""
    response = client.get(path, params={"filter": line})
    problem = response.json()
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (problem["parameter"], problem["column"]) == ("filter", column)


def test_other_problems_have_no_column(client: httpx.Client) -> None:
    """A column is told where there is a line that it points into."""
    for asked in ({"hours": "0"}, {"filter": ""}):
        assert "column" not in client.get(f"{API}/workflows", params=asked).json()


@pytest.mark.parametrize("text", ["'; DROP TABLE x --", "%", "\\", "${x}", "\x1b]0;x\x07", "é漢🙂"])
def test_strange_words_are_looked_for_as_they_stand(client: httpx.Client, text: str) -> None:
    """They find the rows that hold them, which are none or some, and act on nothing."""
    quoted = '"' + text + '"'
    answer = client.get(f"{API}/queries", params={"filter": f"text~{quoted}"}).json()
    whole = client.get(f"{API}/queries", params={"limit": 10_000}).json()
    texts = pl.Series([row["statement_text"] for row in whole["queries"]], dtype=pl.String)
    assert answer["total"] == texts.str.contains(text, literal=True).sum()


def test_the_document_describes_it(client: httpx.Client) -> None:
    """OpenAPI has the language in short, with the names of the route's own rows."""
    paths = client.get("/openapi.json").json()["paths"]
    for path in LISTINGS:
        (said,) = (one for one in paths[path]["get"]["parameters"] if one["name"] == "filter")
        assert "`field=value`" in said["description"]
    (said,) = (one for one in paths[f"{API}/audit"]["get"]["parameters"] if one["name"] == "filter")
    assert "action, service, ip" in said["description"]
