"""An answer as bytes for pipes and files: table, csv, json, ndjson, parquet.

A table is for eyes and leaves columns out; the others are whole. Text passes the gate that fits where it
goes. Parquet keeps it as it is, for nothing acts on it there.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
import polars as pl
from rich.cells import cell_len, set_cell_size

from sysmon_tui.clock import rfc3339
from sysmon_tui.text import csv_text, inert_json, one_line
from sysmon_tui.views.answer import Answer, plain_rows

# Most telling first; what does not fit the width is left out from the end. Other columns are in no table.
_TABLE_COLUMNS: dict[str, tuple[str, ...]] = {
    "workflows": (
        "status",
        "workflow_name",
        "start_time",
        "duration_seconds",
        "run_id",
        "termination_code",
        "attempts",
        "run_as",
        "job_id",
        "workspace_id",
    ),
    "queries": (
        "status",
        "user_email",
        "end_time",
        "total_duration_ms",
        "warehouse_name",
        "error_class",
        "statement_text",
    ),
    "warehouses": (
        "warehouse_name",
        "state",
        "cluster_count",
        "warehouse_size",
        "starts",
        "failures",
        "queries",
        "failed_queries",
        "uptime_seconds",
        "utilization",
        "queued_seconds",
        "warehouse_id",
    ),
    "events": (
        "event_time",
        "status",
        "status_code",
        "user_email",
        "action_name",
        "source_ip",
        "error_message",
        "service_name",
        "workspace_id",
    ),
    "alerts": ("severity", "state", "title", "started_at", "value", "threshold", "rule", "message"),
}
_GAP = "  "
_WIDEST_CELL = 44
_NARROWEST_CELL = 12
_ROWS_AT_ONCE = 5_000


def write(answer: Answer, tenant: str, form: str, *, width: int) -> Iterator[bytes]:
    """The answer in parts, in one of FORMATS. `width` in terminal cells bounds the lines of a table."""
    return FORMATS[form](answer, tenant, width)


def _table(answer: Answer, _tenant: str, width: int) -> Iterator[bytes]:
    names = [name for name in _TABLE_COLUMNS[answer.key] if name in answer.frame.columns]
    frame = answer.frame.select(names)
    columns = [[_shown(value) for value in frame.get_column(name)] for name in names]
    widths = _fit(
        [max(map(cell_len, (name, *cells))) for name, cells in zip(names, columns, strict=True)], width
    )
    right = [frame.schema[name].is_numeric() for name in names]
    for cells in (names, *zip(*columns, strict=True)):
        parts = [_sized(*each) for each in zip(cells, widths, right, strict=False)]
        yield (_GAP.join(parts).rstrip() + "\n").encode()


def _fit(natural: list[int], width: int) -> list[int]:
    """Widths of the columns that fit, first to last; the last one takes what room there is."""
    widths: list[int] = []
    for wanted in natural:
        room = width - sum(widths) - len(_GAP) * len(widths)
        if widths and room < min(wanted, _NARROWEST_CELL):
            break
        widths.append(max(1, min(wanted, _WIDEST_CELL, room)))
    if len(widths) == len(natural):
        spare = width - sum(widths) - len(_GAP) * (len(widths) - 1)
        widths[-1] = min(natural[-1], widths[-1] + max(0, spare))
    return widths


def _sized(cell: str, width: int, right: bool) -> str:
    if cell_len(cell) > width:
        return set_cell_size(cell, width - 1) + "…"
    return " " * (width - cell_len(cell)) + cell if right else set_cell_size(cell, width)


def _shown(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%SZ}"
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return one_line(_plain(value), _WIDEST_CELL * 4)


def _csv(frame: pl.DataFrame) -> Iterator[bytes]:
    """RFC 4180. Texts are guarded against spreadsheets that take them for formulas; numbers stay bare."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    rows: Iterable[Iterable[object]] = itertools.chain((frame.columns,), frame.iter_rows())
    for row in rows:
        writer.writerow([csv_text(value) if isinstance(value, str) else _plain(value) for value in row])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def _json(answer: Answer, tenant: str) -> Iterator[bytes]:
    """The whole answer as HTTP gives it."""
    yield inert_json(msgspec.json.encode(answer.document(tenant))) + b"\n"


def _ndjson(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for row in rows:
        yield inert_json(msgspec.json.encode(row)) + b"\n"


def _parquet(frame: pl.DataFrame) -> Iterator[bytes]:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    yield buffer.getvalue()


def _json_list(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """A row a line."""
    before = b"[\n"
    for row in rows:
        yield before + inert_json(msgspec.json.encode(row))
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _rows(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Plain JSON rows, few at a time: as objects a million of them are gigabytes."""
    for part in frame.iter_slices(_ROWS_AT_ONCE):
        yield from plain_rows(part)


def _plain(value: object) -> str:
    """As JSON would have it, and nothing where nothing is known."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, datetime):
        return rfc3339(value) or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


FORMATS: dict[str, Callable[[Answer, str, int], Iterator[bytes]]] = {
    "table": _table,
    "csv": lambda answer, _tenant, _width: _csv(answer.frame),
    "json": lambda answer, tenant, _width: _json(answer, tenant),
    "ndjson": lambda answer, _tenant, _width: _ndjson(answer.rows()),
    "parquet": lambda answer, _tenant, _width: _parquet(answer.frame),
}

# Rows without what is known of them: an export of what a table shows.
ROW_FORMATS: dict[str, Callable[[pl.DataFrame], Iterator[bytes]]] = {
    "csv": _csv,
    "json": lambda frame: _json_list(_rows(frame)),
    "ndjson": lambda frame: _ndjson(_rows(frame)),
    "parquet": _parquet,
}
