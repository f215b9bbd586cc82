"""Prepared answers of a SQL warehouse: the bytes that go out for each question, HTTP head and all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from tests.bench import warehouse_rows
from tests.workspace.encoding import schema

_STATEMENTS: Final = "/api/2.0/sql/statements"
# (disposition, format)
_ARROW_LINKS: Final = ("EXTERNAL_LINKS", "ARROW_STREAM")
_FORMS: Final = (_ARROW_LINKS, ("EXTERNAL_LINKS", "JSON_ARRAY"), ("INLINE", "JSON_ARRAY"))


class Answers:
    """`url` is where the links of the answers lead."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._by_path: dict[str, bytes] = {}
        # The path of a statement by its text, disposition and format.
        self._paths: dict[tuple[str, str, str], str] = {}
        self._nothing = _http(404, b'{"error_code":"ENDPOINT_NOT_FOUND","message":"No such API."}')
        self._empty = _http(200, b"{}")
        self._session = _http(200, b'{"session_id":"01f10000-0000-1000-8000-000000000000"}')

    def add(self, text: str, frame: pl.DataFrame) -> None:
        """The answer to a statement, in each form in which it can be asked for."""
        for disposition, form in _FORMS:
            statement_id = f"01f10000-0000-1000-8000-{len(self._paths):012d}"
            self._paths[text, disposition, form] = f"{_STATEMENTS}/{statement_id}"
            encode = warehouse_rows.arrow_stream if form == "ARROW_STREAM" else warehouse_rows.json_array
            bodies = [encode(part) for part in warehouse_rows.chunks(frame)]
            self._add(statement_id, frame, form, bodies, external=disposition == "EXTERNAL_LINKS")

    def links(self, text: str) -> list[str]:
        """Where the chunks of a statement lie as Arrow, in order."""
        stored = f"/storage/{_id(self._paths[text, *_ARROW_LINKS])}/"
        return [self._url + path for path in self._by_path if path.startswith(stored)]

    def answer(self, method: str, path: str, body: bytes) -> bytes:
        if method == "GET":
            return self._by_path.get(path, self._nothing)
        if method == "POST" and path == _STATEMENTS:
            return self._submitted(json.loads(body))
        if method == "POST" and path == "/api/2.0/sql/sessions":
            return self._session
        return self._empty if path.startswith("/api/2.0/sql/") else self._nothing

    def _submitted(self, asked: dict[str, Any]) -> bytes:
        """Without a wait the statement is still to run; a wait sees its end."""
        form = (asked.get("disposition") or "INLINE", asked.get("format") or "JSON_ARRAY")
        found = [
            path for (text, *of), path in self._paths.items() if text in asked["statement"] and form == (*of,)
        ]
        if not found:
            return _http(400, b'{"error_code":"INVALID_PARAMETER_VALUE","message":"Not prepared."}')
        return self._by_path[_pending(found[0]) if asked.get("wait_timeout") == "0s" else found[0]]

    def _add(
        self, statement_id: str, frame: pl.DataFrame, form: str, bodies: list[bytes], *, external: bool
    ) -> None:
        path = f"{_STATEMENTS}/{statement_id}"
        entries = list(_entries(frame, bodies))
        succeeded = {
            "statement_id": statement_id,
            "status": {"state": "SUCCEEDED"},
            "manifest": {
                "format": form,
                "schema": schema(frame),
                "total_chunk_count": len(entries),
                "chunks": entries,
                "total_row_count": frame.height,
                "total_byte_count": sum(map(len, bodies)),
                "truncated": False,
            },
        }
        for index, (entry, body) in enumerate(zip(entries, bodies, strict=True)):
            chunk = {**entry, **_next(path, index, len(entries))}
            if external:
                stored = f"/storage/{statement_id}/{index}"
                self._by_path[stored] = _http(200, body, "application/octet-stream")
                result = _json({"external_links": [{**chunk, **_link(self._url + stored)}]})
            else:
                result = _with(chunk, "data_array", body)
            self._by_path[f"{path}/result/chunks/{index}"] = _http(200, result)
            if index == 0:
                self._by_path[path] = _http(200, _with(succeeded, "result", result))
        pending = {"statement_id": statement_id, "status": {"state": "PENDING"}}
        self._by_path[_pending(path)] = _http(200, _json(pending))


def _entries(frame: pl.DataFrame, bodies: list[bytes]) -> Iterator[dict[str, int]]:
    """`manifest.chunks`."""
    offset = 0
    for index, (part, body) in enumerate(zip(warehouse_rows.chunks(frame), bodies, strict=True)):
        yield {"chunk_index": index, "row_offset": offset, "row_count": part.height, "byte_count": len(body)}
        offset += part.height


def _next(path: str, index: int, count: int) -> dict[str, Any]:
    if index + 1 == count:
        return {}
    link = f"{path}/result/chunks/{index + 1}"
    return {"next_chunk_index": index + 1, "next_chunk_internal_link": link}


def _link(address: str) -> dict[str, str]:
    """Links live 15 minutes; these a day, because they are made once."""
    expires = datetime.now(UTC) + timedelta(days=1)
    return {"external_link": address, "expiration": expires.strftime("%Y-%m-%dT%H:%M:%S.000Z")}


def _id(path: str) -> str:
    return path.rpartition("/")[2]


def _pending(path: str) -> str:
    """Where the answer lies that a statement which was just handed in gets; nobody asks for this path."""
    return f"{path}/pending"


def _with(value: dict[str, Any], name: str, encoded: bytes) -> bytes:
    """The object as JSON with one more member, which is JSON already."""
    return _json(value)[:-1] + f',"{name}":'.encode() + encoded + b"}"


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _http(status: int, body: bytes, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
