"""`python -m tests.bench.prepared`: a SQL warehouse on loopback that runs nothing and sends prepared bytes.

An answer costs a look into a dictionary and one write to the socket, so that what is timed is the client. The first
line on standard output is a Standing as JSON; the end of standard input ends the process.
"""

from __future__ import annotations

import re
import socket
import sys
import threading

import msgspec

from tests.bench import warehouse_rows
from tests.bench.warehouse_answers import Answers
from tests.bench.warehouse_question import HISTORY_TEXT, ONE_ROW_TEXT, Standing, checksum

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_BLOCK_BYTES = 1 << 16


def converse(connection: socket.socket, answers: Answers) -> None:
    """Answers what comes over a connection until its other end has enough."""
    # Else an answer may wait 40 ms for the acknowledgement of the one before.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    received = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in received:
                block = connection.recv(_BLOCK_BYTES)
                if not block:
                    return
                received += block
            head, _, received = received.partition(b"\r\n\r\n")
            found = _LENGTH.search(head)
            length = int(found[1]) if found else 0
            while len(received) < length:
                block = connection.recv(_BLOCK_BYTES)
                if not block:
                    return
                received += block
            body, received = received[:length], received[length:]
            method, target, _ = head.partition(b"\r\n")[0].decode().split(" ")
            connection.sendall(answers.answer(method, target.partition("?")[0].rstrip("/"), body))


def accept(listener: socket.socket, answers: Answers) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=converse, args=(connection, answers), daemon=True).start()


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    answers = Answers(url)
    history = warehouse_rows.history()
    answers.add(HISTORY_TEXT, history)
    answers.add(ONE_ROW_TEXT, warehouse_rows.one_row())
    threading.Thread(target=accept, args=(listener, answers), daemon=True).start()
    standing = Standing(url, answers.links(HISTORY_TEXT), checksum(history))
    print(msgspec.json.encode(standing).decode(), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
