"""What an examination of a tenant's connection found, and what an admin must run for what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

T = TypeVar("T")

# stale and empty: it can be read, and has nothing new or nothing at all. redacted: the texts in it are kept back.
# denied: it is there and not for us. absent: it is not there. missing: which of the two can't be told, or neither fits.
# unknown: it could not be found out.
Word = Literal["well", "stale", "empty", "redacted", "denied", "absent", "missing", "unknown"]

EXIT_WELL = 0
EXIT_MISSING = 1
EXIT_NO_CONNECTION = 3
_USABLE: tuple[Word, ...] = ("well", "stale", "empty", "redacted")

CONNECTION = "connection"


@dataclass(frozen=True)
class ApiCall:
    """A call to the workspace's REST API; `body` is JSON, or empty."""

    method: str
    path: str
    body: str = ""


@dataclass(frozen=True)
class Finding:
    """`todo` is what to do in words; `calls`, and then `sql`, what an admin runs for it.

    What is not `needed` is told and changes no exit code. `facts` are for programs.
    """

    name: str
    word: Word
    said: str
    todo: str = ""
    calls: tuple[ApiCall, ...] = ()
    sql: tuple[str, ...] = ()
    needed: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_missing(self) -> bool:
        return self.needed and self.word not in _USABLE


@dataclass(frozen=True)
class Report:
    """`source` is the kind of it; `principal` is who was examined, None where that is not known."""

    tenant: str
    source: str
    examined_at: datetime
    principal: str | None
    findings: tuple[Finding, ...]

    @property
    def missing(self) -> int:
        return sum(finding.is_missing for finding in self.findings)

    @property
    def is_lacking(self) -> bool:
        """Whether anything is not as it could be, needed or not."""
        return any(finding.word != "well" for finding in self.findings)

    @property
    def exit_code(self) -> int:
        if any(finding.name == CONNECTION and finding.is_missing for finding in self.findings):
            return EXIT_NO_CONNECTION
        return EXIT_MISSING if self.missing else EXIT_WELL

    @property
    def calls(self) -> tuple[ApiCall, ...]:
        """Each once."""
        return _each_once(call for finding in self.findings for call in finding.calls)

    @property
    def sql(self) -> tuple[str, ...]:
        return _each_once(text for finding in self.findings for text in finding.sql)


def _each_once(things: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(things))
