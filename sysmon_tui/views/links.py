"""Links into the workspace of a row, which need not be the one we are connected to."""

from __future__ import annotations

from urllib.parse import quote

import polars as pl


def with_host(rows: pl.DataFrame, hosts: pl.DataFrame) -> pl.DataFrame:
    """`rows` with a column `host` by workspace_id; null where the workspace's host is not known."""
    known = hosts.select("workspace_id", pl.col("workspace_url").alias("host")).unique("workspace_id")
    return rows.join(known, on="workspace_id", how="left", maintain_order="left").with_columns(
        # The table has hosts with and without a scheme; only plain host names make a link.
        pl.col("host").str.strip_prefix("https://").str.strip_suffix("/").str.extract(r"^([A-Za-z0-9.-]+)$")
    )


def url(path: str, *columns: str | pl.Expr) -> pl.Expr:
    """`https://<host><path>` with `{}` in the path for each column, ids percent-encoded; null without a host."""
    parts = [
        (pl.col(part).map_elements(_encoded, return_dtype=pl.String) if isinstance(part, str) else part)
        for part in columns
    ]
    return pl.format("https://{}" + path, pl.col("host"), *parts).alias("url")


def _encoded(text: str) -> str:
    return quote(text, safe="")
