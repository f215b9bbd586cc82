"""Invented query history, and it as a warehouse sends it: Arrow streams and rows of text."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import timedelta

import polars as pl
import pyarrow as pa

from tests.bench.warehouse_question import HISTORY_SCHEMA, ONE_ROW, ONE_ROW_SCHEMA
from tests.workspace.encoding import cells

ROWS = 200_000
ROWS_A_CHUNK = 20_000
# Spark's default for the batches of an Arrow stream.
_ROWS_A_BATCH = 10_000

_PEOPLE = (
    "ana.lima",
    "ben.okafor",
    "chen.wei",
    "dora.novak",
    "emil.sand",
    "fatima.rahman",
    "svc-ingest",
    "svc-bi",
)
_TABLES = (
    "sales.orders",
    "sales.order_items",
    "crm.contacts",
    "web.page_views",
    "finance.invoices",
    "iot.readings",
)
_COLUMNS = (
    "id",
    "customer_id",
    "created_at",
    "updated_at",
    "region",
    "amount_eur",
    "status",
    "channel",
    "device",
)
_KINDS = ("SELECT", "SELECT", "SELECT", "INSERT", "MERGE", "CREATE_TABLE_AS_SELECT", "SHOW", "DESCRIBE")
_APPLICATIONS = ("Databricks SQL Dashboard", "Databricks SQL Editor", "Tableau", "dbt", "PowerBI", "Python")
_ERRORS = ("TABLE_OR_VIEW_NOT_FOUND", "UNRESOLVED_COLUMN", "DIVIDE_BY_ZERO", "CAST_INVALID_INPUT")


def history(rows: int = ROWS) -> pl.DataFrame:
    """The newest statement first; the same rows each time."""
    chance = random.Random(20260310)  # noqa: S311 (invented rows)
    made = [_row(chance, number) for number in range(rows)]
    return pl.DataFrame(made, schema=dict(HISTORY_SCHEMA), orient="row")


def one_row() -> pl.DataFrame:
    return pl.DataFrame({"head": [ONE_ROW]}, schema=ONE_ROW_SCHEMA)


def chunks(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    return frame.iter_slices(ROWS_A_CHUNK)


def arrow_stream(frame: pl.DataFrame) -> bytes:
    """As Spark writes it: texts with 32-bit offsets, instants in a named zone."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    schema = pa.schema([pa.field(field.name, _wire_type(field.type)) for field in table.schema])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(table.cast(schema), max_chunksize=_ROWS_A_BATCH)
    stream: bytes = sink.getvalue().to_pybytes()
    return stream


def _wire_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_large_string(kind):
        return pa.string()
    return pa.timestamp("us", tz="Etc/UTC") if pa.types.is_timestamp(kind) else kind


def json_array(frame: pl.DataFrame) -> bytes:
    return json.dumps(cells(frame), separators=(",", ":")).encode()


def _row(chance: random.Random, number: int) -> tuple[object, ...]:
    # Whole milliseconds: rows of text have no more.
    start = ONE_ROW - timedelta(milliseconds=430 * number + chance.randrange(400))
    duration_ms = int(chance.lognormvariate(7.5, 1.5))
    error = chance.choice(_ERRORS) if chance.random() < 0.07 else None
    table = chance.choice(_TABLES)
    return (
        "1234567890123456",
        f"01f1{chance.getrandbits(16):04x}-{chance.getrandbits(16):04x}-1{chance.getrandbits(12):03x}"
        f"-9{chance.getrandbits(12):03x}-{chance.getrandbits(48):012x}",
        "FAILED" if error else "FINISHED",
        f"{chance.choice(_PEOPLE)}{chance.randrange(40)}@example.com",
        f"{chance.randrange(12):x}a7c3e5f90b2d46e",
        chance.choice(_KINDS),
        _statement_text(chance, table),
        error,
        f"[{error}] `prod`.{table}: the statement failed. SQLSTATE: 42P01; line 1 pos {chance.randrange(300)}"
        if error
        else None,
        chance.choice(_APPLICATIONS),
        start,
        start + timedelta(milliseconds=duration_ms),
        duration_ms,
        chance.choice((0, 0, 0, chance.randrange(6_000))),
        chance.choice((0, 0, chance.randrange(3_000))),
        chance.randrange(40, 900),
        max(0, duration_ms - 300),
        chance.randrange(50_000_000),
        chance.randrange(20_000_000_000),
        chance.randrange(100_000),
        chance.choice((0, 0, 0, 0, chance.randrange(4_000_000_000))),
        chance.random() < 0.15,
    )


def _statement_text(chance: random.Random, table: str) -> str:
    """Of 60 to 400 characters."""
    most = chance.randint(60, 400)
    text = f"SELECT {', '.join(chance.sample(_COLUMNS, 4))}, COUNT(*) AS n\nFROM prod.{table}\nWHERE region = 'EU'"
    while len(text) < most:
        text += f"\n  AND {chance.choice(_COLUMNS)} BETWEEN {chance.randrange(10**6)} AND {chance.randrange(10**9)}"
    return text[:most]
