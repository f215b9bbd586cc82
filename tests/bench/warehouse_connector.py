"""databricks-sql-connector over the Statement Execution API, for tests.bench.warehouse: Arrow behind links."""

from __future__ import annotations

from urllib.parse import urlsplit

import polars as pl
from databricks.sql import connect

from tests.bench import warehouse_timing
from tests.bench.warehouse_question import HISTORY_TEXT, ONE_ROW_TEXT, TOKEN, WAREHOUSE_ID, Standing


class Connector:
    def __init__(self, standing: Standing) -> None:
        self._connection = connect(
            server_hostname="http://127.0.0.1",
            _port=urlsplit(standing.url).port,
            http_path=f"/sql/1.0/warehouses/{WAREHOUSE_ID}",
            access_token=TOKEN,
            use_sea=True,
            enable_telemetry=False,
        )

    def history(self) -> pl.DataFrame:
        return self._frame(HISTORY_TEXT)

    def one_row(self) -> pl.DataFrame:
        return self._frame(ONE_ROW_TEXT)

    def _frame(self, text: str) -> pl.DataFrame:
        with self._connection.cursor() as cursor:
            cursor.execute(text)
            frame = pl.from_arrow(cursor.fetchall_arrow())
        assert isinstance(frame, pl.DataFrame)
        return frame


if __name__ == "__main__":
    warehouse_timing.main(Connector)
