"""A statement's life on the stand-in: PENDING, RUNNING, an end."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl


def new_id() -> str:
    return f"01{uuid.uuid4().hex[:6]}-{str(uuid.uuid4())[9:]}"


@dataclass(eq=False)
class StandInStatement:
    """What was received, and what became of it. `chunks` hold the rows once it has SUCCEEDED."""

    body: Mapping[str, Any]
    id: str = field(default_factory=new_id)
    submitted_s: float = field(default_factory=time.monotonic)
    state: str = "PENDING"
    error: Mapping[str, Any] | None = None
    sql_state: str | None = None
    frame: pl.DataFrame = field(default_factory=pl.DataFrame)
    chunks: list[pl.DataFrame] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    canceled: threading.Event = field(default_factory=threading.Event)
    interrupt: Callable[[], object] | None = None
    # Called when it ends, before anybody can see that it has.
    on_end: Callable[[], object] = lambda: None
    _ending: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def text(self) -> str:
        return str(self.body["statement"])

    @property
    def parameters(self) -> dict[str, Mapping[str, Any]]:
        """As sent, by name."""
        return {item["name"]: item for item in self.body.get("parameters") or ()}

    @property
    def tags(self) -> dict[str, str | None]:
        return {item["key"]: item.get("value") for item in self.body.get("query_tags") or ()}

    @property
    def external(self) -> bool:
        return self.body.get("disposition") == "EXTERNAL_LINKS"

    def end(self, state: str) -> None:
        with self._ending:
            if not self.ended.is_set():
                self.on_end()
                self.state = state
                self.ended.set()

    def fail(self, code: str, message: str, sql_state: str | None = None) -> None:
        self.error = {"error_code": code, "message": message}
        self.sql_state = sql_state
        self.end("FAILED")

    def cancel(self) -> None:
        """Returns when the engine is free: it forgets an interrupt that comes before the work has begun."""
        self.canceled.set()
        for _ in range(200):
            interrupt = self.interrupt
            if interrupt is None:
                break
            interrupt()
            time.sleep(0.01)
        self.end("CANCELED")
