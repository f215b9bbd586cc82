"""Validators, ages and compression of answers about data."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import httpx
import pytest

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config
from sysmon_tui.runtime import Runtime
from sysmon_tui.server.caching import accepts_gzip
from tests.server.conftest import DEMO, FEW_ROWS, NOW, running, wait_until_ready
from tests.server.rows import API, LISTINGS

PLAIN = {"Accept-Encoding": "identity"}


@pytest.mark.parametrize("path", [*LISTINGS, f"{API}/health"])
def test_answer_is_the_same_bytes_until_the_refresh(client: httpx.Client, path: str) -> None:
    """Two requests within a refresh get the same body and tag; with the tag, 304 and no body."""
    first, second = client.get(path, headers=PLAIN), client.get(path, headers=PLAIN)
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]
    assert not first.headers["etag"].startswith("W/")
    held = client.get(path, headers={**PLAIN, "If-None-Match": first.headers["etag"]})
    assert (held.status_code, held.content) == (304, b"")
    for name in ("etag", "cache-control", "vary", "x-data-state", "age"):
        assert held.headers[name] == first.headers[name]


def test_compressed_form_has_its_own_tag_and_the_same_content(client: httpx.Client) -> None:
    """A strong tag names bytes, so gzip and identity differ; each validates itself alone."""
    path = f"{API}/workflows"
    plain = client.get(path, headers=PLAIN)
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) / 4
    assert packed.headers["etag"] != plain.headers["etag"]
    for own, other in ((PLAIN, packed), ({"Accept-Encoding": "gzip"}, plain)):
        headers = {**own, "If-None-Match": other.headers["etag"]}
        assert client.get(path, headers=headers).status_code == 200
    again = client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]})
    assert again.status_code == 304
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as stream:
        assert gzip.decompress(b"".join(stream.iter_raw())) == plain.content


@pytest.mark.parametrize(
    ("field", "accepted"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("GZIP;q=0.5", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip;q=0.2, identity;q=0.9", False),
        ("gzip;q=nan", False),
        ("gzip;q=x", False),
        ("br", False),
    ],
)
def test_gzip_is_sent_to_those_who_want_it(field: str, accepted: bool) -> None:
    """RFC 9110, 12.5.3: weights count, and zero means no."""
    assert accepts_gzip(field) is accepted


def test_if_none_match_is_a_list_compared_weakly(client: httpx.Client) -> None:
    """A cache may send several tags, and may have made ours weak."""
    path = f"{API}/queries"
    tag = client.get(path).headers["etag"]
    for field in (f'"other", {tag}', f"W/{tag}", "*"):
        assert client.get(path, headers={"If-None-Match": field}).status_code == 304
    for field in ('"other"', tag.strip('"'), ""):
        assert client.get(path, headers={"If-None-Match": field}).status_code == 200


def test_headers_say_what_the_answer_depends_on(client: httpx.Client) -> None:
    """A shared cache must keep out; a private one holds it per tenant, coding and caller."""
    answer = client.get(f"{API}/workflows")
    assert answer.headers["cache-control"] == "private, max-age=60"
    assert set(answer.headers["vary"].split(", ")) == {"X-Tenant-ID", "Accept-Encoding", "Authorization"}
    assert answer.headers["x-data-state"] == answer.json()["state"] == "fresh"


def test_problems_and_probes_are_not_stored(client: httpx.Client) -> None:
    """What is true for a moment alone must not come from a cache."""
    for path in ("/livez", "/readyz", "/metrics", "/nothing", f"{API}/workflows?hours=0"):
        assert client.get(path).headers["cache-control"] == "no-store"


@pytest.fixture
def moved() -> Iterator[tuple[httpx.Client, HeldClock]]:
    """A server whose clock the test moves."""
    clock = HeldClock(NOW)
    runtime = Runtime(Config(tenants={"demo_tenant": DEMO}), clock=clock, demo_rows=FEW_ROWS)
    with running(runtime) as client:
        wait_until_ready(client)
        yield client, clock


def test_age_grows_until_the_refresh_brings_new_rows(moved: tuple[httpx.Client, HeldClock]) -> None:
    """Age counts from the read, max-age too: both end together, and then the rows are read again."""
    client, clock = moved
    path = f"{API}/workflows"
    first = client.get(path)
    assert first.headers["age"] == "0"
    clock.advance(59)
    later = client.get(path)
    assert later.headers["age"] == "59"
    assert (later.content, later.headers["etag"]) == (first.content, first.headers["etag"])
    clock.advance(2)
    renewed = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (renewed.status_code, renewed.headers["age"]) == (200, "0")
    assert renewed.json()["fetched_at"] == "2026-11-22T14:31:01Z"
    assert renewed.headers["etag"] != first.headers["etag"]
