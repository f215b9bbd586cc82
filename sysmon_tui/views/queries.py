"""Finished statements as a client sees them."""

from __future__ import annotations

import polars as pl

from sysmon_tui.views.answer import cut_text
from sysmon_tui.views.links import url, with_host

FIELDS = (
    "workspace_id",
    "statement_id",
    "status",
    "user_email",
    "warehouse_id",
    "warehouse_name",
    "statement_type",
    "statement_text",
    "error_class",
    "error_message",
    "client_application",
    "start_time",
    "end_time",
    "total_duration_ms",
    "waiting_for_compute_duration_ms",
    "waiting_at_capacity_duration_ms",
    "compilation_duration_ms",
    "execution_duration_ms",
    "read_rows",
    "read_bytes",
    "produced_rows",
    "spilled_local_bytes",
    "from_result_cache",
    "url",
)


def queries(rows: pl.DataFrame, names: pl.DataFrame, hosts: pl.DataFrame) -> pl.DataFrame:
    """`names` are the warehouses' latest names; a statement of serverless compute has no warehouse."""
    started_ms = pl.col("start_time").dt.epoch("ms")
    named = rows.join(names, on=["workspace_id", "warehouse_id"], how="left", maintain_order="left")
    return (
        with_host(cut_text(named, "statement_text", "error_message"), hosts)
        .with_columns(
            url(
                "/sql/history?queryId={}&queryStartTimeMs={}&o={}", "statement_id", started_ms, "workspace_id"
            )
        )
        .select(FIELDS)
    )
