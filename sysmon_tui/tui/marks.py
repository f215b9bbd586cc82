"""Words of state with their glyph and tone, so that no state is told by colour alone. Loads no polars."""

from __future__ import annotations

from typing import Literal

Tone = Literal["good", "bad", "warn", "dim", ""]

_GOOD: dict[str, str] = dict.fromkeys(
    ("SUCCEEDED", "FINISHED", "success", "fresh", "healthy", "resolved"), "✓"
)
_BAD = dict.fromkeys(
    (
        "FAILED",
        "ERROR",
        "TIMED_OUT",
        "failure",
        "failed_login",
        "failed",
        "denied",
        "unhealthy",
        "critical",
        "firing",
    ),
    "✗",
)
_WARN = dict.fromkeys(("BLOCKED", "stale", "degraded", "high", "medium", "pending"), "▲")
_OPEN = dict.fromkeys(
    ("RUNNING", "STARTING", "starting", "STOPPING", "SCALING_UP", "SCALED_UP", "SCALED_DOWN"), "»"
)
_DIM = dict.fromkeys(("CANCELLED", "CANCELED", "SKIPPED", "STOPPED", "DELETED", "empty", "asleep"), "−")  # noqa: RUF001
_UNKNOWN = "?"

GLYPHS: dict[str, str] = {**_GOOD, **_BAD, **_WARN, **_OPEN, **_DIM, "unknown": _UNKNOWN}
_TONES: dict[str, Tone] = {
    **dict.fromkeys(_GOOD, "good"),
    **dict.fromkeys(_BAD, "bad"),
    **dict.fromkeys(_WARN, "warn"),
    **dict.fromkeys(_DIM, "dim"),
    "unknown": "warn",
}

# Terminal colours by tone: named ones, so that a 16-colour terminal shows its own.
STYLES: dict[Tone, str] = {
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "dim": "dim",
    "": "",
}


def marked(word: str) -> str:
    """`✗ FAILED`; a word that is not known gets a dot."""
    return f"{GLYPHS.get(word, '·')} {word}"


def tone(word: str) -> Tone:
    """The tone of a word, marked or not."""
    return _TONES.get(word.split(" ", 1)[-1], "")
