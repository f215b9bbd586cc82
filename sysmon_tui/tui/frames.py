"""Frames of rows that come as plain JSON (health's lists). Imported only once there are rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

_INSTANTS = frozenset(
    ("start_time", "end_time", "started_at", "detected_at", "resolved_at", "as_of", "silenced_until")
)


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """At least one row, all with the first one's fields. RFC 3339 becomes instants, what nests JSON text."""
    columns = []
    for name in rows[0]:
        values = [row.get(name) for row in rows]
        if name in _INSTANTS:
            instants = [None if value is None else datetime.fromisoformat(value) for value in values]
            columns.append(pl.Series(name, instants, dtype=pl.Datetime("us", "UTC")))
        else:
            flat = [json.dumps(value) if isinstance(value, dict | list) else value for value in values]
            columns.append(pl.Series(name, flat, strict=False))
    return pl.DataFrame(columns)
