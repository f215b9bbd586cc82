"""Results behind presigned links: read from the cloud's storage, without our credential, within bounds."""

from __future__ import annotations

import contextlib
import io
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from typing import Any, Final

import requests
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout
from urllib3.exceptions import HTTPError

from sysmon_tui import limits
from sysmon_tui.errors import StatementFailed
from sysmon_tui.sources.databricks.decode import PartUnreadable
from sysmon_tui.sources.databricks.way import find_way

_TIMEOUT: Final = Timeout(connect=5, read=20)
# What a connection raises: to open it, to send, to read.
_BROKEN: Final = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError)
_BLOCK_BYTES: Final = 1 << 20
_REST_S: Final = 2.0
# A promise of more is not believed before it has come; chunks of a real warehouse are far smaller.
_MOST_AHEAD_BYTES: Final = 128 << 20


class StorageUnreachable(Exception):
    """The storage's host can't be reached from here, as behind a closed firewall, or links are switched off."""


class _Buffers:
    """Memory for downloads, used again: as many as are in use at once, and a few kept for the next."""

    def __init__(self) -> None:
        self._free: list[io.BytesIO] = []

    @contextlib.contextmanager
    def lent(self) -> Iterator[io.BytesIO]:
        try:
            buffer = self._free.pop()
        except IndexError:
            buffer = io.BytesIO()
        yield buffer
        if len(self._free) < limits.CHUNKS_AT_FIRST:
            self._free.append(buffer)

    @property
    def held(self) -> bool:
        return bool(self._free)

    def forget(self) -> None:
        self._free.clear()


class Body:
    """The bytes of a link, still to be read: once, or closed."""

    def __init__(self, response: BaseHTTPResponse, buffers: _Buffers) -> None:
        self._response = response
        self._buffers = buffers

    @contextlib.contextmanager
    def read(self, count: Callable[[int], None]) -> Iterator[io.BytesIO]:
        """All of them, lent; `count` hears of each block and may raise. Raises PartUnreadable."""
        with self._buffers.lent() as buffer:
            with self._response:
                try:
                    _fill(buffer, self._response, count)
                except _BROKEN:
                    raise PartUnreadable(
                        "A part of the result arrived damaged or cut short.", "Ask again."
                    ) from None
            buffer.seek(0)
            yield buffer

    def close(self) -> None:
        self._response.close()


class LinkReader:
    """Opens links from any thread.

    requests knows the proxies and certificates that this machine is set up with, and is asked for them once a host.
    Its own way through a request takes three times the processor of urllib3's below it, which counts where chunks are
    many. What it would add there, cookies and the credential of ~/.netrc, links must not have.
    """

    def __init__(self) -> None:
        self._buffers = _Buffers()
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
        address = urllib.parse.urlsplit(str(link.get("external_link", "")))
        if address.scheme != "https" and not (plain_http and address.scheme == "http"):
            raise StatementFailed("The warehouse gave a result link without TLS; it was not followed.")
        response = self._opened(address, dict(link.get("http_headers") or {}))
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
            with contextlib.suppress(*_BROKEN):
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
        """The connections to a host, kept. Raises what is in _BROKEN."""
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
        """Nothing is being read now: memory is given back in a moment, unless the next statement needs it."""
        if self._buffers.held and (self._resting is None or not self._resting.is_alive()):
            self._resting = threading.Timer(_REST_S, self._buffers.forget)
            self._resting.daemon = True
            self._resting.start()

    def close(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
        self._buffers.forget()
        self._adapter.close()


def _check_status(status: int) -> None:
    if status in (400, 401, 403, 404, 410):
        raise PartUnreadable("The result storage refuses the links of the warehouse.", "Ask again.")
    if status != 200:
        raise PartUnreadable(f"The storage answered HTTP {status} to a result link.")


def _fill(buffer: io.BytesIO, response: BaseHTTPResponse, count: Callable[[int], None]) -> None:
    """The body into the buffer, which then ends where the body does.

    Of a plain body of known length the bytes go from the socket into the memory that is there already: fresh memory for
    each block was most of the time that a download took on a fast network.
    """
    length = response.headers.get("Content-Length", "")
    size_bytes = int(length) if length.isdigit() and "Content-Encoding" not in response.headers else 0
    plain: Any = getattr(response, "_fp", None)
    if not 0 < size_bytes <= _MOST_AHEAD_BYTES or not hasattr(plain, "readinto"):
        buffer.seek(0)
        for block in response.stream(_BLOCK_BYTES, decode_content=True):
            count(len(block))
            buffer.write(block)
        buffer.truncate()
        return
    _resize(buffer, size_bytes)
    read_bytes = 0
    with buffer.getbuffer() as memory:
        while read_bytes < size_bytes:
            block_bytes = plain.readinto(memory[read_bytes : min(size_bytes, read_bytes + _BLOCK_BYTES)])
            if not block_bytes:
                raise HTTPException("the body ended early")
            count(block_bytes)
            read_bytes += block_bytes
    plain.read()  # nothing is left
    response.release_conn()  # else urllib3, which has not seen the body, would close the connection with the answer


def _resize(buffer: io.BytesIO, size_bytes: int) -> None:
    """To exactly that size, without giving up memory that is there."""
    held_bytes = buffer.getbuffer().nbytes
    if held_bytes > size_bytes:
        buffer.truncate(size_bytes)
    elif held_bytes < size_bytes:
        buffer.seek(size_bytes - 1)
        buffer.write(b"\0")
