"""`python -m tests.bench.warehouse [--runs 7] [--rounds 3]`: our source beside other clients of a SQL warehouse.

All ask one stand-in on loopback that sends prepared bytes (tests.bench.prepared), and must end with the same frame.
Prints Markdown; exit 1 where a bar is missed. Needs the extra `bench`.

A figure is the median over the rounds. In a round every client has a fresh process, one after another, whose figure
is the median over its runs: what else the machine does then meets all of them alike.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from typing import Final

import msgspec

from tests.bench.warehouse_figures import (
    CONNECTOR,
    FLOOR,
    LSQL_INLINE,
    LSQL_LINKS,
    OURS,
    Figures,
    checks,
    history_table,
    one_row_table,
)
from tests.bench.warehouse_question import Standing
from tests.bench.warehouse_timing import Timed

_PACKAGES: Final = ("pyarrow", "databricks.sql", "databricks.labs", "databricks.labs.lsql")
# The modules, and what they take after the number of runs.
_COMMANDS: Final = {
    OURS: ("warehouse_ours",),
    CONNECTOR: ("warehouse_connector",),
    LSQL_LINKS: ("warehouse_lsql", "EXTERNAL_LINKS"),
    LSQL_INLINE: ("warehouse_lsql", "INLINE"),
    FLOOR: ("warehouse_floor",),
}


def measured(runs: int, rounds: int) -> tuple[Standing, dict[str, Figures]]:
    environment = _environment()
    told("the stand-in prepares its answers")
    standin = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.prepared"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    try:
        assert standin.stdout is not None
        standing = standin.stdout.readline()
        by_round = [_round(number, runs, standing, environment) for number in range(1, rounds + 1)]
    finally:
        standin.kill()  # it has nothing to put in order
        standin.wait()
    figures = {key: Figures([one[key] for one in by_round]) for key in _COMMANDS}
    return msgspec.json.decode(standing, type=Standing), figures


def _round(number: int, runs: int, standing: bytes, environment: Mapping[str, str]) -> dict[str, Timed]:
    found = {}
    for key, (module, *arguments) in _COMMANDS.items():
        told(f"round {number}: {key}")
        command = [sys.executable, "-m", f"tests.bench.{module}", str(runs), *arguments]
        done = subprocess.run(command, input=standing, stdout=subprocess.PIPE, env=environment, check=True)
        found[key] = msgspec.json.decode(done.stdout, type=Timed)
    return found


def _environment() -> dict[str, str]:
    """Without what would lead a client elsewhere or sign it in otherwise.

    Nor with the settings of the allocator that Polars leaves here when it is imported: each client has its own.
    """
    foreign = ("DATABRICKS_", "SYSMON_", "_RJEM_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def told(progress: str) -> None:
    print(f"  {progress}", file=sys.stderr, flush=True)


def _is_installed() -> bool:
    # In this order: a package is looked for in the one around it, which must be there.
    return all(find_spec(name) is not None for name in _PACKAGES)


def _names() -> tuple[dict[str, str], dict[str, str]]:
    """What the clients are called in the tables: of the history, of the one row."""
    connector = f"databricks-sql-connector {version('databricks-sql-connector')}"
    lsql = f"databricks-labs-lsql {version('databricks-labs-lsql')}"
    history = {
        OURS: "ours: links, Arrow",
        CONNECTOR: f"{connector}: `use_sea`, links, Arrow",
        LSQL_LINKS: f"{lsql}: links, JSON",
        LSQL_INLINE: f"{lsql}: inline, JSON (the service refuses this much)",
        FLOOR: "the floor: a GET a chunk, `polars.read_ipc_stream`",
    }
    one_row = {
        OURS: "ours: handed in, asked once",
        CONNECTOR: f"{connector}: waited for, link, closed",
        LSQL_INLINE: f"{lsql}: waited for",
        FLOOR: "bare round trips: handed in, asked once",
    }
    return history, one_row


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.warehouse", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=7, metavar="N", help="timed runs of a process  [default: 7]"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, metavar="N", help="processes of a client  [default: 3]"
    )
    given = parser.parse_args()
    if not _is_installed():
        print(
            "This compares us with clients that are not installed: pip install -e '.[bench]'", file=sys.stderr
        )
        return 2
    standing, found = measured(given.runs, given.rounds)
    history_names, one_row_names = _names()
    print(
        history_table(found, history_names, standing.history.rows),
        one_row_table(found, one_row_names),
        sep="\n\n",
    )
    held = checks(found)
    print()
    for holds, said in held:
        print(f"{'ok' if holds else 'FAILED'}: {said}")
    return 0 if all(holds for holds, _ in held) else 1


if __name__ == "__main__":
    sys.exit(main())
