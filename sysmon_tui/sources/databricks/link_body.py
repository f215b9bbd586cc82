"""The bytes behind a link, from the socket into memory that is used again."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any, Final

import requests
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from sysmon_tui import limits
from sysmon_tui.sources.databricks.decode import PartUnreadable

# What a connection raises: to open it, to send, to read.
BROKEN: Final = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError)
_BLOCK_BYTES: Final = 1 << 20
# So often at least it is asked whether anybody still waits, while bytes come.
_COUNT_S: Final = 0.25
# A promise of more is not believed before it has come; chunks of a real warehouse are far smaller.
_MOST_AHEAD_BYTES: Final = 128 << 20


class Buffers:
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

    def __init__(self, response: BaseHTTPResponse, buffers: Buffers) -> None:
        self._response = response
        self._buffers = buffers

    @contextlib.contextmanager
    def read(self, count: Callable[[int], None]) -> Iterator[io.BytesIO]:
        """All of them, lent; `count` hears of each block and may raise. Raises PartUnreadable."""
        with self._buffers.lent() as buffer:
            with self._response:
                try:
                    _fill(buffer, self._response, count)
                except BROKEN:
                    raise PartUnreadable(
                        "A part of the result arrived damaged or cut short.", "Ask again."
                    ) from None
            buffer.seek(0)
            yield buffer

    def close(self) -> None:
        self._response.close()


def _fill(buffer: io.BytesIO, response: BaseHTTPResponse, count: Callable[[int], None]) -> None:
    """The body into the buffer, which then ends where the body does.

    Of a plain body of known length the bytes go from the socket into the memory that is there already: fresh memory for
    each block was most of the time that a download took on a fast network.
    """
    length = response.headers.get("Content-Length", "")
    is_plain = length.isdigit() and "Content-Encoding" not in response.headers and not response.chunked
    size_bytes = int(length) if is_plain else 0
    plain: Any = getattr(response, "_fp", None)
    if not 0 < size_bytes <= _MOST_AHEAD_BYTES or not isinstance(plain, HTTPResponse):
        buffer.seek(0)
        while block := response.read1(_BLOCK_BYTES, decode_content=True):
            count(len(block))
            buffer.write(block)
        buffer.truncate()
        return
    _resize(buffer, size_bytes)
    read_bytes = counted_bytes = 0
    counted_s = time.monotonic()
    with buffer.getbuffer() as memory:
        while read_bytes < size_bytes:
            # What has come, and no more: where a body trickles, `count` must still be asked.
            block_bytes = plain.fp.readinto1(memory[read_bytes:])
            if not block_bytes:
                raise HTTPException("the body ended early")
            read_bytes += block_bytes
            if read_bytes - counted_bytes >= _BLOCK_BYTES or time.monotonic() - counted_s > _COUNT_S:
                count(read_bytes - counted_bytes)
                counted_bytes, counted_s = read_bytes, time.monotonic()
    count(read_bytes - counted_bytes)
    plain.length = 0
    plain.read()  # nothing is left, and it knows
    response.release_conn()  # else urllib3, which has not seen the body, would close the connection with the answer


def _resize(buffer: io.BytesIO, size_bytes: int) -> None:
    """To exactly that size, without giving up memory that is there."""
    held_bytes = buffer.getbuffer().nbytes
    if held_bytes > size_bytes:
        buffer.truncate(size_bytes)
    elif held_bytes < size_bytes:
        buffer.seek(size_bytes - 1)
        buffer.write(b"\0")
