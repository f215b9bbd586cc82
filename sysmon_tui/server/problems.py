"""Errors as `application/problem+json` (RFC 9457): a client's fault, the router's and our own."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sysmon_tui import text
from sysmon_tui.errors import RequestError, SysmonError
from sysmon_tui.views.filter_language import FilterError

MEDIA_TYPE = "application/problem+json"
_MAX_NAME_CHARS = 64

_ROUTER_DETAILS = {
    404: ("route_unknown", "There is no such route; /openapi.json lists them."),
    405: ("method_not_allowed", "This route answers GET and HEAD."),
}


def problem_body(
    status: int,
    code: str,
    detail: str,
    request_id: str,
    *,
    parameter: str | None = None,
    column: int | None = None,
) -> bytes:
    """JSON. `type` is about:blank, so `title` is HTTP's own phrase and `code` tells problems apart.

    `column` is where in the parameter, from 0 on.
    """
    document: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    if parameter is not None:
        document["parameter"] = text.one_line(parameter, _MAX_NAME_CHARS)
    if column is not None:
        document["column"] = column
    return text.inert_json(msgspec.json.encode(document))


def problem(
    request_id: str,
    status: int,
    code: str,
    detail: str,
    *,
    parameter: str | None = None,
    column: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    return Response(
        problem_body(status, code, detail, request_id, parameter=parameter, column=column),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        MEDIA_TYPE,
    )


async def on_router_error(request: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405. The path is not repeated: a log or a terminal may show the answer."""
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for this class alone)
    code, detail = _ROUTER_DETAILS.get(error.status_code, ("request_refused", "The request was refused."))
    return problem(request.state.request_id, error.status_code, code, detail, headers=error.headers)


async def on_request_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)  # noqa: S101 (registered for this class alone)
    return problem(
        request.state.request_id,
        error.status,
        error.request_code,
        error.sentence,
        parameter=error.parameter,
        column=error.column if isinstance(error, FilterError) else None,
    )


async def on_own_error(request: Request, error: Exception) -> Response:
    """A tenant that cannot be built, for one: the sentence is made for people and holds no secret."""
    assert isinstance(error, SysmonError)  # noqa: S101 (registered for this class alone)
    return problem(request.state.request_id, 503, error.code, error.sentence)
