"""`python -m tests.bench.scale [--rows 1e5 1e6 1e7]`: how the program's cost grows with the estate, as Markdown.

Each size has a client process of its own (tests.bench.client), and that a workspace in a third. Exit 1 where a
refresh reads more than it may, or the client's memory grows with the estate.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

import msgspec

from tests.bench.figures import Cost, Size

MOST_REFRESH_SHARE = 0.05
MOST_GROWTH = 0.20
_MB = 1e6


def measured(rows: int) -> Size:
    print(f"{rows:,} rows", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "tests.bench.client", str(rows)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Size)


def whole_table(sizes: list[Size]) -> str:
    """All routes in one process: each stage of each size."""
    lines = [
        "| estate | asked | wall time | rows read by the engine | statements | bytes to the client | client memory |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size in sizes:
        stages = (
            ("first load", size.course.first, size.peaks.first),
            ("refresh", size.course.refresh, size.peaks.refreshes),
            ("all anew", size.reread, size.peaks.reread),
        )
        for name, cost, peak in stages:
            share = "" if cost is size.course.first else f" ({_share(cost, size):.1%})"
            lines.append(
                f"| {size.rows:,} | {name} | {cost.seconds:.2f} s | {cost.rows:,}{share} | {cost.statements} "
                f"| {cost.sent / _MB:.2f} MB | {peak / _MB:.0f} MB |"
            )
    return "\n".join(lines)


def routes_table(sizes: list[Size]) -> str:
    """Each route alone: `first load → refresh`, its time and the rows that it makes the engine read."""
    head = " | ".join(f"{size.rows:,}: time | rows read" for size in sizes)
    lines = [f"| route | {head} |", "| --- |" + " ---: | ---: |" * len(sizes)]
    for path in sizes[0].routes:
        cells = []
        for size in sizes:
            first, refresh = size.routes[path].first, size.routes[path].refresh
            cells.append(f"{first.seconds:.2f} s → {refresh.seconds:.2f} s")
            cells.append(f"{first.rows:,} → {refresh.rows:,}")
        lines.append(f"| `{path}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(cost: Cost, size: Size) -> float:
    """Of the rows of the first load."""
    return cost.rows / size.course.first.rows


def checks(sizes: list[Size]) -> list[tuple[bool, str]]:
    """What must hold, for the largest size and the one before it."""
    largest = sizes[-1]
    share = _share(largest.course.refresh, largest)
    found = [
        (
            share <= MOST_REFRESH_SHARE,
            f"refresh reads {share:.1%} of the rows of the first load at {largest.rows:,} "
            f"(at most {MOST_REFRESH_SHARE:.0%})",
        )
    ]
    for smaller in sizes[-2:-1]:
        growth = largest.peaks.reread / smaller.peaks.reread - 1
        said = f"client peak memory from {smaller.rows:,} to {largest.rows:,}: {growth:+.1%}"
        found.append((growth < MOST_GROWTH, f"{said} (less than {MOST_GROWTH:.0%})"))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument(
        "--rows", nargs="+", type=lambda text: int(float(text)), default=[10**5, 10**6, 10**7], metavar="N"
    )
    sizes = [measured(rows) for rows in sorted(parser.parse_args().rows)]
    print(whole_table(sizes), routes_table(sizes), sep="\n\n", end="\n\n")
    found = checks(sizes)
    for holds, said in found:
        print(f"{'ok' if holds else 'FAILED'}: {said}")
    return 0 if all(holds for holds, _ in found) else 1


if __name__ == "__main__":
    sys.exit(main())
