"""DatabricksSource: statements on a SQL warehouse, from any thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import Clock, SystemClock
from sysmon_tui.errors import ResultTooLarge, StatementCanceled
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.databricks.api import WorkspaceApi
from sysmon_tui.sources.databricks.execution import Execution
from sysmon_tui.sources.databricks.inspect import WorkspaceInspection
from sysmon_tui.sources.databricks.links import LinkReader, StorageUnreachable
from sysmon_tui.sources.databricks.live import LiveWorkspace

_CLOSE_S: Final = 2.5

_log = logging.getLogger(__name__)


class DatabricksSource:
    """Statements on one SQL warehouse.

    Who we are comes from databricks-sdk's unified authentication; `host`, `profile` and `token` are passed on
    when given. Nothing is connected before the first statement.
    """

    def __init__(
        self,
        *,
        host: str | None = None,
        profile: str | None = None,
        token: str | None = None,
        warehouse_id: str,
        clock: Clock | None = None,
    ) -> None:
        self._warehouse_id = warehouse_id
        self._clock = clock or SystemClock()
        self._api = WorkspaceApi(host, profile, token, self._clock)
        self._links = LinkReader()
        self.live = LiveWorkspace(self._api, warehouse_id, self._clock)
        self.inspection = WorkspaceInspection(self._api, warehouse_id, self._clock, self._tracked)
        self._storage_closed_until_s = 0.0
        # Statements whose answers have shown to be too large to come inline.
        self._large: set[str] = set()
        self._running: dict[str, Execution] = {}
        self._changed = threading.Condition()
        self._closed = False

    def execute(self, request: Request) -> pl.DataFrame:
        execution = Execution(request, self._api, self._links, self._warehouse_id, self._clock)
        return self._tracked(execution, self._answer)

    def _tracked(self, execution: Execution, answer: Callable[[Execution], pl.DataFrame]) -> pl.DataFrame:
        """What `answer` makes of the execution, which `cancel` and `close` end."""
        request_id = execution.request.id
        with self._changed:
            if self._closed:
                raise StatementCanceled("The source is closed.")
            self._running[request_id] = execution
        try:
            return answer(execution)
        finally:
            with self._changed:
                del self._running[request_id]
                if not self._running:
                    self._links.rest()
                self._changed.notify_all()

    def _answer(self, execution: Execution) -> pl.DataFrame:
        name = execution.request.statement.name
        large = name in self._large or _most_rows(execution.request) > limits.INLINE_MAX_ROWS
        external = large and self._storage_is_open
        while True:
            try:
                return execution.run(external=external)
            except ResultTooLarge:
                if not self._storage_is_open:
                    raise
                self._large.add(name)
                external = True
            except StorageUnreachable:
                if not self._storage_closed_until_s:
                    _log.warning("the result storage cannot be reached: answers come inline, 25 MiB at most")
                self._storage_closed_until_s = self._clock.monotonic_s() + limits.STORAGE_CLOSED_S
                external = False

    @property
    def _storage_is_open(self) -> bool:
        return self._clock.monotonic_s() >= self._storage_closed_until_s

    def cancel(self, request_id: str) -> None:
        """The executing thread wakes, cancels on the server and raises; this one does not wait for it."""
        with self._changed:
            execution = self._running.get(request_id)
        if execution is not None:
            execution.stop.set()

    def close(self) -> None:
        """Returns when what ran is cancelled, after 2.5 s in any case."""
        with self._changed:
            self._closed = True
            self.live.close()
            self.inspection.close()
            for execution in self._running.values():
                execution.stop.set()
            self._changed.wait_for(lambda: not self._running, timeout=_CLOSE_S)
        self._links.close()


def _most_rows(request: Request) -> int:
    limit = request.values.get("row_limit")
    return limit if isinstance(limit, int) else request.statement.ceiling
