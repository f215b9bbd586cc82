"""All tenants in one: the listings of Monitor over every tenant's monitor, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from sysmon_tui.services import together
from sysmon_tui.services.monitor import Monitor
from sysmon_tui.views.answer import Answer
from sysmon_tui.views.breakdown import LoginKey

T = TypeVar("T")


class Listings(Protocol):
    """What the tabs ask: one tenant's Monitor has it, and Everywhere."""

    @property
    def is_waiting(self) -> bool: ...
    async def workflows(self, *, hours: float = ..., limit: int = ..., fresh: bool = ...) -> Answer: ...
    async def failed_workflows(
        self, *, hours: float = ..., limit: int = ..., fresh: bool = ...
    ) -> Answer: ...
    async def active_runs(self, *, fresh: bool = ...) -> Answer: ...
    async def queries(self, *, hours: float = ..., limit: int = ..., fresh: bool = ...) -> Answer: ...
    async def failed_queries(self, *, hours: float = ..., limit: int = ..., fresh: bool = ...) -> Answer: ...
    async def query_errors(self, *, hours: float = ..., fresh: bool = ...) -> Answer: ...
    async def query_times(self, *, hours: float = ..., fresh: bool = ...) -> Answer: ...
    async def slowest_queries(self, *, hours: float = ..., limit: int = ..., fresh: bool = ...) -> Answer: ...
    async def warehouses(self, *, hours: float = ..., fresh: bool = ...) -> Answer: ...
    async def audit(
        self, *, hours: float = ..., status: str | None = ..., limit: int = ..., fresh: bool = ...
    ) -> Answer: ...
    async def login_failures(self, *, by: LoginKey, hours: float = ..., fresh: bool = ...) -> Answer: ...
    async def counts(self, kind: str, *, hours: float = ..., fresh: bool = ...) -> Answer: ...
    async def alerts(
        self, *, hours: float | None = ..., category: str | None = ..., fresh: bool = ...
    ) -> Answer: ...
    async def warehouse_events(
        self, warehouse_id: str | None, *, hours: float = ..., fresh: bool = ...
    ) -> Answer: ...
    async def health(self, *, fresh: bool = ...) -> dict[str, Any]: ...
    async def recent_failures(self) -> dict[str, list[dict[str, Any]]]: ...
    async def yesterday(self, kind: str) -> dict[str, int | None]: ...


class Everywhere:
    """`monitors` by tenant. They never raise for a source that is down, so one tenant's trouble is its own."""

    def __init__(self, monitors: Mapping[str, Monitor]) -> None:
        self.monitors = monitors

    @property
    def is_waiting(self) -> bool:
        """Whether statements wait for any tenant's warehouse to start."""
        return any(monitor.is_waiting for monitor in self.monitors.values())

    async def workflows(self, **arguments: Any) -> Answer:
        return together.listing(await self._all(lambda one: one.workflows(**arguments)), "start_time")

    async def failed_workflows(self, **arguments: Any) -> Answer:
        return together.listing(await self._all(lambda one: one.failed_workflows(**arguments)), "end_time")

    async def active_runs(self, **arguments: Any) -> Answer:
        return together.listing(await self._all(lambda one: one.active_runs(**arguments)), "start_time")

    async def queries(self, **arguments: Any) -> Answer:
        return together.listing(await self._all(lambda one: one.queries(**arguments)), "end_time")

    async def failed_queries(self, **arguments: Any) -> Answer:
        return together.listing(await self._all(lambda one: one.failed_queries(**arguments)), "end_time")

    async def query_errors(self, **arguments: Any) -> Answer:
        return together.listing(await self._all(lambda one: one.query_errors(**arguments)), "failures")

    async def query_times(self, **arguments: Any) -> Answer:
        return together.listing(await self._all(lambda one: one.query_times(**arguments)))

    async def slowest_queries(self, **arguments: Any) -> Answer:
        slowest = await self._all(lambda one: one.slowest_queries(**arguments))
        return together.listing(slowest, "total_duration_ms")

    async def warehouses(self, **arguments: Any) -> Answer:
        return together.listing(await self._all(lambda one: one.warehouses(**arguments)))

    async def audit(self, **arguments: Any) -> Answer:
        return together.listing(await self._all(lambda one: one.audit(**arguments)), "event_time")

    async def login_failures(self, **arguments: Any) -> Answer:
        return together.listing(await self._all(lambda one: one.login_failures(**arguments)), "failures")

    async def counts(self, kind: str, **arguments: Any) -> Answer:
        return together.counts(await self._all(lambda one: one.counts(kind, **arguments)))

    async def alerts(self, **arguments: Any) -> Answer:
        return together.alerts(await self._all(lambda one: one.alerts(**arguments)))

    async def warehouse_events(self, warehouse_id: str | None, **arguments: Any) -> Answer:
        every = await self._all(lambda one: one.warehouse_events(warehouse_id, **arguments))
        return together.listing(every, "event_time")

    async def recent_failures(self) -> dict[str, list[dict[str, Any]]]:
        return together.recent_failures(await self._all(lambda one: one.recent_failures()))

    async def yesterday(self, kind: str) -> dict[str, int | None]:
        return together.yesterday(await self._all(lambda one: one.yesterday(kind)))

    async def health(self, **arguments: Any) -> dict[str, Any]:
        return together.health(await self._all(lambda one: one.health(**arguments)))

    async def _all(self, ask: Callable[[Monitor], Awaitable[T]]) -> dict[str, T]:
        answers = await asyncio.gather(*(ask(monitor) for monitor in self.monitors.values()))
        return dict(zip(self.monitors, answers, strict=True))
