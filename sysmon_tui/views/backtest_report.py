"""What a backtest found: the pages that thresholds would have raised, and which would have raised fewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sysmon_tui.views.answer import State, Window

EXIT_KNOWN = 0
EXIT_UNKNOWN = 3


@dataclass(frozen=True)
class Page:
    """`label` is what a person calls the entity, "" for a rule that counts everybody together.

    `ended_at` is None while it still held at the last row of its table. `peak` is the highest count.
    """

    label: str
    started_at: datetime
    ended_at: datetime | None
    peak: int


@dataclass(frozen=True)
class Noisy:
    """`kind` is user, job, address and so on; `count` is of events in pages, or of pages."""

    kind: str
    label: str
    count: int
    unit: str


@dataclass(frozen=True)
class Table:
    """`table` is its key in TABLES, `name` what the tenant calls it; `rules` are those that rest on it."""

    table: str
    name: str
    state: State
    reason: str | None
    as_of: datetime | None
    rules: tuple[str, ...]

    @property
    def is_known(self) -> bool:
        """Whether it could be read, and has shown anything at all."""
        return self.state not in ("denied", "failed") and self.as_of is not None


@dataclass(frozen=True)
class RuleResult:
    """`setting` is what a higher threshold would be set in, None where there is no count to raise.

    `pages` are the newest, `total` is all of them; both mean nothing unless `is_known`.
    """

    rule: str
    severity: str
    table: str
    setting: str | None
    threshold: int
    pages: tuple[Page, ...] = ()
    total: int = 0
    noisiest: tuple[Noisy, ...] = ()
    is_known: bool = True


@dataclass(frozen=True)
class Change:
    """A threshold that is raised, and the pages of its rule without and with all changes."""

    setting: str
    rule: str
    before: int
    after: int
    pages_before: int
    pages_after: int


@dataclass(frozen=True)
class Suggestion:
    """`allowed` pages over the window. `after` was counted by a run with the changes, not estimated."""

    pages_per_week: int
    allowed: int
    before: int
    after: int
    changes: tuple[Change, ...]
    said: str

    @property
    def is_met(self) -> bool:
        return self.after <= self.allowed


@dataclass(frozen=True)
class Report:
    """`tried` has the thresholds that were tried, `changed` those of them that are configured otherwise, as they are.

    `unused` are those of `changed` that no rule uses which is tried; `off` are rules that the configuration turns off.
    """

    tenant: str
    source: str
    days: int
    window: Window
    tables: tuple[Table, ...]
    rules: tuple[RuleResult, ...]
    suggestion: Suggestion | None
    tried: Mapping[str, int]
    changed: Mapping[str, int]
    unused: tuple[str, ...]
    off: tuple[str, ...]
    not_tried: tuple[str, ...]

    @property
    def total(self) -> int:
        return sum(rule.total for rule in self.rules)

    @property
    def is_cut(self) -> bool:
        """Whether there are more pages than are listed."""
        return any(rule.total > len(rule.pages) for rule in self.rules)

    @property
    def exit_code(self) -> int:
        return EXIT_KNOWN if any(table.is_known for table in self.tables) else EXIT_UNKNOWN


def per_week(pages: int, days: int) -> float:
    return pages * 7 / days
