"""The command palette: every action by its words, saved filters, themes, and the rows that are loaded.

Names of rows are strangers' texts: Textual's own highlighting would parse them as markup, so nothing is highlighted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from rich.text import Text
from textual.command import DiscoveryHit, Hit, Hits, Provider

from sysmon_tui.text import one_line
from sysmon_tui.threads import in_daemon_thread
from sysmon_tui.tui.actions import ACTIONS, as_bound

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.tui.app import SysmonApp
    from sysmon_tui.tui.kept import SavedFilter
    from sysmon_tui.tui.tabs import ListTab

_ROWS_A_TAB = 5
# One letter is in every row.
_LEAST_CHARS = 2
# A row that has the words comes before commands that only have their letters, scattered over a sentence, and behind
# those that have the words themselves.
_ROW_SCORE = 1.0
_CELL_CHARS = 24
_CELLS = 5


class Commands(Provider):
    """What the keys do, the saved filters, and the themes."""

    async def discover(self) -> Hits:
        for title, call in self._commands():
            yield DiscoveryHit(Text(title), call, text=title)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, call in self._commands():
            matched = matcher.match(title)
            if matched > 0:  # the better, the more, without an end
                has_words = query.casefold() in title.casefold()
                score = matched / (1 + matched) + (_ROW_SCORE if has_words else 0)
                yield Hit(score, Text(title), call, text=title)

    def _commands(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        app = cast("SysmonApp", self.app)
        for action in as_bound(ACTIONS, app.session.rebound):
            if action.place == "app" and action.name not in ("leave", "palette"):
                yield f"{action.help.rstrip('.')}  ({action.shown})", _calling(app, action.call)
        for one in app.session.saved_filters():
            yield f"Filter {one_line(one.name, 40)}: {one_line(one.filter, 60)}", _filtering(app, one)
        for theme in sorted(app.available_themes):
            yield f"Theme {theme}", partial(setattr, app, "theme", theme)


class LoadedRows(Provider):
    """Rows of the tabs that show the words, in any text of theirs."""

    async def search(self, query: str) -> Hits:
        if len(query.strip()) < _LEAST_CHARS:
            return
        app = cast("SysmonApp", self.app)
        for tab in app.list_tabs:
            async for row in _found(tab, query):
                title = f"{tab.things}: {_said(tab, row)}"
                yield Hit(_ROW_SCORE, Text(title), _opening(app, tab, row), text=title)


def _calling(app: SysmonApp, call: str) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        await app.run_action(call)

    return run


def _filtering(app: SysmonApp, saved: SavedFilter) -> Callable[[], None]:
    def run() -> None:
        app.action_tab(saved.tab)
        app.tab.filter(saved.filter)

    return run


def _opening(app: SysmonApp, tab: ListTab, row: pl.DataFrame) -> Callable[[], None]:
    def run() -> None:
        app.action_tab(str(tab.id))
        tab.open_row(row)

    return run


async def _found(tab: ListTab, query: str) -> AsyncIterator[pl.DataFrame]:
    frame = tab.table.rows_shown
    if frame is None or not frame.height:
        return
    found = await in_daemon_thread(lambda: tab.with_words(frame, query).head(_ROWS_A_TAB))
    for number in range(found.height):
        yield found.slice(number, 1)


def _said(tab: ListTab, row: pl.DataFrame) -> str:
    from sysmon_tui.tui import cells  # noqa: PLC0415 (polars: there are rows)

    texts = cells.shown(row, tab.columns, tab.session.zone.key)[0]
    return "  ".join(one_line(text, _CELL_CHARS) for text in texts[:_CELLS])
