"""Our source, for tests.bench.warehouse: Arrow behind links for the history, text inline for the one row."""

from __future__ import annotations

from sysmon_tui import limits, memory

memory.keep_little()  # as the program does, before what follows brings Polars
import polars as pl  # noqa: E402

from sysmon_tui.datasets.statement import Statement  # noqa: E402
from sysmon_tui.sources.base import Request  # noqa: E402
from sysmon_tui.sources.databricks import DatabricksSource  # noqa: E402
from tests.bench import warehouse_timing  # noqa: E402
from tests.bench.warehouse_question import (  # noqa: E402
    HISTORY_SCHEMA,
    HISTORY_TEXT,
    ONE_ROW_SCHEMA,
    ONE_ROW_TEXT,
    TOKEN,
    WAREHOUSE_ID,
    Standing,
)

_HISTORY = Statement("history", {}, HISTORY_SCHEMA, ceiling=limits.MAX_TABLE_ROWS)
_ONE_ROW = Statement("one_row", {}, ONE_ROW_SCHEMA)
_TIMEOUT_S = 60.0


class Ours:
    def __init__(self, standing: Standing) -> None:
        self._source = DatabricksSource(host=standing.url, token=TOKEN, warehouse_id=WAREHOUSE_ID)

    def history(self) -> pl.DataFrame:
        return self._source.execute(Request(_HISTORY, HISTORY_TEXT, {}, _TIMEOUT_S))

    def one_row(self) -> pl.DataFrame:
        return self._source.execute(Request(_ONE_ROW, ONE_ROW_TEXT, {}, _TIMEOUT_S))


if __name__ == "__main__":
    warehouse_timing.main(Ours)
