"""What is copied: harmless, bounded, and said in a sentence."""

from __future__ import annotations

import pytest
from textual.app import App

from sysmon_tui.tui.clipboard import MAX_TEXT_BYTES, copy


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\nlines"),
        ("rm -rf /\n", "rm -rf /"),
        ("a\r\nb\r\n\n", "a\nb"),
        ("\x1b]52;c;ZXZpbA==\x07", "␛]52;c;ZXZpbA==␇"),
        ("\x1b[201~ls\r", "␛[201~ls "),
        ("\x9b31m\u202e\u200b", "\ufffd31m\ufffd\ufffd"),
        ("\ud800", "\ufffd"),
        ("日本", "日本"),
    ],
)
def test_only_harmless_text_is_copied(text: str, copied: str) -> None:
    """No escape sequence, not even the end of a bracketed paste, and no last line break that runs a command."""
    app = App[None]()
    said = copy(app, text, "statement")
    assert app.clipboard == copied
    count = "1 character" if len(copied) == 1 else f"{len(copied)} characters"
    assert said == f"Copied {count} of statement."


def test_what_is_too_big_is_said_and_not_copied() -> None:
    """Up to the ceiling it is copied whole, above not at all: half a statement would be worse than none."""
    app = App[None]()
    assert copy(app, "x" * MAX_TEXT_BYTES, "statement") == "Copied 74,994 characters of statement."
    said = copy(app, "é" * (MAX_TEXT_BYTES // 2 + 1), "statement")
    assert said.startswith("Too big to copy: statement has 74,996 bytes, terminals take 74,994.")
    assert app.clipboard == "x" * MAX_TEXT_BYTES


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_nothing_to_copy_is_said(text: str) -> None:
    """The clipboard keeps what it had."""
    app = App[None]()
    copy(app, "before", "x")
    assert copy(app, text, "error") == "Nothing to copy: error has no value."
    assert app.clipboard == "before"


def test_the_name_of_what_is_copied_acts_on_nothing() -> None:
    """The sentence goes to the screen."""
    assert copy(App[None](), "x", "a\x1b[2J\nb") == "Copied 1 character of a␛[2J b."
