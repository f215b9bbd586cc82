"""Keys from the configuration: what they may be, and that they do what the action does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.app import App
from textual.events import Key

from sysmon_tui.config.keys import KeysConfig, spellings
from sysmon_tui.tui.actions import ACTIONS, bindings
from sysmon_tui.tui.keymap import rebound, textual_key
from tests.configuring import loaded, message

# Under this name the keys that always quit stand in the registry; nobody can rebind them.
ALWAYS = "leave"


def keys(**said: Any) -> KeysConfig:
    return KeysConfig(**said)


def test_the_registry_and_the_configuration_name_the_same_actions() -> None:
    """Every action of the app can have another key, and every key of `[keys]` is an action's."""
    assert set(KeysConfig.__struct_fields__) == {action.name for action in ACTIONS} - {ALWAYS}


@pytest.mark.parametrize("action", [one for one in ACTIONS if one.name != ALWAYS], ids=lambda one: one.name)
def test_the_reference_has_the_registrys_keys(action: Any) -> None:
    """What default_config.toml says a key is, is what the app binds without a configuration."""
    standard = spellings(KeysConfig())[action.name]
    assert ",".join(map(textual_key, standard)) == action.keys


def test_without_a_configuration_nothing_is_rebound() -> None:
    """The registry's own keys and words stay; another way to write a default changes nothing either."""
    assert rebound(KeysConfig()) == {}
    assert rebound(keys(back="Esc", reverse="shift+s", palette="Ctrl+P")) == {}


@pytest.mark.parametrize(
    ("said", "textual", "shown"),
    [
        ("ctrl+r", "ctrl+r", "ctrl+r"),
        ("Ctrl+R", "ctrl+r", "ctrl+r"),
        ("R", "R", "R"),
        ("shift+r", "R", "R"),
        (",", "comma", ","),
        ("#", "number_sign", "#"),
        ("F5", "f5", "F5"),
        ("shift+F5", "shift+f5", "shift+F5"),
        ("PgUp", "pageup", "PgUp"),
        ("shift+up", "shift+up", "shift+↑"),
        ("alt+x", "alt+x", "alt+x"),
        ("ctrl+shift+left", "ctrl+shift+left", "ctrl+shift+←"),
        ("Del", "delete", "Del"),
        ("é", "é", "é"),
        (("F5", "x"), "f5,x", "F5 x"),
    ],
)
def test_keys_as_people_write_them(said: Any, textual: str, shown: str) -> None:
    """Each becomes Textual's name for it, and is shown as people know it. (`pageup` is free here.)"""
    assert rebound(keys(sort=said, page_up="ctrl+up"))["sort"] == (textual, shown)


@pytest.mark.parametrize("key", [",", "#", "{", "~", "\\", "é", "%", '"', "|"])
async def test_characters_have_the_name_that_textual_gives_them_when_they_are_pressed(key: str) -> None:
    """The character as it comes from a terminal is the key that is bound."""
    from textual._xterm_parser import XTermParser  # noqa: PLC0415 (what reads a terminal, with no public name)

    (event,) = [one for one in XTermParser().feed(key) if isinstance(one, Key)]
    assert event.key == rebound(keys(sort=key))["sort"][0]


class _Bound(App[None]):
    """The app's bindings alone, and what they did."""

    BINDINGS = bindings("app")

    def __init__(self, config: KeysConfig) -> None:
        super().__init__()
        self.did: list[str] = []
        self.set_keymap({action: own for action, (own, _) in rebound(config).items()})

    def action_sort(self) -> None:
        self.did.append("sort")

    def action_reverse(self) -> None:
        self.did.append("reverse")

    def action_refresh(self) -> None:
        self.did.append("refresh")


@pytest.mark.parametrize(
    ("config", "pressed", "did"),
    [
        (keys(sort="x"), ["s", "x", "r"], ["sort", "refresh"]),
        (keys(sort="r", refresh="s"), ["r", "s"], ["sort", "refresh"]),
        (keys(sort=("F6", "ctrl+r")), ["f6", "ctrl+r", "s"], ["sort", "sort"]),
        (keys(reverse=","), ["S", "comma"], ["reverse"]),
    ],
    ids=["another", "swapped", "two", "comma"],
)
async def test_a_rebound_key_does_what_the_action_does(
    config: KeysConfig, pressed: list[str], did: list[str]
) -> None:
    """The new key does it, once; the old one does not any more, or does what it was given to."""
    app = _Bound(config)
    async with app.run_test() as pilot:
        await pilot.press(*pressed)
    assert app.did == did


WRONG = [
    ("sort = 'spcae'", "keys.sort: is no key that terminals send; expected such as"),
    ("sort = 'spcae'", 'did you mean "space"?'),
    ("sort = ''", "keys.sort: is no key"),
    ("sort = 'ab'", "keys.sort: is no key"),
    ("sort = 'ctrl+5'", "keys.sort: is no key"),
    ("sort = 'shift+1'", "keys.sort: is no key"),
    ("sort = 'super+s'", "keys.sort: is no key"),
    ("sort = 'ctrl++'", "keys.sort: is no key"),
    ("sort = ['x', 'dapi-planted']", "keys.sort: is no key"),
    ("sort = []", "keys.sort: is empty; expected at least one key"),
    ("sort = 5", "line 2: keys.sort: expected a key such as"),
    ("sort = 5", "found 5."),
    ("sort = ['x', 5]", "keys.sort: expected a key such as"),
    ("sort = 'ctrl+i'", "keys.sort: ctrl+i is the same as tab in a terminal; expected another key."),
    ("sort = 'ctrl+c'", "keys.sort: ctrl+c quits, whatever is configured; expected another key."),
    ("sort = 'tab'", "keys.sort: tab goes to the next table"),
    ("sort = 'r'", 'line 2: keys.sort: "r" is the key of refresh too; give one of them another.'),
    ("quit = 'r'", 'keys.quit: "r" is the key of refresh too'),
    ("health = 'x'\nsort = ['s', 'X']\nquit = 'shift+x'", 'line 4: keys.quit: "X" is the key of sort too'),
    ("srot = 'x'", 'line 2: keys.srot: unknown key; did you mean "sort"?'),
    ("leave = 'x'", "keys.leave: unknown key"),
]


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_a_wrong_key_is_one_line(tmp_path: Path, text: str, expected: str) -> None:
    """File, line and action, what was expected, and the nearest: a key that is none, taken, reserved or ambiguous."""
    said = message(tmp_path, f"[keys]\n{text}\n")
    assert expected in said
    assert "dapi-planted" not in said


def test_keys_from_a_variable(tmp_path: Path) -> None:
    """SYSMON_KEYS__SORT is a key as people write it, also a digit or a list."""
    env = {"SYSMON_KEYS__SORT": "F5", "SYSMON_KEYS__HELP": "9", "SYSMON_KEYS__LINK": '["x", "X"]'}
    found = msgspec.structs.asdict(loaded(tmp_path, env=env).config.keys)
    assert (found["sort"], found["help"], found["link"]) == ("F5", "9", ("x", "X"))
