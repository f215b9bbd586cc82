"""An alert: what it says, why it fires, and the way to the rows behind it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from sysmon_tui.text import many_lines
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import marked
from sysmon_tui.tui.screens.detail import Detail, status_heading
from sysmon_tui.tui.widgets.fields import Fields
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.views.filter_language import quoted

if TYPE_CHECKING:
    import polars as pl

_FIELDS = (
    Column("severity", "severity", 0, "status"),
    Column("category", "category", 0),
    Column("value", "value", 0, "count"),
    Column("threshold", "threshold", 0, "count"),
    Column("started_at", "fires since", 0, "instant"),
    Column("resolved_at", "resolved", 0, "instant"),
    Column("as_of", "data until", 0, "instant"),
    Column("detected_at", "detected", 0, "instant"),
    Column("acknowledged_by", "acknowledged", 0),
    Column("silenced_until", "silenced to", 0, "instant"),
    Column("rule", "rule", 0),
    Column("id", "alert", 0),
    Column("runbook_url", "runbook", 0, flex=1),
)
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


class AlertScreen(Detail):
    also = ("rows", "timeline")

    def heading(self) -> Text:
        return status_heading(self.text("state"), self.text("title"))

    def body(self) -> ComposeResult:
        yield Static(Text(many_lines(str(self.value("message") or ""))), classes="message", markup=False)
        yield Fields(self.row, _FIELDS, self.session.zone.key)
        yield Line(
            Text(self.session.with_keys(" What it is about, and the rows behind it ({rows} goes there)")),
            classes="section",
        )
        with VerticalScroll(classes="pager"):
            yield Static(Text(self._evidence()), markup=False)

    def _evidence(self) -> str:
        entity, evidence = nested(self.row, "entity"), nested(self.row, "evidence")
        lines = [f"{name}: {value}" for name, value in entity.items() if value not in (None, "")]
        ids = evidence.get("ids") or []
        if ids:
            lines += ["", f"rows ({len(ids)}):", *(f"  {row_id}" for row_id in ids)]
        if evidence.get("statement"):
            lines += ["", "In a SQL editor:", str(evidence["statement"])]
        return many_lines("\n".join(lines)) or f"{marked('unknown')}: no rows are known."

    def jump(self) -> None:
        jump = jump_from(self.row)
        if jump is None:
            self.app.notify("This alert has no rows of its own.", markup=False)
        else:
            self.dismiss(jump)


def jump_from(alert: pl.DataFrame) -> Jump | None:
    """Where the rows behind an alert are, a one-row frame; None where its category has no rows."""
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
