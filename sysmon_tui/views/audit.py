"""Audit events as a client sees them; `request_params` is a JSON text."""

from __future__ import annotations

import polars as pl

from sysmon_tui.views.answer import cut_text

FIELDS = (
    "event_id",
    "event_time",
    "workspace_id",
    "user_email",
    "service_name",
    "action_name",
    "status",
    "status_code",
    "error_message",
    "source_ip",
    "user_agent",
    "request_params",
)


def events(rows: pl.DataFrame) -> pl.DataFrame:
    return cut_text(rows, "error_message").select(FIELDS)
