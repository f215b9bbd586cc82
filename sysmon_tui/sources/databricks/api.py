"""One workspace's REST API: signed in by databricks-sdk, with waits that we decide.

The SDK alone would send a POST again after a time-out (the statement would run twice), would sleep as long
as a Retry-After says, and could not be cancelled while it sleeps. So its clock refuses to sleep: each call is
sent once, and whether and when it is sent again is decided here. Answers stay plain JSON, because the SDK's
classes drop words they don't know.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
import urllib.parse
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any, Final

import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.clock import Clock as SdkClock
from databricks.sdk.config import ConfigAttribute
from databricks.sdk.core import Config
from databricks.sdk.errors import TemporarilyUnavailable, TooManyRequests
from databricks.sdk.errors.base import DatabricksError

from sysmon_tui import __version__
from sysmon_tui.clock import Clock
from sysmon_tui.errors import SignInRefused
from sysmon_tui.sources.databricks import failures
from sysmon_tui.sources.databricks.body import APP
from sysmon_tui.sources.databricks.way import find_way

# Discovery (`/.well-known/databricks-config`, at the first use) is best effort; a call is waited for longer.
DISCOVERY_TIMEOUT_S: Final = 5
CALL_TIMEOUT_S: Final = 20
# How long failures to connect, and how long requests to wait (429, 503), are answered by another try.
CONNECT_BUDGET_S: Final = 4.0
BUSY_BUDGET_S: Final = 30.0

_WORKSPACE: Final = "x-databricks-org-id"

# The SDK warns on its own logger; without a handler Python would print that onto the terminal app.
logging.getLogger("databricks.sdk").addHandler(logging.NullHandler())


class _RetryRefusedError(Exception):
    """What the SDK gets when it wants to wait `wait_s` and try again; its reason is the context."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s


class _NoWaiting(SdkClock):
    def time(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        raise _RetryRefusedError(seconds)


class _PromptConfig(Config):
    @classmethod
    def attributes(cls) -> Iterable[ConfigAttribute]:
        """The SDK looks for them in the class itself."""
        return Config.attributes()

    def _resolve_host_metadata(self) -> None:
        """Best effort, and no longer: the SDK would sleep here for as long as a Retry-After says."""
        refusals: list[ValueError] = []
        resolve = super()._resolve_host_metadata

        def work() -> None:
            try:
                resolve()
            except ValueError as refusal:
                refusals.append(refusal)

        probe = threading.Thread(target=work, daemon=True, name="sysmon-discovery")
        probe.start()
        probe.join(DISCOVERY_TIMEOUT_S)
        if refusals:
            raise refusals[0]


class LostAnswer(Exception):
    """A request went out and no answer came back: it may be at work. `failure` is what to tell."""

    def __init__(self, error: Exception, host: str) -> None:
        super().__init__()
        self.failure = failures.of_call(error, host)


class WorkspaceApi:
    """Calls to one workspace, from any thread. The client is built in the thread of the first call."""

    def __init__(self, host: str | None, profile: str | None, token: str | None, clock: Clock) -> None:
        self._settings = {"host": host, "profile": profile, "token": token}
        self._clock = clock
        self._client: WorkspaceClient | None = None
        self._lock = threading.Lock()
        # The workspace's own id, once it has answered.
        self.workspace_id: str | None = None

    @property
    def url(self) -> str | None:
        """`https://host`, once known."""
        if self._client is not None:
            return str(self._client.config.host)
        host = self._settings["host"]
        if host is None:
            return None
        return host.rstrip("/") if "://" in host else f"https://{host.rstrip('/')}"

    @property
    def host(self) -> str | None:
        """The host without scheme, once known."""
        return urllib.parse.urlsplit(self.url).netloc or None if self.url else None

    @property
    def is_plain_loopback(self) -> bool:
        """Whether the workspace is one on this machine without TLS: the stand-in of the tests."""
        parts = urllib.parse.urlsplit(self.url or "")
        return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")

    @property
    def label(self) -> str:
        """The host in a sentence."""
        return self.host or "the workspace"

    def call(
        self,
        method: str,
        path: str,
        *,
        stop: threading.Event,
        until_s: float,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        repeatable: bool = True,
    ) -> dict[str, Any]:
        """The JSON answer. `until_s` (monotonic seconds) and `stop` end the tries, not a call under way.

        Raises what the SDK and requests raise, for `failures` to translate; LostAnswer if the request is not
        `repeatable` and may have arrived.
        """
        client = self._connected()
        started_s = self._clock.monotonic_s()
        for attempt in count(1):
            try:
                return self._send(client, method, path, body, query)
            except _RetryRefusedError as refused:
                error, wait_s = _reason(refused), refused.wait_s
            except (TooManyRequests, TemporarilyUnavailable) as busy:  # in a body that the SDK can't read
                error, wait_s = busy, float(attempt)
            except DatabricksError as trouble:
                error, wait_s = trouble, float(attempt)
                if not failures.is_trouble_there(trouble) or (repeatable and attempt == 3):
                    raise
            except requests.RequestException as broken:  # the answer itself: cut short, or no JSON
                error, wait_s = broken, 0.0
                if repeatable and not isinstance(broken, requests.exceptions.ChunkedEncodingError):
                    raise
            if not repeatable and failures.may_have_arrived(error):
                raise LostAnswer(error, self.label) from None
            now_s = self._clock.monotonic_s()
            if isinstance(error, DatabricksError):
                give_up_s = min(until_s, started_s + BUSY_BUDGET_S)
            else:
                wait_s = 0.2 * attempt
                give_up_s = min(until_s, started_s + CONNECT_BUDGET_S)
            wait_s += random.uniform(0.0, 0.3) * attempt  # noqa: S311 (jitter: many ask, and not all again at once)
            if failures.is_certificate_error(error) or attempt == 5 or now_s + wait_s >= give_up_s:
                raise error from None
            if self._clock.wait(stop, wait_s):
                raise error from None
        raise AssertionError("unreachable: the tries end by return or raise")

    def _send(
        self,
        client: WorkspaceClient,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if client.config.workspace_id:
            headers["X-Databricks-Workspace-Id"] = client.config.workspace_id
        answer = client.api_client.do(
            method,
            path,
            query=dict(query) if query else None,
            body=dict(body) if body is not None else None,
            headers=headers,
            response_headers=[_WORKSPACE],
        )
        if not isinstance(answer, dict):
            raise requests.exceptions.InvalidJSONError("not an object")
        self.workspace_id = answer.pop(_WORKSPACE, None) or self.workspace_id
        return answer

    def _connected(self) -> WorkspaceClient:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> WorkspaceClient:
        settings: dict[str, Any] = {
            name: value for name, value in self._settings.items() if value is not None
        }
        try:
            config = _PromptConfig(
                **settings,
                product=APP,
                product_version=__version__,
                http_timeout_seconds=DISCOVERY_TIMEOUT_S,
                retry_timeout_seconds=1,
                clock=_NoWaiting(),
            )
        except ValueError as refusal:
            _check_reachable(str(refusal))
            raise
        if not config.host:
            raise SignInRefused(
                "No workspace is configured.", "Set DATABRICKS_HOST, or the tenant's `host` or `profile`."
            )
        config.http_timeout_seconds = CALL_TIMEOUT_S
        client = WorkspaceClient(config=config)
        # Not public; where the SDK has moved it, requests only cost a little more.
        session = getattr(getattr(client.api_client, "_api_client", None), "_session", None)
        if isinstance(session, requests.Session):
            find_way(session, config.host)
        return client


def _check_reachable(refusal: str) -> None:
    """Raises requests.ConnectionError or Timeout if the host is the trouble.

    OAuth asks the host how to sign in, and the SDK takes a host that is down for a missing credential. Which
    host it found, in a profile maybe, stands only in its message.
    """
    found = re.search(r"\bhost=(https?://[^\s,]+)", refusal)
    if found is not None:
        requests.head(found[1].rstrip("."), timeout=DISCOVERY_TIMEOUT_S, allow_redirects=False).close()


def _reason(refused: _RetryRefusedError) -> Exception:
    reason = refused.__context__
    return reason if isinstance(reason, Exception) else refused
