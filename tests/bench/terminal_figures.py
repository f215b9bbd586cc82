"""The figures of tests.bench.terminal: as a table in Markdown, with what must hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MISSING = math.nan


@dataclass(frozen=True)
class Line:
    """A figure of ours beside those of the empty app and of the peer, where they have it; NaN for what never came.

    `bar` is the most that ours may be, or, with `is_ratio`, the most times that of the empty app; None without one.
    """

    name: str
    unit: str
    ours: float
    empty: float | None = None
    peer: float | None = None
    bar: float | None = None
    is_ratio: bool = False

    @property
    def ratio(self) -> float | None:
        return self.ours / self.empty if self.empty else None

    @property
    def holds(self) -> bool:
        measured = self.ratio if self.is_ratio else self.ours
        return self.bar is None or (measured is not None and measured <= self.bar)  # NaN holds nothing


def table(lines: Sequence[Line], peer: str | None) -> str:
    """`peer` is what the other program is called, None without one."""
    head = ["", "ours", "empty Textual app", "ratio", "bar", ""]
    if peer is not None:
        head.insert(3, peer)
    aligned = ["---", *["---:"] * (len(head) - 2), "---"]
    return "\n".join(
        f"| {' | '.join(cells)} |" for cells in (head, aligned, *(_cells(one, peer) for one in lines))
    )


def _cells(line: Line, peer: str | None) -> list[str]:
    cells = [line.name, _figure(line.ours, line.unit), _figure(line.empty, line.unit)]
    if peer is not None:
        cells.append(_figure(line.peer, line.unit))
    cells.append("" if line.ratio is None else f"{line.ratio:.2f}")
    if line.bar is None:
        return [*cells, "", ""]
    bar = f"{line.bar:g} times" if line.is_ratio else _figure(line.bar, line.unit)
    return [*cells, bar, "held" if line.holds else "missed"]


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if math.isnan(value):
        return "never"
    digits = 2 if unit in ("s", "%") else 0
    return f"{value:,.{digits}f} {unit}"


def middle(values: Sequence[float]) -> float:
    """The median; NaN where one is missing."""
    return MISSING if any(map(math.isnan, values)) else median(values)


def p95(values: Sequence[float]) -> float:
    """The smallest of them that 95 in a hundred don't exceed; NaN where one is missing."""
    if any(map(math.isnan, values)):
        return MISSING
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]
