"""What a tenant's questions have taught us of each system table: how far it has come, and how it answers."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sysmon_tui.clock import rfc3339
from sysmon_tui.datasets.statement import Statement
from sysmon_tui.errors import SourceError
from sysmon_tui.views.answer import State

_TIMINGS_KEPT = 200


@dataclass
class _Table:
    head: datetime | None = None
    state: State | None = None
    reason: str | None = None
    checked_at: datetime | None = None
    statements: int = 0
    failures: int = 0
    cache_hits: int = 0
    last_error: str | None = None
    timings_s: deque[float] = field(default_factory=lambda: deque(maxlen=_TIMINGS_KEPT))


class TableKnowledge:
    """Facts per fact table (a key of TABLES)."""

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}
        self._counting = threading.Lock()  # statements end in threads of their own

    def _of(self, statement: Statement) -> _Table:
        return self._table(statement.table or statement.tables[0])

    def _table(self, name: str) -> _Table:
        return self._tables.setdefault(name, _Table())

    def hit(self, statement: Statement) -> None:
        self._of(statement).cache_hits += 1

    def answered(self, statement: Statement, seconds: float) -> None:
        with self._counting:
            table = self._of(statement)
            table.statements += 1
            table.timings_s.append(seconds)

    def failed(self, statement: Statement, error: SourceError) -> None:
        with self._counting:
            table = self._of(statement)
            table.statements += 1
            table.failures += 1
            table.last_error = error.sentence

    def head(self, name: str, seen: datetime | None) -> datetime | None:
        """The newest event time the table has shown so far, `seen` included."""
        table = self._table(name)
        if seen is not None and (table.head is None or seen > table.head):
            table.head = seen
        return table.head

    def seen(
        self, name: str, state: State, reason: str | None, as_of: datetime | None, checked_at: datetime
    ) -> None:
        """The newest word on a table counts; a narrow window that shows nothing says nothing of the table."""
        table = self._table(name)
        if table.checked_at is not None and checked_at < table.checked_at:
            return
        table.state = "fresh" if state == "empty" and as_of is not None else state
        table.reason, table.checked_at = reason, checked_at

    def asked(self, name: str) -> bool:
        return name in self._tables and self._tables[name].statements > 0

    def source(self, name: str) -> dict[str, Any]:
        """The table as `/api/monitoring/health` shows it."""
        table = self._table(name)
        lag = None
        if table.head is not None and table.checked_at is not None:
            lag = max(0, int((table.checked_at - table.head).total_seconds()))
        return {
            "state": table.state or "failed",
            "as_of": rfc3339(table.head),
            "lag_seconds": lag,
            "reason": table.reason if table.state is not None else "Not asked yet.",
        }

    def statistics(self) -> dict[str, dict[str, Any]]:
        """Per table asked so far: statements, failures, p95_ms of those that answered, cache hits."""
        return {
            name: {
                "statements": table.statements,
                "failures": table.failures,
                "p95_ms": _p95_ms(table.timings_s),
                "cache_hits": table.cache_hits,
                "last_error": table.last_error,
            }
            for name, table in sorted(self._tables.items())
        }


def _p95_ms(timings_s: deque[float]) -> float | None:
    if not timings_s:
        return None
    ordered = sorted(timings_s)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] * 1000, 1)
