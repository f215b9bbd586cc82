"""What any client has to do at least, for tests.bench.warehouse.

The history: one GET a chunk over one connection, and Polars reads the streams. The one row: hand in, ask once, decode.
"""

from __future__ import annotations

import polars as pl
import requests

from tests.bench import warehouse_timing
from tests.bench.warehouse_question import ONE_ROW_TEXT, TOKEN, WAREHOUSE_ID, Standing


class Floor:
    def __init__(self, standing: Standing) -> None:
        self._links = standing.links
        self._statements = f"{standing.url}/api/2.0/sql/statements"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {TOKEN}"

    def history(self) -> pl.DataFrame:
        return pl.concat(pl.read_ipc_stream(self._session.get(link).content) for link in self._links)

    def one_row(self) -> object:
        body = {
            "statement": ONE_ROW_TEXT,
            "warehouse_id": WAREHOUSE_ID,
            "disposition": "INLINE",
            "format": "JSON_ARRAY",
            "wait_timeout": "0s",
        }
        handed_in = self._session.post(self._statements, json=body).json()
        return self._session.get(f"{self._statements}/{handed_in['statement_id']}").json()


if __name__ == "__main__":
    warehouse_timing.main(Floor)
