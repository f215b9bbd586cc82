"""What not to ask: a source that is down for all, and tables that it has refused.

A workspace that can't be reached, or that has refused the sign-in, answers every panel the same; asking it for each of
them at each refresh would be a storm, and a hundred time-outs. A table without a grant stays without one until an admin
has done something. `fresh` requests (a key, a job) are asked all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from sysmon_tui import limits
from sysmon_tui.clock import Clock
from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.errors import AccessDenied, SourceError, StatementCanceled
from sysmon_tui.sources.base import Request, Source


@dataclass(frozen=True)
class _Refused:
    error: SourceError
    until_s: float


class GuardedSource:
    """`inner`, asked for nothing that it has just shown it can't answer.

    `physical` are the tenant's tables as for Statement.text_for. After CIRCUIT_FAILURES failures in a row that concern
    every statement the circuit is open: requests fail at once with the last of them. Then one request is let through;
    its success closes the circuit, its failure keeps it open for twice as long.
    """

    def __init__(self, inner: Source, physical: Mapping[str, str], clock: Clock) -> None:
        self._inner = inner
        self._names = {key: physical.get(key, name).replace("`", "") for key, name in TABLES.items()}
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open: _Refused | None = None
        self._open_s = 0.0
        self._probe_id = ""
        self._tables: dict[str, _Refused] = {}

    @property
    def is_open(self) -> bool:
        """Whether the source is held to be down."""
        return self._open is not None

    def execute(self, request: Request) -> pl.DataFrame:
        refused = self._refused(request)
        if refused is not None:
            raise refused
        try:
            frame = self._inner.execute(request)
        except StatementCanceled:
            raise
        except SourceError as error:
            self._note(request, error)
            raise
        self._answered(request)
        return frame

    def _refused(self, request: Request) -> SourceError | None:
        if request.fresh:
            return None
        now_s = self._clock.monotonic_s()
        with self._lock:
            for key in request.statement.tables:
                table = self._tables.get(self._names[key])
                if table is not None and now_s < table.until_s:
                    return table.error
            if self._open is not None:
                if now_s < self._open.until_s:
                    return self._open.error
                # This one is let through; who comes while it is under way is not.
                self._open = _Refused(self._open.error, now_s + self._open_s)
                self._probe_id = request.id
        return None

    def _note(self, request: Request, error: SourceError) -> None:
        now_s = self._clock.monotonic_s()
        with self._lock:
            if error.of_all:
                self._failures += 1
                if self._open is None and (error.denied or self._failures >= limits.CIRCUIT_FAILURES):
                    self._keep_open(error, now_s, limits.CIRCUIT_OPEN_S)
                elif self._open is not None and request.id == self._probe_id:
                    self._keep_open(error, now_s, self._open_s * 2)
                return  # what was under way when it opened says nothing new
            self._close_circuit()
            if isinstance(error, AccessDenied) and error.table is not None:
                for name in self._meant(request, error.table):
                    self._tables[name] = _Refused(error, now_s + limits.DENIED_RETRY_S)

    def _keep_open(self, error: SourceError, now_s: float, seconds: float) -> None:
        self._open_s = limits.DENIED_RETRY_S if error.denied else min(seconds, limits.CIRCUIT_LONGEST_S)
        self._open = _Refused(error, now_s + self._open_s)

    def _meant(self, request: Request, table: str) -> list[str]:
        """The tables of the request that the refusal is about."""
        return [name for key in request.statement.tables if (name := self._names[key]) == table]

    def _answered(self, request: Request) -> None:
        with self._lock:
            self._close_circuit()
            for key in request.statement.tables:
                self._tables.pop(self._names[key], None)

    def _close_circuit(self) -> None:
        self._failures = 0
        self._open = None

    def cancel(self, request_id: str) -> None:
        self._inner.cancel(request_id)

    def close(self) -> None:
        self._inner.close()
