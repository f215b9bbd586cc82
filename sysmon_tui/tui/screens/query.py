"""A statement: where its time went, its error, and its whole text."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from sysmon_tui.text import many_lines
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import STYLES
from sysmon_tui.tui.screens.detail import Detail, status_heading
from sysmon_tui.tui.widgets.fields import Fields
from sysmon_tui.tui.widgets.lines import Line

_FIELDS = (
    Column("start_time", "started", 0, "instant"),
    Column("end_time", "ended", 0, "instant"),
    Column("warehouse_name", "warehouse", 0, fallback="warehouse_id"),
    Column("statement_type", "type", 0),
    Column("read_rows", "rows read", 0, "count"),
    Column("read_bytes", "read", 0, "bytes"),
    Column("produced_rows", "rows given", 0, "count"),
    Column("spilled_local_bytes", "spilled", 0, "bytes"),
    Column("from_result_cache", "from cache", 0),
    Column("client_application", "client", 0),
    Column("error_class", "error", 0),
    Column("statement_id", "statement", 0),
    Column("url", "link", 0, flex=1),
)
_TIMES = (
    Column("total_duration_ms", "in all", 0, "duration_ms"),
    Column("waiting_for_compute_duration_ms", "waiting for compute", 0, "duration_ms"),
    Column("waiting_at_capacity_duration_ms", "waiting at capacity", 0, "duration_ms"),
    Column("compilation_duration_ms", "compiling", 0, "duration_ms"),
    Column("execution_duration_ms", "executing", 0, "duration_ms"),
)
_BAR_CELLS = 30


class QueryScreen(Detail):
    def heading(self) -> Text:
        return status_heading(self.text("status"), self.text("user_email"))

    def body(self) -> ComposeResult:
        yield Fields(self.row, _FIELDS, self.session.zone.key)
        yield Line(self._times(), classes="times")
        error = self.value("error_message")
        if error:
            yield Static(Text(many_lines(str(error)), style=STYLES["bad"]), classes="error", markup=False)
        yield Line(Text(" Statement"), classes="section")
        with VerticalScroll(classes="pager"):
            yield Static(Text(many_lines(str(self.value("statement_text") or "(no text)"))), markup=False)

    def _times(self) -> Text:
        """Each part of the time with a bar of its share."""
        from sysmon_tui.tui import cells  # noqa: PLC0415 (polars, only once there are rows)

        texts = cells.shown(self.row, _TIMES, self.session.zone.key)[0]
        total = self.value("total_duration_ms")
        lines = Text()
        for column, text in zip(_TIMES, texts, strict=True):
            part = self.value(column.name)
            share = part / total if isinstance(part, int) and isinstance(total, int) and total > 0 else 0.0
            filled = round(min(1.0, max(0.0, share)) * _BAR_CELLS)
            lines.append("\n" if lines else "").append(f" {column.title:<20}", style=STYLES["dim"])
            lines.append(f"{text:>8} ").append("█" * filled, style="cyan")
        return lines
