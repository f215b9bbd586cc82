"""`python -m tests.bench.terminal [--rounds 5] [--peer COMMAND]`: the app from outside, as a person meets it.

One run measures an empty Textual app, the app with `--demo`, the app over a million statements that nothing had to
fetch (tests.bench.terminal_rows), and another full-screen program where one is given. Starts alternate and count as
their median; each program starts once before, so that its modules are compiled. A key's time goes to the last byte
that came of it. Prints Markdown; exit 1 where a bar is missed. Linux alone.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from pathlib import Path

from tests.bench.terminal_figures import table
from tests.bench.terminal_measured import Bench


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.terminal", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="starts of each  [default: 5]")
    parser.add_argument(
        "--idle", type=float, default=30, metavar="SECONDS", help="how long each is left alone  [default: 30]"
    )
    parser.add_argument(
        "--peer", default="", metavar="COMMAND", help="another program to measure beside ours"
    )
    given = parser.parse_args()
    peer = shlex.split(given.peer)
    with tempfile.TemporaryDirectory() as home:
        lines = Bench(Path(home), rounds=given.rounds, idle_s=given.idle, peer=peer).lines()
    print(table(lines, peer=Path(peer[0]).name if peer else None))
    return 0 if all(line.holds for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
