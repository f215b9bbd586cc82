"""What tests.bench.terminal measures: starts, rest, keys, and a million rows, each in pseudo-terminals of 120x40."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from tests.bench.terminal_figures import MISSING, Line, middle, p95
from tests.commanding import COMMAND, environment
from tests.tui.terminal import Terminal

ROWS: Final = 1_000_000
_EMPTY: Final = (sys.executable, "-m", "tests.bench.terminal_empty")
_DEMO: Final = (*COMMAND, "--demo")
_LOADED: Final = (sys.executable, "-m", "tests.bench.terminal_rows", str(ROWS))
_PAINTED: Final = r"\S"
# A status that was judged, or the first count: either is an answer of the estate.
_ANSWERED: Final = r"HEALTHY|DEGRADED|Runs +\d"
_KEYS: Final = 40
_BETWEEN_LETTERS_S: Final = 0.12  # as people type
_MB = 1e6


def told(progress: str) -> None:
    print(f"  {progress}", file=sys.stderr, flush=True)


class Bench:
    """`peer` is the command of another program, empty without one; `home` is where the programs find nothing."""

    def __init__(self, home: Path, *, rounds: int, idle_s: float, peer: Sequence[str]) -> None:
        self._home = home
        self._rounds = rounds
        self._idle_s = idle_s
        self._peer = tuple(peer)

    def lines(self) -> list[Line]:
        return [*self._starts(), *self._at_rest(), *self._at_the_keys(), *self._over_many_rows()]

    def _started(self, command: Sequence[str], shows: str) -> Terminal:
        state = tempfile.mkdtemp(dir=self._home)
        terminal = Terminal(
            command, env=environment(self._home, SYSMON_STATE_DIR=state), columns=120, rows=40
        )
        if terminal.shows(shows, 60) is None:
            raise RuntimeError(f"{' '.join(command)} does not start:\n{terminal.text}")
        return terminal

    def _starts(self) -> list[Line]:
        programs = {"empty": _EMPTY, "ours": _DEMO, **({"peer": self._peer} if self._peer else {})}
        painted: dict[str, list[float]] = {name: [] for name in programs}
        answered: list[float] = []
        for number in range(self._rounds + 1):
            for name, command in programs.items():
                told(f"start {number} of {self._rounds}: {name}")
                with self._started(command, _PAINTED) as terminal:
                    first_s = terminal.shows(_PAINTED) or MISSING
                    data_s = terminal.shows(_ANSWERED, 60) if name == "ours" else None
                if number == 0:
                    continue
                painted[name].append(first_s)
                if name == "ours":
                    answered.append(data_s or MISSING)
        empty_s = middle(painted["empty"])
        peer_s = middle(painted["peer"]) if self._peer else None
        return [
            Line("first paint", "s", middle(painted["ours"]), empty_s, peer_s, 1.5, is_ratio=True),
            Line("first answer on the screen", "s", middle(answered), empty_s, None, 3, is_ratio=True),
        ]

    def _at_rest(self) -> list[Line]:
        told("at rest")
        with self._started(_EMPTY, _PAINTED) as terminal:
            empty_cpu, empty_printed = self._idle(terminal)
            empty_memory = terminal.memory_bytes() / _MB
        peer_cpu = peer_printed = peer_memory = None
        if self._peer:
            with self._started(self._peer, _PAINTED) as terminal:
                peer_cpu, peer_printed = self._idle(terminal)
                peer_memory = terminal.memory_bytes() / _MB
        with self._started(_DEMO, _ANSWERED) as terminal:
            for tab in "2345612":
                terminal.reply(tab, quiet_s=0.5)
            cpu, printed = self._idle(terminal)
            memory = terminal.memory_bytes() / _MB
            terminal.reply("space", quiet_s=1.0)
            paused_cpu, paused_printed = self._idle(terminal)
            began_s = time.perf_counter()
            terminal.press("q")
            quit_s = MISSING if terminal.ended(15) is None else time.perf_counter() - began_s
        return [
            Line("CPU at rest", "%", cpu, empty_cpu, peer_cpu, 1),
            Line("printed at rest, a second", "B", printed, empty_printed, peer_printed, 200),
            Line("CPU while paused", "%", paused_cpu, bar=1),
            Line("printed while paused, a second", "B", paused_printed, bar=0),
            Line("memory after all tabs", "MB", memory, empty_memory, peer_memory, 150),
            Line("`q` to the end of the process", "s", quit_s, bar=1),
        ]

    def _idle(self, terminal: Terminal) -> tuple[float, float]:
        """CPU in per cent of one core, and bytes a second."""
        terminal.settle(1.0)
        began_s, cpu_s, printed = time.perf_counter(), terminal.cpu_s(), len(terminal.printed)
        terminal.until(lambda: False, self._idle_s)
        took_s = time.perf_counter() - began_s
        return 100 * (terminal.cpu_s() - cpu_s) / took_s, (len(terminal.printed) - printed) / took_s

    def _at_the_keys(self) -> list[Line]:
        told("keys")
        with self._started(_EMPTY, _PAINTED) as terminal:
            empty_ms = _p95_ms(terminal, "x" * _KEYS)
        peer_ms = None
        if self._peer:
            with self._started(self._peer, _PAINTED) as terminal:
                peer_ms = _p95_ms(terminal, ["tab"] * _KEYS)
        with self._started(_DEMO, _ANSWERED) as terminal:
            for tab in "234561":
                terminal.reply(tab, quiet_s=0.5)
            switch_ms = _p95_ms(terminal, islice(cycle("234561"), _KEYS))
        return [Line("key: another tab, p95", "ms", switch_ms, empty_ms, peer_ms, 100)]

    def _over_many_rows(self) -> list[Line]:
        told(f"{ROWS:,} rows")
        with self._started(_LOADED, "Health") as terminal:
            terminal.press("3")
            terminal.shows("FINISHED", 60)
            down_ms = _p95_ms(terminal, ["down"] * _KEYS)
            page_ms = _p95_ms(terminal, ["pagedown"] * _KEYS)
            terminal.reply("home", quiet_s=0.5)
            refreshes = [terminal.reply("r", quiet_s=0.7) for _ in range(5)]
            printed = middle([MISSING if one is None else one.size_bytes for one in refreshes])
            filter_ms = max(_filter_ms(terminal, f"user_4{number}1") for number in range(5))
        return [
            Line(f"key: ↓ in {ROWS:,} rows, p95", "ms", down_ms, bar=50),
            Line(f"key: PgDn in {ROWS:,} rows, p95", "ms", page_ms, bar=50),
            Line(f"key: last letter of a filter of {ROWS:,} rows, slowest of 5", "ms", filter_ms, bar=200),
            Line("printed for a refresh that changes three rows in sight", "B", printed, bar=1500),
        ]


def _p95_ms(terminal: Terminal, keys: Iterable[str]) -> float:
    """Of the times to the last byte; NaN where a key brought nothing."""
    replies = [terminal.reply(key) for key in keys]
    return p95([MISSING if one is None else 1000 * one.last_s for one in replies])


def _filter_ms(terminal: Terminal, text: str) -> float:
    """From the last letter to the last byte of the rows that it leaves; NaN where they never came."""
    terminal.reply("/", quiet_s=0.5)
    for letter in text[:-1]:
        terminal.press(letter)
        terminal.until(lambda: False, _BETWEEN_LETTERS_S)
    reply = terminal.reply(text[-1], quiet_s=2.0, before_s=0.0)
    came = reply is not None and terminal.shows(rf"{ROWS // 500:,} of {ROWS:,}", 0.0) is not None
    terminal.reply("escape", quiet_s=2.0)
    return 1000 * reply.last_s if reply is not None and came else MISSING
