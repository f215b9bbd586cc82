"""Rows 45 and 60: where links lead to, and what `doctor` says of it."""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest

from tests.alerts.receivers import certificate
from tests.commanding import run
from tests.faults.scene import Scene, all_ended, look, no_secret, others
from tests.workspace import Workspace

# A name that leads nowhere but through connect_proxy.
_FAR: Final = "storage.example"


@contextmanager
def tls(workspace: Workspace, folder: Path) -> Iterator[Path]:
    """The stand-in speaks TLS from now on, as `localhost` and _FAR; the file that vouches for it."""
    file = certificate(folder, "localhost", _FAR)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    plain, server = workspace.url, workspace._server
    port = server.server_address[1]
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    workspace.url = f"https://localhost:{port}"
    yield file
    workspace.url = plain


@contextmanager
def connect_proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy for TLS that leads to this machine, whatever the name: its address, and the names it was asked for."""
    asked: list[str] = []

    class Tunnel(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            host, _, port = self.path.partition(":")
            asked.append(host)
            with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as far:
                self.send_response(200)
                self.end_headers()
                self.wfile.flush()
                ends = {self.connection: far, far: self.connection}
                while True:
                    for end in select.select(list(ends), [], [], 10)[0]:
                        block = end.recv(1 << 16)
                        if not block:
                            return
                        ends[end].sendall(block)

        def log_message(self, format: str, *args: object) -> None:
            """`asked` is the record."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Tunnel) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


async def test_row_45_a_link_without_tls_is_not_followed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workspace with https that gives http links: `failed` with the reason, and not a byte is fetched."""
    workspace = scene.workspace
    with Workspace(scene.estate.connection) as other, tls(workspace, scene.home) as file:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
        workspace.storage_url = other.url
        async with scene.monitored() as monitor:
            answer = await monitor.audit(limit=10_000)
            assert answer.state == "failed" and "without TLS" in str(answer.reason)
            assert no_secret(workspace, [answer.reason])
            assert others(await look(monitor), "warehouses") == {"fresh"}
        assert not other.requests
        assert not [path for _, path in workspace.requests if path.startswith("/storage/")]


async def test_row_45_links_with_tls_carry_no_credential(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With https all the way: rows by links, none of our credentials with them, whatever ~/.netrc holds."""
    workspace = scene.workspace
    (scene.home / ".netrc").write_text(
        "machine localhost login me password planted-secret\n", encoding="utf-8"
    )
    (scene.home / ".netrc").chmod(0o600)
    with tls(workspace, scene.home) as file:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
        async with scene.monitored() as monitor:
            answer = await monitor.audit(limit=10_000)
            assert answer.state == "fresh" and answer.total
    assert workspace.storage_headers
    assert all("authorization" not in headers for headers in workspace.storage_headers)
    assert all_ended(workspace)


async def test_row_45_links_go_through_the_proxy_of_the_machine(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where HTTPS_PROXY is the way out, API and links take it; NO_PROXY leads past it."""
    workspace = scene.workspace
    with tls(workspace, scene.home) as file, connect_proxy() as (url, asked):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
        monkeypatch.setenv("HTTPS_PROXY", url)
        workspace.storage_url = workspace.url.replace("localhost", _FAR)
        async with scene.monitored() as monitor:
            answer = await monitor.audit(limit=10_000)
        assert answer.state == "fresh" and answer.total and workspace.storage_headers
        assert set(asked) == {"localhost", _FAR}
        asked.clear()
        workspace.storage_url = None
        monkeypatch.setenv("NO_PROXY", "localhost")
        async with scene.monitored() as monitor:
            again = await monitor.audit(limit=10_000)
        assert again.state == "fresh" and again.total == answer.total and not asked


def test_row_60_doctor_says_that_the_storage_is_closed(scene_now: Scene) -> None:
    """`doctor` names the storage's host and what would open it; the link itself is nowhere."""
    workspace = scene_now.workspace
    workspace.storage_url = "http://127.0.0.1:9"
    (scene_now.home / "config.toml").write_text(scene_now.toml(), encoding="utf-8")
    told = run(
        scene_now.home,
        *("doctor", "--format", "json", "--config", str(scene_now.home / "config.toml")),
        DATABRICKS_TOKEN=workspace.token,
        SYSMON_STATE_DIR=str(scene_now.home / "state"),
    )
    findings = {one["name"]: one for one in json.loads(told.stdout)["findings"]}
    links = findings["result links"]
    assert links["word"] == "missing" and "127.0.0.1" in links["said"] and links["todo"]
    assert told.returncode == 0, told.stderr
    assert no_secret(workspace, [told.stdout, told.stderr])
    assert all_ended(workspace)


def test_row_60_a_command_says_it_once_and_gives_rows(scene_now: Scene) -> None:
    """`query` with the storage closed: all rows on standard output, no secret and no traceback beside them."""
    workspace = scene_now.workspace
    workspace.storage_url = "http://127.0.0.1:9"
    (scene_now.home / "config.toml").write_text(scene_now.toml(), encoding="utf-8")
    told = run(
        scene_now.home,
        *("query", "audit", "--limit", "10000", "--format", "json"),
        *("--config", str(scene_now.home / "config.toml")),
        DATABRICKS_TOKEN=workspace.token,
        SYSMON_STATE_DIR=str(scene_now.home / "state"),
    )
    answer = json.loads(told.stdout)
    assert answer["state"] == "fresh" and answer["count"] == answer["total"] > 50
    assert b"Traceback" not in told.stderr and no_secret(workspace, [told.stdout, told.stderr])
