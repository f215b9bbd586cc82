"""The HTTP side of the stand-in: routes, credentials, the shapes of answers."""

from __future__ import annotations

import gzip
import json
import re
import threading
import uuid
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.workspace.encoding import arrow_stream, cells
from tests.workspace.engine import PARAMETER_TYPES
from tests.workspace.statements import StandInStatement

if TYPE_CHECKING:
    from tests.workspace.faults import Fault
    from tests.workspace.workspace import Workspace

ORG_ID = "1234567890123456"
# What the storage wants to see again, as customer-managed keys do; and a link's credential.
STORAGE_HEADERS = {"x-stand-in-encryption": "customer-key"}
_STATEMENTS = "/api/2.0/sql/statements"
_PLAIN_TYPE = re.compile(r"([A-Z]+)(\(\d+(,\s*\d+)?\))?")


class Refusal(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str | int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error_code": code, "message": message}
        self.headers = headers


def start_server(workspace: Workspace, port: int) -> ThreadingHTTPServer:
    handler = type("BoundHandler", (Handler,), {"workspace": workspace})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    server.block_on_close = False
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
        fault = self.workspace.next_fault(self.command, path)
        if fault is not None and fault.wait_s:
            self.workspace.closing.wait(fault.wait_s)
        try:
            status, answer, headers = self._answer(path.rstrip("/"), body, fault)
        except Refusal as refusal:
            status, answer, headers = refusal.status, refusal.body, refusal.headers
        if fault is not None and fault.lose:
            self.close_connection = True
            return
        self._send(status, answer, headers, cut=fault is not None and fault.cut)

    def _answer(self, path: str, body: bytes, fault: Fault | None) -> tuple[int, Any, dict[str, str]]:
        if fault is not None and fault.body is not None:
            return fault.status, fault.body, dict(fault.headers)
        if path.startswith("/storage/"):
            return 200, self._stored(path), {}
        if path.startswith("/.well-known/"):
            raise Refusal(404, "ENDPOINT_NOT_FOUND", f"No API found for 'GET {path}'")
        self._check_credential()
        return 200, self._route(path, json.loads(body or b"{}")), {}

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

    def _route(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if (self.command, path) == ("POST", _STATEMENTS):
            return self._execute(body)
        if (self.command, path) == ("GET", "/api/2.0/sql/history/queries"):
            return self._history()
        found = re.fullmatch(rf"{_STATEMENTS}/([\w-]+)(?:/(cancel)|/result/chunks/(\d+))?", path)
        statement = self.workspace.statement(found[1]) if found else None
        if found is None:
            raise Refusal(404, "ENDPOINT_NOT_FOUND", f"No API found for '{self.command} {path}'")
        if statement is None:
            raise Refusal(404, "NOT_FOUND", f"The statement {found[1]} was not found.")
        if self.command == "POST" and found[2]:
            statement.cancel()
            return {}
        if self.command == "DELETE" and not found[2] and not found[3]:
            statement.end("CLOSED")
            return {}
        if self.command == "GET" and found[3]:
            return self._chunk(statement, int(found[3]))
        return self._status(statement)

    def _execute(self, body: dict[str, Any]) -> dict[str, Any]:
        wait_s = _checked_wait(body)
        if body.get("warehouse_id") not in self.workspace.warehouses:
            raise Refusal(
                404, "RESOURCE_DOES_NOT_EXIST", f"SQL warehouse {body.get('warehouse_id')} does not exist."
            )
        _check_form(body)
        statement = self.workspace.submit(body)
        if not statement.ended.wait(wait_s) and wait_s and body.get("on_wait_timeout") == "CANCEL":
            statement.cancel()
        return self._status(statement)

    def _status(self, statement: StandInStatement) -> dict[str, Any]:
        state = statement.state
        status: dict[str, Any] = {"state": self.workspace.state_words.get(state, state)}
        if statement.error is not None:
            status["error"] = statement.error
        if statement.sql_state is not None:
            status["sql_state"] = statement.sql_state
        answer: dict[str, Any] = {"statement_id": statement.id, "status": status}
        if state == "SUCCEEDED":
            answer["manifest"] = self.workspace.manifest(statement)
            answer["result"] = self._chunk(statement, 0) if statement.chunks else {}
        return answer

    def _chunk(self, statement: StandInStatement, index: int) -> dict[str, Any]:
        if statement.state != "SUCCEEDED" or index >= len(statement.chunks):
            raise Refusal(404, "NOT_FOUND", f"There is no chunk {index}.")
        part: dict[str, Any] = {
            "chunk_index": index,
            "row_offset": sum(chunk.height for chunk in statement.chunks[:index]),
            "row_count": statement.chunks[index].height,
        }
        if index + 1 < len(statement.chunks):
            part["next_chunk_index"] = index + 1
            part["next_chunk_internal_link"] = f"{_STATEMENTS}/{statement.id}/result/chunks/{index + 1}"
        if not statement.external:
            return {**part, "data_array": cells(statement.chunks[index])}
        signature = "stale" if self.workspace.take_expired_link() else f"secret-{statement.id}"
        base = self.workspace.storage_url or self.workspace.url
        expires = datetime.now(UTC) + timedelta(minutes=15)
        part["external_link"] = f"{base}/storage/{statement.id}/{index}?sig={signature}"
        part["expiration"] = expires.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        part["http_headers"] = STORAGE_HEADERS
        return {"external_links": [part]}

    def _stored(self, path: str) -> bytes:
        """A chunk from the storage, which knows nothing of tokens but what the link carries."""
        self.workspace.storage_headers.append({name.lower(): value for name, value in self.headers.items()})
        _, _, statement_id, index = path.split("/")
        statement = self.workspace.statement(statement_id)
        signature = parse_qs(urlsplit(self.path).query).get("sig", [""])[0]
        if "Authorization" in self.headers:
            raise Refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
        if statement is None or signature != f"secret-{statement_id}":
            raise Refusal(403, "AccessDenied", "Request has expired")
        if any(self.headers.get(name) != value for name, value in STORAGE_HEADERS.items()):
            raise Refusal(400, "InvalidRequest", "The encryption headers are missing")
        return arrow_stream(statement.chunks[int(index)])

    def _history(self) -> dict[str, Any]:
        """The live list of statements: those of the asked states, with their tags."""
        words = {"PENDING": "QUEUED", "SUCCEEDED": "FINISHED"}
        wanted = parse_qs(urlsplit(self.path).query).get("filter_by.statuses")
        found = [
            {
                "query_id": one.id,
                "status": words.get(one.state, one.state),
                "query_text": one.text,
                "query_tags": one.body.get("query_tags") or [],
            }
            for one in self.workspace.statements
            if wanted is None or words.get(one.state, one.state) in wanted
        ]
        return {"res": found, "has_next_page": False}

    def _send(self, status: int, answer: Any, headers: dict[str, str], *, cut: bool) -> None:
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        if not isinstance(answer, bytes):
            self.send_header("Content-Type", "application/json")
            self.send_header("Vary", "Accept-Encoding")
            if len(content) > 4096 and "gzip" in self.headers.get("Accept-Encoding", ""):
                content = gzip.compress(content, compresslevel=1)
                self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content) + (1000 if cut else 0)))
        self.send_header("x-request-id", str(uuid.uuid4()))
        self.send_header("x-databricks-org-id", ORG_ID)
        self.send_header("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = self.close_connection or cut


def _checked_wait(body: dict[str, Any]) -> int:
    found = re.fullmatch(r"(\d+)s", str(body.get("wait_timeout", "10s")))
    if found is None or not (int(found[1]) == 0 or 5 <= int(found[1]) <= 50):
        raise Refusal(400, "INVALID_PARAMETER_VALUE", "wait_timeout must be 0s or between 5s and 50s.")
    return int(found[1])


def _check_form(body: dict[str, Any]) -> None:
    disposition, form = body.get("disposition", "INLINE"), body.get("format", "JSON_ARRAY")
    if (disposition, form) not in (("INLINE", "JSON_ARRAY"), ("EXTERNAL_LINKS", "ARROW_STREAM")):
        raise Refusal(
            400, "INVALID_PARAMETER_VALUE", f"Format {form} is not supported with disposition {disposition}."
        )
    for item in body.get("parameters") or ():
        kind = _PLAIN_TYPE.fullmatch(item.get("type", "STRING"))
        if kind is None or kind[1] not in PARAMETER_TYPES:
            raise Refusal(400, "INVALID_PARAMETER_VALUE", f"Unsupported parameter type {item.get('type')}.")
        if not isinstance(item.get("value"), str | None):
            raise Refusal(400, "MALFORMED_REQUEST", "A parameter's value is a string.")
