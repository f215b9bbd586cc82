"""What can go wrong on the way, to order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Fault:
    """The answer to the next `times` requests whose method and path fit (`path` is a part of it), then used up.

    `times` of None lasts until it is taken out of the list. `body` is sent in place of the real answer; None lets
    the request do its work. `lose` closes the connection instead of answering and `reset` resets it, `cut` promises
    more bytes than it sends, `wait_s` waits first, `trickle_s` waits before each byte of the body.
    """

    status: int = 200
    body: Mapping[str, Any] | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str | None = None
    path: str = ""
    lose: bool = False
    cut: bool = False
    wait_s: float = 0.0
    times: int | None = 1
    reset: bool = False
    trickle_s: float = 0.0

    def fits(self, method: str, path: str) -> bool:
        return self.method in (None, method) and self.path in path


def take_fault(faults: list[Fault], method: str, path: str) -> Fault | None:
    """The first one that fits; the list keeps what is left of it."""
    for position, fault in enumerate(faults):
        if fault.fits(method, path):
            if fault.times is not None:
                left = fault.times - 1
                faults[position : position + 1] = [replace(fault, times=left)] if left > 0 else []
            return fault
    return None
