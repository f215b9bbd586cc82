"""Our own themes, and which of them a terminal starts with.

Colours only repeat what words and glyphs say. Where a terminal has 16 colours they are its own, by name: Textual mixes
others from 16 million, and what is left of those is grey on grey.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from textual.theme import Theme

DARK, LIGHT, CONTRAST, SIXTEEN = "sysmon-dark", "sysmon-light", "sysmon-contrast", "sysmon-16"

# Of a theme that is not ours as well: without them the style sheet would not load under it.
VARIABLES: dict[str, str] = {"production": "#b00020", "on-production": "#ffffff"}

THEMES: tuple[Theme, ...] = (
    Theme(
        DARK,
        primary="#2f6fb0",
        secondary="#3f8f8f",
        warning="#e0a030",
        error="#e05561",
        success="#56b870",
        accent="#e0a030",
        foreground="#e4e6eb",
        background="#14171c",
        surface="#1c2129",
        panel="#2a313c",
        variables=VARIABLES,
    ),
    Theme(
        LIGHT,
        primary="#1a5fa8",
        secondary="#1f6f6f",
        warning="#8a5a00",
        error="#b3202c",
        success="#1e6e35",
        accent="#8a5a00",
        foreground="#1c2026",
        background="#fbfbf9",
        surface="#eeefed",
        panel="#dfe2e4",
        dark=False,
        variables=VARIABLES,
    ),
    Theme(
        CONTRAST,
        primary="#ffd400",
        secondary="#00e5ff",
        warning="#ffd400",
        error="#ff7070",
        success="#50ff70",
        accent="#00e5ff",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#1a1a1a",
        variables={**VARIABLES, "foreground-muted": "#ffffff"},
    ),
    Theme(
        SIXTEEN,
        ansi=True,
        primary="ansi_blue",
        secondary="ansi_cyan",
        warning="ansi_yellow",
        error="ansi_red",
        success="ansi_green",
        accent="ansi_cyan",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        variables={
            "production": "ansi_red",
            "on-production": "ansi_bright_white",
            "foreground-muted": "ansi_default",
            "text-muted": "ansi_default",
            "ansi-background": "ansi_black",
            "ansi-foreground": "ansi_white",
            "block-cursor-foreground": "ansi_bright_white",
            "block-cursor-background": "ansi_blue",
            "input-cursor-background": "ansi_default",
            "input-cursor-foreground": "ansi_default",
            "input-cursor-text-style": "reverse",
            "input-selection-background": "ansi_cyan",
            "input-selection-foreground": "ansi_black",
        },
    ),
)

_MANY_COLOURS = re.compile(r"256color|direct|truecolor|24bit", re.IGNORECASE)
# Backgrounds by the number that some terminals state in COLORFGBG: white, and light grey.
_LIGHT_GROUNDS = ("7", "15")


def for_terminal(environment: Mapping[str, str]) -> str:
    """The name of the theme for a terminal that nobody has chosen one for."""
    if not _MANY_COLOURS.search(f"{environment.get('COLORTERM', '')} {environment.get('TERM', '')}"):
        return SIXTEEN
    ground = environment.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if ground in _LIGHT_GROUNDS else DARK


def ansi_color(environment: Mapping[str, str]) -> bool | None:
    """`App(ansi_color=...)`: with NO_COLOR the colours are taken away, else the theme says.

    Left to itself Textual makes them grey, and the 16 of a terminal black on black.
    """
    return True if "NO_COLOR" in environment else None
