"""What `[keys]` may say: the actions that can have other keys, and how a key is written.

Nothing of Textual is known here, for every command reads the configuration; tui/keymap.py turns a key into its names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from sysmon_tui.config.check import Fault, nearest

Keys = Annotated[
    str | tuple[str, ...],
    Meta(description='a key such as "r", "R", "?", "ctrl+r", "F5" or "space", or a list of such keys'),
]


class KeysConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A key, or several, for each action of tui/actions.py. The defaults are those of the registry there."""

    health: Keys = "1"
    workflows: Keys = "2"
    queries: Keys = "3"
    warehouse: Keys = "4"
    audit: Keys = "5"
    alerts: Keys = "6"
    open: Keys = "enter"
    back: Keys = "escape"
    up: Keys = ("up", "k")
    down: Keys = ("down", "j")
    page_up: Keys = "pageup"
    page_down: Keys = "pagedown"
    first: Keys = "home"
    last: Keys = "end"
    left: Keys = ("left", "h")
    right: Keys = ("right", "l")
    filter: Keys = "/"
    save_filter: Keys = "w"
    failed_only: Keys = "f"
    breakdown: Keys = "b"
    shorter_window: Keys = "["
    longer_window: Keys = "]"
    sort: Keys = "s"
    reverse: Keys = "S"
    refresh: Keys = "r"
    faster: Keys = ("+", "=")
    slower: Keys = "-"
    pause: Keys = "space"
    acknowledge: Keys = "a"
    silence: Keys = "z"
    rows: Keys = "g"
    timeline: Keys = "i"
    copy_cell: Keys = "y"
    copy_row: Keys = "Y"
    link: Keys = "o"
    export: Keys = "e"
    tenant: Keys = "t"
    palette: Keys = "ctrl+p"
    help: Keys = "?"
    quit: Keys = "q"


# Taken whatever is configured: nobody is locked in, and what Textual binds below the app goes on working.
_RESERVED = {
    "ctrl+c": "quits, whatever is configured",
    "ctrl+q": "quits, whatever is configured",
    "ctrl+z": "suspends the program",
    "tab": "goes to the next table or field",
    "shift+tab": "goes to the table or field before",
}
# What a terminal sends for these is the byte of another key, so that the program can't tell them apart.
_SAME_BYTE = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+j": "enter"}

_MOVES = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete")
_FUNCTIONS = tuple(f"f{number}" for number in range(1, 25))
_NAMES = ("enter", "escape", "space", "backspace", "tab", *_MOVES, *_FUNCTIONS)
_OTHER_NAMES = {
    "esc": "escape",
    "return": "enter",
    "pgup": "pageup",
    "page_up": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "page_down": "pagedown",
    "del": "delete",
    "ins": "insert",
}
_MODIFIERS = {"ctrl": "ctrl", "control": "ctrl", "alt": "alt", "shift": "shift"}
_WITH_CTRL = re.compile("[a-z]")
_WITH_ALT = re.compile("[a-z0-9]")


def spelled(key: str) -> str | None:
    """The one spelling of a key (`Ctrl+R` → `ctrl+r`, `Esc` → `escape`, `shift+r` → `R`); None for what is no key."""
    if len(key) == 1:
        return None if key.isspace() or not key.isprintable() else key
    *before, last = key.split("+") if not key.endswith("++") else [*key[:-2].split("+"), "+"]
    modifiers = sorted({_MODIFIERS.get(one.lower(), "") for one in before})
    if "" in modifiers or len(modifiers) != len(before):
        return None
    name = _OTHER_NAMES.get(last.lower(), last.lower())
    if not modifiers:
        return name if name in _NAMES else None
    if modifiers == ["shift"] and len(last) == 1:
        return last.upper() if last.isalpha() and len(last.upper()) == 1 else None
    return "+".join((*modifiers, name)) if _is_sent(modifiers, name) else None


def _is_sent(modifiers: list[str], name: str) -> bool:
    """Whether terminals have bytes of their own for it; a terminal that knows more is not everybody's."""
    if "alt" in modifiers:
        return modifiers == ["alt"] and _WITH_ALT.fullmatch(name) is not None
    if name in (*_MOVES, *_FUNCTIONS) or (modifiers == ["shift"] and name == "tab"):
        return True
    return modifiers == ["ctrl"] and _WITH_CTRL.fullmatch(name) is not None


def spellings(keys: KeysConfig) -> dict[str, tuple[str, ...]]:
    """The keys of each action, in their one spelling. Raises Fault for what is no key, or the key of two actions."""
    owners: dict[str, str] = dict.fromkeys(_RESERVED, "")
    found: dict[str, tuple[str, ...]] = {}
    for action, said in _changed_first(keys):
        if not said:
            raise Fault(("keys", action), "is empty; expected at least one key")
        found[action] = tuple(dict.fromkeys(_owned(key, action, owners) for key in said))
    return found


def _changed_first(keys: KeysConfig) -> list[tuple[str, tuple[str, ...]]]:
    """Of two actions with one key the fault names the one that was configured last, not a default."""
    plain: Mapping[str, str | tuple[str, ...]] = msgspec.structs.asdict(keys)
    standard = msgspec.structs.asdict(KeysConfig())
    by_change = sorted(plain, key=lambda action: plain[action] != standard[action])
    return [
        (action, (said,) if isinstance(said := plain[action], str) else tuple(said)) for action in by_change
    ]


def _owned(key: str, action: str, owners: dict[str, str]) -> str:
    path = ("keys", action)
    spelling = spelled(key)
    if spelling is None:
        near = nearest(key.rpartition("+")[2].lower(), (*_NAMES, *_OTHER_NAMES))
        raise Fault(
            path,
            'is no key that terminals send; expected such as "r", "R", "?", "ctrl+r", "F5" or "space"'
            + (near if "mean" in near else ""),
        )
    if spelling in _SAME_BYTE:
        raise Fault(
            path, f"{spelling} is the same as {_SAME_BYTE[spelling]} in a terminal; expected another key"
        )
    if spelling in _RESERVED:
        raise Fault(path, f"{spelling} {_RESERVED[spelling]}; expected another key")
    owner = owners.setdefault(spelling, action)
    if owner != action:
        raise Fault(path, f'"{spelling}" is the key of {owner} too; give one of them another')
    return spelling
