"""The protocol of a source: a statement with typed named parameters in, a frame with the declared schema out."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol

import polars as pl

from sysmon_tui.clock import to_micros
from sysmon_tui.datasets.statement import Statement, Value
from sysmon_tui.errors import SchemaDrift


@dataclass
class Progress:
    """What a source tells of a request while it works on it.

    `waiting` is for a warehouse that is starting or full. `accepted` is set once a warehouse has the statement.
    `read_bytes` came over the network, 0 where there is none.
    """

    state: Literal["waiting", "running"] = "running"
    accepted: bool = False
    read_bytes: int = 0


@dataclass(frozen=True)
class Request:
    """One statement ready to run.

    `text` is Databricks SQL with the tenant's tables in it, `values` has a value for every marker in it (None is
    SQL NULL), `timeout_s` bounds the whole of it, `panel` names the asker for tags and comments. `fresh` asks for
    nothing that is kept.
    """

    statement: Statement
    text: str
    values: Mapping[str, Value]
    timeout_s: float
    panel: str = ""
    fresh: bool = False
    progress: Progress = field(default_factory=Progress, compare=False)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Source(Protocol):
    """Blocking and safe to call from several threads; the query service keeps it off the event loop."""

    def execute(self, request: Request) -> pl.DataFrame:
        """The rows, in the columns, order and types of `request.statement.schema`. Raises SourceError alone."""

    def cancel(self, request_id: str) -> None:
        """End a running request: its `execute` raises StatementCanceled. Unknown ids are nothing to do."""

    def close(self) -> None:
        """Cancel what runs and let go of connections. A second call is nothing to do."""


def conform(frame: pl.DataFrame, statement: Statement) -> pl.DataFrame:
    """The frame, which is the caller's to change, in the statement's declared columns and types without extra ones.

    Raises SchemaDrift that names the column: a table changed, and only this answer suffers.
    """
    missing = [name for name in statement.schema if name not in frame.columns]
    if missing:
        raise SchemaDrift(
            f"The answer to {statement.name} lacks the column {', '.join(missing)}.",
            "The system table may have changed; compare it with the reference schema.",
        )
    for name, wanted in statement.schema.items():
        column = frame.get_column(name)
        try:
            cast = _cast(column, wanted)
        except pl.exceptions.PolarsError as error:
            raise SchemaDrift(
                f"The column {name} of {statement.name} is {column.dtype}, not {wanted}.",
                "The system table may have changed its type.",
            ) from error
        if cast is not column:
            frame = frame.replace_column(frame.get_column_index(name), cast)
    return frame if frame.columns == list(statement.schema) else frame.select(list(statement.schema))


# Engines know years that Python's datetime doesn't; a day is left at either end for the zones of people.
_FIRST_US = to_micros(datetime(1, 1, 2, tzinfo=UTC))
_LAST_US = to_micros(datetime(9999, 12, 30, tzinfo=UTC))


def _of_our_years(instants: pl.Series) -> pl.Series:
    """Microseconds in UTC; what lies outside the years 1 to 9999 is nothing that happened, and so NULL."""
    physical = instants.to_physical()
    first_us, last_us = physical.min(), physical.max()  # both known, which is quicker than looking at each
    if first_us is None or (first_us >= _FIRST_US and last_us <= _LAST_US):  # type: ignore[operator]
        return instants
    within = physical.is_between(_FIRST_US, _LAST_US)
    return pl.select(pl.when(within).then(instants).alias(instants.name)).to_series()


def _cast(column: pl.Series, wanted: pl.DataType) -> pl.Series:
    if column.dtype == wanted:
        return _of_our_years(column) if isinstance(wanted, pl.Datetime) else column
    if isinstance(wanted, pl.Datetime) and isinstance(column.dtype, pl.Datetime):
        if column.dtype.time_zone and column.dtype.time_unit == wanted.time_unit:
            return _of_our_years(column.to_physical().cast(wanted))  # the same instants, whatever the zone
        aware = column if column.dtype.time_zone else column.dt.replace_time_zone("UTC")
        return _of_our_years(aware.dt.convert_time_zone("UTC").cast(wanted))
    return column.cast(wanted)
