"""The one gate for untrusted text: job names, SQL, errors and users are written by strangers.

What passes acts on no terminal, log line, spreadsheet or markup renderer. The letters stay, what could
act is shown instead: control bytes as their pictures (`␛`), text-direction and invisible characters as
U+FFFD. Rich and Textual markup is a matter of the receiving widget: cells are built from `rich.text.Text`
or segments, never parsed.
"""

from __future__ import annotations

import re

_REPLACEMENT = "\ufffd"

# C0 as pictures, DEL too; C1, bidirectional controls, zero-width and other invisible format characters,
# surrogates and non-characters as U+FFFD.
_TABLE: dict[int, str] = {code: chr(0x2400 + code) for code in range(0x20)}
_TABLE[0x7F] = "\u2421"
_ACTIVE = (
    *range(0x80, 0xA0),
    0x00AD,
    0x061C,
    0x180E,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xFDD0, 0xFDF0),
    0xFFFE,
    0xFFFF,
    *range(0xE0000, 0xE0080),
)
_TABLE.update(dict.fromkeys(_ACTIVE, _REPLACEMENT))

# A fast test: most names hold none of these.
_SUSPECT = re.compile("[" + "".join(re.escape(chr(code)) for code in _TABLE) + "\ud800-\udfff]")
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
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return "\n".join(one_line(line) for line in lines)


def valid_unicode(text: str) -> str:
    """The same text with lone surrogates replaced: what JSON and UTF-8 can carry."""
    return _SURROGATE.sub(_REPLACEMENT, text)


_JSON_ACTIVE = re.compile("[\x7f" + "".join(chr(code) for code in _ACTIVE if code <= 0xFFFF) + "]")


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
