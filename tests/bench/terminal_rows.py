"""`python -m tests.bench.terminal_rows ROWS`: the app over so many statements that nothing had to fetch.

All of the app is the real one; only the monitor hands out a made frame. Each `r` answers with three other rows among
the first ten: what a refresh changes.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sysmon_tui import memory

memory.keep_little()  # as the command does, before what follows brings Polars
import polars as pl  # noqa: E402

from sysmon_tui.tui.app import SysmonApp  # noqa: E402
from sysmon_tui.views.answer import Answer  # noqa: E402
from tests.fakes import NOW, FakeMonitor, FakeRuntime, answer, frame  # noqa: E402

_CHANGED = (2, 5, 8)
_STATEMENT = (
    "SELECT customer_id, count(*) AS orders, sum(amount) AS turnover FROM sales.orders_{} WHERE day >= current_date() "
    "- INTERVAL 30 DAYS GROUP BY customer_id"
)


def statements(rows: int, turn: int) -> pl.DataFrame:
    """`rows` of query history, newest first, all columns there; those of _CHANGED differ by `turn`."""
    number = pl.int_range(rows).alias("number")
    of_turn = pl.when(number.is_in(_CHANGED)).then(turn * 1000).otherwise(0)
    end = pl.lit(NOW).dt.cast_time_unit("us") - pl.duration(milliseconds=number * 2000)
    took_ms = 50 + number * 7919 % 60_000 + of_turn
    made = {
        "workspace_id": pl.lit("1111111111111111"),
        "statement_id": pl.format("01ef-{}", number),
        "status": pl.when(number % 9 == 0).then(pl.lit("FAILED")).otherwise(pl.lit("FINISHED")),
        "user_email": pl.format("user_{}@example.com", number % 500),
        "statement_text": pl.format(_STATEMENT, number % 10_000),
        "statement_type": pl.lit("SELECT"),
        "warehouse_id": pl.format("wh{}", number % 7),
        "warehouse_name": pl.format("warehouse {}", number % 7),
        "error_class": pl.when(number % 9 == 0).then(pl.format("DELTA_ERROR_{}", number % 20)),
        "total_duration_ms": took_ms,
        "execution_duration_ms": took_ms - 20,
        "start_time": end - pl.duration(milliseconds=took_ms),
        "end_time": end,
    }
    schema = frame("queries", []).schema
    columns = [
        made.get(name, pl.lit(None)).cast(kind, strict=True).alias(name) for name, kind in schema.items()
    ]
    return pl.select(number).select(columns)


class _Monitor(FakeMonitor):
    """Answers the two frames in turn, the next one when it is asked afresh."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._answers = [
            replace(answer("queries", []), frame=statements(rows, turn), total=rows) for turn in (0, 1)
        ]
        self._turn = 0

    async def queries(self, **arguments: Any) -> Answer:
        if arguments.get("fresh"):
            self._turn = 1 - self._turn
        self.answers["queries"] = replace(
            self._answers[self._turn], as_of=NOW - timedelta(minutes=3), fetched_at=NOW
        )
        return await super().queries(**arguments)


if __name__ == "__main__":
    loaded = int(sys.argv[1])
    SysmonApp(FakeRuntime(_Monitor(loaded)).as_runtime, row_limit=loaded).run()
