"""Results as frames: rows of text (JSON_ARRAY) and Arrow streams, in the declared schema of the statement."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from sysmon_tui.datasets.statement import Statement
from sysmon_tui.errors import SchemaDrift, StatementFailed
from sysmon_tui.sources.base import conform
from sysmon_tui.text import valid_unicode

Column = Mapping[str, Any]
Cell = str | None

_TRUTH = {"true": True, "false": False}


def rows_frame(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], statement: Statement
) -> pl.DataFrame:
    """Rows of text cells as a frame. `columns` are the manifest's.

    The cells are read by the types the warehouse names and then brought to the declared ones, as Arrow is: both
    ways a value comes to the same. Raises SchemaDrift, StatementFailed.
    """
    places: dict[str, int] = {}
    for place, column in enumerate(columns):
        places.setdefault(str(column.get("name")), place)
    schema = {str(place): pl.String for place in range(len(columns))}
    try:
        try:
            texts = pl.DataFrame(rows, schema=schema, orient="row")
        except UnicodeEncodeError:  # half of a surrogate pair: JSON can write what no text may hold
            whole = [[cell if cell is None else valid_unicode(cell) for cell in row] for row in rows]
            texts = pl.DataFrame(whole, schema=schema, orient="row")
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise StatementFailed(
            f"The rows of {statement.name} are not in the form that was asked for."
        ) from error
    read = []
    for name in statement.schema:
        if name not in places:
            continue  # conform names what is missing
        place = places[name]
        try:
            read.append(_column(texts.get_column(str(place)), columns[place]).alias(name))
        except pl.exceptions.PolarsError as error:
            raise SchemaDrift(
                f"The column {name} of {statement.name} holds what is no {columns[place].get('type_name')}.",
                "The service may have changed how it writes that type.",
            ) from error
    return conform(pl.DataFrame(read), statement)


def arrow_frame(stream: bytes, statement: Statement) -> pl.DataFrame:
    """An Arrow IPC stream as a frame. Raises SchemaDrift, StatementFailed."""
    try:
        frame = pl.read_ipc_stream(io.BytesIO(stream))
    # A damaged stream makes the reader panic in places, and a panic is no Exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise StatementFailed(f"The answer to {statement.name} is not a readable Arrow stream.") from error
    return conform(frame, statement)


def empty_frame(statement: Statement) -> pl.DataFrame:
    """No rows in the statement's columns."""
    return pl.DataFrame(schema=dict(statement.schema))


def _column(texts: pl.Series, column: Column) -> pl.Series:
    kind = column.get("type_name")
    if kind == "DECIMAL":
        return texts.cast(pl.Decimal(column.get("type_precision", 38), column.get("type_scale", 18)))
    return _READ.get(str(kind), _as_text)(texts)


def _as_text(texts: pl.Series) -> pl.Series:
    return texts


def _integer(texts: pl.Series) -> pl.Series:
    return texts.cast(pl.Int64)


def _number(texts: pl.Series) -> pl.Series:
    return texts.cast(pl.Float64)


def _boolean(texts: pl.Series) -> pl.Series:
    return texts.replace_strict(_TRUTH, return_dtype=pl.Boolean)


def _date(texts: pl.Series) -> pl.Series:
    return texts.str.to_date("%Y-%m-%d")


def _instant(texts: pl.Series) -> pl.Series:
    """Each row brings its own offset: that of the session's zone, which changes with daylight saving."""
    return texts.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC")


def _wall_time(texts: pl.Series) -> pl.Series:
    return texts.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us")


_READ: dict[str, Callable[[pl.Series], pl.Series]] = {
    **dict.fromkeys(("BYTE", "SHORT", "INT", "LONG"), _integer),
    **dict.fromkeys(("FLOAT", "DOUBLE"), _number),
    "BOOLEAN": _boolean,
    "DATE": _date,
    "TIMESTAMP": _instant,
    "TIMESTAMP_NTZ": _wall_time,
}
