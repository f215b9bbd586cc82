"""Copying by OSC 52: the terminal puts the text into the clipboard, through SSH and tmux too. It never says whether."""

from __future__ import annotations

from typing import Any

from textual.app import App

from sysmon_tui.text import many_lines, one_line
from sysmon_tui.tui.words import number_words

# The whole sequence may have 100,000 bytes in the terminals that bound it least generously (hterm; xterm and tmux take
# more or drop it without a word): 7 before and 1 behind the Base64, which has 4 bytes for 3.
MAX_TEXT_BYTES = (100_000 - 8) // 4 * 3


def copy(app: App[Any], text: str, what: str) -> str:
    """Copy `text` and return the sentence for it; `what` is the text's name, such as a column's.

    What is pasted acts on nothing: control characters are shown, and no line break at the end runs a line in a shell.
    """
    harmless = many_lines(text).rstrip("\n")
    what = one_line(what, 40)
    if not harmless:
        return f"Nothing to copy: {what} has no value."
    size_bytes = len(harmless.encode())
    if size_bytes > MAX_TEXT_BYTES:
        return (
            f"Too big to copy: {what} has {number_words(size_bytes)} bytes, terminals take "
            f"{number_words(MAX_TEXT_BYTES)}. An export has it whole."
        )
    app.copy_to_clipboard(harmless)
    characters = "1 character" if len(harmless) == 1 else f"{number_words(len(harmless))} characters"
    return f"Copied {characters} of {what}."
