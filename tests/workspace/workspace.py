"""The stand-in itself: its knobs, and the statements it runs."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import duckdb

from tests.workspace.encoding import as_warehouse, schema
from tests.workspace.engine import Engine, Interrupted, SqlError, absent, cast_parameters, denied, tables_of
from tests.workspace.faults import Fault
from tests.workspace.server import start_server
from tests.workspace.statements import StandInStatement

INLINE_BYTES = 26_214_400
_TOO_LARGE = (
    "Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most "
    f"{INLINE_BYTES} bytes. Please execute the statement with disposition=EXTERNAL_LINKS if you want to download the "
    "full result."
)


class Workspace:
    """`with Workspace(connection) as workspace:` serves until the end of the block.

    `connection` has the database `system_tables` attached; `before` is called before each statement; `zone` is the
    session's time zone. The attributes may be changed at any time.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        *,
        before: Callable[[], object] | None = None,
        zone: str = "UTC",
        port: int = 0,
    ) -> None:
        self.token = "dapi0123456789abcdef0123456789abcdef"
        self.tokens = {self.token}
        self.warehouse_id = "1a2b3c4d5e6f7081"
        self.warehouses = {self.warehouse_id}
        self.zone = zone
        self.rows_per_chunk = 20_000
        self.inline_bytes = INLINE_BYTES
        self.pending_s = 0.0
        self.running_s = 0.0
        # Physical names of tables without a grant; schemas that are not enabled, as `system.access`.
        self.denied_tables: set[str] = set()
        self.missing_schemas: set[str] = set()
        # What a state is called in answers, for words that nobody knows yet.
        self.state_words: dict[str, str] = {}
        self.faults: list[Fault] = []
        # How many of the next links are stale when they are given out, and where links point to.
        self.expired_links = 0
        self.storage_url: str | None = None
        # (method, path) of every request, and the headers of those to the storage.
        self.requests: list[tuple[str, str]] = []
        self.storage_headers: list[dict[str, str]] = []
        self.statements: list[StandInStatement] = []
        # Released when the stand-in closes, so that what hangs ends.
        self.closing = threading.Event()
        self._engine = Engine(connection, before)
        self._lock = threading.Lock()
        self._workers: list[threading.Thread] = []
        self._server = start_server(self, port)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.closing.set()
        for statement in self.statements:
            statement.cancel()
        for worker in self._workers:
            worker.join(5)
        self._server.shutdown()
        self._server.server_close()

    def statement(self, statement_id: str) -> StandInStatement | None:
        return next((one for one in self.statements if one.id == statement_id), None)

    def next_fault(self, method: str, path: str) -> Fault | None:
        """The first fault in the list that fits; it is used up."""
        with self._lock:
            fault = next((one for one in self.faults if one.fits(method, path)), None)
            if fault is not None:
                self.faults.remove(fault)
            return fault

    def take_expired_link(self) -> bool:
        with self._lock:
            stale = self.expired_links > 0
            self.expired_links -= stale
            return stale

    def submit(self, body: dict[str, Any]) -> StandInStatement:
        statement = StandInStatement(body)
        worker = threading.Thread(target=self._run, args=(statement,), daemon=True, name="stand-in statement")
        with self._lock:
            self.statements.append(statement)
            self._workers.append(worker)
        worker.start()
        return statement

    def _run(self, statement: StandInStatement) -> None:
        try:
            if statement.canceled.wait(self.pending_s):
                return
            statement.state = "RUNNING"
            if statement.canceled.wait(self.running_s):
                return
            with self._engine.cursor() as cursor:
                statement.interrupt = cursor.interrupt
                try:
                    if not statement.canceled.is_set():
                        self._answer(statement, cursor)
                finally:
                    statement.interrupt = None
        except Interrupted:
            statement.end("CANCELED")
        except SqlError as error:
            statement.fail("BAD_REQUEST", error.message, error.sql_state)

    def _answer(self, statement: StandInStatement, cursor: duckdb.DuckDBPyConnection) -> None:
        values = cast_parameters(statement.body.get("parameters") or ())
        for table in sorted(tables_of(statement.text)):
            if table.rsplit(".", 1)[0] in self.missing_schemas:
                raise absent(table)
            if table in self.denied_tables:
                raise denied(table)
        frame = as_warehouse(self._engine.run(cursor, statement.text, values), self.zone)
        if not statement.external and frame.estimated_size() > self.inline_bytes:
            statement.fail("BAD_REQUEST", _TOO_LARGE)
            return
        statement.frame = frame
        statement.chunks = [
            frame.slice(offset, self.rows_per_chunk) for offset in range(0, frame.height, self.rows_per_chunk)
        ]
        statement.end("SUCCEEDED")

    def manifest(self, statement: StandInStatement) -> dict[str, Any]:
        offsets = itertools.accumulate((chunk.height for chunk in statement.chunks), initial=0)
        chunks = [
            {"chunk_index": index, "row_offset": offset, "row_count": chunk.height}
            for index, (chunk, offset) in enumerate(zip(statement.chunks, offsets, strict=False))
        ]
        return {
            "format": statement.body.get("format", "JSON_ARRAY"),
            "schema": schema(statement.frame),
            "total_chunk_count": len(chunks),
            **({"chunks": chunks} if chunks else {}),
            "total_row_count": statement.frame.height,
            "truncated": False,
        }
