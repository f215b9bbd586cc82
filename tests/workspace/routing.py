"""What the routes of the stand-in have in common: a request as they see it, and an answer other than 200."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.workspace.workspace import Workspace


class Refusal(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str | int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error_code": code, "message": message}
        self.headers = headers


@dataclass(frozen=True)
class Request:
    """`headers` have their names in lower case."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    def asked(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next(iter(self.query.get(name, ())), None)

    def flag(self, name: str) -> bool:
        return (self.asked(name) or "").lower() == "true"

    def integer(self, name: str, default: int | None = None) -> int:
        """Raises Refusal for a text that is no number, and for none at all where there is no default."""
        text = self.asked(name)
        if text is None and default is not None:
            return default
        if text is None:
            raise Refusal(400, "INVALID_PARAMETER_VALUE", f"Missing required field: {name}")
        if re.fullmatch(r"-?\d+", text, re.ASCII) is None:
            raise Refusal(400, "INVALID_PARAMETER_VALUE", f"Could not parse {name}: '{text}'")
        return int(text)


@dataclass(frozen=True)
class Route:
    """`answer` is called with the workspace, the request and the groups of `pattern`, which fits the whole path."""

    method: str
    pattern: str
    answer: Callable[..., Mapping[str, Any]]


def respond(routes: Sequence[Route], workspace: Workspace, request: Request) -> Mapping[str, Any]:
    """Raises Refusal."""
    for route in routes:
        found = re.fullmatch(route.pattern, request.path)
        if found is not None and route.method == request.method:
            return route.answer(workspace, request, *found.groups())
    raise Refusal(404, "ENDPOINT_NOT_FOUND", f"No API found for '{request.method} {request.path}'")
