"""Parts of results as frames: rows of text (JSON_ARRAY) and Arrow streams, with the types the warehouse names."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from sysmon_tui.datasets.statement import Statement
from sysmon_tui.errors import SchemaDrift, StatementFailed
from sysmon_tui.text import valid_unicode

Column = Mapping[str, Any]
Cell = str | None


class PartUnreadable(StatementFailed):
    """A part of a result that is not what was promised: another try may bring it."""


_TRUTH = {"true": True, "false": False}


def rows_frame(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], statement: Statement
) -> pl.DataFrame:
    """Rows of text cells as a frame, in those of the statement's columns that there are. `columns` are the manifest's.

    The cells are read by the types the warehouse names, and later brought to the declared ones as Arrow is: both
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
    wanted = {name: columns[places[name]] for name in statement.schema if name in places}
    read = {name: _read(pl.col(str(places[name])), column) for name, column in wanted.items()}
    try:
        return texts.select(**read)  # all at once: each by itself costs more than the reading
    except pl.exceptions.PolarsError as error:
        name = next(name for name in read if not _is_readable(texts, read[name]))
        raise SchemaDrift(
            f"The column {name} of {statement.name} holds what is no {wanted[name].get('type_name')}.",
            "The service may have changed how it writes that type.",
        ) from error


def _is_readable(texts: pl.DataFrame, reading: pl.Expr) -> bool:
    try:
        texts.select(reading)
    except pl.exceptions.PolarsError:
        return False
    return True


def arrow_frame(stream: io.BytesIO, statement: Statement) -> pl.DataFrame:
    """An Arrow IPC stream as a frame. Raises PartUnreadable."""
    try:
        return pl.read_ipc_stream(stream)
    # A damaged stream makes the reader panic in places, and a panic is no Exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise PartUnreadable(f"The answer to {statement.name} is not a readable Arrow stream.") from error


def empty_frame(statement: Statement) -> pl.DataFrame:
    """No rows in the statement's columns."""
    return pl.DataFrame(schema=dict(statement.schema))


def _read(text: pl.Expr, column: Column) -> pl.Expr:
    kind = column.get("type_name")
    if kind == "DECIMAL":
        return text.cast(pl.Decimal(column.get("type_precision", 38), column.get("type_scale", 18)))
    return _READ.get(str(kind), _as_text)(text)


def _as_text(text: pl.Expr) -> pl.Expr:
    return text


def _integer(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.Int64)


def _number(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.Float64)


def _boolean(text: pl.Expr) -> pl.Expr:
    return text.replace_strict(_TRUTH, return_dtype=pl.Boolean)


def _date(text: pl.Expr) -> pl.Expr:
    return text.str.to_date("%Y-%m-%d")


def _instant(text: pl.Expr) -> pl.Expr:
    """Each row brings its own offset: that of the session's zone, which changes with daylight saving."""
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC")


def _wall_time(text: pl.Expr) -> pl.Expr:
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us")


_READ: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    **dict.fromkeys(("BYTE", "SHORT", "INT", "LONG"), _integer),
    **dict.fromkeys(("FLOAT", "DOUBLE"), _number),
    "BOOLEAN": _boolean,
    "DATE": _date,
    "TIMESTAMP": _instant,
    "TIMESTAMP_NTZ": _wall_time,
}
