"""One statement's life on a SQL warehouse: handed in, polled, its chunks read, or cancelled there."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl
from databricks.sdk.errors import BadRequest

from sysmon_tui import limits
from sysmon_tui.clock import Clock
from sysmon_tui.errors import SourceUnreachable, StatementCanceled, StatementFailed
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.databricks import failures
from sysmon_tui.sources.databricks.api import LostAnswer, WorkspaceApi
from sysmon_tui.sources.databricks.body import REQUEST_TAG, submission
from sysmon_tui.sources.databricks.decode import arrow_frame, empty_frame, rows_frame
from sysmon_tui.sources.databricks.links import LinkExpired, LinkReader, StorageUnreachable
from sysmon_tui.sources.databricks.statement_failures import of_statement

_STATEMENTS: Final = "/api/2.0/sql/statements"
_HISTORY: Final = "/api/2.0/sql/history/queries"

# Polls come at a fifth of the time waited so far, within these bounds.
_POLL_MIN_S: Final = 0.1
_POLL_MAX_S: Final = 2.0
# How long a cancelled statement is watched until the warehouse has really ended it.
_CANCEL_S: Final = 2.0

# The SDK's errors and those of requests are OSErrors; broken JSON and the sign-in raise ValueError.
_NO_ANSWER: Final = (OSError, ValueError)
_ENDED: Final = ("CANCELED", "SUCCEEDED", "FAILED", "CLOSED")


class Execution:
    """Runs one request in the calling thread. Another thread ends it by setting `stop`."""

    def __init__(
        self, request: Request, api: WorkspaceApi, links: LinkReader, warehouse_id: str, clock: Clock
    ) -> None:
        self.request = request
        self.stop = threading.Event()
        self._api = api
        self._links = links
        self._warehouse_id = warehouse_id
        self._clock = clock
        self._until_s = clock.monotonic_s() + request.timeout_s
        self._statement_id = ""

    @property
    def _path(self) -> str:
        return f"{_STATEMENTS}/{self._statement_id}"

    def run(self, *, external: bool) -> pl.DataFrame:
        """The rows. `external` fetches them as Arrow by links, else they come inline as text.

        Raises SourceError; ResultTooLarge if inline does not hold them; StorageUnreachable if the links lead
        nowhere.
        """
        self._submit(external=external)
        answer = self._finished()
        manifest, result = answer.get("manifest") or {}, answer.get("result") or {}
        parts = list(self._parts(manifest, result))
        frame = pl.concat(parts) if parts else self._no_rows(manifest)
        expected = manifest.get("total_row_count")
        if expected is not None and frame.height != expected:
            raise StatementFailed(f"{frame.height} of {expected} rows arrived.", "Ask again.")
        return frame

    def _submit(self, *, external: bool) -> None:
        self._statement_id = ""
        self._check()
        body = submission(self.request, self._warehouse_id, external=external)
        try:
            answer = self._api.call(
                "POST", _STATEMENTS, body=body, repeatable=False, stop=self.stop, until_s=self._until_s
            )
        except LostAnswer as lost:
            self._cancel_orphan()
            self._raise_if_stopped()
            raise lost.failure from None
        except _NO_ANSWER as error:
            self._raise_if_stopped()
            if external and isinstance(error, BadRequest) and "EXTERNAL_LINKS" in str(error):
                raise StorageUnreachable from None  # support can switch them off for a workspace
            raise failures.of_submission(error, self._api.label, self._warehouse_id) from None
        self._statement_id = str(answer.get("statement_id") or "")
        if not self._statement_id:
            raise StatementFailed(f"{self._api.label} took the statement and gave it no id.")

    def _finished(self) -> dict[str, Any]:
        """The answer in state SUCCEEDED. A state word that nobody told us of counts as still running."""
        started_s = self._clock.monotonic_s()
        state = "PENDING"
        while True:
            waited_s = self._clock.monotonic_s() - started_s
            self._pause(min(_POLL_MAX_S, max(_POLL_MIN_S, waited_s / 5)), state)
            answer = self._get(self._path)
            status = answer.get("status") or {}
            state = str(status.get("state") or state)
            if state == "SUCCEEDED":
                return answer
            if state == "FAILED":
                raise of_statement(status, self.request.text)
            if state == "CANCELED":
                self._raise_if_stopped()
                raise StatementFailed("Somebody cancelled the statement in the workspace.")
            if state == "CLOSED":
                raise StatementFailed("The workspace has thrown the result away.", "Ask again.")

    def _pause(self, seconds: float, state: str) -> None:
        remaining_s = self._until_s - self._clock.monotonic_s()
        if remaining_s <= 0:
            self._cancel_there()
            waited = f"{self.request.timeout_s:.0f} s"
            if state == "PENDING":
                raise SourceUnreachable(
                    f"The SQL warehouse {self._warehouse_id} did not begin within {waited}.",
                    "It may be starting or full; try again in a while.",
                )
            raise StatementFailed(
                f"The statement {self.request.statement.name} took longer than {waited}.",
                "Choose a shorter window.",
            )
        self.stop.wait(min(seconds, remaining_s))
        self._check()

    def _check(self) -> None:
        if self.stop.is_set():
            self._cancel_there()
            self._raise_if_stopped()

    def _raise_if_stopped(self) -> None:
        if self.stop.is_set():
            raise StatementCanceled("The statement was cancelled.")

    def _get(self, path: str) -> dict[str, Any]:
        try:
            return self._api.call("GET", path, stop=self.stop, until_s=self._until_s)
        except _NO_ANSWER as error:
            self._cancel_there()
            self._raise_if_stopped()
            raise failures.of_call(error, self._api.label) from None

    def _no_rows(self, manifest: Mapping[str, Any]) -> pl.DataFrame:
        columns = (manifest.get("schema") or {}).get("columns")
        statement = self.request.statement
        return rows_frame(columns, [], statement) if columns else empty_frame(statement)

    def _parts(self, manifest: Mapping[str, Any], result: dict[str, Any]) -> Iterator[pl.DataFrame]:
        """The chunks, in order. The absence of the next one's number ends them: 0 is a number."""
        statement = self.request.statement
        columns = (manifest.get("schema") or {}).get("columns") or []
        left_bytes, chunk = limits.MAX_RESULT_BYTES, 0
        while True:
            following = result.get("next_chunk_index")
            if result.get("data_array"):
                yield rows_frame(columns, result["data_array"], statement)
            for link in result.get("external_links") or ():
                stream = self._linked(link, chunk, left_bytes)
                left_bytes -= len(stream)
                following = link.get("next_chunk_index")
                yield arrow_frame(stream, statement)
            if following is None:
                return
            if following <= chunk:
                raise StatementFailed("The chunks of the result do not come in order.")
            chunk = following
            self._check()
            result = self._get(f"{self._path}/result/chunks/{chunk}")

    def _linked(self, link: Mapping[str, Any], chunk: int, most_bytes: int) -> bytes:
        try:
            return self._links.read(link, most_bytes, self.stop, plain_http=self._api.is_plain_loopback)
        except LinkExpired:
            again = self._get(f"{self._path}/result/chunks/{link.get('chunk_index', chunk)}")
        renewed = (again.get("external_links") or [link])[0]
        try:
            return self._links.read(renewed, most_bytes, self.stop, plain_http=self._api.is_plain_loopback)
        except LinkExpired:
            raise StatementFailed(
                "The result storage refuses the links of the warehouse.", "Ask again."
            ) from None

    def _cancel_there(self) -> None:
        """Cancel on the server and watch it end: a cancel may fail silently, and what runs on is billed."""
        if not self._statement_id:
            return
        unstoppable = threading.Event()
        until_s = self._clock.monotonic_s() + _CANCEL_S
        with contextlib.suppress(*_NO_ANSWER):  # the statement is given up anyway; its own time-out ends it
            self._api.call("POST", f"{self._path}/cancel", body={}, stop=unstoppable, until_s=until_s)
            for _ in range(round(_CANCEL_S / _POLL_MIN_S)):
                answer = self._api.call("GET", self._path, stop=unstoppable, until_s=until_s)
                if (answer.get("status") or {}).get("state") in _ENDED:
                    return
                unstoppable.wait(_POLL_MIN_S)

    def _cancel_orphan(self) -> None:
        """End the statement whose answer was lost: it is found in the live list by its tag."""
        query = {
            "filter_by": {
                "warehouse_ids": [self._warehouse_id],
                "statuses": ["QUEUED", "STARTED", "COMPILING", "RUNNING"],
            },
            "max_results": 100,
        }
        mine = {"key": REQUEST_TAG, "value": self.request.id}
        until_s = self._clock.monotonic_s() + _CANCEL_S
        with contextlib.suppress(*_NO_ANSWER):  # as above: what can't be reached can't be cancelled
            listed = self._api.call("GET", _HISTORY, query=query, stop=threading.Event(), until_s=until_s)
            for one in listed.get("res") or ():
                if mine in (one.get("query_tags") or ()):
                    self._statement_id = str(one["query_id"])
                    self._cancel_there()
