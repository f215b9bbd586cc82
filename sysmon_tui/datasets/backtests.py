"""The statements that try thresholds out on what has happened: one for each table.

What they answer are pages and who was noisiest, never the rows: a year of a large estate comes as some hundred rows.
Their windows are not to be read in halves (services/split.py asks for `span_us`, which they do not have): an episode
that lies on both sides would be two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from sysmon_tui import limits
from sysmon_tui.datasets.statement import Statement

_HOUR_US = 3_600_000_000
# A login is a brute force by the failures of a quarter of an hour before it.
_SIGN_IN_HOURS = 0.25

_TEXT = pl.String()
_COUNT = pl.Int64()
_INSTANT = pl.Datetime("us", "UTC")

_WINDOW = {
    "window_start_us": "BIGINT",
    "window_end_us": "BIGINT",
    "scan_start_us": "BIGINT",
    "workspace_ids": "STRING",
    "lead_us": "BIGINT",
    "rules": "STRING",
    "row_limit": "INT",
}
# `kind` is page or noisy. A page has `total` pages of its rule, so that they are known where rows are cut off; what is
# noisy has `total` events, and in `side` whether it is who or what.
_FOUND = {
    "kind": _TEXT,
    "rule": _TEXT,
    "side": _TEXT,
    "entity": _TEXT,
    "label": _TEXT,
    "started_at": _INSTANT,
    "ended_at": _INSTANT,
    "peak": _COUNT,
    "total": _COUNT,
    "as_of": _INSTANT,
}

WORKFLOWS = Statement(
    "backtest_workflows",
    _WINDOW,
    _FOUND,
    table="job_run_timeline",
    lookback_hours=limits.STREAK_LOOKBACK_HOURS,
)
QUERIES = Statement(
    "backtest_queries",
    {**_WINDOW, "since_us": "BIGINT", "slow_query_seconds": "BIGINT", "queued_query_seconds": "BIGINT"},
    _FOUND,
    table="query_history",
    lookback_hours=limits.QUERY_LOOKBACK_HOURS,
)
SECURITY = Statement(
    "backtest_security",
    {
        **_WINDOW,
        "since_us": "BIGINT",
        "first_date": "DATE",
        "last_date": "DATE",
        "brute_force_failures": "BIGINT",
        "token_lifetime_ms": "BIGINT",
    },
    _FOUND,
    table="audit",
    lookback_hours=_SIGN_IN_HOURS,
)
BACKTESTS = (WORKFLOWS, QUERIES, SECURITY)


@dataclass(frozen=True)
class Trial:
    """A rule to try out. A `window` of nothing: each of its events is an episode, whatever the threshold.

    An episode shorter than `wait` does not count; one that begins no later than `hold` after the last goes on with it.
    """

    rule: str
    threshold: int
    window: timedelta
    hold: timedelta
    wait: timedelta = timedelta(0)

    @property
    def lead(self) -> timedelta:
        """How long before a window to begin, so that what begins within it is told from what goes on."""
        return 2 * self.window + self.hold + self.wait


def rules_text(trials: Iterable[Trial]) -> str:
    """The value of :rules; sql/backtest_rules.sql reads it."""
    return ",".join(
        f"{trial.rule}/{trial.threshold}/{_micros(trial.window)}/{_micros(trial.hold)}/{_micros(trial.wait)}"
        for trial in trials
    )


def lead_us(trials: Iterable[Trial]) -> int:
    """In whole hours, at least one."""
    longest = max(_micros(trial.lead) for trial in trials)
    return (longest // _HOUR_US + 1) * _HOUR_US


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
