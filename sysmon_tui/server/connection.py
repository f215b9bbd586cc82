"""Limits on connections that uvicorn leaves to a proxy: how many, how slow to speak, how slow to listen."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from sysmon_tui.server.guard import request_id_of
from sysmon_tui.server.problems import MEDIA_TYPE, problem_body

MAX_CONNECTIONS = 128
# A client has this long for a request's head, byte by byte or not (slowloris).
HEAD_DEADLINE_S = 5.0
# A client that takes nothing of an answer for so long is gone.
WRITE_DEADLINE_S = 30.0
MAX_HEAD_BYTES = 32 * 1024
_PIECE_BYTES = 8 * 1024
_LINGER_S = 1.0


class BoundedProtocol(H11Protocol):
    """h11 rather than httptools: it bounds the size of the head."""

    _head_deadline: asyncio.TimerHandle | None = None
    _write_deadline: asyncio.TimerHandle | None = None
    _refused = False

    @property
    def _waits_for_a_head(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._connected_s = self.loop.time()
        if len(self.connections) > MAX_CONNECTIONS:
            _longest_waiting(self.connections, self).transport.abort()
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """In pieces: h11 measures only incomplete heads, so a whole one would pass at any size."""
        for start in range(0, len(data), _PIECE_BYTES):
            if self._refused or self.transport.is_closing():
                return
            super().data_received(data[start : start + _PIECE_BYTES])
        self._watch_head()

    def _watch_head(self) -> None:
        """The deadline runs from the first byte to the end of the head; more bytes do not move it."""
        if not self._waits_for_a_head:
            self._drop_deadlines()
        elif self._head_deadline is None:
            self._head_deadline = self.loop.call_later(HEAD_DEADLINE_S, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_deadline = self.loop.call_later(WRITE_DEADLINE_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None

    def _drop_deadlines(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._drop_deadlines()
        if self._write_deadline is not None:
            self._write_deadline.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP gets the same shape as every other problem; h11 says 400, 431 or 501.

        The connection closes once the client has read it: closed over unread bytes, the answer would be lost.
        """
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()  # an answer is already on its way, a second one would mix with it
            return
        error = sys.exception()
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        request_id = request_id_of(None)
        body = problem_body(
            status, "http_malformed", "The request is malformed, or its head too big.", request_id
        )
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        response = h11.Response(
            status_code=status, headers=headers, reason=HTTPStatus(status).phrase.encode()
        )
        self.transport.write(self.conn.send(response) or b"")
        self.transport.write(self.conn.send(h11.Data(data=body)) or b"")
        self._refused = True
        self.transport.write_eof()
        self._drop_deadlines()
        self._head_deadline = self.loop.call_later(_LINGER_S, self.transport.abort)


def _longest_waiting(connections: Iterable[object], newest: BoundedProtocol) -> BoundedProtocol:
    """Whom to close for a new connection: the oldest without a request at work, else the new one itself."""
    waiting = [
        peer
        for peer in connections
        if isinstance(peer, BoundedProtocol) and peer is not newest and peer._waits_for_a_head
    ]
    return min(waiting, key=lambda peer: peer._connected_s, default=newest)
