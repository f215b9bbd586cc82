"""What the server refuses, and that every refusal has the one shape of RFC 9457."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config
from sysmon_tui.runtime import Runtime
from tests.server.conftest import DEMO, FEW_ROWS, running
from tests.server.rows import API, ROUTES


def problem_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document, its shape checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert set(problem) - {"parameter"} == {"type", "title", "status", "detail", "code", "request_id"}
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


def statements(client: httpx.Client) -> list[int]:
    return [source["statements"] for source in client.get("/health/detailed").json()["sources"].values()]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        *(
            (f"hours={text}", "hours")
            for text in ("1e9", "-1", "0", "0.0", "NaN", "inf", "0x10", "1_0", "+1")
        ),
        *(
            (f"hours={text}", "hours")
            for text in ("%EF%BC%91%EF%BC%92", "8760.1", "8761", "", "%2024", "24%00")
        ),
        ("hours=24&hours=24", "hours"),
        ("hours", "hours"),
        *(
            (f"limit={text}", "limit")
            for text in ("0", "10001", "1e9", "9223372036854775808", "-1", "1.5", "")
        ),
        ("limit=1&limit=2", "limit"),
        ("status=nonsense", "status"),
        ("status=", "status"),
        ("workflow_name=", "workflow_name"),
        ("workflow_name=" + "a" * 2000, "workflow_name"),
        ("cursor=garbage", "cursor"),
        ("cursor=%F0%9F%92%A3", "cursor"),
        ("nonsense=1", "nonsense"),
        ("Hours=1", "Hours"),
        ("user_email=a", "user_email"),
        ("token=secret", "token"),
        ("access_token=secret", "access_token"),
    ],
)
def test_bad_parameter_is_400_and_runs_nothing(client: httpx.Client, query: str, parameter: str) -> None:
    """The problem names the parameter, repeats no value, and no statement runs for it."""
    before = statements(client)
    problem = problem_of(client.get(f"{API}/workflows?{query}"), 400)
    assert problem["parameter"] == parameter
    assert "secret" not in str(problem)
    assert statements(client) == before


@pytest.mark.parametrize("path", ROUTES)
def test_every_route_refuses_an_unknown_parameter(client: httpx.Client, path: str) -> None:
    """A misspelt filter is told, never passed over, on routes without parameters too."""
    assert problem_of(client.get(path, params={"tenant": "x"}), 400)["parameter"] == "tenant"


def test_unknown_parameter_cannot_act_or_grow(client: httpx.Client) -> None:
    """A parameter's name comes back harmless and short."""
    answer = client.get(f"{API}/alerts?%1b%5d52%3bc%07" + "x" * 500 + "=1")
    assert problem_of(answer, 400)["parameter"].startswith("␛]52;c␇x")
    assert b"\\u001b" not in answer.content
    assert len(answer.content) < 500


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/monitoring",
        "/api/monitoring/workflows/",
        "/livez/",
        "/livez%0a",
        "/%2e%2e%2f%2e%2e%2fetc/passwd",
        "/%00",
        "//evil.example/livez",
        "/api\\monitoring\\health",
        "/%1b%5d52",
        "/API/monitoring/health",
    ],
)
def test_unknown_path_is_404_and_is_not_repeated(client: httpx.Client, path: str) -> None:
    """The router knows a fixed table; what it does not know gets one body without the path."""
    host, port = client.base_url.host, client.base_url.port
    answer = raw(
        host, port or 0, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    )
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 ")
    assert b"location" not in head.lower()
    assert b"route_unknown" in body
    assert b"evil" not in body and b"etc" not in body and b"\x1b" not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_405_with_allow(client: httpx.Client, method: str) -> None:
    """Nothing can be changed over HTTP; Allow says what may be asked."""
    answer = client.request(method, f"{API}/workflows")
    assert problem_of(answer, 405)["code"] == "method_not_allowed"
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_sane_request_id_is_kept_and_others_are_not(client: httpx.Client) -> None:
    """A caller's id goes through to the answer when it is short and plain, else it gets a new one."""
    for sane in ("abc-123", "a" * 64, "5b7c.9_x"):
        assert client.get("/livez", headers={"X-Request-ID": sane}).headers["x-request-id"] == sane
    for other in ("a" * 65, "two words", "semi;colon", '"'):
        given = client.get("/livez", headers={"X-Request-ID": other}).headers["x-request-id"]
        assert given != other
        assert len(given) == 32


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "10.0.0.1"]
)
def test_foreign_host_is_421(client: httpx.Client, host: str) -> None:
    """A page that rebinds its name to 127.0.0.1 still sends its own name."""
    problem = problem_of(client.get(f"{API}/health", headers={"Host": host}), 421)
    assert "evil" not in str(problem)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:80"]
)
def test_loopback_names_are_answered(client: httpx.Client, host: str) -> None:
    """localhost, 127.0.0.1 and [::1] with any port: a tunnel may listen on another one."""
    assert client.get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_request_of_another_site_is_403(client: httpx.Client, headers: dict[str, str]) -> None:
    """Pages of other sites are not answered, and no header lets them read."""
    answer = client.get(f"{API}/health", headers=headers)
    assert problem_of(answer, 403)["code"] == "origin_foreign"
    assert "access-control-allow-origin" not in answer.headers


def test_request_of_the_own_origin_is_answered(client: httpx.Client) -> None:
    """A page that this server itself served may ask."""
    own = str(client.base_url).rstrip("/")
    answer = client.get("/livez", headers={"Origin": own, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200


def raw(host: str, port: int, request: bytes) -> bytes:
    """What the server sends for these bytes until it closes."""
    with socket.create_connection((host, port), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"garbage\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", 431),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: magic\r\n\r\n", 501),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n\r\n", 400),
        (b"GET http://evil.example/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
    ],
)
def test_what_is_not_http_gets_a_problem_and_the_end(
    client: httpx.Client, request_bytes: bytes, status: int
) -> None:
    """Malformed heads, heads too big and smuggled lengths: one problem, then the connection closes."""
    answer = raw(client.base_url.host, client.base_url.port or 0, request_bytes)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"content-type: application/problem+json" in answer
    assert answer.count(b"HTTP/1.1") == 1


@pytest.fixture(scope="module")
def two_tenants(clock: HeldClock) -> Iterator[httpx.Client]:
    config = Config(default_tenant="first", tenants={"first": DEMO, "second": DEMO})
    with running(Runtime(config, clock=clock, demo_rows=FEW_ROWS)) as client:
        yield client


def test_several_tenants_need_a_name(two_tenants: httpx.Client) -> None:
    """Without X-Tenant-ID a caller who may see several gets 400, whatever the terminal's default is."""
    problem = problem_of(two_tenants.get(f"{API}/alerts"), 400)
    assert (problem["code"], problem["parameter"]) == ("tenant_required", "X-Tenant-ID")
    named = two_tenants.get(f"{API}/alerts", headers={"X-Tenant-ID": "second"})
    assert named.json()["tenant"] == "second"


def test_unknown_tenant_is_one_same_404(two_tenants: httpx.Client) -> None:
    """The answer to a name that does not exist tells nothing of names that do, and does not repeat it."""
    bodies = []
    for name in ("third", "FIRST", "../first", "<x>", "first,second"):
        headers = {"X-Tenant-ID": name, "X-Request-ID": "same"}
        problem_of(answer := two_tenants.get(f"{API}/workflows", headers=headers), 404)
        bodies.append(answer.content)
    assert len(set(bodies)) == 1
    assert b"first" not in bodies[0] and b"second" not in bodies[0]


def test_empty_or_repeated_tenant_is_400(two_tenants: httpx.Client) -> None:
    """Which of two was meant can't be known, so neither is taken."""
    for headers in ([("X-Tenant-ID", "")], [("X-Tenant-ID", "first"), ("X-Tenant-ID", "second")]):
        answer = two_tenants.get(f"{API}/workflows", headers=headers)
        assert problem_of(answer, 400)["parameter"] == "X-Tenant-ID"
