"""Runs as a client sees them: one row a run, in the contract's fields."""

from __future__ import annotations

import polars as pl

from sysmon_tui.views.links import url, with_host

FIELDS = (
    "workspace_id",
    "job_id",
    "run_id",
    "workflow_name",
    "run_type",
    "trigger_type",
    "status",
    "start_time",
    "end_time",
    "duration_seconds",
    "attempts",
    "termination_code",
    "termination_type",
    "error_message",
    "run_as",
    "url",
)


def workflows(runs: pl.DataFrame, hosts: pl.DataFrame) -> pl.DataFrame:
    """The tables hold no error text, only codes: `error_message` is null here."""
    return (
        with_host(runs, hosts)
        .with_columns(
            url("/jobs/{}/runs/{}?o={}", "job_id", "run_id", "workspace_id"),
            pl.lit(None, dtype=pl.String).alias("error_message"),
        )
        .select(FIELDS)
    )
