"""What a terminal can draw: braille, blocks, or nothing but ASCII; and the gate that holds ASCII.

A terminal that is told UTF-8 and can't show it paints rubbish and loses count of its columns, so the gate is at the
end of the way: every line that is painted passes it, ours, a stranger's text and Textual's own scrollbars. Each glyph
becomes as many ASCII characters as it has cells, so that nothing moves.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

Face = Literal["braille", "blocks", "ascii"]

# Terminals whose fonts have no more than a few hundred glyphs, whatever the locale says.
_FEW_GLYPHS = frozenset(("linux", "dumb", "cons25", "ansi", "vt52", "vt100", "vt102", "vt220", "vt320"))
_C_LOCALES = frozenset(("", "C", "POSIX"))


def face_of(environment: Mapping[str, str], wanted: str = "auto") -> Face:
    """What the person wants, else what locale and terminal can: blocks or ASCII.

    Braille is never taken by itself: many fonts that have blocks draw it as boxes.
    """
    if wanted in ("braille", "blocks", "ascii"):
        return wanted  # type: ignore[return-value]
    if environment.get("TERM", "").lower() in _FEW_GLYPHS or not _is_utf8(environment):
        return "ascii"
    return "blocks"


def _is_utf8(environment: Mapping[str, str]) -> bool:
    """By the first of the variables that is set, in the order of POSIX; none is the C locale."""
    locale = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "")
    return bool(re.search(r"utf-?8", locale, re.IGNORECASE))


def started_with(
    environment: Mapping[str, str] = os.environ, start: Path = Path("/proc/self/environ")
) -> Mapping[str, str]:
    """The environment as it was given to us.

    Where the locale is C, Python itself sets LC_CTYPE=C.UTF-8 (PEP 538): what the terminal was set up for is then only
    in what the kernel has kept. Where it keeps nothing, LANG=C beside that LC_CTYPE is taken for Python's doing.
    """
    if environment.get("LC_CTYPE") not in ("C.UTF-8", "C.utf8", "UTF-8"):
        return environment
    try:
        given = [pair.partition(b"=") for pair in start.read_bytes().split(b"\0")]
        own = next((os.fsdecode(value) for name, _, value in given if name == b"LC_CTYPE"), "")
    except OSError:
        own = "" if environment.get("LANG", "") in ("C", "POSIX") else environment["LC_CTYPE"]
    return {**environment, "LC_CTYPE": own} if own in _C_LOCALES else environment


def line_filters(face: Face) -> Sequence[LineFilter]:
    """What every painted line passes, after Textual's own filters."""
    return (AsciiFilter(),) if face == "ascii" else ()


class AsciiFilter(LineFilter):
    """Segments in ASCII, each as wide as before."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment
            if segment.control or segment.text.isascii()
            else Segment(in_ascii(segment.text), segment.style)
            for segment in segments
        ]


@lru_cache(4096)  # the same borders, marks and bars again and again
def in_ascii(text: str) -> str:
    """The text in ASCII, cell for cell; `?` for a letter that has no likeness, `??` for a wide one."""
    return _FOREIGN.sub(_alike, text)


def _alike(found: re.Match[str]) -> str:
    # What is before belongs to it: a combining mark has no cell, but may make a wide character of the one before it.
    before = found.string[max(0, found.start() - 1) : found.start()]
    width = cell_len(before + found[0]) - len(before)
    letters = "".join(_LIKENESS.get(glyph) or "?" * cell_len(glyph) for glyph in found[0])
    return letters[:width].ljust(width, "?")


_FOREIGN = re.compile(r"[^\x00-\x7f]+")

# Glyphs of one cell and their letters; a single letter stands for all of them.
_PAIRS: tuple[tuple[str, str], ...] = (
    # Lines; corners and what goes both ways is a cross.
    ("".join(map(chr, range(0x2500, 0x2580))), "+"),
    ("─━┄┅┈┉╌╍═╴╶╸╺╼╾", "-"),
    ("│┃┆┇┊┋╎╏║╵╷╹╻╽╿", "|"),
    # Bars that stand, from low to high; bars that lie and edges, which are Textual's borders and scrollbars; shades.
    ("▁▂▃▄▅▆▇█", "_-~=+*%#"),
    ("▏▎▍▌▋▊▉▐▕", "|"),
    ("▔▀", "-"),
    ("▖▗▘▙▚▛▜▝▞▟", "#"),
    ("".join(map(chr, range(0x1FB70, 0x1FB90))), "#"),
    ("░▒▓", ":%#"),
    # Braille is as high as it is full.
    ("".join(map(chr, range(0x2800, 0x2900))), "".join(" .._-~=+#"[n.bit_count()] for n in range(256))),
    # Marks, arrows, bullets, signs of text.
    ("✓✔✗✘▲△⚠▼▽", "++xx!!!vv"),
    ("»▸▹▶▷«◂◃◀◁", ">>>>><<<<<"),
    ("↑↓←→↔↕", "^v<>-|"),
    ("■□▪▫●○◉◦⭘•·∙…⋯", "#o#o*oooo*..~~"),
    ("−–—‐‑‘’“”„≤≥≠≈±×µ€°\u00a0", '-----\'\'"""<>!~+xuEo '),  # noqa: RUF001
)
_LIKENESS: dict[str, str] = {
    glyph: letter
    for glyphs, letters in _PAIRS
    for glyph, letter in zip(glyphs, letters * len(glyphs) if len(letters) == 1 else letters, strict=True)
}
