"""A statement: its error, its whole text, and where its time went."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from sysmon_tui import limits
from sysmon_tui.text import many_lines
from sysmon_tui.tui.columns import Column
from sysmon_tui.tui.marks import STYLES
from sysmon_tui.tui.screens.detail import Detail, status_heading
from sysmon_tui.tui.widgets.breakdown import share_bar
from sysmon_tui.tui.widgets.fields import Fields
from sysmon_tui.tui.widgets.lines import Line
from sysmon_tui.tui.words import number_words

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
    Column("url", "profile", 0, flex=1),
)
_TIMES = (
    Column("total_duration_ms", "in all", 0, "duration_ms"),
    Column("waiting_for_compute_duration_ms", "waiting for compute", 0, "duration_ms"),
    Column("waiting_at_capacity_duration_ms", "waiting at capacity", 0, "duration_ms"),
    Column("compilation_duration_ms", "compiling", 0, "duration_ms"),
    Column("execution_duration_ms", "executing", 0, "duration_ms"),
)


class QueryScreen(Detail):
    """One pager for all of it: on 24 lines a pager for the text alone would have none left."""

    DEFAULT_CSS = """
    QueryScreen .pager { padding: 0; }
    QueryScreen .whole { height: auto; padding: 0 1; }
    """

    def heading(self) -> Text:
        return status_heading(self.text("status"), self.text("user_email"))

    def body(self) -> ComposeResult:
        with VerticalScroll(classes="pager"):
            error, statement = self.value("error_message"), self.value("statement_text")
            if error:
                yield Line(Text(_section("Error", str(error))), classes="section")
                yield Static(Text(many_lines(str(error)), style=STYLES["bad"]), classes="whole", markup=False)
            yield Line(self._times(), classes="times")
            yield Line(Text(_section("Statement", str(statement or ""))), classes="section")
            yield Static(Text(many_lines(str(statement or "(no text)"))), classes="whole", markup=False)
            yield Fields(self.row, _FIELDS, self.session.zone.key)

    def _times(self) -> Text:
        """Each part of the time with a bar of its share."""
        from sysmon_tui.tui import cells  # noqa: PLC0415 (polars, only once there are rows)

        texts = cells.shown(self.row, _TIMES, self.session.zone.key)[0]
        total = self.value("total_duration_ms")
        lines = Text()
        for column, text in zip(_TIMES, texts, strict=True):
            part = self.value(column.name)
            share = part / total if isinstance(part, int) and isinstance(total, int) and total > 0 else None
            lines.append("\n" if lines else "").append(f" {column.title:<20}", style=STYLES["dim"])
            lines.append(f"{text:>8} ").append(share_bar(share), style="cyan")
        return lines


def _section(title: str, text: str) -> str:
    is_cut = len(text) >= limits.MAX_TEXT_CHARS and text.endswith("…")
    return f" {title}, the first {number_words(len(text) - 1)} characters" if is_cut else f" {title}"
