"""Copy, link and export of the row or rows under the cursor, wherever that is: in a tab or a detail view."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import App

from sysmon_tui.text import one_line
from sysmon_tui.tui import clipboard, screens
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.base import Tab
from sysmon_tui.tui.widgets.frame_table import FrameTable

if TYPE_CHECKING:
    import polars as pl

# What a detail view without a table under the cursor is about, the first that it has.
_TEXTS = ("statement_text", "error_message", "message", "request_params")
# By column: a row's link, and the sentence for a row that has none there.
_LINKS = {
    "url": "This row has no link: its workspace's address is not known.",
    "runbook_url": "This alert has no runbook.",
}


class RowActions(App[None]):
    """Part of the app: its actions on rows."""

    session: Session

    @property
    def tab(self) -> Tab:
        raise NotImplementedError

    @property
    def table_in_use(self) -> FrameTable | None:
        """The table that has the keys, else the one that the tab is about."""
        if isinstance(self.focused, FrameTable):
            return self.focused
        return self.tab.main_table if len(self.screen_stack) == 1 else None

    def _row(self) -> pl.DataFrame | None:
        table = self.table_in_use
        row = None if table is None else table.row
        return self.screen.row if row is None and isinstance(self.screen, screens.Detail) else row

    def tell(self, sentence: str) -> None:
        """A toast. Never markup: what it quotes is a stranger's."""
        if sentence:
            self.notify(one_line(sentence), markup=False)

    def action_copy_cell(self) -> None:
        table = self.table_in_use
        row = None if table is None else table.row
        if table is not None and row is not None:
            from sysmon_tui.tui import cells  # noqa: PLC0415 (polars: there are rows)

            self.tell(clipboard.copy(self, cells.whole(row, table.marked), table.marked.title))
        elif isinstance(self.screen, screens.Detail):
            self._copy_text(self.screen.row)

    def _copy_text(self, row: pl.DataFrame) -> None:
        name = next((name for name in _TEXTS if name in row.columns and row.item(0, name)), None)
        if name is None:
            self.action_copy_row()
        else:
            self.tell(clipboard.copy(self, str(row.item(0, name)), name.replace("_", " ")))

    def action_copy_row(self) -> None:
        row = self._row()
        if row is not None:
            from sysmon_tui.tui import cells  # noqa: PLC0415 (polars: there are rows)

            lines = [f"{name}: {cells.whole_text(value)}" for name, value in row.row(0, named=True).items()]
            self.tell(clipboard.copy(self, "\n".join(lines), "the row"))

    def action_link(self) -> None:
        """Of the row under the cursor, else of what the detail view is about."""
        rows = [self._row(), self.screen.row if isinstance(self.screen, screens.Detail) else None]
        links = [
            (row.item(0, name), without)
            for row in rows
            if row is not None
            for name, without in _LINKS.items()
            if name in row.columns
        ]
        url = next((url for url, _ in links if str(url).startswith(("https://", "http://"))), None)
        if url is None:
            self.tell(links[0][1] if links else "There is no row here that has a link.")
        elif _has_browser(os.environ):
            self.open_url(url)
            self.tell(f"Opened {url}")
        else:
            self.tell(f"{clipboard.copy(self, url, 'the link')} {url}")

    def action_export(self) -> None:
        table = self.table_in_use
        rows = None if table is None else table.rows_shown
        if rows is None or rows.is_empty():
            self.tell("There are no rows here to export.")
            return
        name = str(self.tab.id) if table is self.tab.main_table else str(table.id if table else "rows")
        self.push_screen(
            screens.ExportScreen(rows, name, clock=self.session.runtime.clock),
            lambda told: self.tell(told or ""),
        )


def _has_browser(environment: Mapping[str, str]) -> bool:
    """Not over SSH: a browser would open where nobody sits, or a text browser over the app."""
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
