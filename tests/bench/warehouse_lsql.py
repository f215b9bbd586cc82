"""databricks-labs-lsql, for tests.bench.warehouse: rows of text that become tuples, by links or inline.

The second argument is the disposition of the history. The service refuses so much inline; the stand-in does not.
"""

from __future__ import annotations

import sys

import polars as pl
from databricks.labs.lsql.core import StatementExecutionExt
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.sql import Disposition

from tests.bench import warehouse_timing
from tests.bench.warehouse_question import (
    HISTORY_SCHEMA,
    HISTORY_TEXT,
    ONE_ROW_SCHEMA,
    ONE_ROW_TEXT,
    TOKEN,
    WAREHOUSE_ID,
    Standing,
)


class Lsql:
    def __init__(self, standing: Standing) -> None:
        client = WorkspaceClient(host=standing.url, token=TOKEN)
        disposition = Disposition(sys.argv[2])
        self._history = StatementExecutionExt(client, disposition=disposition, warehouse_id=WAREHOUSE_ID)
        self._one_row = StatementExecutionExt(client, warehouse_id=WAREHOUSE_ID)

    def history(self) -> pl.DataFrame:
        rows = list(self._history.fetch_all(HISTORY_TEXT))
        return pl.DataFrame(rows, schema=HISTORY_SCHEMA, orient="row")

    def one_row(self) -> pl.DataFrame:
        rows = list(self._one_row.fetch_all(ONE_ROW_TEXT))
        return pl.DataFrame(rows, schema=ONE_ROW_SCHEMA, orient="row")


if __name__ == "__main__":
    warehouse_timing.main(Lsql)
