"""Runs as a client sees them: one row a run, in the contract's fields."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from sysmon_tui.views.answer import cut_text
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
    "error_source",
    "run_as",
    "url",
)
# Where the error text of a run comes from: never the tables, which hold only codes.
JOBS_API = "jobs_api"


def workflows(runs: pl.DataFrame, hosts: pl.DataFrame) -> pl.DataFrame:
    """The tables hold no error text: `error_message` is null here."""
    return (
        with_host(runs, hosts)
        .with_columns(
            url("/jobs/{}/runs/{}?o={}", "job_id", "run_id", "workspace_id"),
            pl.lit(None, dtype=pl.String).alias("error_message"),
            pl.lit(None, dtype=pl.String).alias("error_source"),
        )
        .select(FIELDS)
    )


def with_errors(runs: pl.DataFrame, errors: Mapping[tuple[str, str], str]) -> pl.DataFrame:
    """What the Jobs API says of runs, by workspace_id and run_id."""
    if not errors:
        return runs
    known = pl.DataFrame(
        [(*key, text, JOBS_API) for key, text in errors.items()],
        schema=dict.fromkeys(("workspace_id", "run_id", "error_message", "error_source"), pl.String()),
        orient="row",
    )
    joined = runs.drop("error_message", "error_source").join(
        known, on=["workspace_id", "run_id"], how="left", maintain_order="left"
    )
    return cut_text(joined, "error_message").select(FIELDS)
