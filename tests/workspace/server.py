"""The HTTP side of the stand-in: credentials, faults, the way an answer goes out. What is answered, the routes know."""

from __future__ import annotations

import gzip
import json
import os
import socket
import struct
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.workspace import catalog, jobs, statement_routes, warehouse
from tests.workspace.faults import Fault
from tests.workspace.routing import Refusal, Request, respond
from tests.workspace.storage import stored

if TYPE_CHECKING:
    from tests.workspace.workspace import Workspace

ROUTES = (*statement_routes.ROUTES, *warehouse.ROUTES, *jobs.ROUTES, *catalog.ROUTES)
_NO_FAULT = Fault()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is none."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def start_server(workspace: Workspace, port: int) -> ThreadingHTTPServer:
    handler = type("BoundHandler", (Handler,), {"workspace": workspace})
    server = Server(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True, name="stand-in").start()
    return server


class Handler(BaseHTTPRequestHandler):
    workspace: Workspace
    protocol_version = "HTTP/1.1"
    server_version = "databricks"
    sys_version = ""
    # One packet per answer: headers and body apart cost 40 ms each by Nagle's algorithm and delayed ACKs.
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    timeout = 30

    def setup(self) -> None:
        self.workspace.connections += 1
        self.workspace.open_connections += 1
        super().setup()

    def finish(self) -> None:
        self.workspace.open_connections -= 1
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: `workspace.requests` is the record."""

    # The names that http.server calls.
    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        self.workspace.requests.append((self.command, path))
        fault = self.workspace.next_fault(self.command, path) or _NO_FAULT
        if fault.wait_s and self.workspace.closing.wait(fault.wait_s):
            self.close_connection = True
            return  # nobody is there any more
        try:
            status, answer, headers = self._answer(path.rstrip("/"), body, fault)
        except Refusal as refusal:
            status, answer, headers = refusal.status, refusal.body, refusal.headers
        if fault.reset:
            self._reset()
        elif fault.lose:
            self.close_connection = True
        else:
            self._send(status, answer, headers, fault)

    def _answer(self, path: str, body: bytes, fault: Fault) -> tuple[int, Any, dict[str, str]]:
        if fault.body is not None:
            return fault.status, fault.body, dict(fault.headers)
        if path.startswith("/storage/"):
            return 200, stored(self.workspace, self._request(path, b"")), {}
        if path.startswith("/.well-known/"):
            raise Refusal(404, "ENDPOINT_NOT_FOUND", f"No API found for 'GET {path}'")
        self._check_credential()
        if any(part in path for part in self.workspace.refused_paths):
            raise Refusal(
                403, "PERMISSION_DENIED", f"{self.workspace.user_name} is not authorized to call {path}."
            )
        return 200, respond(ROUTES, self.workspace, self._request(path, body)), {}

    def _request(self, path: str, body: bytes) -> Request:
        return Request(
            method=self.command,
            path=path,
            query=parse_qs(urlsplit(self.path).query),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=json.loads(body or b"{}"),
        )

    def _check_credential(self) -> None:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            raise Refusal(
                401,
                401,
                "Credential was not sent or was of an unsupported type for this API.",
                **{"WWW-Authenticate": 'Bearer realm="DatabricksRealm"'},
            )
        if token not in self.workspace.tokens:
            raise Refusal(403, 403, "Invalid access token.")

    def _send(self, status: int, answer: Any, headers: dict[str, str], fault: Fault) -> None:
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        if not isinstance(answer, bytes):
            self.send_header("Content-Type", "application/json")
            self.send_header("Vary", "Accept-Encoding")
            if len(content) > 4096 and "gzip" in self.headers.get("Accept-Encoding", ""):
                content = gzip.compress(content, compresslevel=1)
                self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content) + (1000 if fault.cut else 0)))
        self.send_header("x-request-id", str(uuid.uuid4()))
        self.send_header("x-databricks-org-id", self.workspace.org_id)
        self.send_header("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if fault.trickle_s:
            self._trickle(content, fault.trickle_s)
        else:
            self.wfile.write(content)
        self.close_connection = self.close_connection or fault.cut

    def _trickle(self, content: bytes, trickle_s: float) -> None:
        self.wfile.flush()
        for byte in content:
            self.workspace.closing.wait(trickle_s)
            self.wfile.write(bytes([byte]))
            self.wfile.flush()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Closed here and by its number: the server would first say an orderly end, and there are files on it.
        os.close(self.connection.detach())
        self.close_connection = True
