"""The task runs of a job run as its tasks: a row each, failed ones first. Imported only once there are rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import polars as pl

from sysmon_tui.datasets.asks import FAILED_RUN_STATES

if TYPE_CHECKING:
    from sysmon_tui.sources.live import TaskFailure


# What the API calls otherwise than the tables.
_STATUSES: Final = {"TIMEDOUT": "TIMED_OUT", "INTERNAL_ERROR": "ERROR"}


def with_tries(task_runs: pl.DataFrame, failures: Sequence[TaskFailure]) -> pl.DataFrame:
    """Task runs with the number of each within its task, `try`, from 1 in the order in which they began.

    The tables show how a task run ended minutes later than the API: those that only the API knows come last, and one
    that still goes on in the tables has failed if the API says so.
    """
    shown = set(task_runs.get_column("run_id"))
    statuses = {one.run_id: _STATUSES.get(one.status, one.status) for one in failures}
    ahead = [
        {"run_id": one.run_id, "task_key": one.task_key, "status": statuses[one.run_id]}
        for one in failures
        if one.task_key and one.run_id not in shown
    ]
    status = pl.col("status")
    schema = dict.fromkeys(("run_id", "task_key", "status"), pl.String())
    return (
        pl.concat([task_runs, pl.DataFrame(ahead, schema=schema)], how="diagonal")
        .sort("start_time", nulls_last=True, maintain_order=True)
        .with_columns(
            pl.int_range(1, pl.len() + 1).over("task_key").alias("try"),
            pl.when(status == "RUNNING")
            .then(pl.col("run_id").replace_strict(statuses, default=status, return_dtype=pl.String))
            .otherwise(status)
            .alias("status"),
        )
    )


def tries_of(task_runs: pl.DataFrame, failures: Sequence[TaskFailure], task_key: object) -> pl.DataFrame:
    """One task's runs with the number of each."""
    return with_tries(task_runs, failures).filter(pl.col("task_key").eq_missing(pl.lit(task_key)))


def any_failed(task_runs: pl.DataFrame) -> bool:
    return bool(task_runs.get_column("status").is_in(FAILED_RUN_STATES).any())


def by_task(task_runs: pl.DataFrame, failures: Sequence[TaskFailure]) -> pl.DataFrame:
    """A row a task: the fields of its newest try, `tries`, `failed_tries`, and the `error` of one that failed."""
    failed = pl.col("status").is_in(FAILED_RUN_STATES)
    errors = {one.run_id: one.message or one.status for one in failures}
    return (
        with_tries(task_runs, failures)
        .group_by("task_key", maintain_order=True)
        .agg(
            pl.all().last(),
            pl.len().cast(pl.Int64).alias("tries"),
            failed.sum().cast(pl.Int64).alias("failed_tries"),
        )
        .with_columns(
            pl.col("run_id").replace_strict(errors, default=None, return_dtype=pl.String).alias("error")
        )
        .sort(~failed, "start_time", nulls_last=True, maintain_order=True)
    )


def opened_from(row: pl.DataFrame, parent: pl.DataFrame, tenant: str | None) -> pl.DataFrame:
    """A row of a detail view with what it needs of the row that the view is of: whose it is, and a link."""
    link = parent.item(0, "url") if "url" in parent.columns else None
    return row.with_columns(
        pl.lit(tenant, dtype=pl.String).alias("tenant"),
        (pl.col("url") if "url" in row.columns else pl.lit(link, dtype=pl.String)).alias("url"),
    )
