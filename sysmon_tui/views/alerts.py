"""Alerts as columns, for tables and exports."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import polars as pl

_INSTANT = pl.Datetime("us", "UTC")
_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(("id", "rule", "category", "severity", "state", "title", "message"), pl.String()),
    "value": pl.Int64(),
    "threshold": pl.Int64(),
    "entity": pl.String(),
    **dict.fromkeys(("started_at", "detected_at", "resolved_at", "as_of"), _INSTANT),
    "acknowledged_by": pl.String(),
    "silenced_until": _INSTANT,
    "runbook_url": pl.String(),
    "evidence": pl.String(),
}


def alert_frame(alerts: list[dict[str, Any]]) -> pl.DataFrame:
    """What nests stands as JSON text."""
    flat = [{name: _cell(alert.get(name), kind) for name, kind in _SCHEMA.items()} for alert in alerts]
    return pl.DataFrame(flat, schema=_SCHEMA, orient="row")


def _cell(value: object, kind: pl.DataType) -> object:
    if isinstance(value, dict):
        return json.dumps(value)
    return datetime.fromisoformat(value) if kind == _INSTANT and isinstance(value, str) else value
