"""The one registry of actions: bindings, footers, help, command palette, key rebinding and the README come from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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
    """`name` is what `[keys]` calls it, `call` the method after `action_`.

    `keys` are as Textual names them, `shown` as people do. `footer` is the text at the bottom, none when empty; the
    largest `rank` goes first on a narrow screen. `{name}` in a text is the key of that action.
    """

    name: str
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
        Action(name, "app", f"tab('{name}')", str(number), str(number), f"Go to {title}.")
        for number, (name, title) in enumerate(TABS, start=1)
    ),
    Action("open", "table", "open", "enter", "enter", "Open the row: what happened, and why.", "open", 2),
    Action("back", "app", "clear_filter", "escape", "esc", "Back; in a tab, clear the filter."),
    Action("back", "detail", "leave", "escape", "esc", "Back.", "back", 1),
    Action("back", "choice", "leave", "escape", "esc", "Back.", "back", 1),
    Action(
        "filter",
        "app",
        "filter",
        "slash",
        "/",
        "Filter: status=failed dur>5m user~etl !wh=prod text. ↑ ↓ in it: saved filters.",
        "filter",
        3,
    ),
    Action("save_filter", "app", "save_filter", "w", "w", "Save the filter under a name."),
    Action(
        "failed_only",
        "app",
        "failed_only",
        "f",
        "f",
        "Failed only, or all (Workflows, Queries, Audit).",
        "failed",
        2,
    ),
    Action(
        "breakdown",
        "app",
        "breakdown",
        "b",
        "b",
        "Break down: errors and where the time went (Queries), failed logins (Audit).",
        "break down",
        5,
    ),
    Action(
        "shorter_window",
        "app",
        "window(-1)",
        "left_square_bracket",
        "[",
        "A shorter window: 30 d, 7 d, 24 h, 6 h, 1 h.",
        "{longer_window} window",
        5,
    ),
    Action("longer_window", "app", "window(1)", "right_square_bracket", "]", "A longer window."),
    Action(
        "sort",
        "app",
        "sort",
        "s",
        "s",
        "Sort by the marked column, else by the next; after the last, newest first again.",
        "sort",
        6,
    ),
    Action("reverse", "app", "reverse", "S", "S", "Reverse the sorting."),
    Action("refresh", "app", "refresh", "r", "r", "Ask the warehouse now.", "now", 4),
    Action("faster", "app", "interval(-1)", "plus,equals_sign", "+", "Refresh more often."),
    Action("slower", "app", "interval(1)", "minus", "-", "Refresh less often."),
    Action(
        "pause",
        "app",
        "pause",
        "space",
        "space",
        "Pause: nothing is asked by itself; what you press still asks.",
        "pause",
        4,
    ),
    Action("acknowledge", "app", "acknowledge", "a", "a", "Alerts: you have this one; again: nobody has it."),
    Action("silence", "app", "silence", "z", "z", "Alerts: tell nobody of this one for a while."),
    Action("rows", "app", "rows", "g", "g", "From an alert: go to the rows behind it.", "rows", 2),
    Action(
        "timeline",
        "app",
        "timeline",
        "i",
        "i",
        "From an alert: the incident's timeline, likely causes first.",
        "timeline",
        2,
    ),
    Action("copy_cell", "app", "copy_cell", "y", "y", "Copy the marked cell (OSC 52: through SSH as well)."),
    Action("copy_row", "app", "copy_row", "Y", "Y", "Copy the row, a field a line."),
    Action("link", "app", "link", "o", "o", "The row's link: opened here, or copied when over SSH."),
    Action("export", "app", "export", "e", "e", "Export the rows as they are shown, to a file."),
    Action("tenant", "app", "tenant", "t", "t", "Choose the tenant, or all of them.", "tenant", 7),
    Action(
        "palette",
        "app",
        "command_palette",
        "ctrl+p",
        "ctrl+p",
        "Command palette: every command by name, loaded rows, saved filters, themes.",
        priority=True,
    ),
    Action("help", "app", "help", "question_mark", "?", "This list.", "help", 1),
    Action("quit", "app", "quit", "q", "q", "Quit at once; running statements are cancelled.", "quit", 1),
    Action("quit", "choice", "app.quit", "q", "q", "Quit.", "quit", 1),
    Action("leave", "app", "quit", "ctrl+c,ctrl+q", "ctrl+c", "Quit, also while typing.", priority=True),
    Action("up", "table", "cursor(-1)", "up,k", "↑ k", "One row up."),
    Action("down", "table", "cursor(1)", "down,j", "↓ j", "One row down."),
    Action("page_up", "table", "page(-1)", "pageup", "PgUp", "One page up."),
    Action("page_down", "table", "page(1)", "pagedown", "PgDn", "One page down."),
    Action("first", "table", "first", "home", "Home", "The first row."),
    Action("last", "table", "last", "end", "End", "The last row."),
    Action(
        "left",
        "table",
        "mark(-1)",
        "left,h",
        "← h",
        "Mark the column to the left, or none: for {copy_cell}, {sort} and {filter}.",
    ),
    Action("right", "table", "mark(1)", "right,l", "→ l", "Mark the column to the right, also hidden ones."),
)
# What Textual itself binds and the help has to name.
_TEXTUAL: tuple[tuple[str, str], ...] = (("tab", "The next table on the screen (Health, detail views)."),)

_SHOWN = {action.name: action.shown for action in ACTIONS}
# By action name: Textual's keys, and how people write them.
Rebound = Mapping[str, tuple[str, str]]


def bindings(place: Place) -> list[BindingType]:
    """The key bindings of a place, none of them shown by Textual's own footer. Their ids are what a keymap names."""
    return [
        Binding(
            action.keys,
            action.call,
            with_keys(action.help, {}),
            show=False,
            priority=action.priority,
            id=action.name,
        )
        for action in ACTIONS
        if action.place == place
    ]


def footer(places: Iterable[Place], without: Iterable[str] = ()) -> list[Action]:
    """The actions that a footer names, in their order; `without` are names."""
    hidden, wanted = frozenset(without), frozenset(places)
    return [
        action for action in ACTIONS if action.footer and action.place in wanted and action.name not in hidden
    ]


def as_bound(actions: Iterable[Action], rebound: Rebound) -> list[Action]:
    """The same with the keys that the user gave them, and their texts with what is shown of those."""
    return [
        replace(
            action,
            keys=rebound.get(action.name, (action.keys,))[0],
            shown=with_keys(f"{{{action.name}}}", rebound),
            help=with_keys(action.help, rebound),
            footer=with_keys(action.footer, rebound),
        )
        for action in actions
    ]


def with_keys(text: str, rebound: Rebound) -> str:
    """`{refresh} asks now` with the key as people write it: sentences name what works, not what once did."""
    return text.format(**{**_SHOWN, **{name: shown for name, (_, shown) in rebound.items()}})


def help_rows(rebound: Rebound | None = None) -> list[tuple[str, str]]:
    """(key, what it does), for people."""
    rows: dict[str, str] = {}
    for action in as_bound((action for action in ACTIONS if action.place != "choice"), rebound or {}):
        rows.setdefault(action.shown, action.help)
    return [*rows.items(), *_TEXTUAL]
