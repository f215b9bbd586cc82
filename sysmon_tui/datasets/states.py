"""The words for how a run or a statement stands. Pure, so that a filter can be read before any engine is loaded."""

from __future__ import annotations

FAILED_RUN_STATES = ("FAILED", "ERROR", "TIMED_OUT")
RUN_STATES = ("SUCCEEDED", *FAILED_RUN_STATES, "CANCELLED", "SKIPPED", "BLOCKED", "RUNNING")
QUERY_STATES = ("FINISHED", "FAILED", "CANCELED")
