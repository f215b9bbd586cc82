"""Frames on the wire: the manifest's types, cells as text (JSON_ARRAY), Arrow streams."""

from __future__ import annotations

import base64
import io
import json
import math
from typing import Any

import polars as pl

# (type_name, type_text); the engine's own types that a warehouse does not have become what SUM and COUNT give there.
_TYPES: dict[type[pl.DataType], tuple[str, str]] = {
    pl.Int8: ("BYTE", "TINYINT"),
    pl.Int16: ("SHORT", "SMALLINT"),
    pl.Int32: ("INT", "INT"),
    pl.Int64: ("LONG", "BIGINT"),
    pl.UInt64: ("LONG", "BIGINT"),
    pl.Float32: ("FLOAT", "FLOAT"),
    pl.Float64: ("DOUBLE", "DOUBLE"),
    pl.Boolean: ("BOOLEAN", "BOOLEAN"),
    pl.Date: ("DATE", "DATE"),
    pl.Datetime: ("TIMESTAMP", "TIMESTAMP"),
    pl.String: ("STRING", "STRING"),
    pl.Binary: ("BINARY", "BINARY"),
    pl.Null: ("NULL", "VOID"),
    pl.List: ("ARRAY", "ARRAY<STRING>"),
    pl.Struct: ("STRUCT", "STRUCT<>"),
}


def as_warehouse(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The engine's answer with a warehouse's types: instants in the session's zone, 64-bit sums."""
    return frame.with_columns(
        *(
            column.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
            if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is None
            else column.dt.convert_time_zone(zone)
            if isinstance(column.dtype, pl.Datetime)
            else column.cast(pl.Int64)
            if column.dtype == pl.Decimal(38, 0) or column.dtype == pl.Int128
            else column
            for column in frame
        )
    )


def schema(frame: pl.DataFrame) -> dict[str, Any]:
    """`manifest.schema`."""
    if not frame.width:
        return {"column_count": 0}
    columns = [
        {"name": column.name, **_type(column.dtype), "position": position}
        for position, column in enumerate(frame)
    ]
    return {"column_count": frame.width, "columns": columns}


def _type(dtype: pl.DataType) -> dict[str, Any]:
    if isinstance(dtype, pl.Decimal):
        return {
            "type_name": "DECIMAL",
            "type_text": f"DECIMAL({dtype.precision},{dtype.scale})",
            "type_precision": dtype.precision,
            "type_scale": dtype.scale,
        }
    name, text = _TYPES.get(type(dtype), ("MAP", "MAP<STRING, STRING>"))
    return {"type_name": name, "type_text": text}


def cells(frame: pl.DataFrame) -> list[list[str | None]]:
    """Rows of text or null."""
    columns = [_texts(column) for column in frame]
    return [list(row) for row in zip(*columns, strict=True)]


def _texts(column: pl.Series) -> list[str | None]:
    kind = _type(column.dtype)["type_name"]
    if kind == "TIMESTAMP":
        # Milliseconds are what recorded traffic shows; whether microseconds survive is not known.
        texts: list[str | None] = column.dt.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_list()
        zone = column.dtype.time_zone if isinstance(column.dtype, pl.Datetime) else None
        return [text and text.replace("+00:00", "Z") for text in texts] if zone == "UTC" else texts
    if kind in ("ARRAY", "STRUCT", "MAP"):
        return [None if value is None else json.dumps(value, default=str) for value in column.to_list()]
    if kind == "BINARY":
        return [None if value is None else base64.b64encode(value).decode() for value in column.to_list()]
    return [None if value is None else _text(value) for value in column.to_list()]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return str(value)


def arrow_stream(frame: pl.DataFrame) -> bytes:
    """As bytes. Of a clone: writing locks the frame, and a thread that looks at it then waits with the GIL held."""
    buffer = io.BytesIO()
    frame.clone().write_ipc_stream(buffer)
    return buffer.getvalue()
