"""The Statement Execution API and the live list of statements."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.workspace.encoding import cells, schema
from tests.workspace.engine import PARAMETER_TYPES
from tests.workspace.routing import Refusal, Request, Route
from tests.workspace.statements import StandInStatement
from tests.workspace.storage import link

if TYPE_CHECKING:
    from tests.workspace.workspace import Workspace

_STATEMENTS = "/api/2.0/sql/statements"
_PLAIN_TYPE = re.compile(r"([A-Z]+)(\(\d+(,\s*\d+)?\))?")


def _execute(workspace: Workspace, request: Request) -> dict[str, Any]:
    body = request.body
    wait_s = _checked_wait(body)
    warehouse = workspace.warehouses.get(body.get("warehouse_id", ""))
    if warehouse is None or warehouse.state == "DELETED":
        raise Refusal(
            404, "RESOURCE_DOES_NOT_EXIST", f"SQL warehouse {body.get('warehouse_id')} does not exist."
        )
    _check_form(body)
    statement = workspace.submit(body, warehouse)
    if wait_s == 0:
        # Said even when it has ended by now, so that what the caller does next does not hang on luck.
        return {"statement_id": statement.id, "status": {"state": _word(workspace, "PENDING")}}
    if not statement.ended.wait(wait_s) and body.get("on_wait_timeout") == "CANCEL":
        statement.cancel()
    return _answer(workspace, statement)


def _checked_wait(body: Mapping[str, Any]) -> int:
    found = re.fullmatch(r"(\d+)s", str(body.get("wait_timeout", "10s")))
    if found is None or not (int(found[1]) == 0 or 5 <= int(found[1]) <= 50):
        raise Refusal(400, "INVALID_PARAMETER_VALUE", "wait_timeout must be 0s or between 5s and 50s.")
    return int(found[1])


def _check_form(body: Mapping[str, Any]) -> None:
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


def _found(workspace: Workspace, statement_id: str) -> StandInStatement:
    statement = workspace.statement(statement_id)
    if statement is None:
        raise Refusal(404, "NOT_FOUND", f"The statement {statement_id} was not found.")
    return statement


def _status(workspace: Workspace, request: Request, statement_id: str) -> dict[str, Any]:
    return _answer(workspace, _found(workspace, statement_id))


def _cancel(workspace: Workspace, request: Request, statement_id: str) -> dict[str, Any]:
    _found(workspace, statement_id).cancel()
    return {}


def _close(workspace: Workspace, request: Request, statement_id: str) -> dict[str, Any]:
    _found(workspace, statement_id).end("CLOSED")
    return {}


def _chunk(workspace: Workspace, request: Request, statement_id: str, index: str) -> dict[str, Any]:
    return _part(workspace, _found(workspace, statement_id), int(index))


def _answer(workspace: Workspace, statement: StandInStatement) -> dict[str, Any]:
    state = statement.state
    status: dict[str, Any] = {"state": _word(workspace, state)}
    if statement.error is not None:
        status["error"] = statement.error
    if statement.sql_state is not None:
        status["sql_state"] = statement.sql_state
    answer: dict[str, Any] = {"statement_id": statement.id, "status": status}
    if state == "SUCCEEDED":
        answer["manifest"] = _manifest(statement)
        answer["result"] = _part(workspace, statement, 0) if statement.chunks else {}
    return answer


def _word(workspace: Workspace, state: str) -> str:
    return workspace.state_words.get(state, state)


def _manifest(statement: StandInStatement) -> dict[str, Any]:
    offsets = itertools.accumulate((chunk.height for chunk in statement.chunks), initial=0)
    chunks = [
        {"chunk_index": index, "row_offset": offset, "row_count": chunk.height}
        for index, (chunk, offset) in enumerate(zip(statement.chunks, offsets, strict=False))
    ]
    return {
        "format": statement.body.get("format", "JSON_ARRAY"),
        "schema": schema(statement.frame),
        "total_chunk_count": len(chunks),
        **({"chunks": chunks} if chunks else {}),
        "total_row_count": statement.frame.height,
        "truncated": False,
    }


def _part(workspace: Workspace, statement: StandInStatement, index: int) -> dict[str, Any]:
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
    if statement.external:
        return {"external_links": [{**part, **link(workspace, statement, index)}]}
    return {**part, "data_array": cells(statement.chunks[index])}


def _history(workspace: Workspace, request: Request) -> dict[str, Any]:
    """The live list of statements: those of the asked states, with their tags."""
    words = {"PENDING": "QUEUED", "SUCCEEDED": "FINISHED"}
    wanted = request.query.get("filter_by.statuses")
    found = [
        {
            "query_id": one.id,
            "status": words.get(one.state, one.state),
            "query_text": one.text,
            "query_tags": one.body.get("query_tags") or [],
        }
        for one in workspace.statements
        if wanted is None or words.get(one.state, one.state) in wanted
    ]
    return {"res": found, "has_next_page": False}


ROUTES = (
    Route("POST", _STATEMENTS, _execute),
    Route("GET", rf"{_STATEMENTS}/([\w-]+)", _status),
    Route("DELETE", rf"{_STATEMENTS}/([\w-]+)", _close),
    Route("POST", rf"{_STATEMENTS}/([\w-]+)/cancel", _cancel),
    Route("GET", rf"{_STATEMENTS}/([\w-]+)/result/chunks/(\d+)", _chunk),
    Route("GET", "/api/2.0/sql/history/queries", _history),
)
