"""From an alert to the rows behind it: which tab has them, and the filter that they pass."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

_TAB_OF = {"workflow": "workflows", "query": "queries", "security": "audit", "warehouse": "warehouse"}
# By which field of an alert's entity the rows of a tab are found, the first that it has, and its name in a filter.
_FIELDS_OF = {
    "workflows": (("workflow_name", "name"), ("job_id", "job_id")),
    "queries": (("user_email", "user"), ("warehouse_id", "warehouse_id")),
    "audit": (("user_email", "user"), ("source_ip", "ip")),
    "warehouse": (("warehouse_id", "id"), ("warehouse_name", "name")),
}


@dataclass(frozen=True)
class Jump:
    """The rows behind an alert: which tab, and the filter that they pass."""

    tab: str
    filter: str


def jump_from(alert: pl.DataFrame) -> Jump | None:
    """Where the rows behind an alert are, a one-row frame; None where its category has no rows."""
    from sysmon_tui.views.filter_language import quoted  # noqa: PLC0415 (not before the first paint)

    tab = _TAB_OF.get(alert.item(0, "category"))
    if tab is None:
        return None
    entity = nested(alert, "entity")
    terms = (f"{short}={quoted(str(entity[field]))}" for field, short in _FIELDS_OF[tab] if entity.get(field))
    whose = f"tenant={quoted(str(alert.item(0, 'tenant')))} " if "tenant" in alert.columns else ""
    return Jump(tab, f"{whose}{next(terms, '')}".strip())


def nested(row: pl.DataFrame, name: str) -> dict[str, Any]:
    """A field that holds an object as JSON text; empty where it is none."""
    try:
        value = json.loads(str(row.item(0, name) or "{}"))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
