"""Real receivers on loopback, and what the tests of notifications send them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sysmon_tui.alerts.notify.notice import Kind, Notice

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOOK_PATH = "/services/T0000PLANT/B0000PLANT/plantedHookSecret"
TOOK = {"ok": True, "channel": "C0PLANT", "ts": "1795316400.000100"}

Reply = Callable[[BaseHTTPRequestHandler], None]


def alert(**changes: Any) -> dict[str, Any]:
    """A firing alert as the contract has it."""
    return {
        "id": "3f1c2a9d5e7b8a60",
        "rule": "query.failed_per_hour",
        "category": "query",
        "severity": "high",
        "state": "firing",
        "title": "12 failed queries within an hour",
        "message": "12 failed queries in the hour up to 2026-11-22 02:41 UTC (threshold 10).",
        "value": 12,
        "threshold": 10,
        "entity": {},
        "started_at": "2026-11-22T02:30:00Z",
        "detected_at": "2026-11-22T03:00:00Z",
        "resolved_at": None,
        "as_of": "2026-11-22T02:41:00Z",
        "acknowledged_by": None,
        "silenced_until": None,
        "runbook_url": None,
        "evidence": {"ids": ["s1"], "dataset": "queries/failed", "parameters": {}, "statement": None},
    } | changes


def resolved(**changes: Any) -> dict[str, Any]:
    return alert(state="resolved", resolved_at="2026-11-22T02:50:00Z", **changes)


def notice(*alerts: dict[str, Any], kind: Kind | None = None, **changes: Any) -> Notice:
    """About these alerts, or one that fires. Its kind is what the first one's state says, if nothing else is."""
    told = alerts or (alert(),)
    settings: dict[str, Any] = {
        "kind": kind or ("resolved" if told[0]["state"] == "resolved" else "firing"),
        "alerts": told,
        "incident": told[0]["id"],
        "number": "1",
        "tenant": "prod",
        "environment": "production",
        "sent_at": NOW,
    }
    return Notice(**settings | changes)


@dataclass
class Receiver:
    """`replies` are given in turn, then what Slack says of a message it took. `documents`, `headers` and `paths` are
    what came.
    """

    port: int = 0
    replies: list[Reply] = field(default_factory=list)
    documents: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{HOOK_PATH}"

    def hang(self, _request: BaseHTTPRequestHandler) -> None:
        """A reply that does not come before the test is over."""
        self.released.wait()


def answer(status: int, body: bytes = b"", **headers: str) -> Reply:
    """Keyword names are header names with `_` for `-`."""

    def reply(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return reply


def answer_json(document: dict[str, Any], status: int = 200) -> Reply:
    return answer(status, msgspec.json.encode(document), Content_Type="application/json")


@dataclass
class Flood:
    """A reply that goes on up to a gigabyte; `written` is what the other side and the system's buffers took."""

    status: int
    written: int = 0

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        request.send_response(self.status)
        request.end_headers()
        while self.written < 1 << 30:
            self.written += request.connection.send(b"x" * 65_536)


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether it comes to hold within the time."""
    until_s = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until_s:
            return False
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def http_receiver(*replies: Reply, tls: SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver(replies=list(replies))
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                receiver.documents.append(msgspec.json.decode(body))
                receiver.headers.append(dict(self.headers))
                receiver.paths.append(self.path)
                reply = receiver.replies.pop(0) if receiver.replies else answer_json(TOOK)
            with contextlib.suppress(OSError):  # the sender may hang up in the middle: that is tested
                reply(self)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()


def certificate(folder: Path, name: str, *more: str) -> Path:
    """A PEM file with a key and a certificate for `name`, and for more, that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(one) for one in (name, *more)]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path
