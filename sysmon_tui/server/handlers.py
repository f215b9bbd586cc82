"""What each route answers. Parameters arrive checked by name; the Monitor checks what they hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from prometheus_client.exposition import choose_encoder
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sysmon_tui.errors import RequestError
from sysmon_tui.runtime import Runtime, Tenant
from sysmon_tui.server import caching, own
from sysmon_tui.server.problems import problem
from sysmon_tui.server.warmth import Warmer

_TENANT_HEADER = "X-Tenant-ID"
_NOT_STORED = {"Cache-Control": "no-store"}


def _tenant(request: Request) -> Tenant:
    """The tenant that the request names. `default_tenant` is the terminal's: over HTTP nothing is guessed."""
    runtime: Runtime = request.app.state.runtime
    names = request.headers.getlist(_TENANT_HEADER)
    if len(names) > 1:
        raise RequestError(f"{_TENANT_HEADER} is given more than once.", parameter=_TENANT_HEADER)
    if names == [""]:
        raise RequestError(
            f"{_TENANT_HEADER} is empty; leave it out or name a tenant.", parameter=_TENANT_HEADER
        )
    if not names and len(runtime.config.tenants) > 1:
        raise RequestError(
            f"There are several tenants; name one in {_TENANT_HEADER}.",
            parameter=_TENANT_HEADER,
            code="tenant_required",
        )
    try:
        return runtime.tenant(names[0] if names else None)
    except RequestError as error:  # it calls the parameter by its name on the command line
        raise RequestError(
            error.message, parameter=_TENANT_HEADER, status=error.status, code=error.request_code
        ) from error


def _data_headers(request: Request, state: str, fetched_at: datetime) -> dict[str, str]:
    """Age counts from the read and max-age too, so what is left of it ends when the next refresh is due."""
    runtime: Runtime = request.app.state.runtime
    age_s = max(0, int((runtime.clock.now() - fetched_at).total_seconds()))
    return {
        "X-Data-State": state,
        "Cache-Control": f"private, max-age={int(runtime.config.refresh.seconds)}",
        "Age": str(age_s),
    }


def dataset(name: str) -> Callable[[Request, Mapping[str, str]], Awaitable[Response]]:
    """The handler of a route that answers with a dataset's rows."""

    async def handler(request: Request, parameters: Mapping[str, str]) -> Response:
        tenant = _tenant(request)
        answer = await tenant.monitor.ask(name, parameters)
        headers = _data_headers(request, answer.state, answer.fetched_at)
        return await caching.json_response(request, lambda: answer.document(tenant.name), headers)

    return handler


def _health_headers(request: Request, document: dict[str, Any]) -> dict[str, str]:
    return _data_headers(request, document["state"], datetime.fromisoformat(document["fetched_at"]))


async def health(request: Request, _: Mapping[str, str]) -> Response:
    document = await _tenant(request).monitor.health()
    return await caching.json_response(request, lambda: document, _health_headers(request, document))


async def detailed_health(request: Request, _: Mapping[str, str]) -> Response:
    """The process's own figures are in it and move with every request: caches must ask again."""
    tenant = _tenant(request)
    document = await tenant.monitor.detailed_health()
    runtime: Runtime = request.app.state.runtime
    channels = tuple(runtime.config.notifications.channels)
    document["notifications"] = await run_in_threadpool(own.backlog, tenant, channels)
    document["process"] = own.process()
    headers = {**_health_headers(request, document), "Cache-Control": "private, no-cache"}
    return await caching.json_response(request, lambda: document, headers)


async def livez(request: Request, _: Mapping[str, str]) -> Response:
    return Response(caching.encode({"status": "alive"}), 200, _NOT_STORED, "application/json")


async def readyz(request: Request, _: Mapping[str, str]) -> Response:
    warmer: Warmer = request.app.state.warmer
    waiting = warmer.waiting
    if waiting:
        detail = f"{waiting} of {warmer.tenants} tenants have neither an answer nor a reason for none yet."
        return problem(request.state.request_id, 503, "not_ready", detail, headers={"Retry-After": "1"})
    body = caching.encode({"status": "ready", "tenants": warmer.tenants})
    return Response(body, 200, _NOT_STORED, "application/json")


async def metrics(request: Request, _: Mapping[str, str]) -> Response:
    """Reads what the background refresh has found: a scrape never starts a statement."""
    encoder, content_type = choose_encoder(request.headers.get("accept", ""))
    body = await run_in_threadpool(encoder, request.app.state.registry)
    return Response(body, 200, {**_NOT_STORED, "Content-Type": content_type, "Vary": "Accept"})


async def openapi(request: Request, _: Mapping[str, str]) -> Response:
    document: dict[str, Any] = request.app.state.openapi
    return await caching.json_response(request, lambda: document, {"Cache-Control": "no-cache"})
