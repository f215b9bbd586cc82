"""What is sent to the warehouse: one statement with typed named parameters, tagged as ours."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from sysmon_tui.datasets.statement import Value
from sysmon_tui.sources.base import Request

APP: Final = "sysmon_tui"
# The tag by which a statement is found again whose answer was lost on the way.
REQUEST_TAG: Final = "request"

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.-]+")


def submission(request: Request, warehouse_id: str, *, external: bool) -> dict[str, Any]:
    """The body of POST /api/2.0/sql/statements; `external` asks for Arrow behind links, not rows inline."""
    statement = _plain(request.statement.name)
    panel = _plain(request.panel) or statement
    return {
        "statement": f"/* {APP} {panel} {statement} */ {request.text}",
        "warehouse_id": warehouse_id,
        "parameters": [
            _parameter(name, kind, request.values[name])
            for name, kind in request.statement.parameters.items()
            if name in request.values
        ],
        "query_tags": [
            {"key": "app", "value": APP},
            {"key": "panel", "value": panel},
            {"key": "statement", "value": statement},
            {"key": REQUEST_TAG, "value": request.id},
        ],
        "disposition": "EXTERNAL_LINKS" if external else "INLINE",
        "format": "ARROW_STREAM" if external else "JSON_ARRAY",
        # Answered at once, so that there is an id to cancel from the first moment on. A wait of 5 s and more
        # (less is not allowed) would save a round trip, and nobody could end the statement while it lasts.
        "wait_timeout": "0s",
        "on_wait_timeout": "CONTINUE",
    }


def _plain(name: str) -> str:
    """Nothing that ends a comment, or that a tag may not hold."""
    return _NOT_PLAIN.sub("_", name)[:64]


def _parameter(name: str, kind: str, value: Value) -> dict[str, str]:
    """A parameter without a value is NULL of its type."""
    if value is None:
        return {"name": name, "type": kind}
    return {"name": name, "type": kind, "value": _text(value)}


def _text(value: str | int | float | date) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
