"""What can go wrong on the way, to order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """The answer to the next request whose method and path fit (`path` is a part of it), then used up.

    `body` is sent in place of the real answer; None lets the request do its work. `lose` closes the connection
    instead of answering, `cut` promises more bytes than it sends, `wait_s` waits first.
    """

    status: int = 200
    body: Mapping[str, Any] | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str | None = None
    path: str = ""
    lose: bool = False
    cut: bool = False
    wait_s: float = 0.0

    def fits(self, method: str, path: str) -> bool:
        return self.method in (None, method) and self.path in path
