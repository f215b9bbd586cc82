"""What a channel hands to the HTTP layer, written down instead of sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.clock import Clock


@dataclass(frozen=True)
class Posted:
    url: str
    document: Any
    allow_hosts: tuple[str, ...]
    secrets: list[str]
    clock: Clock
    headers: Mapping[str, str] | None = None


@dataclass
class Post:
    """In the place of `post_json` and `ask_json`: `answers` are given or raised in turn, then `{}`."""

    answers: list[dict[str, Any] | DeliveryError] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)

    def __call__(
        self,
        url: str,
        document: Any,
        *,
        allow_hosts: tuple[str, ...],
        secrets: list[str],
        clock: Clock,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        self.posted.append(Posted(url, document, allow_hosts, secrets, clock, headers))
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, DeliveryError):
            raise answer
        return answer
