"""The kinds of value that a configuration holds, each with its range and the words for what was expected."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

Severity = Literal["critical", "high", "medium"]
Category = Literal["workflow", "query", "security", "warehouse", "freshness"]

Count = Annotated[int, Meta(ge=1, le=1_000_000_000, description="a whole number of 1 or more")]
Port = Annotated[int, Meta(ge=0, le=65_535, description="a whole number from 0 to 65535")]
Text = Annotated[
    str,
    Meta(pattern=r"^[^\x00-\x1f\x7f]{1,1024}\Z", description="a text of one line that is not empty"),
]

Name = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z",
        description="a name of letters, digits, '_', '.' and '-', at most 64, a letter or digit first",
    ),
]

# A word like these is a place to look, so a secret pasted here by mistake is refused (and not repeated).
Variable = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}\Z",
        description="the name of an environment variable, not the secret itself",
    ),
]

# No user, query or fragment: `config show` prints an address, so a secret must not be in it.
Url = Annotated[
    str, Meta(pattern=r"^https?://[^\s@?#]+\Z", description="an http(s) address without user and query")
]
Address = Annotated[
    str,
    Meta(
        pattern=r"^[^\s\x00-\x20@<>,;]+@[^\s\x00-\x20@<>,;]+\Z",
        description="an e-mail address such as ops@example.com",
    ),
]
