"""The one gate for untrusted text: job names, SQL, errors and users are written by strangers.

What passes acts on no terminal, log line, spreadsheet or markup renderer. The letters stay, what could
act is shown instead: control bytes as their pictures (`␛`), text-direction and invisible characters as
U+FFFD. Rich and Textual markup is a matter of the receiving widget: cells are built from `rich.text.Text`
or segments, never parsed.
"""

from __future__ import annotations

import re

_REPLACEMENT = "\ufffd"

# C0 as pictures, DEL too; C1, bidirectional controls, what Unicode calls default-ignorable (zero-width, fillers,
# variation selectors, tags), surrogates and non-characters as U+FFFD. So are the second halves of emoji, skin tones
# and the letters of flags: terminals don't agree how many cells they take, and the rest of the line would shift.
_TABLE: dict[int, str] = {code: chr(0x2400 + code) for code in range(0x20)}
_TABLE[0x7F] = "\u2421"
# First and last.
_ACTIVE = (
    (0x80, 0x9F),
    (0xAD, 0xAD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFDD0, 0xFDEF),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0xFFFE, 0xFFFF),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0x1F1E6, 0x1F1FF),
    (0x1F3FB, 0x1F3FF),
    (0xE0000, 0xE0FFF),
)
_TABLE.update((code, _REPLACEMENT) for first, last in _ACTIVE for code in range(first, last + 1))
# As in a pattern's brackets: of these signs, and of those among them that JSON writes as one escape.
_SIGNS = "".join(f"{chr(first)}-{chr(last)}" for first, last in _ACTIVE)
_JSON_SIGNS = "".join(f"{chr(first)}-{chr(last)}" for first, last in _ACTIVE if last <= 0xFFFF)

# A fast test: most names hold none of these.
_SUSPECT = re.compile(f"[\0-\x1f\x7f{_SIGNS}\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def one_line(text: str, max_chars: int | None = None) -> str:
    """The text on one line, harmless, cut with `…` at `max_chars`. New lines and tabs become spaces."""
    if max_chars is not None and len(text) > max_chars:
        text = text[: max_chars - 1] + "…"
    if not _SUSPECT.search(text):
        return text
    text = text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ").replace("\t", " ")
    return _SURROGATE.sub(_REPLACEMENT, text.translate(_TABLE))


def many_lines(text: str) -> str:
    """The text harmless with its line breaks kept: for a pager. Tabs become four spaces."""
    if not _SUSPECT.search(text):
        return text
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return "\n".join(one_line(line) for line in lines)


def valid_unicode(text: str) -> str:
    """The same text with lone surrogates replaced: what JSON and UTF-8 can carry."""
    return _SURROGATE.sub(_REPLACEMENT, text)


_JSON_ACTIVE = re.compile(f"[\x7f{_JSON_SIGNS}]")


def inert_json(document: bytes) -> bytes:
    """The same JSON value with every character that could act on a terminal as a `\\uXXXX` escape.

    Encoders escape only what JSON demands (below U+0020); `curl` prints the rest raw.
    """
    text = document.decode()
    if not _JSON_ACTIVE.search(text):
        return document
    return _JSON_ACTIVE.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode()


_FORMULA = re.compile("^[=+\\-@\t\r\n\0＝＋－＠]")  # noqa: RUF001 (full-width signs start formulas too)


def csv_text(text: str) -> str:
    """A text cell that no spreadsheet takes for a formula (a leading apostrophe, OWASP ASVS 1.2.10)."""
    guarded = "'" + text if _FORMULA.match(text) else text
    return many_lines(guarded)
