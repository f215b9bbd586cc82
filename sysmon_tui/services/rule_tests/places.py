"""The line of a key in a file of tables within tables."""

from __future__ import annotations

import re

from sysmon_tui.config.check import KeyPath
from sysmon_tui.config.layers import key_parts

_HEADER = re.compile(r"^\s*(\[\[?)(.+?)\]\]?\s*(?:#.*)?$")


def line_of(text: str, path: KeyPath) -> int | None:
    """The line that holds `path`, or the longest beginning of it. Good enough for a message: lines are read one by one,
    so a line inside a text of several lines can mislead it."""
    best, length = None, 0
    header: KeyPath = ()
    newest: dict[KeyPath, int] = {}  # of each list of tables the number of the one that lines are in
    for number, line in enumerate(text.split("\n"), start=1):
        here: KeyPath = ()
        if match := _HEADER.match(line):
            here = header = _counted(key_parts(match[2]), newest, opens=match[1] == "[[")
        elif "=" in line and path[: len(header)] == header:
            here = (*header, *key_parts(line.partition("=")[0]))
        if len(here) > length and here == path[: len(here)]:
            best, length = number, len(here)
    return best


def _counted(parts: KeyPath, newest: dict[KeyPath, int], *, opens: bool) -> KeyPath:
    """A header's name with the numbers of the lists that it goes through."""
    path: KeyPath = ()
    for place, part in enumerate(parts, start=1):
        path = (*path, part)
        if opens and place == len(parts):
            newest[path] = newest.get(path, -1) + 1
        if path in newest:
            path = (*path, newest[path])
    return path
