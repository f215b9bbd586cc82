"""The cloud storage behind external links, which knows nothing of tokens but what a link carries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.workspace.encoding import arrow_stream
from tests.workspace.routing import Refusal, Request
from tests.workspace.statements import StandInStatement

if TYPE_CHECKING:
    from tests.workspace.workspace import Workspace

# What the storage wants to see again, as customer-managed keys do; and a link's credential.
STORAGE_HEADERS = {"x-stand-in-encryption": "customer-key"}


def link(workspace: Workspace, statement: StandInStatement, index: int) -> dict[str, Any]:
    """The fields of `external_links` that lead to a chunk."""
    signature = "stale" if workspace.take_expired_link() else f"secret-{statement.id}"
    base = workspace.storage_url or workspace.url
    expires = datetime.now(UTC) + timedelta(minutes=15)
    return {
        "external_link": f"{base}/storage/{statement.id}/{index}?sig={signature}",
        "expiration": expires.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "http_headers": STORAGE_HEADERS,
    }


def stored(workspace: Workspace, request: Request) -> bytes:
    """A chunk. Raises Refusal."""
    workspace.storage_headers.append(dict(request.headers))
    _, _, statement_id, index = request.path.split("/")
    statement = workspace.statement(statement_id)
    if "authorization" in request.headers:
        raise Refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
    if statement is None or request.asked("sig") != f"secret-{statement_id}":
        raise Refusal(403, "AccessDenied", "Request has expired")
    if any(request.headers.get(name) != value for name, value in STORAGE_HEADERS.items()):
        raise Refusal(400, "InvalidRequest", "The encryption headers are missing")
    return arrow_stream(statement.chunks[int(index)])
