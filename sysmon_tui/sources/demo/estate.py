"""The demo estate: invented rows in the schemas of the real system tables, arriving as time goes by.

The .sql files of this room make the rows inside DuckDB, by hash() of the seed and a row's own identity,
never by random(). Each fact row has an arrival time; the views of the attached database `system_tables`
(DuckDB keeps the name `system` for itself) show the rows that have arrived by the estate's clock. The
build makes thirty days of history and one day ahead; later days are made one at a time as they come near.
"""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Final

import duckdb

from sysmon_tui.clock import to_micros
from sysmon_tui.sources.transaction import transaction

DEFAULT_ROWS: Final = 80_000  # ready within half a second on two slow cores
FEWEST_ROWS: Final = 50_000  # below this the jobs of the incidents alone would be most of the rows

_HOUR_S: Final = 3600
_DAY_S: Final = 24 * _HOUR_S
_HISTORY_S: Final = 30 * _DAY_S
_DENSE_S: Final = 7 * _DAY_S  # the time before it has a quarter of the rows per hour
_AHEAD_S: Final = 6 * _HOUR_S  # the next day is made when less than this is left of the present one
# Older rows go when a day is made, so that a process of months stays as large as it began.
_KEEP_S: Final = _HISTORY_S + _DAY_S

# Shares of all rows. The tasks follow the runs and the events the sessions; audit takes what is left.
_RUN_SHARE: Final = 0.08
_QUERY_SHARE: Final = 0.28
_FULL_FAULTS_ROWS: Final = 120_000  # up to here faults grow with the rows

# A larger estate is made in parts, with a checkpoint after each, which packs what is there. Without them
# ten million rows take more than twice the memory; a small estate would take twice the time with them.
_PART_ROWS: Final = 2_000_000

_ESTATE: Final = (
    "macros.sql",
    "schema.sql",
    "company.sql",
    "job_catalogue.sql",
    "job_versions.sql",
    "warehouses.sql",
    "statement_pool.sql",
    "audit_pool.sql",
)
_RUNS: Final = ("runs.sql", "run_slices.sql", "sessions.sql", "warehouse_events.sql")
_QUERIES: Final = ("queries.sql", "query_incidents.sql", "query_oddities.sql")
_AUDIT_SCENES: Final = ("audit_incidents.sql",)
_AUDIT: Final = ("audit.sql",)


class DemoEstate:
    """Builds the estate into `connection`'s engine and moves its time.

    `now` is aware; `rows` is about how many rows are visible then, over all tables.
    The same seed, now and rows give the same rows, and so does the same time however `advance` reached it.
    Raises ValueError for a naive `now` or for fewer than 50,000 rows.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, *, now: datetime, seed: int = 7, rows: int = DEFAULT_ROWS
    ) -> None:
        if rows < FEWEST_ROWS:
            raise ValueError(f"an estate has at least {FEWEST_ROWS} rows, not {rows}")
        self._lock = threading.Lock()
        self._cursor = connection.cursor()
        self._now_s = _seconds(now)
        self._horizon_s = self._now_s + _DAY_S
        self._parameters = _fixed_parameters(self._now_s, seed, rows)
        self._build(rows)

    def advance(self, now: datetime) -> None:
        """Lets arrive what has arrived by `now` (aware), and makes the next day when it comes near.

        From any thread. A `now` of the same second, or an earlier one, changes nothing.
        """
        now_s = _seconds(now)
        if now_s <= self._now_s:
            return
        with self._lock:
            if now_s <= self._now_s:
                return
            while self._horizon_s < now_s + _AHEAD_S:
                self._make_next_day()
            self._run("clock.sql", now=now_s)
            self._now_s = now_s

    def pack(self) -> None:
        """Makes the rows a quarter as large, and gives back to the system what the build and the answers took.

        It takes a third of the build's time, and at its end would keep the first answers waiting. For a connection
        of our own: settings of its engine go back to their defaults. A closed one is nothing to do.
        """
        with self._lock, contextlib.suppress(duckdb.Error):
            # The engine's allocator gives memory back when a limit is set, hardly ever by itself.
            self._cursor.execute("CHECKPOINT demo_estate; RESET checkpoint_threshold; RESET memory_limit")

    def _build(self, rows: int) -> None:
        # Else the commit makes a checkpoint that packs hardly anything, and leaves pack() nothing to do.
        self._cursor.execute("SET checkpoint_threshold = '1TB'")
        self._cursor.execute(
            "ATTACH ':memory:' AS system_tables; ATTACH ':memory:' AS demo_estate; USE demo_estate"
        )
        since_s, until_s = self._now_s - _HISTORY_S, self._horizon_s
        part_s = -(-(until_s - since_s) // (1 + rows // _PART_ROWS) // _HOUR_S) * _HOUR_S
        with transaction(self._cursor):
            for name in _ESTATE:
                self._run(name)
            self._run("clock.sql", now=self._now_s)
            self._make(_RUNS + _AUDIT_SCENES, since_s, until_s)
            # A rate is what the rows wanted and the shape of the table leave it to be; it holds ever after.
            self._parameters["query_rate"] = _QUERY_SHARE * rows / self._number("query_load.sql")
            self._make_in_parts(_QUERIES, since_s, until_s, part_s)
            audit_rows = max(0.0, rows - self._number("visible_rows.sql"))
            self._parameters["audit_rate"] = audit_rows / self._number("audit_load.sql", since=since_s)
            self._make_in_parts(_AUDIT, since_s, until_s, part_s)
            self._run("done.sql")
        self._run("views.sql")

    def _make_next_day(self) -> None:
        with transaction(self._cursor):
            files = _RUNS + _AUDIT_SCENES + _QUERIES + _AUDIT
            self._make(files, self._horizon_s, self._horizon_s + _DAY_S)
            self._run("done.sql")
            self._run("forget.sql", before=self._horizon_s - _KEEP_S)
        self._horizon_s += _DAY_S

    def _make_in_parts(self, names: tuple[str, ...], since_s: int, until_s: int, part_s: int) -> None:
        self._make(names, since_s, min(since_s + part_s, until_s))
        for start_s in range(since_s + part_s, until_s, part_s):
            self._cursor.execute("COMMIT; CHECKPOINT demo_estate; BEGIN")
            self._make(names, start_s, min(start_s + part_s, until_s))

    def _make(self, names: tuple[str, ...], since_s: int, until_s: int) -> None:
        for name in names:
            self._run(name, **{"from": since_s, "to": until_s})

    def _run(self, name: str, **more: int) -> None:
        """Runs the statements of a file; each takes of the parameters those that it names."""
        parameters = self._parameters | more
        for statement in self._cursor.extract_statements(_text(name)):
            self._cursor.execute(statement, {key: parameters[key] for key in statement.named_parameters})

    def _number(self, name: str, **more: int) -> float:
        self._run(name, **more)
        row = self._cursor.fetchone()
        return float(row[0]) if row else 0.0


def _fixed_parameters(t0: int, seed: int, rows: int) -> dict[str, int | float]:
    """What stays the same for the life of an estate, under the names of the SQL files. Times in seconds."""
    # Fault shares shrink as an estate grows: its faults an hour, and with them the meaning of the alert
    # thresholds, stay as they are at this size.
    thinning = min(1.0, _FULL_FAULTS_ROWS / rows)
    return {
        "seed": seed,
        "t0": t0,
        "dense_from": t0 - _DENSE_S,
        "dense_s": _DENSE_S,
        "sparse_s": _HISTORY_S - _DENSE_S,
        "run_slices": _RUN_SHARE * rows,
        "fault_share": 0.045 * thinning,
        "query_fault_share": 0.012 * thinning,
        "data_period": 7 * _HOUR_S,
        "attack_period": 11 * _HOUR_S,
        # When the platform changed how it cuts slices and which columns it fills: inside the history, so
        # that both kinds of row are there.
        "slicing_changed_s": t0 - 14 * _DAY_S,
        "durations_added_s": t0 - 20 * _DAY_S,
        "columns_added_s": t0 - 200 * _DAY_S,
    }


def _seconds(instant: datetime) -> int:
    if instant.tzinfo is None:
        raise ValueError("the estate's time needs a zone")
    return to_micros(instant.astimezone(UTC)) // 1_000_000


@cache
def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
