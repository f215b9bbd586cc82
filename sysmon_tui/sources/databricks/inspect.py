"""What a workspace says of us: who we are, which system schemas are enabled, whether its results reach us.

GET and a SELECT without a table; nothing is changed.
"""

from __future__ import annotations

import contextlib
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, Final

import polars as pl
from databricks.sdk.errors import NotFound, PermissionDenied

from sysmon_tui import limits
from sysmon_tui.clock import Clock
from sysmon_tui.datasets.statement import Statement
from sysmon_tui.errors import SourceError
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.databricks import failures
from sysmon_tui.sources.databricks.api import WorkspaceApi
from sysmon_tui.sources.databricks.execution import Execution
from sysmon_tui.sources.databricks.link_body import Body
from sysmon_tui.sources.databricks.links import LinkReader, StorageUnreachable
from sysmon_tui.sources.inspection import Metastore, ResultLinks
from sysmon_tui.text import one_line

_ME: Final = "/api/2.0/preview/scim/v2/Me"
_CATALOG: Final = "/api/2.1/unity-catalog"
_MAX_CHARS: Final = 256
_MAX_PAGES: Final = 10

_ONE: Final = Statement("doctor", {}, {"one": pl.Int64()})

# Runs an execution that is cancelled when the source closes; the second argument is how.
Tracked = Callable[[Execution, Callable[[Execution], pl.DataFrame]], pl.DataFrame]


class WorkspaceInspection:
    """One workspace, and the warehouse in it that our statements run on."""

    def __init__(self, api: WorkspaceApi, warehouse_id: str, clock: Clock, tracked: Tracked) -> None:
        self.warehouse_id = warehouse_id
        self._api = api
        self._clock = clock
        self._tracked = tracked
        self._closing = threading.Event()

    @property
    def url(self) -> str:
        return one_line(self._api.url or "", _MAX_CHARS)

    def principal(self) -> str | None:
        try:
            return self._text(self._get(_ME), "userName")
        except _NotToldError:
            return None

    def metastore(self) -> Metastore:
        try:
            assigned = self._get(f"{_CATALOG}/current-metastore-assignment", may_lack=True)
        except _NotToldError as refusal:
            return Metastore(None, None, refusal.reason)
        metastore_id = self._text(assigned, "metastore_id")
        if metastore_id is None:
            return Metastore(None, None, "The workspace names no metastore.")
        try:
            return Metastore(metastore_id, self._schemas(metastore_id))
        except _NotToldError as refusal:
            return Metastore(metastore_id, None, refusal.reason)
        except SourceError as error:
            return Metastore(metastore_id, None, error.message)

    def _schemas(self, metastore_id: str) -> dict[str, str]:
        path = f"{_CATALOG}/metastores/{urllib.parse.quote(metastore_id, safe='')}/systemschemas"
        states: dict[str, str] = {}
        query: dict[str, str] = {}
        for _ in range(_MAX_PAGES):
            answer = self._get(path, query, may_lack=True)
            for one in answer.get("schemas") or ():
                states[str(one.get("schema"))] = str(one.get("state") or "")
            if not answer.get("next_page_token"):
                break
            query = {"page_token": str(answer["next_page_token"])}
        return states

    def run_statement(self, timeout_s: float) -> None:
        with contextlib.closing(LinkReader()) as links:
            self._run(timeout_s, links, external=False)

    def result_links(self, timeout_s: float) -> ResultLinks:
        with contextlib.closing(_NotingLinks()) as links:
            try:
                self._run(timeout_s, links, external=True)
            except StorageUnreachable:
                return ResultLinks(links.host, reachable=False)
            except SourceError:
                if links.host is None:
                    raise
                # A proxy that answers in the storage's place is no way through either.
                return ResultLinks(links.host, reachable=False)
            return ResultLinks(links.host, reachable=True)

    def _run(self, timeout_s: float, links: LinkReader, *, external: bool) -> None:
        request = Request(_ONE, "SELECT 1 AS one", {}, timeout_s, panel="doctor")
        execution = Execution(request, self._api, links, self.warehouse_id, self._clock)
        self._tracked(execution, lambda execution: execution.run(external=external))

    @staticmethod
    def _text(answer: Mapping[str, Any], name: str) -> str | None:
        value = answer.get(name)
        return one_line(value, _MAX_CHARS) if isinstance(value, str) and value else None

    def _get(
        self, path: str, query: Mapping[str, str] | None = None, *, may_lack: bool = False
    ) -> dict[str, Any]:
        """Raises SourceError; _NotToldError where we are signed in and this is not for us, or, if the workspace
        `may_lack` it, not there.
        """
        until_s = self._clock.monotonic_s() + limits.LIVE_TIMEOUT_S
        try:
            return self._api.call("GET", path, query=query, stop=self._closing, until_s=until_s)
        except (OSError, ValueError) as error:
            failure = failures.of_call(error, self._api.label)
            refused = isinstance(error, PermissionDenied) and not str(error.error_code or "0").isdigit()
            if refused or (may_lack and isinstance(error, NotFound)):
                raise _NotToldError(failure.message) from None
            raise failure from None

    def close(self) -> None:
        self._closing.set()


class _NotToldError(Exception):
    """`reason` is what the workspace says instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _NotingLinks(LinkReader):
    """Remembers the storage's host; the rest of a link is a credential."""

    host: str | None = None

    def open(self, link: Mapping[str, Any], *, plain_http: bool) -> Body:
        with contextlib.suppress(ValueError):
            host = urllib.parse.urlsplit(str(link.get("external_link", ""))).hostname
            self.host = one_line(host, _MAX_CHARS) if host else None
        return super().open(link, plain_http=plain_http)
