"""The stand-in itself: its knobs, and the statements it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import duckdb

from sysmon_tui.clock import Clock, SystemClock
from tests.workspace.encoding import as_warehouse
from tests.workspace.engine import Engine, Interrupted, SqlError, absent, cast_parameters, denied, tables_of
from tests.workspace.estate_runs import EstateRuns
from tests.workspace.faults import Fault, take_fault
from tests.workspace.server import start_server
from tests.workspace.statements import StandInStatement
from tests.workspace.warehouse import StandInWarehouse

ORG_ID = "1234567890123456"
INLINE_BYTES = 26_214_400
_TOO_LARGE = (
    "Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most "
    f"{INLINE_BYTES} bytes. Please execute the statement with disposition=EXTERNAL_LINKS if you want to download the "
    "full result."
)


class Workspace:
    """`with Workspace(connection) as workspace:` serves until the end of the block.

    `connection` has the database `system_tables` attached; `before` is called before each statement; `zone` is the
    session's time zone; `org_id` is the workspace's own id; the warehouse starts and stops by `clock`. The attributes
    may be changed at any time.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        *,
        before: Callable[[], object] | None = None,
        zone: str = "UTC",
        port: int = 0,
        org_id: str = ORG_ID,
        clock: Clock | None = None,
    ) -> None:
        self.token = "dapi0123456789abcdef0123456789abcdef"
        self.tokens = {self.token}
        self.org_id = org_id
        self.user_name = "sysmon@example.com"
        self.warehouse_id = "1a2b3c4d5e6f7081"
        self.warehouse = StandInWarehouse(self.warehouse_id, clock or SystemClock())
        self.warehouses = {self.warehouse_id: self.warehouse}
        self.zone = zone
        self.rows_per_chunk = 20_000
        self.inline_bytes = INLINE_BYTES
        self.pending_s = 0.0
        self.running_s = 0.0
        # Physical names of tables without a grant; schemas that are not enabled, as `system.access`.
        self.denied_tables: set[str] = set()
        self.missing_schemas: set[str] = set()
        # Parts of paths that the caller may not use.
        self.refused_paths: set[str] = set()
        # What the Jobs API answers before it looks at the demo estate: runs that are under way, runs by id, outputs by
        # the id of a task run.
        self.active_runs: list[dict[str, Any]] = []
        self.runs: dict[int, dict[str, Any]] = {}
        self.outputs: dict[int, dict[str, Any]] = {}
        # What a state is called in answers, for words that nobody knows yet.
        self.state_words: dict[str, str] = {}
        self.faults: list[Fault] = []
        # How many of the next links are stale when they are given out, and where links point to.
        self.expired_links = 0
        self.storage_url: str | None = None
        # (method, path) of every request, and the headers of those to the storage.
        self.requests: list[tuple[str, str]] = []
        self.storage_headers: list[dict[str, str]] = []
        self.connections = 0  # since the beginning
        self.open_connections = 0
        self.statements: list[StandInStatement] = []
        # Released when the stand-in closes, so that what hangs ends.
        self.closing = threading.Event()
        self._engine = Engine(connection, before)
        self.estate_runs = EstateRuns(self._engine)
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
        """The first fault in the list that fits; it is used up by one."""
        with self._lock:
            return take_fault(self.faults, method, path)

    def take_expired_link(self) -> bool:
        with self._lock:
            stale = self.expired_links > 0
            self.expired_links -= stale
            return stale

    def submit(self, body: Mapping[str, Any], warehouse: StandInWarehouse) -> StandInStatement:
        statement = StandInStatement(body)
        statement.on_end = lambda: warehouse.leave(statement.id)
        warehouse.enter(statement.id)
        worker = threading.Thread(
            target=self._run, args=(statement, warehouse), daemon=True, name="stand-in statement"
        )
        with self._lock:
            self.statements.append(statement)
            self._workers.append(worker)
        worker.start()
        return statement

    def _run(self, statement: StandInStatement, warehouse: StandInWarehouse) -> None:
        try:
            if not warehouse.await_running(statement.canceled) or statement.canceled.wait(self.pending_s):
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
        finally:
            warehouse.leave(statement.id)

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
