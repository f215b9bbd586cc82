"""What stands before the router: the request's id, whom the request was meant for, and bugs as problems.

The server listens on loopback without tokens, so a web page in the user's browser is the one stranger that
can reach it: by DNS rebinding (a foreign Host) or by a request across sites (Origin, Sec-Fetch-Site).
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import uuid
from collections.abc import Awaitable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sysmon_tui.server.problems import problem

_log = logging.getLogger("sysmon_tui.server")

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
# A name, an IPv4 address or an IPv6 address in brackets; then perhaps a port.
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]{1,5})?", re.ASCII | re.IGNORECASE)


def request_id_of(incoming: str | None) -> str:
    """The caller's own id where it is harmless, else a new one."""
    return incoming if incoming and _SANE_ID.fullmatch(incoming) else uuid.uuid4().hex


def is_loopback(host: str) -> bool:
    """Of a host without port; IPv6 with or without brackets."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def refusal(headers: Headers) -> tuple[int, str, str] | None:
    """(status, code, detail) for a request that was not meant for this server."""
    host = headers.get("host", "")
    authority = _AUTHORITY.fullmatch(host)
    if authority is None or not is_loopback(authority[1]):
        return 421, "host_foreign", "This server answers to localhost, 127.0.0.1 and [::1] alone."
    origin = headers.get("origin")
    own = (f"http://{host}".lower(), f"https://{host}".lower())
    if (origin is not None and origin.lower() not in own) or headers.get("sec-fetch-site") == "cross-site":
        return 403, "origin_foreign", "Requests from other web sites are not answered."
    return None


async def _while_listened_to(work: Awaitable[None], receive: Receive) -> None:
    """The work, cancelled when the client goes: a statement that nobody waits for must not run on."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.create_task(_disconnect(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            working.cancel()
        await working
    finally:
        leaving.cancel()
        working.cancel()


async def _disconnect(receive: Receive) -> None:
    """Reads a body away, should there be one: no route takes any."""
    while (await receive())["type"] != "http.disconnect":
        continue


class Guard:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = request_id_of(headers.get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_marked(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                answer = MutableHeaders(scope=message)
                answer["X-Request-ID"] = request_id
                answer["X-Content-Type-Options"] = "nosniff"
            await send(message)

        refused = refusal(headers)
        if refused is not None:
            await problem(request_id, *refused)(scope, receive, send_marked)
            return
        try:
            await _while_listened_to(self._app(scope, receive, send_marked), receive)
        except asyncio.CancelledError:
            # The client is gone and hears nothing of this, or the server is stopping.
            if not started:
                detail = "The server is stopping; ask again in a moment."
                await problem(request_id, 503, "stopping", detail)(scope, receive, send_marked)
        except Exception:
            _log.exception("request %s to %s failed", request_id, scope["path"])
            if started:  # only closing the connection can tell the client now
                raise
            detail = "The server failed on this request; its log has the reason under the request's id."
            await problem(request_id, 500, "internal_error", detail)(scope, receive, send_marked)
