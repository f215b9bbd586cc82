"""QueryService: the only one who talks to a source.

It answers a Result, never a bare frame and never an exception for a source that is down: the last good rows stay,
with their age and a reason. Answers are kept until the next refresh is due; identical questions at the same time run
one statement; a statement that nobody waits for any more is cancelled.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import Clock
from sysmon_tui.datasets import asks
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.datasets.statement import TABLES, quoted
from sysmon_tui.errors import SourceError, StatementFailed, WarehouseAsleep, WarehouseStarting
from sysmon_tui.services import asking, increments
from sysmon_tui.services.cursor import Cursor, page
from sysmon_tui.services.freshness import state_of
from sysmon_tui.services.increments import Reading
from sysmon_tui.services.live import LiveLane
from sysmon_tui.services.meter import Meter
from sysmon_tui.services.pace import Pace
from sysmon_tui.services.result import Result
from sysmon_tui.services.stack import SourceStack
from sysmon_tui.services.tables import TableKnowledge
from sysmon_tui.services.values import page_rows, values
from sysmon_tui.sources.base import Request, Source
from sysmon_tui.sources.inspection import Inspection
from sysmon_tui.threads import in_daemon_thread
from sysmon_tui.views.answer import State, Window

_log = logging.getLogger(__name__)

# A question gets this long even where another has waited for the warehouse before it.
_LEAST_PATIENCE_S = 0.1


@dataclass
class _Entry:
    result: Result
    due_s: float
    good: Result | None
    reading: Reading | None


@dataclass
class _Flight:
    task: asyncio.Task[Result]
    request_id: str | None = None
    waiters: int = 0


class QueryService:
    """One tenant's questions. All coroutines run on one event loop.

    `open_source` is called once, in a worker thread, at the first question. `tables` are the configured physical
    names by key of TABLES; `stale_after` says per table when silence is suspicious. An `incremental` service keeps what
    it read and asks for the rest: for whoever asks again and again. `patience_s` is how long an asker waits for a
    warehouse that is starting before the answer says that; None waits for the rows.
    """

    def __init__(
        self,
        tenant: str,
        open_source: Callable[[], Source],
        clock: Clock,
        *,
        pace: Pace,
        meter: Meter,
        timeout_s: float,
        stale_after: Mapping[str, timedelta],
        workspace_ids: tuple[str, ...] = (),
        tables: Mapping[str, str] | None = None,
        incremental: bool = False,
        live: bool = True,
        patience_s: float | None = None,
    ) -> None:
        self.tenant = tenant
        self.clock = clock
        self.pace = pace
        self.meter = meter
        self.tables = TableKnowledge()
        self._patience_s = patience_s
        self._timeout_s = timeout_s
        self._incremental = incremental
        self._stale_after = stale_after
        self._workspace_ids = ",".join(workspace_ids)
        self._names = {**TABLES, **(tables or {})}
        self._physical = {key: quoted(name) for key, name in (tables or {}).items()}
        self._stack = SourceStack(
            open_source,
            self.tables,
            meter,
            clock,
            physical=self._physical,
            workspace_ids=self._workspace_ids,
            copies_s=pace.refresh_s if incremental else None,
        )
        self.live = LiveLane(self._stack.live, clock, meter, enabled=live)
        self._slots = asyncio.Semaphore(limits.STATEMENTS_AT_ONCE)
        self._entries: OrderedDict[Ask, _Entry] = OrderedDict()
        self._flights: dict[Ask, _Flight] = {}
        self._looking: asyncio.Task[object] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether statements wait for the warehouse."""
        return self.meter.waiting_since_s is not None

    def table_name(self, table: str) -> str:
        """What this tenant's configuration calls a table (a key of TABLES)."""
        return self._names[table]

    async def answer(self, ask: Ask, *, fresh: bool = False) -> Result:
        """The kept answer, or a new one when a refresh is due or `fresh` asks for it.

        Raises RequestError for a cursor that belongs to another question, and nothing else.
        """
        by_the_clock = asking.by_the_clock()
        if not by_the_clock:
            self.pace.looked()
        entry = self._entries.get(ask)
        if entry is not None and entry.result.code == WarehouseAsleep.code and self.pace.wakes(by_the_clock):
            entry.due_s = 0.0  # what the clock let be, a person has
        if entry is not None and not fresh and self.clock.monotonic_s() < entry.due_s:
            self._entries.move_to_end(ask)
            self.tables.hit(ask.statement)
            return entry.result
        flight = self._flights.get(ask)
        if flight is None:
            cursor = (
                None if ask.cursor is None else Cursor.decode(ask.cursor, self.tenant, ask, self.clock.now())
            )
            flight = _Flight(asyncio.create_task(self._fetch(ask, cursor, fresh=fresh)))
            self._flights[ask] = flight
        result = await self._wait(ask, flight)
        if result.code == WarehouseAsleep.code and self.pace.wakes(by_the_clock):
            return await self.answer(ask)  # the refresh that it joined would not wake it
        return result

    async def _wait(self, ask: Ask, flight: _Flight) -> Result:
        flight.waiters += 1
        try:
            while True:
                done, _ = await asyncio.wait({flight.task}, timeout=self._patience_left_s)
                if done:
                    return flight.task.result()
                if (waited_s := self._waited_s) is not None and self._patience_s is not None:
                    return self._starting(ask, waited_s)
        except asyncio.CancelledError:
            if flight.waiters == 1 and not flight.task.done():
                self._abandon(ask, flight)
            raise
        finally:
            flight.waiters -= 1

    @property
    def _waited_s(self) -> float | None:
        """How long our statements have waited for the warehouse; None while none does."""
        since_s = self.meter.waiting_since_s
        return None if since_s is None else self.clock.monotonic_s() - since_s

    @property
    def _patience_left_s(self) -> float | None:
        """Patience is with the warehouse, not with each question: an answer rests on several."""
        if self._patience_s is None:
            return None
        return max(_LEAST_PATIENCE_S, self._patience_s - (self._waited_s or 0.0))

    def _starting(self, ask: Ask, waited_s: float) -> Result:
        """The answer for now; the statement goes on, and its rows come with one of the next questions."""
        entry = self._entries.get(ask)
        error = WarehouseStarting(
            f"The SQL warehouse is starting, or full: our statements have waited for {waited_s:.0f} s.",
            "The rows come by themselves.",
        )
        now = self.clock.now().replace(microsecond=0)
        return self._without_answer(ask, now, error, None if entry is None else entry.good)

    def _abandon(self, ask: Ask, flight: _Flight) -> None:
        """The last waiter is gone: the statement ends too."""
        self._flights.pop(ask, None)
        flight.task.cancel()
        request_id = flight.request_id
        if request_id is not None:
            task = asyncio.create_task(in_daemon_thread(lambda: self._stack.cancel(request_id)))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _fetch(self, ask: Ask, cursor: Cursor | None, *, fresh: bool) -> Result:
        # Whole seconds: the counts of two readings then add up, and nobody reads the fraction.
        window_end = self.clock.now().replace(microsecond=0) if cursor is None else cursor.window_end
        entry = self._entries.get(ask)
        reading, good = (None, None) if entry is None else (entry.reading, entry.good)
        try:
            try:
                window = Window.before(window_end, ask.hours)
                await self._check_awake()
                reading = await self._read(ask, window, cursor, None if fresh else reading, fresh=fresh)
                result = good = await self._result(ask, reading, cursor)
            except SourceError as error:
                result = self._without_answer(ask, window_end, error, good)
                # What concerns all statements, the guard before the source keeps from being asked too often.
                keep_s = limits.DENIED_RETRY_S if error.denied and not error.of_all else limits.FAILED_RETRY_S
            else:
                keep_s = max(ask.statement.keep_s or 0.0, self.pace.keep_s())
            kept = reading if self._incremental and ask.statement.incremental and cursor is None else None
            self._keep(ask, _Entry(result, self.clock.monotonic_s() + keep_s, good, kept))
            return result
        finally:
            flight = self._flights.get(ask)
            if flight is not None and flight.task is asyncio.current_task():
                del self._flights[ask]

    async def _read(
        self, ask: Ask, window: Window, cursor: Cursor | None, known: Reading | None, *, fresh: bool
    ) -> Reading:
        """What may have changed since `known`, joined to it; else the whole window."""
        since_us = None
        if known is not None and ask.statement.incremental:
            since_us = increments.read_since_us(known, window)
        if known is not None and since_us is not None:
            news = await self._run(ask, window, cursor, since_us)
            rows = page_rows(ask) + 1 if "row_key" in ask.statement.schema else None
            joined = increments.joined(known, news, since_us, rows)
            if joined is not None:
                return joined
        whole = await self._run(ask, window, cursor, None, fresh=fresh)
        return increments.anew(known, whole) if known is not None and ask.statement.incremental else whole

    async def _run(
        self, ask: Ask, window: Window, cursor: Cursor | None, since_us: int | None, *, fresh: bool = False
    ) -> Reading:
        statement = ask.statement
        width_us = asks.span_us(ask)
        fine_until_us = increments.fine_until_us(window) if since_us is None else 0
        request = Request(
            statement,
            statement.text_for(self._physical),
            values(
                ask,
                window,
                self._workspace_ids,
                since_us=since_us,
                fine_until_us=fine_until_us if self._incremental else 0,
                cursor=cursor,
            ),
            self._timeout_s,
            panel=asking.panel() or statement.name,
            fresh=fresh,
        )
        flight = self._flights.get(ask)
        if flight is not None:
            flight.request_id = request.id
        try:
            async with self._slots:
                source = await self._stack.opened()
                frame = await in_daemon_thread(lambda: source.execute(request))
        except SourceError:
            raise
        except Exception as error:
            # Nobody foresaw it; it is this answer's failure all the same, not the end of the app.
            _log.exception("%s failed in an unforeseen way", statement.name)
            failure = StatementFailed(
                f"The answer to {statement.name} could not be read ({type(error).__name__})."
            )
            self.tables.failed(statement, failure)
            raise failure from error
        return increments.reading(frame, window, fine_until_us, width_us, ask.overlap_hours)

    async def _check_awake(self) -> None:
        """Raises WarehouseAsleep where a statement would wake what is to be let be.

        Otherwise the warehouse is looked at beside the statement: what it costs is for the meter.
        """
        if self.pace.must_see(by_the_clock=asking.by_the_clock()):
            told = await self.live.warehouse()
            self.pace.check_awake(told.value if told.reason is None else None)
        elif self.pace.bills and self._looking is None:
            self._looking = asyncio.create_task(self.live.warehouse())
            self._looking.add_done_callback(self._has_looked)

    def _has_looked(self, task: asyncio.Task[object]) -> None:
        self._looking = None
        if not task.cancelled() and task.exception() is not None:
            _log.error("the warehouse could not be looked at", exc_info=task.exception())

    async def inspection(self) -> Inspection | None:
        """What the doctor asks of the workspace; None where the source is none."""
        return await self._stack.inspection()

    async def _result(self, ask: Ask, reading: Reading, cursor: Cursor | None) -> Result:
        table, window, as_of = ask.statement.table, reading.window, reading.seen
        if table is not None:
            as_of = await self._table_head(table, as_of)
        frame, total, next_cursor = reading.rows, reading.rows.height, None
        if "row_key" in frame.columns:
            total = reading.total
            frame, following = page(frame, page_rows(ask), window.end, reading.seen, cursor)
            next_cursor = None if following is None else following.encode(self.tenant, ask)
        frame = frame.drop("sort_us", "row_key", strict=False)
        name = "" if table is None else self.table_name(table)
        state, reason = state_of(name, window, as_of, self._stale_after.get(table or ""))
        if table is not None and ask.cursor is None:
            self.tables.seen(table, state, reason, as_of, window.end)
        if state == "empty" and total:
            # Rows that the table's silence does not deny: runs that still go on, warehouses that are known.
            state = "fresh"
        return Result(frame, total, window, as_of, window.end, state, reason, next_cursor, reading.counts)

    async def _table_head(self, table: str, seen: datetime | None) -> datetime | None:
        """The newest event time that the table has shown us; asked for by itself when the window shows none."""
        known = self.tables.head(table, seen)
        if known is None:
            head = await self.answer(asks.head(table))
            if head.state in ("denied", "failed"):
                return None
            newest = head.frame.get_column("head").max() if head.frame.height else None
            known = self.tables.head(table, newest if isinstance(newest, datetime) else None)
        return known

    def _without_answer(
        self, ask: Ask, window_end: datetime, error: SourceError, good: Result | None
    ) -> Result:
        state: State = "denied" if error.denied else "failed"
        if ask.statement.table is not None:
            known = good.as_of if good is not None else None
            self.tables.seen(
                ask.statement.table, "stale" if good else state, error.sentence, known, window_end
            )
        if good is not None:
            return replace(good, state="stale", reason=error.sentence, code=error.code)
        window = Window.before(window_end, ask.hours)
        nothing = increments.reading(pl.DataFrame(schema=ask.statement.schema), window, 0, 1)
        frame = nothing.rows.drop("sort_us", "row_key", strict=False)
        return Result(
            frame, 0, window, None, window_end, state, error.sentence, counts=nothing.counts, code=error.code
        )

    def _keep(self, ask: Ask, entry: _Entry) -> None:
        self._entries[ask] = entry
        self._entries.move_to_end(ask)
        rows = sum(kept.result.frame.height for kept in self._entries.values())
        while len(self._entries) > 1 and (
            len(self._entries) > limits.CACHED_ANSWERS or rows > limits.CACHED_ROWS
        ):
            _, dropped = self._entries.popitem(last=False)
            rows -= dropped.result.frame.height

    async def close(self) -> None:
        """Cancel what runs, let go of the source. Bounded in time."""
        flights = list(self._flights.values())
        self._flights.clear()
        await self._stack.close()
        if self._looking is not None:
            self._looking.cancel()
        for flight in flights:
            flight.task.cancel()
        self.meter.close()
        await asyncio.gather(*(flight.task for flight in flights), return_exceptions=True)
