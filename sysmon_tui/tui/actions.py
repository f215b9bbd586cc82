"""The one registry of actions: bindings, footers, help and command palette come from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Place = Literal["app", "table", "detail", "choice"]

# Name and title of each tab, in the order of their keys.
TABS: tuple[tuple[str, str], ...] = (
    ("health", "Health"),
    ("workflows", "Workflows"),
    ("queries", "Queries"),
    ("warehouse", "Warehouse"),
    ("audit", "Audit"),
    ("alerts", "Alerts"),
)


@dataclass(frozen=True)
class Action:
    """`call` is the method after `action_`, `keys` as Textual names them, `shown` as people do.

    `footer` is the text at the bottom, none when empty; the largest `rank` goes first on a narrow screen.
    """

    place: Place
    call: str
    keys: str
    shown: str
    help: str
    footer: str = ""
    rank: int = 9
    priority: bool = False


ACTIONS: tuple[Action, ...] = (
    *(
        Action("app", f"tab('{name}')", str(number), str(number), f"Go to {title}.")
        for number, (name, title) in enumerate(TABS, start=1)
    ),
    Action("table", "open", "enter", "enter", "Open the row: what happened, and why.", "open", 2),
    Action(
        "app",
        "filter",
        "slash",
        "/",
        "Filter: keep the rows that show this text, in any column.",
        "filter",
        3,
    ),
    Action("app", "failed_only", "f", "f", "Failed only, or all (Workflows, Queries, Audit).", "failed", 2),
    Action(
        "app",
        "window(-1)",
        "left_square_bracket",
        "[",
        "A shorter window: 30 d, 7 d, 24 h, 6 h, 1 h.",
        "] window",
        5,
    ),
    Action("app", "window(1)", "right_square_bracket", "]", "A longer window."),
    Action(
        "app", "sort", "s", "s", "Sort by the next column; after the last, newest first again.", "sort", 6
    ),
    Action("app", "reverse", "S", "S", "Reverse the sorting."),
    Action("app", "refresh", "r", "r", "Ask the warehouse now.", "now", 4),
    Action(
        "app",
        "pause",
        "space",
        "space",
        "Pause: nothing is asked by itself; what you press still asks.",
        "pause",
        4,
    ),
    Action("app", "acknowledge", "a", "a", "Alerts: you have this one; again: nobody has it any more."),
    Action("app", "silence", "z", "z", "Alerts: tell nobody of this one for a while."),
    Action("app", "tenant", "t", "t", "Choose the tenant.", "tenant", 7),
    Action("app", "clear_filter", "escape", "esc", "Clear the filter; in a detail view, go back."),
    Action("detail", "leave", "escape", "esc", "Back.", "back", 1),
    Action("detail", "jump", "g", "g", "From an alert: go to the rows behind it.", "rows", 2),
    Action("choice", "leave", "escape", "esc", "Back.", "back", 1),
    Action("choice", "app.quit", "q", "q", "Quit.", "quit", 1),
    Action("app", "help", "question_mark", "?", "This list.", "help", 1),
    Action("app", "quit", "q", "q", "Quit at once; running statements are cancelled.", "quit", 1),
    Action("app", "quit", "ctrl+c,ctrl+q", "ctrl+c", "Quit, also while typing.", priority=True),
    Action("table", "cursor(-1)", "up,k", "↑ k", "One row up."),
    Action("table", "cursor(1)", "down,j", "↓ j", "One row down."),
    Action("table", "page(-1)", "pageup", "PgUp", "One page up."),
    Action("table", "page(1)", "pagedown", "PgDn", "One page down."),
    Action("table", "first", "home", "Home", "The first row."),
    Action("table", "last", "end", "End", "The last row."),
)
# What Textual itself binds and the help has to name.
_TEXTUAL: tuple[tuple[str, str], ...] = (
    ("tab", "The next table on the screen (Health, detail views)."),
    ("ctrl+p", "Command palette: every command by name, and themes."),
)


def bindings(place: Place) -> list[BindingType]:
    """The key bindings of a place, none of them shown by Textual's own footer."""
    return [
        Binding(action.keys, action.call, action.help, show=False, priority=action.priority)
        for action in ACTIONS
        if action.place == place
    ]


def footer(places: Iterable[Place], without: Iterable[str] = ()) -> list[Action]:
    """The actions that a footer names, in their order."""
    hidden, wanted = frozenset(without), frozenset(places)
    return [
        action for action in ACTIONS if action.footer and action.place in wanted and action.call not in hidden
    ]


def help_rows() -> list[tuple[str, str]]:
    """(key, what it does), for people."""
    rows: dict[str, str] = {}
    for action in (action for action in ACTIONS if action.place != "choice"):
        rows.setdefault(action.shown, action.help)
    return [*rows.items(), *_TEXTUAL]
