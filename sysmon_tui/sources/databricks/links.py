"""Results behind presigned links: read from the cloud's storage, without our credential, within bounds."""

from __future__ import annotations

import contextlib
import logging
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any, Final

import requests
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout

from sysmon_tui import limits
from sysmon_tui.errors import StatementFailed
from sysmon_tui.sources.databricks.decode import PartUnreadable
from sysmon_tui.sources.databricks.link_body import BROKEN, Body, Buffers
from sysmon_tui.sources.databricks.way import find_way

_TIMEOUT: Final = Timeout(connect=5, read=20)
_REST_S: Final = 2.0


class StorageUnreachable(Exception):
    """The storage's host can't be reached from here, as behind a closed firewall, or links are switched off."""


_on_a_link = threading.local()


def _names_no_link(record: logging.LogRecord) -> bool:
    return not getattr(_on_a_link, "here", False) and "external_link" not in record.getMessage()


# They write addresses of requests and the bodies of answers into their records, and a link is its own credential.
for _name in ("urllib3.connection", "urllib3.connectionpool", "databricks.sdk"):
    logging.getLogger(_name).addFilter(_names_no_link)


@contextlib.contextmanager
def _unlogged() -> Iterator[None]:
    _on_a_link.here = True
    try:
        yield
    finally:
        _on_a_link.here = False


class LinkReader:
    """Opens links from any thread.

    requests knows the proxies and certificates that this machine is set up with, and is asked for them once a host.
    Its own way through a request takes three times the processor of urllib3's below it, which counts where chunks are
    many. What it would add there, cookies and the credential of ~/.netrc, links must not have.
    """

    def __init__(self) -> None:
        self._buffers = Buffers()
        self._resting: threading.Timer | None = None
        self._adapter = requests.adapters.HTTPAdapter(
            pool_maxsize=limits.STATEMENTS_AT_ONCE * limits.CHUNKS_AT_ONCE
        )
        # By scheme and host, with its port.
        self._pools: dict[tuple[str, str], HTTPConnectionPool] = {}

    def open(self, link: Mapping[str, Any], *, plain_http: bool) -> Body:
        """What lies behind an entry of `external_links`, on its way. `plain_http` allows a link without TLS.

        Raises PartUnreadable, StorageUnreachable, StatementFailed.
        """
        try:
            address = urllib.parse.urlsplit(str(link.get("external_link", "")))
        except ValueError:
            raise StatementFailed("The warehouse gave a result link that is no address.") from None
        if address.scheme != "https" and not (plain_http and address.scheme == "http"):
            raise StatementFailed("The warehouse gave a result link without TLS; it was not followed.")
        named = link.get("http_headers") or {}
        headers = {str(name): str(value) for name, value in named.items() if value is not None}
        response = self._opened(address, headers)
        try:
            _check_status(response.status)
        except PartUnreadable:
            response.close()
            raise
        return Body(response, self._buffers)

    def _opened(self, address: urllib.parse.SplitResult, headers: dict[str, str]) -> BaseHTTPResponse:
        """The answer, its body unread. A second try, because one failure would send all to the inline way."""
        target = address.path or "/"
        if address.query:
            target += f"?{address.query}"
        for _ in range(2):
            # Never `from error`: the address in its text is the credential. Not followed is a redirect: it would
            # lead to a host that nobody vouched for.
            with contextlib.suppress(*BROKEN), _unlogged():
                return self._pool(address.scheme, address.netloc).urlopen(
                    "GET",
                    target,
                    headers=headers,
                    retries=False,
                    redirect=False,
                    timeout=_TIMEOUT,
                    preload_content=False,
                )
        raise StorageUnreachable

    def _pool(self, scheme: str, host: str) -> HTTPConnectionPool:
        """The connections to a host, kept. Raises what is in BROKEN."""
        pool = self._pools.get((scheme, host))
        if pool is None:
            root = f"{scheme}://{host}/"
            request = requests.Request("GET", root).prepare()
            with requests.Session() as way:
                find_way(way, root)
            # Without TLS is the stand-in on this machine, which is behind no proxy.
            proxies = way.proxies if scheme == "https" else None
            pool = self._adapter.get_connection_with_tls_context(request, way.verify, proxies, way.cert)
            self._adapter.cert_verify(pool, root, way.verify, way.cert)
            self._pools[scheme, host] = pool
        return pool

    def rest(self) -> None:
        """Nothing is being read now: memory and connections are given back in a moment, unless the next statement needs
        them. Connections kept for longer might be dead when they are needed.
        """
        if (self._buffers.held or self._pools) and (self._resting is None or not self._resting.is_alive()):
            self._resting = threading.Timer(_REST_S, self._forget)
            self._resting.daemon = True
            self._resting.start()

    def _forget(self) -> None:
        self._buffers.forget()
        pools, self._pools = self._pools, {}
        self._adapter.close()  # which only forgets them
        for pool in pools.values():
            pool.close()

    def close(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
        self._forget()


def _check_status(status: int) -> None:
    if status in (400, 401, 403, 404, 410):
        raise PartUnreadable("The result storage refuses the links of the warehouse.", "Ask again.")
    if status != 200:
        raise PartUnreadable(f"The storage answered HTTP {status} to a result link.")
