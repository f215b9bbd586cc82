"""A person who presses anything: every bound key but those that quit, typed filters, commands, sizes of the window."""

from __future__ import annotations

from collections import deque
from importlib.resources import files
from random import Random
from typing import Final

from textual.pilot import Pilot

from sysmon_tui.tui.actions import ACTIONS
from sysmon_tui.tui.app import SysmonApp

_KEYS: Final = sorted(
    {key for action in ACTIONS if action.call != "quit" for key in action.keys.split(",")}
    | {"tab", "shift+tab"}
)
_FILTERS: Final = (
    *("status=failed", "dur>5m !user~etl", 'name="nightly load"', "start<2h", "wh=a,b,*", "failed"),
    *(
        "status=",
        "=x",
        '"',
        "a>b>c",
        "!!x",
        "dur>5parsecs",
        "'; DROP TABLE x --",
        "%_\\",
        "[bold",
        "[/x]",
        "日本 é",
    ),
)
_COMMANDS: Final = ("sort", "theme", "window", "now", "keys", "maximize", "screenshot", "zzz")
_SIZES: Final = ((80, 24), (120, 40), (200, 50), (20, 5), (1, 1), (300, 12))
_REMEMBERED: Final = 40


class Unquitting(SysmonApp):
    """Palettes have commands that quit: here those do nothing."""

    CSS_PATH = str(files("sysmon_tui.tui") / "app.tcss")  # relative ones are looked for beside the subclass

    def exit(self, *arguments: object, **named: object) -> None:
        self.bell()


class Presser:
    """`last` are the newest steps, for whoever looks for what broke the app."""

    def __init__(self, pilot: Pilot[None], seed: int) -> None:
        self._pilot = pilot
        self._chance = Random(seed)  # noqa: S311 (no secret: the same seed presses the same keys)
        self.steps = 0
        self.last: deque[str] = deque(maxlen=_REMEMBERED)

    async def step(self) -> None:
        kind = self._chance.choices(("key", "filter", "command", "burst", "size"), (80, 6, 3, 8, 3))[0]
        match kind:
            case "filter":
                await self._press(
                    "slash", *self._chance.choice(_FILTERS), self._chance.choice(("enter", "escape"))
                )
            case "command":
                await self._press("ctrl+p", *self._chance.choice(_COMMANDS), "enter", "escape")
            case "burst":
                await self._press(*self._chance.choices(_KEYS, k=20))
            case "size":
                size = self._chance.choice(_SIZES)
                self.last.append(f"{size[0]}x{size[1]}")
                await self._pilot.resize_terminal(*size)
            case _:
                await self._press(self._chance.choice(_KEYS))
        self.steps += 1

    async def _press(self, *keys: str) -> None:
        self.last.append(" ".join(keys))
        await self._pilot.press(*keys)
