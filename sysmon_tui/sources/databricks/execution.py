"""One statement's life on a SQL warehouse: handed in, polled, its chunks read, or cancelled there."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Final

import polars as pl
from databricks.sdk.errors import BadRequest

from sysmon_tui.clock import Clock
from sysmon_tui.errors import StatementCanceled, StatementFailed, WarehouseStarting
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.databricks import failures
from sysmon_tui.sources.databricks.api import LostAnswer, WorkspaceApi
from sysmon_tui.sources.databricks.body import REQUEST_TAG, submission
from sysmon_tui.sources.databricks.chunks import Chunks
from sysmon_tui.sources.databricks.links import LinkReader, StorageUnreachable
from sysmon_tui.sources.databricks.statement_failures import of_statement

_STATEMENTS: Final = "/api/2.0/sql/statements"
_HISTORY: Final = "/api/2.0/sql/history/queries"

# Polls come at a quarter of the time waited so far, within these bounds: what a poll adds to a statement's time, and
# what it costs the workspace, both stay small.
_POLL_MIN_S: Final = 0.01
_POLL_MAX_S: Final = 2.0
# How long a cancelled statement is watched until the warehouse has really ended it, and how often it is told.
_CANCEL_S: Final = 10.0
_CANCEL_AGAIN_S: Final = 2.0
# When to look for a statement whose answer was lost: it may still be on its way.
_ORPHAN_LOOKS_S: Final = (0.0, 0.5, 2.0)

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
        progress = self.request.progress
        progress.state = "waiting"
        answer = self._finished(self._submit(external=external))
        result_path = f"{self._path}/result/chunks"
        self._statement_id = ""  # it has ended: nothing is left to cancel
        chunks = Chunks(
            self.request.statement,
            answer.get("manifest") or {},
            lambda index: self._get(f"{result_path}/{index}"),
            lambda link: self._links.open(link, plain_http=self._api.is_plain_loopback),
            self._check_time,
        )
        try:
            return chunks.frame(answer.get("result") or {})
        finally:
            progress.read_bytes += chunks.read_bytes

    def _submit(self, *, external: bool) -> dict[str, Any]:
        self._statement_id = ""
        self._check()
        body = submission(self.request, self._warehouse_id, external=external)
        try:
            answer = self._api.call(
                "POST", _STATEMENTS, body=body, repeatable=False, stop=self.stop, until_s=self._until_s
            )
        except LostAnswer as lost:
            self.request.progress.accepted = True  # for all we know
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
        self.request.progress.accepted = True
        return answer

    def _finished(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer in state SUCCEEDED. A state word that nobody told us of counts as still running."""
        started_s = self._clock.monotonic_s()
        state, wait_s = "PENDING", 0.0  # asked at once: short statements have ended by then
        while True:
            status = answer.get("status") or {}
            state = str(status.get("state") or state)
            self.request.progress.state = "waiting" if state == "PENDING" else "running"
            if state == "SUCCEEDED":
                return answer
            if state == "FAILED":
                raise of_statement(status, self.request.text)
            if state == "CANCELED":
                self._raise_if_stopped()
                raise StatementFailed("Somebody cancelled the statement in the workspace.")
            if state == "CLOSED":
                raise StatementFailed("The workspace has thrown the result away.", "Ask again.")
            self._pause(wait_s, state)
            answer = self._get(self._path)
            waited_s = self._clock.monotonic_s() - started_s
            wait_s = min(_POLL_MAX_S, max(_POLL_MIN_S, waited_s / 4))

    def _pause(self, seconds: float, state: str) -> None:
        remaining_s = self._until_s - self._clock.monotonic_s()
        if remaining_s <= 0:
            self._cancel_there()
            waited = f"{self.request.timeout_s:.0f} s"
            if state == "PENDING":
                raise WarehouseStarting(
                    f"The SQL warehouse {self._warehouse_id} did not begin within {waited}: it is starting, or full.",
                    "Ask again in a while; raise limits.statement_timeout_seconds if it takes that long to start.",
                )
            raise self._too_long()
        self._clock.wait(self.stop, min(seconds, remaining_s))
        self._check()

    def _too_long(self) -> StatementFailed:
        return StatementFailed(
            f"The statement {self.request.statement.name} took longer than {self.request.timeout_s:.0f} s.",
            "Choose a shorter window.",
        )

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

    def _check_time(self) -> None:
        self._check()
        if self._clock.monotonic_s() >= self._until_s:
            raise self._too_long()

    def _cancel_there(self) -> None:
        """Cancel on the server and watch it end: a cancel may fail silently, and what runs on is billed."""
        statement_id, self._statement_id = self._statement_id, ""
        if not statement_id:
            return
        path = f"{_STATEMENTS}/{statement_id}"
        unstoppable = threading.Event()
        began_s = self._clock.monotonic_s()
        told_s, wait_s = -_CANCEL_AGAIN_S, 0.02
        with contextlib.suppress(*_NO_ANSWER):  # the statement is given up anyway; its own time-out ends it
            while (spent_s := self._clock.monotonic_s() - began_s) < _CANCEL_S:
                until_s = began_s + _CANCEL_S
                if spent_s - told_s >= _CANCEL_AGAIN_S:
                    self._api.call("POST", f"{path}/cancel", body={}, stop=unstoppable, until_s=until_s)
                    told_s = spent_s
                answer = self._api.call("GET", path, stop=unstoppable, until_s=until_s)
                if (answer.get("status") or {}).get("state") in _ENDED:
                    return
                self._clock.wait(unstoppable, wait_s)
                wait_s = min(wait_s * 1.5, 0.5)

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
        looking = threading.Event()
        with contextlib.suppress(*_NO_ANSWER):  # as above: what can't be reached can't be cancelled
            for wait_s in _ORPHAN_LOOKS_S:
                self._clock.wait(looking, wait_s)
                until_s = self._clock.monotonic_s() + _CANCEL_S
                listed = self._api.call("GET", _HISTORY, query=query, stop=looking, until_s=until_s)
                for one in listed.get("res") or ():
                    if mine in (one.get("query_tags") or ()):
                        self._statement_id = str(one["query_id"])
                        self._cancel_there()
                        return
