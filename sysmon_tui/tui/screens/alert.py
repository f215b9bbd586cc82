"""An alert: what it says, why it fires, and the way to the rows behind it."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from sysmon_tui.text import many_lines
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.jumps import jump_from, nested
from sysmon_tui.tui.marks import marked
from sysmon_tui.tui.screens.detail import Detail, status_heading
from sysmon_tui.tui.widgets.fields import Fields
from sysmon_tui.tui.widgets.lines import Line

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
