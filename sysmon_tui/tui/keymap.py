"""Keys from the configuration as Textual names them, and as people read them on the screen."""

from __future__ import annotations

from textual.keys import _character_to_key

from sysmon_tui.config.keys import KeysConfig, spellings
from sysmon_tui.tui.actions import Rebound

_SHOWN = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "escape": "esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "delete": "Del",
    "insert": "Ins",
}


def rebound(keys: KeysConfig) -> Rebound:
    """The actions whose keys are not the registry's own: Textual's names (`f5,slash`), and what is shown (`F5 /`)."""
    standard = spellings(KeysConfig())
    return {
        action: (",".join(map(textual_key, keys_of)), " ".join(map(shown_key, keys_of)))
        for action, keys_of in spellings(keys).items()
        if keys_of != standard[action]
    }


def textual_key(spelling: str) -> str:
    """`/` is `slash`; names and what has a modifier are spelled as Textual does."""
    # Textual's own mapping has no public name; a copy of it would go out of date.
    return _character_to_key(spelling) if len(spelling) == 1 else spelling


def shown_key(spelling: str) -> str:
    """`pageup` is `PgUp`, `shift+up` is `shift+↑`, `f5` is `F5`."""
    *modifiers, name = spelling.split("+") if len(spelling) > 1 else [spelling]
    is_function = len(name) > 1 and name[0] == "f" and name[1:].isdigit()
    return "+".join((*modifiers, name.upper() if is_function else _SHOWN.get(name, name)))
