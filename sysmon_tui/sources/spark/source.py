"""SparkSource: statements on a SparkSession that belongs to somebody else, from any thread.

A statement runs in a thread of its own: job groups and tags belong to threads, and the caller's stay as they are.
Spark has no cancelling of a statement that is being planned and none that holds for jobs yet to begin, so an ended
statement is cancelled again and again until its thread is back.
"""

from __future__ import annotations

import contextlib
import re
import threading
from typing import Any, Final

import polars as pl

from sysmon_tui.errors import (
    ResultTooLarge,
    SourceError,
    SourceUnreachable,
    StatementCanceled,
    StatementFailed,
)
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.spark.answer import parameterised, read
from sysmon_tui.sources.spark.session import THREAD_NAME, cancel, found_session, mark, quieten
from sysmon_tui.sources.statement_failures import cleaned, of_message

# How long an ended statement is waited for; it is cancelled further after that.
_END_S: Final = 2.0
_CANCEL_AGAIN_S: Final = 0.1
_CLOSE_S: Final = 2.5

# `: org.apache.spark.SparkException: ` stands before what py4j's errors have to say, after a line of its own.
_JAVA = re.compile(r"\A[^\n]*\n: (?:[\w.$]+: )?")
# The last is PySpark's own stumbling over a context that was stopped: what it held is None.
_GONE = re.compile(
    "stopped SparkContext|SparkContext was shut down|Connection refused|SESSION_NOT_FOUND|'NoneType' object has no"
)


class SparkSource:
    """`session` is classic or Connect; it is used and never stopped."""

    def __init__(self, session: Any) -> None:
        quieten()
        self._session = session
        self._running: dict[str, _Run] = {}
        self._changed = threading.Condition()
        self._closed = False

    @classmethod
    def open(cls, session: Any | None = None) -> SparkSource:
        """On the session, else on the one of this process. Raises SourceUnreachable if there is none."""
        return cls(found_session(session))

    def execute(self, request: Request) -> pl.DataFrame:
        run = _Run(request, self._session)
        with self._changed:
            if self._closed:
                raise StatementCanceled("The source is closed.")
            self._running[request.id] = run
        try:
            return run.answer()
        finally:
            with self._changed:
                del self._running[request.id]
                self._changed.notify_all()

    def cancel(self, request_id: str) -> None:
        """The executing thread wakes, ends the jobs and raises; this one does not wait for it."""
        with self._changed:
            run = self._running.get(request_id)
        if run is not None:
            run.stop()

    def close(self) -> None:
        """Returns when what ran is cancelled, after 2.5 s in any case. The session lives on."""
        with self._changed:
            self._closed = True
            for run in self._running.values():
                run.stop()
            self._changed.wait_for(lambda: not self._running, timeout=_CLOSE_S)


class _Run:
    """One statement in a thread of its own."""

    def __init__(self, request: Request, session: Any) -> None:
        self._request = request
        self._session = session
        self._group = f"sysmon-{request.id}"
        self._woken = threading.Event()
        self._canceled = False
        self._given_up = False
        self._outcome: pl.DataFrame | SourceError | None = None
        self._worker = threading.Thread(target=self._work, daemon=True, name=THREAD_NAME)

    def stop(self) -> None:
        self._canceled = True
        self._woken.set()

    def answer(self) -> pl.DataFrame:
        self._worker.start()
        try:
            self._woken.wait(self._request.timeout_s)
        finally:
            outcome = self._outcome
            if outcome is None:
                self._end()
        if self._canceled:
            raise StatementCanceled("The statement was cancelled.")
        if outcome is None:
            raise StatementFailed(
                f"The statement {self._request.statement.name} took longer than {self._request.timeout_s:.0f} s.",
                "Choose a shorter window.",
            )
        if isinstance(outcome, SourceError):
            raise outcome
        return outcome

    def _work(self) -> None:
        try:
            mark(self._session, self._group, f"sysmon_tui {self._request.statement.name}")
            text, values = parameterised(self._request)
            if not self._given_up:
                answer = self._session.sql(text, args=values)
                if not self._given_up:  # planning takes its time and hears no cancelling
                    self._outcome = read(answer, self._request)
        except SourceError as error:
            self._outcome = error
        except Exception as error:  # py4j, PySpark, the JVM behind them and gRPC have no common class
            self._outcome = _of_spark(error, self._request)
        finally:
            self._woken.set()

    def _end(self) -> None:
        self._given_up = True
        ender = threading.Thread(target=self._cancel_until_ended, daemon=True, name=THREAD_NAME)
        ender.start()
        ender.join(_END_S)

    def _cancel_until_ended(self) -> None:
        while self._worker.is_alive():
            with contextlib.suppress(Exception):  # a session that has gone has ended the statement too
                cancel(self._session, self._group)
            self._worker.join(_CANCEL_AGAIN_S)


def _of_spark(error: Exception, request: Request) -> SourceError:
    said = _said(error)
    known = of_message(said, "", request.text)
    if known is not None:
        return known
    if "maxResultSize" in said:
        return ResultTooLarge(
            f"The answer to {request.statement.name} is larger than spark.driver.maxResultSize.",
            "Choose a shorter window.",
        )
    if isinstance(error, ConnectionError) or _GONE.search(said):
        return SourceUnreachable("The SparkSession does not answer: it was stopped, or its driver is gone.")
    reason = cleaned(said) or type(error).__name__
    return StatementFailed(f"Spark could not run {request.statement.name}: {reason}")


def _said(error: Exception) -> str:
    try:
        text = str(error)  # asks the JVM, which may be gone
    except Exception:
        return ""
    return _JAVA.sub("", text, count=1) if type(error).__name__ == "Py4JJavaError" else text
