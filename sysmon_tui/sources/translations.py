"""The catalogue's statements as sqlglot makes them for DuckDB, ready beforehand.

sqlglot takes 5 to 40 ms a statement, which was a fifth of the time to the demo's first rows. `translations.txt` is
made, never written: `python -m tests.translations` makes it, and a test compares it with what sqlglot says now. Texts
that are not in it, such as those with configured table names, are translated when they are asked.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources


def prepared(text: str) -> str | None:
    """The DuckDB SQL of a statement's text; None for a text that is not the catalogue's."""
    return _prepared().get(digest(text))


def digest(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()


@cache
def _prepared() -> dict[str, str]:
    text = resources.files(__package__).joinpath("translations.txt").read_text(encoding="utf-8")
    lines = text.removesuffix("\n").split("\n")
    return {known: sql for _, known, sql in (line.split(" ", 2) for line in lines)}
