"""What this program knows of a SparkSession that somebody else has made: whether there is one, and whose jobs are ours.

A session is `Any`: classic and Connect sessions are different classes, and PySpark need not be installed.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import Any

from sysmon_tui.errors import SourceUnreachable

# The threads that run statements; what PySpark logs in them is told by the source's own errors.
THREAD_NAME = "sysmon-spark"


def active_session() -> Any | None:
    """The SparkSession of this process, in whatever thread it was made; None if there is none."""
    pyspark = sys.modules.get("pyspark.sql")  # nobody has made a session without importing it
    if pyspark is None:
        return None
    # Each version has an error of its own for "there is none".
    with contextlib.suppress(Exception):
        return pyspark.SparkSession.active()
    return None


def found_session(given: Any | None) -> Any:
    """The session given, else that of this process. Raises SourceUnreachable if there is none."""
    session = active_session() if given is None else given
    if session is None:
        raise SourceUnreachable(
            "There is no SparkSession in this process.",
            "Run it in a notebook or job of Databricks, or make a session (the extra `spark` brings PySpark) and hand "
            "it over as AlertingService(spark=...).",
        )
    return session


def _context(session: Any) -> Any | None:
    """The SparkContext of a classic session; a Connect session has none and says so with an AttributeError."""
    return getattr(session, "sparkContext", None)


def mark(session: Any, group: str, description: str) -> None:
    """What this thread starts from now on belongs to `group`."""
    context = _context(session)
    if context is None:
        session.addTag(group)
    else:
        context.setJobGroup(group, description, interruptOnCancel=True)


def cancel(session: Any, group: str) -> None:
    """End the jobs of `group` that are at work now; one that begins later is not met."""
    context = _context(session)
    if context is None:
        session.interruptTag(group)
    else:
        context.cancelJobGroup(group)


def quieten() -> None:
    """PySpark 4 writes each refused statement to stderr with its Java stack: not for ours, which end in a sentence."""
    try:
        from pyspark.logger import PySparkLogger  # noqa: PLC0415 (there only where a session is)
    except ImportError:
        return
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        logger = PySparkLogger.getLogger(name)
        if _is_not_ours not in logger.filters:
            logger.addFilter(_is_not_ours)


def _is_not_ours(record: logging.LogRecord) -> bool:
    return record.threadName != THREAD_NAME
