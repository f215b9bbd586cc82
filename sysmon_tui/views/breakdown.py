"""Queries and logins broken down: figures of a whole window, from statements that counted it."""

from __future__ import annotations

from typing import Literal

import polars as pl

LoginKey = Literal["user", "address"]

# The parts of a statement's time as people call them; they add up to the whole only nearly.
TIME_PARTS: dict[str, str] = {
    "total": "in all",
    "waiting_for_compute": "waiting for compute",
    "waiting_at_capacity": "waiting at capacity",
    "compilation": "compiling",
    "execution": "executing",
}


def time_parts(figures: pl.DataFrame) -> pl.DataFrame:
    """part, statements, sum_ms, share, p95_ms: a row for each of TIME_PARTS; none where there was no statement.

    `figures` is the row of query_times.sql, if there is one. `share` is that of the whole, null where nothing took any
    time.
    """
    schema = {
        "part": pl.String(),
        "statements": pl.Int64(),
        "sum_ms": pl.Int64(),
        "share": pl.Float64(),
        "p95_ms": pl.Int64(),
    }
    rows = []
    for row in figures.iter_rows(named=True):
        whole_ms = row["total_sum_ms"]
        for name, part in TIME_PARTS.items():
            sum_ms = row[f"{name}_sum_ms"]
            share = sum_ms / whole_ms if sum_ms is not None and whole_ms else None
            rows.append((part, row["statements"], sum_ms, share, row[f"{name}_p95_ms"]))
    return pl.DataFrame(rows, schema=schema, orient="row")


def error_classes(errors: pl.DataFrame) -> pl.DataFrame:
    """The rows of query_errors.sql, their messages without the bracketed class that they begin with."""
    return errors.with_columns(pl.col("last_message").str.replace(r"^[^A-Za-z]*\[[A-Z0-9_.]+\]\s*", ""))


def login_failures(rows: pl.DataFrame, by: LoginKey) -> tuple[pl.DataFrame, int]:
    """name, failures, others, first_failure, last_failure, followed, let_in_at; and how many names there are in all.

    `rows` are those of login_failures.sql. `others` are the addresses of a user, the users of an address. `followed`
    says whether a login went through after a refused one: "yes", "no", or "unknown" where no name is known.
    """
    own = rows.filter(pl.col("counted_by") == by)
    followed = (
        pl.when(pl.col("name").is_null())
        .then(pl.lit("unknown"))
        .when(pl.col("let_in_at").is_null())
        .then(pl.lit("no"))
        .otherwise(pl.lit("yes"))
    )
    names = own.get_column("names").max()
    shown = own.select(
        "name",
        "failures",
        "others",
        "first_failure",
        "last_failure",
        followed.alias("followed"),
        "let_in_at",
    )
    return shown, names if isinstance(names, int) else 0


def by_class(errors: pl.DataFrame) -> list[tuple[str | None, int]]:
    """Error classes with their failures, commonest first; None is without a class. Adds up what tenants have apart."""
    failures = errors.group_by("error_class").agg(pl.col("failures").sum())
    return list(failures.sort(["failures", "error_class"], descending=[True, False]).iter_rows())
