"""What a full-screen program may print: the grammar of its bytes, held apart from the gate that it is to prove."""

from __future__ import annotations

import base64
import re
import unicodedata

# Colours, the cursor's place, the modes that Textual turns on and off, its two questions, the keyboard protocol, the
# shape of the mouse's pointer; a new line, which it prints between the lines of a screen, and the bell.
_MODES = "|".join(("7", "25", "1000", "1003", "1004", "1006", "1015", "1016", "1049", "2004", "2026", "2048"))
_OWN = re.compile(
    rf"\x1b\[[0-9;]*[mH]|\x1b\[\?(?:{_MODES})[hl]|\x1b\[\?20(?:26|48)\$p|\x1b\[>[0-9]+u|\x1b\[<u|\x1b\]22;[a-z-]+\x07|\r\n|\x07"
)
_COPY = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
# Control, format, surrogate, and what separates lines and paragraphs: none of them is a sign to be seen.
_ACTIVE = ("Cc", "Cf", "Cs", "Zl", "Zp")
_CONTEXT = 40


def copied(printed: bytes) -> list[str]:
    """The texts that were put on the terminal's clipboard."""
    found = _COPY.finditer(printed.decode("utf-8", "replace"))
    return [base64.b64decode(copy[1], validate=True).decode() for copy in found]


def strange(printed: bytes) -> list[str]:
    """What could act on a terminal and is none of the program's own, with what follows it; what is no UTF-8."""
    try:
        text = printed.decode("utf-8")
    except UnicodeDecodeError as error:
        return [repr(printed[error.start : error.start + _CONTEXT])]
    left = _OWN.sub("", _COPY.sub("", text))
    found = [repr(left[at : at + _CONTEXT]) for at, sign in enumerate(left) if acts(sign)]
    copies = [copy for copy in copied(printed) if any(map(acts, copy.replace("\n", "")))]
    return found + [f"copied: {copy!r}" for copy in copies]


def acts(sign: str) -> bool:
    return not sign.isprintable() and unicodedata.category(sign) in _ACTIVE
