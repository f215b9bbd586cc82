"""The figures of tests.bench.warehouse: as tables in Markdown, and what must hold."""

from __future__ import annotations

from statistics import median

import msgspec

from tests.bench.warehouse_timing import Timed

# How many times the rows a second of another client ours must read, at least.
LEAST_TO_LSQL = 3.0
LEAST_TO_CONNECTOR = 1.0
LEAST_TO_FLOOR = 0.7
MOST_PEAK_TO_CONNECTOR = 1.0
# How many times as long as the bare round trips our one row may take.
MOST_TO_ROUND_TRIPS = 1.5
_MB = 1e6

OURS = "ours"
CONNECTOR = "connector"
LSQL_LINKS = "lsql by links"
LSQL_INLINE = "lsql inline"
FLOOR = "floor"


class Figures(msgspec.Struct, frozen=True):
    """What a client's rounds have shown: medians."""

    rounds: list[Timed]

    @property
    def history_s(self) -> float:
        return median(one.history_s for one in self.rounds)

    @property
    def one_row_s(self) -> float:
        return median(one.one_row_s for one in self.rounds)

    @property
    def peak_bytes(self) -> float:
        return median(one.peak_bytes for one in self.rounds)


def history_table(found: dict[str, Figures], names: dict[str, str], rows: int) -> str:
    """`names` are what the clients are called. The ratio is of rows a second, ours to its."""
    lines = [
        f"| {rows:,} rows of query history | wall time | of the rounds | rows/s | ours to its | bar | peak memory |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    bars = {CONNECTOR: LEAST_TO_CONNECTOR, _faster_lsql(found): LEAST_TO_LSQL, FLOOR: LEAST_TO_FLOOR}
    for key, figures in found.items():
        ratio = "" if key == OURS else f"{figures.history_s / found[OURS].history_s:.2f}"
        bar = f"at least {bars[key]}" if key in bars else ""
        spread = _spread([one.history_s for one in figures.rounds])
        lines.append(
            f"| {names[key]} | {figures.history_s * 1e3:.0f} ms | {spread} | {rows / figures.history_s:,.0f} "
            f"| {ratio} | {bar} | {figures.peak_bytes / _MB:.0f} MB |"
        )
    return "\n".join(lines)


def one_row_table(found: dict[str, Figures], names: dict[str, str]) -> str:
    """The ratio is of times, each to the bare round trips'."""
    lines = [
        "| one row | wall time | of the rounds | to the bare ones | bar |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for key, name in names.items():
        figures = found[key]
        spread = _spread([one.one_row_s for one in figures.rounds], digits=2)
        ratio = figures.one_row_s / found[FLOOR].one_row_s
        bar = f"at most {MOST_TO_ROUND_TRIPS}" if key == OURS else ""
        lines.append(f"| {name} | {figures.one_row_s * 1e3:.2f} ms | {spread} | {ratio:.2f} | {bar} |")
    return "\n".join(lines)


def _spread(times_s: list[float], digits: int = 0) -> str:
    """The quickest and the slowest round."""
    return f"{min(times_s) * 1e3:.{digits}f} to {max(times_s) * 1e3:.{digits}f} ms"


def checks(found: dict[str, Figures]) -> list[tuple[bool, str]]:
    """What must hold, and whether it does."""
    ours = found[OURS]
    least = (
        ("databricks-labs-lsql", _faster_lsql(found), LEAST_TO_LSQL),
        ("databricks-sql-connector", CONNECTOR, LEAST_TO_CONNECTOR),
        ("the floor", FLOOR, LEAST_TO_FLOOR),
    )
    held = []
    for name, key, bar in least:
        ratio = found[key].history_s / ours.history_s
        held.append((ratio >= bar, f"rows a second: {ratio:.2f} times those of {name} (at least {bar})"))
    peak = ours.peak_bytes / found[CONNECTOR].peak_bytes
    said = (
        f"peak memory: {peak:.2f} times that of databricks-sql-connector (at most {MOST_PEAK_TO_CONNECTOR})"
    )
    held.append((peak <= MOST_PEAK_TO_CONNECTOR, said))
    one_row = ours.one_row_s / found[FLOOR].one_row_s
    said = f"one row: {one_row:.2f} times its bare round trips (at most {MOST_TO_ROUND_TRIPS})"
    held.append((one_row <= MOST_TO_ROUND_TRIPS, said))
    return held


def _faster_lsql(found: dict[str, Figures]) -> str:
    return min((LSQL_LINKS, LSQL_INLINE), key=lambda key: found[key].history_s)
