"""What all clients are asked, and by what their answers are known to be the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec
import polars as pl

from sysmon_tui.datasets.catalogue import QUERIES

WAREHOUSE_ID: Final = "a1b2c3d4e5f60718"
TOKEN: Final = "dapi-bench"

# The columns of a listing that page it begin with this one.
_FIRST_PAGING_COLUMN: Final = "sort_us"
_NAMES: Final = list(QUERIES.schema)
HISTORY_SCHEMA: Final = {name: QUERIES.schema[name] for name in _NAMES[: _NAMES.index(_FIRST_PAGING_COLUMN)]}
HISTORY_TEXT: Final = f"SELECT {', '.join(HISTORY_SCHEMA)} FROM system.query.history ORDER BY start_time DESC"

ONE_ROW_TEXT: Final = "SELECT MAX(update_time) AS head FROM system.query.history"
ONE_ROW_SCHEMA: Final = {"head": pl.Datetime("us", "UTC")}
ONE_ROW: Final = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


class Checksum(msgspec.Struct, frozen=True):
    """Two frames of query history with the same one are taken to be the same."""

    rows: int
    first_id: str
    last_id: str
    sums: dict[str, int]


class Standing(msgspec.Struct, frozen=True):
    """Where the stand-in listens, where the chunks of the history lie as Arrow, and what the history must be."""

    url: str
    links: list[str]
    history: Checksum


def checksum(frame: pl.DataFrame) -> Checksum:
    sums = {
        name: int(frame.get_column(name).sum())
        for name, dtype in HISTORY_SCHEMA.items()
        if dtype in (pl.Int64(), pl.Boolean())
    }
    for name in ("statement_text", "error_message", "user_email"):
        sums[name] = int(frame.get_column(name).str.len_bytes().sum())
    for name in ("start_time", "end_time"):
        sums[name] = int((frame.get_column(name).to_physical() % 1_000_003).sum())
    ids = frame.get_column("statement_id")
    return Checksum(frame.height, str(ids.first()), str(ids.last()), sums)
