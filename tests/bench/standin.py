"""`python -m tests.bench.standin ROWS`: the workspace in a process of its own, led by lines on standard input.

The first line that it writes says where it listens. Then a line `{"now": "..."}` moves the estate's time, and
`{"now": null}` asks what the statements since the last such line cost. Each is answered by a line.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import duckdb

from sysmon_tui.sources.demo import DemoEstate
from sysmon_tui.sources.embedded import to_duckdb
from tests.bench.client import START
from tests.workspace import Workspace
from tests.workspace.engine import cast_parameters
from tests.workspace.server import Handler
from tests.workspace.statements import StandInStatement


class CountingHandler(Handler):
    """Counts the bytes of all answers' bodies, packed as they go out."""

    sent = 0
    _lock = threading.Lock()

    def send_header(self, keyword: str, value: str) -> None:
        if keyword == "Content-Length":
            with CountingHandler._lock:
                CountingHandler.sent += int(value)
        super().send_header(keyword, value)


def rows_read(connection: duckdb.DuckDBPyConnection, statement: StandInStatement) -> int:
    """What the statement's predicates let through the scans of the estate's tables, by running it once more."""
    text = to_duckdb(statement.text)
    values = cast_parameters(statement.body.get("parameters") or ())
    used = {name: values[name] for name in set(re.findall(r"\$([a-z_]\w*)", text))}
    with connection.cursor() as cursor:
        answer = cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", used).fetchone()
    assert answer is not None
    return _scanned(json.loads(answer[1])["operator"])


def _scanned(operators: Iterable[Mapping[str, Any]]) -> int:
    return sum(
        (operator["intermediate_rows"] if _reads_estate(operator) else 0)
        + _scanned(operator.get("children") or ())
        for operator in operators
    )


def _reads_estate(operator: Mapping[str, Any]) -> bool:
    table = str(operator["extra_info"].get("Table", ""))
    # The clock is the estate's own: it holds back what has not arrived.
    return (
        operator["type"] == "TABLE_SCAN"
        and table.startswith("demo_estate.")
        and table != "demo_estate.main.clock"
    )


def main() -> None:
    connection = duckdb.connect()
    estate = DemoEstate(connection, now=START, rows=int(sys.argv[1]))
    with Workspace(connection) as workspace:
        workspace._server.RequestHandlerClass = type(
            "BoundCountingHandler", (CountingHandler,), {"workspace": workspace}
        )
        say({"host": workspace.url, "token": workspace.token, "warehouse_id": workspace.warehouse_id})
        sent_before = 0
        for line in sys.stdin:
            now = json.loads(line)["now"]
            if now is not None:
                estate.advance(datetime.fromisoformat(now))
                say({})
                continue
            taken = list(workspace.statements)
            workspace.statements.clear()
            failed = [str(one.error) for one in taken if one.state != "SUCCEEDED"]
            by_name: dict[str, int] = {}
            for one in () if failed else taken:
                name = str(one.tags["panel"])
                by_name[name] = by_name.get(name, 0) + rows_read(connection, one)
            sent = CountingHandler.sent
            say({"failed": failed, "rows": by_name, "sent": sent - sent_before, "statements": len(taken)})
            sent_before = sent


def say(answer: Mapping[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
