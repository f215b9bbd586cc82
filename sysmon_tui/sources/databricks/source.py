"""DatabricksSource: a statement's life on a SQL warehouse: handed in, polled, read, or cancelled there."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import Clock, SystemClock
from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.errors import (
    ResultTooLarge,
    SourceUnreachable,
    StatementCanceled,
    StatementFailed,
)
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.databricks import failures
from sysmon_tui.sources.databricks.api import LostAnswer, WorkspaceApi
from sysmon_tui.sources.databricks.body import REQUEST_TAG, submission
from sysmon_tui.sources.databricks.decode import arrow_frame, empty_frame, rows_frame
from sysmon_tui.sources.databricks.links import LinkExpired, LinkReader, StorageUnreachable

_STATEMENTS: Final = "/api/2.0/sql/statements"
_HISTORY: Final = "/api/2.0/sql/history/queries"

_POLL_MIN_S: Final = 0.1
_POLL_MAX_S: Final = 2.0
# How long a cancelled statement is watched until the warehouse has really ended it.
_CANCEL_S: Final = 2.0
_CLOSE_S: Final = 2.5

# The SDK's errors and those of requests are OSErrors; broken JSON and the sign-in raise ValueError.
_NO_ANSWER: Final = (OSError, ValueError)

_log = logging.getLogger(__name__)


@dataclass
class _Running:
    """A request under way. `until_s` is its deadline on the clock's monotonic seconds."""

    request: Request
    until_s: float
    stop: threading.Event = field(default_factory=threading.Event)
    statement_id: str = ""

    @property
    def path(self) -> str:
        return f"{_STATEMENTS}/{self.statement_id}"


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
        self._storage_reachable = True
        self._large: set[str] = set()
        self._running: dict[str, _Running] = {}
        self._changed = threading.Condition()
        self._closed = False

    def execute(self, request: Request) -> pl.DataFrame:
        running = self._begin(request)
        try:
            return self._answer(running)
        finally:
            with self._changed:
                del self._running[request.id]
                self._changed.notify_all()

    def cancel(self, request_id: str) -> None:
        """The executing thread wakes, cancels on the server and raises; this one does not wait for it."""
        with self._changed:
            running = self._running.get(request_id)
        if running is not None:
            running.stop.set()

    def close(self) -> None:
        """Returns when the statements are cancelled, after 2.5 s in any case."""
        with self._changed:
            self._closed = True
            for running in self._running.values():
                running.stop.set()
            self._changed.wait_for(lambda: not self._running, timeout=_CLOSE_S)
        self._links.close()

    def default_host(self) -> str | None:
        return self._api.host

    def _begin(self, request: Request) -> _Running:
        running = _Running(request, self._clock.monotonic_s() + request.timeout_s)
        with self._changed:
            if self._closed:
                raise StatementCanceled("The source is closed.")
            self._running[request.id] = running
        return running

    def _answer(self, running: _Running) -> pl.DataFrame:
        name = running.request.statement.name
        large = name in self._large or _most_rows(running.request) > limits.INLINE_MAX_ROWS
        try:
            return self._run(running, external=large and self._storage_reachable)
        except ResultTooLarge:
            if not self._storage_reachable:
                raise
            self._large.add(name)
            return self._run(running, external=True)
        except StorageUnreachable:
            if self._storage_reachable:
                self._storage_reachable = False
                _log.warning(
                    "the result storage cannot be reached: large answers come inline, 25 MiB at most"
                )
            return self._run(running, external=False)

    def _run(self, running: _Running, *, external: bool) -> pl.DataFrame:
        self._submit(running, external=external)
        answer = self._finished(running)
        manifest, result = answer.get("manifest") or {}, answer.get("result") or {}
        parts = list(self._parts(running, manifest, result))
        frame = pl.concat(parts) if parts else self._no_rows(running, manifest)
        expected = manifest.get("total_row_count")
        if expected is not None and frame.height != expected:
            raise StatementFailed(f"{frame.height} of {expected} rows arrived.", "Ask again.")
        return frame

    def _submit(self, running: _Running, *, external: bool) -> None:
        body = submission(running.request, self._warehouse_id, external=external)
        self._check(running)
        try:
            answer = self._api.call(
                "POST", _STATEMENTS, body=body, repeatable=False, stop=running.stop, until_s=running.until_s
            )
        except LostAnswer as lost:
            self._cancel_orphan(running)
            raise lost.failure from None
        except _NO_ANSWER as error:
            self._raise_if_stopped(running)
            raise failures.of_submission(error, self._api.label, self._warehouse_id) from None
        running.statement_id = str(answer.get("statement_id") or "")
        if not running.statement_id:
            raise StatementFailed(f"{self._api.label} took the statement and gave it no id.")

    def _finished(self, running: _Running) -> dict[str, Any]:
        """The answer in state SUCCEEDED. A state word that nobody told us of counts as still running."""
        started_s = self._clock.monotonic_s()
        state = "PENDING"
        while True:
            waited_s = self._clock.monotonic_s() - started_s
            self._pause(running, min(_POLL_MAX_S, max(_POLL_MIN_S, waited_s / 5)), state)
            answer = self._get(running, running.path)
            status = answer.get("status") or {}
            state = str(status.get("state") or state)
            if state == "SUCCEEDED":
                return answer
            if state == "FAILED":
                tables = tuple(TABLES[key] for key in running.request.statement.tables)
                raise failures.of_statement(status, tables)
            if state == "CANCELED":
                self._raise_if_stopped(running)
                raise StatementFailed("Somebody cancelled the statement in the workspace.")
            if state == "CLOSED":
                raise StatementFailed("The workspace has thrown the result away.", "Ask again.")

    def _pause(self, running: _Running, seconds: float, state: str) -> None:
        remaining_s = running.until_s - self._clock.monotonic_s()
        if remaining_s <= 0:
            self._cancel_there(running)
            waited = f"{running.request.timeout_s:.0f} s"
            if state == "PENDING":
                raise SourceUnreachable(
                    f"The SQL warehouse {self._warehouse_id} did not begin within {waited}.",
                    "It may be starting or full; try again in a while.",
                )
            raise StatementFailed(
                f"The statement {running.request.statement.name} took longer than {waited}.",
                "Choose a shorter window.",
            )
        running.stop.wait(min(seconds, remaining_s))
        self._check(running)

    def _check(self, running: _Running) -> None:
        if running.stop.is_set():
            self._cancel_there(running)
            self._raise_if_stopped(running)

    def _raise_if_stopped(self, running: _Running) -> None:
        if running.stop.is_set():
            raise StatementCanceled("The statement was cancelled.")

    def _get(self, running: _Running, path: str) -> dict[str, Any]:
        try:
            return self._api.call("GET", path, stop=running.stop, until_s=running.until_s)
        except _NO_ANSWER as error:
            self._check(running)
            raise failures.of_call(error, self._api.label) from None

    def _no_rows(self, running: _Running, manifest: Mapping[str, Any]) -> pl.DataFrame:
        columns = (manifest.get("schema") or {}).get("columns")
        statement = running.request.statement
        return rows_frame(columns, [], statement) if columns else empty_frame(statement)

    def _parts(
        self, running: _Running, manifest: Mapping[str, Any], result: dict[str, Any]
    ) -> Iterator[pl.DataFrame]:
        """The chunks, in order. The absence of the next one's number ends them: 0 is a number."""
        statement = running.request.statement
        columns = (manifest.get("schema") or {}).get("columns") or []
        left_bytes, chunk = limits.MAX_RESULT_BYTES, 0
        while True:
            following = result.get("next_chunk_index")
            if result.get("data_array"):
                yield rows_frame(columns, result["data_array"], statement)
            for link in result.get("external_links") or ():
                stream = self._linked(running, link, left_bytes)
                left_bytes -= len(stream)
                following = link.get("next_chunk_index")
                yield arrow_frame(stream, statement)
            if following is None:
                return
            if following <= chunk:
                raise StatementFailed("The chunks of the result do not come in order.")
            chunk = following
            self._check(running)
            result = self._get(running, f"{running.path}/result/chunks/{chunk}")

    def _linked(self, running: _Running, link: Mapping[str, Any], most_bytes: int) -> bytes:
        try:
            return self._links.read(link, most_bytes, running.stop, plain_http=self._api.is_plain_loopback)
        except LinkExpired:
            again = self._get(running, f"{running.path}/result/chunks/{link['chunk_index']}")
        renewed = (again.get("external_links") or [link])[0]
        try:
            return self._links.read(renewed, most_bytes, running.stop, plain_http=self._api.is_plain_loopback)
        except LinkExpired:
            raise StatementFailed(
                "The result storage refuses the links of the warehouse.", "Ask again."
            ) from None

    def _cancel_there(self, running: _Running) -> None:
        """Cancel on the server and watch it end: a cancel may fail silently, and what runs on is billed."""
        if not running.statement_id:
            return
        unstoppable = threading.Event()
        until_s = self._clock.monotonic_s() + _CANCEL_S
        with contextlib.suppress(*_NO_ANSWER):  # the statement is given up anyway; its own time-out ends it
            self._api.call("POST", f"{running.path}/cancel", body={}, stop=unstoppable, until_s=until_s)
            while self._clock.monotonic_s() < until_s:
                answer = self._api.call("GET", running.path, stop=unstoppable, until_s=until_s)
                if (answer.get("status") or {}).get("state") in ("CANCELED", "SUCCEEDED", "FAILED", "CLOSED"):
                    return
                unstoppable.wait(_POLL_MIN_S)

    def _cancel_orphan(self, running: _Running) -> None:
        """End the statement whose answer was lost: it is found in the live list by its tag."""
        query = {
            "filter_by": {
                "warehouse_ids": [self._warehouse_id],
                "statuses": ["QUEUED", "STARTED", "COMPILING", "RUNNING"],
            },
            "max_results": 100,
        }
        mine = {"key": REQUEST_TAG, "value": running.request.id}
        until_s = self._clock.monotonic_s() + _CANCEL_S
        with contextlib.suppress(*_NO_ANSWER):  # as above: what can't be reached can't be cancelled
            listed = self._api.call("GET", _HISTORY, query=query, stop=threading.Event(), until_s=until_s)
            for one in listed.get("res") or ():
                if mine in (one.get("query_tags") or ()):
                    running.statement_id = str(one["query_id"])
                    self._cancel_there(running)


def _most_rows(request: Request) -> int:
    limit = request.values.get("row_limit")
    return limit if isinstance(limit, int) else request.statement.ceiling
