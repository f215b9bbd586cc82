"""A program in a pseudo-terminal, as a person at the keyboard meets it: what it prints, shows and costs.

Linux alone: CPU and memory come from /proc. What the program prints is kept whole in `printed`; the screen is made of
it by pyte, and only when somebody looks, so that drawing it takes nothing from what is timed.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyte

KEYS: Final[Mapping[str, bytes]] = {
    "enter": b"\r",
    # As terminals with a keyboard protocol send it: a bare byte and the key after it may be read as one.
    "escape": b"\x1b[27u",
    "tab": b"\t",
    "space": b" ",
    "backspace": b"\x7f",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "right": b"\x1b[C",
    "left": b"\x1b[D",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    **{f"ctrl+{letter}": bytes([ord(letter) - 96]) for letter in "abcdefghijklmnopqrstuvwxyz"},
}
# What a capable terminal answers to the questions that a program asks at start: synchronised output is there,
# resizing is told by a signal, the cursor is at home.
_REPLIES: Final = {
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
    b"\x1b[?2048$p": b"\x1b[?2048;0$y",
    b"\x1b[c": b"\x1b[?62;22c",
    b"\x1b[6n": b"\x1b[1;1R",
}
_QUESTION = re.compile(b"|".join(map(re.escape, _REPLIES)))
_LONGEST_QUESTION = max(map(len, _REPLIES))
# pyte prints the letters of private sequences that it does not know: keyboard protocols and questions.
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[(?:[<>=][0-?]*[ -/]*|[0-?]*\$)[@-~]")
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|\][^\x07]*)?\Z")
# The session's leader gets a terminal by opening one. Not pty.fork(): Python warns of forking where threads run.
_TAKE_THE_TERMINAL = 'exec "$@" <>"$0" >&0 2>&0'
_REPLY_S = 5.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Reply:
    """What came after a key: times in seconds from the key to the first and the last byte."""

    first_s: float
    last_s: float
    size_bytes: int


class Terminal:
    """`command` in a terminal of its own, with `env` as all its variables; closing ends it for certain."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        columns: int = 80,
        rows: int = 24,
        cwd: Path | None = None,
    ) -> None:
        self.printed = bytearray()
        self._arrivals: list[tuple[float, int]] = []  # when, and how much was printed by then
        self._answered = self._drawn = self._drawn_arrivals = 0
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        # Ours of the other end stays open: what was printed last is still there when the program has gone.
        self._fd, self._other_end = pty.openpty()
        self.resize(columns, rows)
        self.settings = self.settings_now()
        self.began_s = time.perf_counter()
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", _TAKE_THE_TERMINAL, os.ttyname(self._other_end), *command],
            env={"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **env},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.hang_up()

    def hang_up(self) -> None:
        """As when the line drops: the program gets SIGHUP, and what it reads and writes fails."""
        if self._fd >= 0:
            os.close(self._fd)
            os.close(self._other_end)
            self._fd = self._other_end = -1

    # The keyboard

    def press(self, *keys: str) -> None:
        """Names of KEYS, or texts as they are typed."""
        os.write(self._fd, b"".join(KEYS.get(key) or key.encode() for key in keys))

    def resize(self, columns: int, rows: int) -> None:
        """A full-screen program prints all anew then: what came before is not drawn any more."""
        self._drawn, self._drawn_arrivals = len(self.printed), len(self._arrivals)
        self._screen.resize(rows, columns)
        fcntl.ioctl(self._other_end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # What is printed

    def read(self, timeout_s: float) -> bool:
        """Whether anything was printed within this time; all that is there is read."""
        anything = False
        while select.select([self._fd], [], [], 0 if anything else timeout_s)[0]:
            self.printed += os.read(self._fd, 65_536)
            self._arrivals.append((time.perf_counter(), len(self.printed)))
            self._answer()
            anything = True
        return anything

    def _answer(self) -> None:
        for question in _QUESTION.finditer(self.printed, self._answered):
            os.write(self._fd, _REPLIES[question[0]])
            self._answered = question.end()
        self._answered = max(self._answered, len(self.printed) - _LONGEST_QUESTION)

    def until(self, holds: Callable[[], bool], within_s: float) -> bool:
        """Reads until it holds."""
        end_s = time.perf_counter() + within_s
        while not holds():
            if time.perf_counter() > end_s:
                return False
            self.read(0.02)
        return True

    def settle(self, quiet_s: float = 0.15, within_s: float = 10.0) -> bool:
        """Reads until nothing was printed for `quiet_s`; False if that never was."""
        end_s = time.perf_counter() + within_s
        while self.read(quiet_s):
            if time.perf_counter() > end_s:
                return False
        return True

    def reply(self, *keys: str, quiet_s: float = 0.15, before_s: float | None = None) -> Reply | None:
        """Presses them when nothing was printed for `before_s`; reads what comes until nothing did for `quiet_s`.

        None if nothing came within seconds. `before_s` is as long as `quiet_s` unless it is given.
        """
        self.settle(quiet_s if before_s is None else before_s)
        before, size = len(self._arrivals), len(self.printed)
        began_s = time.perf_counter()
        self.press(*keys)
        if not self.read(_REPLY_S):
            return None
        self.settle(quiet_s)
        came = [arrived_s - began_s for arrived_s, _ in self._arrivals[before:]]
        return Reply(came[0], came[-1], len(self.printed) - size)

    # What is shown

    @property
    def cells(self) -> list[list[str]]:
        """By line and column; the second half of a wide sign is empty."""
        self._draw(len(self.printed))
        return self._cells()

    @property
    def text(self) -> str:
        self._draw(len(self.printed))
        return self._text()

    def _cells(self) -> list[list[str]]:
        # Not pyte's `display`: that one breaks over half a wide sign that is left from before.
        lines, columns = range(self._screen.lines), range(self._screen.columns)
        return [[self._screen.buffer[y][x].data for x in columns] for y in lines]

    def _text(self) -> str:
        return "\n".join("".join(line) for line in self._cells())

    def shows(self, pattern: str, within_s: float = 10.0) -> float | None:
        """Seconds from the start to the bytes that made the screen match; None if nothing did."""
        wanted = re.compile(pattern)
        end_s = time.perf_counter() + within_s
        while not wanted.search(self._text()):
            if self._drawn_arrivals < len(self._arrivals):
                self._draw(self._arrivals[self._drawn_arrivals][1])
            elif time.perf_counter() > end_s or (self.process.poll() is not None and not self.read(0)):
                return None
            else:
                self.read(0.02)
        return self._arrivals[max(0, self._drawn_arrivals - 1)][0] - self.began_s

    def _draw(self, size: int) -> None:
        new = bytes(self.printed[self._drawn : size])
        unfinished = _UNFINISHED.search(new)
        if unfinished:
            new = new[: unfinished.start()]
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", new))
        self._drawn += len(new)
        while self._drawn_arrivals < len(self._arrivals) and self._arrivals[self._drawn_arrivals][1] <= size:
            self._drawn_arrivals += 1

    # The process and its terminal

    def ended(self, within_s: float) -> int | None:
        """Its exit status once it has ended, negative for a signal; None if it goes on. All it printed is read."""
        if not self.until(lambda: self.process.poll() is not None, within_s):
            return None
        self.read(0)
        return self.process.returncode

    def settings_now(self) -> list[object]:
        """What `stty -a` tells."""
        return list(termios.tcgetattr(self._other_end))

    @property
    def foreground(self) -> int:
        """The process group that has the keyboard."""
        return os.tcgetpgrp(self._fd)

    def cpu_s(self) -> float:
        """Of the process and of its children that have ended."""
        after_name = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1]
        return sum(map(int, after_name.split()[11:15])) / _TICKS_PER_S

    def memory_bytes(self) -> int:
        """Resident."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        return int(found[1]) * 1024 if found else 0
