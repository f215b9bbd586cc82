"""JSON answers as HTTP caches want them: validators, ages, compression.

The bytes of an answer follow from its rows alone and stay the same until the next refresh, so the hash of
the body is a strong ETag. The compressed form is another representation and has a tag of its own.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sysmon_tui import text

VARY = "X-Tenant-ID, Accept-Encoding, Authorization"
# Below one network packet compression saves nothing.
_COMPRESS_FROM_BYTES = 1400
# Beyond this level ten thousand rows take twice the time for a few per cent.
_COMPRESSION_LEVEL = 4


def encode(document: Any) -> bytes:
    return text.inert_json(msgspec.json.encode(document))


async def json_response(
    request: Request, make_document: Callable[[], Any], headers: Mapping[str, str]
) -> Response:
    """200 with the document, or 304 when the client has it. Large answers must not hold up the event loop."""
    body = await run_in_threadpool(lambda: encode(make_document()))
    return await bytes_response(request, body, "application/json", headers)


async def bytes_response(
    request: Request, body: bytes, media_type: str, headers: Mapping[str, str]
) -> Response:
    compress = len(body) >= _COMPRESS_FROM_BYTES and accepts_gzip(request.headers.get("accept-encoding", ""))
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}{"-gzip" if compress else ""}"'
    headers = {"Vary": VARY, "ETag": tag, **headers}
    if _names_tag(request.headers.getlist("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    if compress:
        headers = {**headers, "Content-Encoding": "gzip"}
        body = await run_in_threadpool(gzip.compress, body, _COMPRESSION_LEVEL, mtime=0)
    return Response(body, 200, headers, media_type)


def _names_tag(fields: list[str], tag: str) -> bool:
    """If-None-Match compares weakly (RFC 9110, 13.1.2). Our tags hold no comma, so the list may be split."""
    named = {item.strip().removeprefix("W/") for field in fields for item in field.split(",")}
    return tag in named or "*" in named


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip is acceptable and not liked less than the bytes as they are."""
    weights: dict[str, float] = {}
    for item in accept_encoding.lower().split(","):
        coding, _, parameters = item.partition(";")
        weights[coding.strip()] = _weight(parameters)
    gzip_weight = weights.get("gzip", weights.get("*", 0.0))
    return gzip_weight > 0 and gzip_weight >= weights.get("identity", 0.0)


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
