"""A statement's text and values as Spark takes them, and its rows as a frame.

Both ways avoid what depends on the session's time zone or on Python's: no TIMESTAMP goes in as an argument, none
comes out as a local datetime. Rows come by `collect()`, so neither pandas nor pyarrow is needed.
"""

from __future__ import annotations

import re
from typing import Any, Final

import polars as pl

from sysmon_tui.datasets.statement import Value
from sysmon_tui.errors import ResultTooLarge
from sysmon_tui.sources.base import Request, conform

# Texts, quoted names and comments are passed over; what is left with a colon is a marker.
_TOKEN = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|--[^\n]*|/\*.*?\*/|(?<![:\w]):([A-Za-z_]\w*)""", re.DOTALL
)

# Spark's name of a type: how a column is asked for so that it arrives exactly, as what it arrives, what it then is.
_INSTANT: Final = ("unix_micros({})", pl.Int64(), pl.Datetime("us", "UTC"))
# Through its text, because every arithmetic on it takes the session's zone.
_WALL_CLOCK: Final = (
    "unix_micros(CAST(CONCAT(CAST({} AS STRING), 'Z') AS TIMESTAMP))",
    pl.Int64(),
    pl.Datetime("us"),
)
_TYPES: Final[dict[str, tuple[str, pl.DataType, pl.DataType]]] = {
    "timestamp": _INSTANT,
    "timestamp_ltz": _INSTANT,
    "timestamp_ntz": _WALL_CLOCK,
    "date": ("unix_date({})", pl.Int32(), pl.Date()),
    **{
        name: ("{}", dtype, dtype)
        for name, dtype in {
            "string": pl.String(),
            "boolean": pl.Boolean(),
            "byte": pl.Int8(),
            "short": pl.Int16(),
            "integer": pl.Int32(),
            "long": pl.Int64(),
            "float": pl.Float32(),
            "double": pl.Float64(),
            "void": pl.Null(),
        }.items()
    },
}
# Every other type comes as its text: no statement of ours answers one, so it is a table that changed.
_OTHER: Final = ("CAST({} AS STRING)", pl.String(), pl.String())


def parameterised(request: Request) -> tuple[str, dict[str, Value]]:
    """The text with its markers cast to their declared types, and a value for each that the text names.

    Spark takes the type of an argument from the Python value: a small BIGINT would be an INT, None would be VOID.
    The bound stands in the text because each step on a DataFrame analyses the whole of it again.
    """
    named: dict[str, Value] = {}

    def typed(match: re.Match[str]) -> str:
        name = match[1]
        if name not in request.values:
            return match[0]
        named[name] = request.values[name]
        kind = request.statement.parameters.get(name)
        return match[0] if kind is None else f"CAST(:{name} AS {kind})"

    return f"SELECT * FROM (\n{_TOKEN.sub(typed, request.text)}\n) LIMIT {_most_rows(request) + 1}", named


def read(answer: Any, request: Request) -> pl.DataFrame:
    """The rows of a Spark DataFrame in the statement's columns and types.

    Raises SchemaDrift, before anything runs if a column is missing; ResultTooLarge; and whatever Spark raises.
    """
    names = [field.name for field in answer.schema.fields]
    if not set(request.statement.schema) <= set(names):
        return conform(pl.DataFrame(schema=dict.fromkeys(names, pl.Null())), request.statement)
    positions = {name: names.index(name) for name in request.statement.schema}
    wanted = {name: _arrival(answer.schema.fields[at].dataType) for name, at in positions.items()}
    if len({name.lower() for name in names}) < len(names):  # they repeat, or differ in case alone
        answer = answer.toDF(*(f"c{position}" for position in range(len(names))))
        names = answer.columns
    rows = answer.selectExpr(
        *(how.format(f"`{names[positions[name]]}`") for name, (how, _, _) in wanted.items())
    ).collect()
    most = _most_rows(request)
    if len(rows) > most:
        raise ResultTooLarge(
            f"{request.statement.name} answers more than {most} rows.", "Choose a shorter window."
        )
    columns = zip(*rows, strict=True) if rows else ((),) * len(wanted)
    frame = pl.DataFrame(
        [
            pl.Series(name, values, dtype=arrival).cast(dtype)
            for (name, (_, arrival, dtype)), values in zip(wanted.items(), columns, strict=True)
        ]
    )
    return conform(frame, request.statement)


def _arrival(kind: Any) -> tuple[str, pl.DataType, pl.DataType]:
    if kind.typeName() == "decimal":
        exact = pl.Decimal(kind.precision, kind.scale)
        return "{}", exact, exact
    return _TYPES.get(kind.typeName(), _OTHER)


def _most_rows(request: Request) -> int:
    """A page asks for one row more than it shows, so it may go over the ceiling by itself."""
    limit = request.values.get("row_limit")
    return max(request.statement.ceiling, limit if isinstance(limit, int) else 0)
