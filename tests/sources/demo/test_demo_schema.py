"""The estate has the columns of the real tables: names, order and types."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from tests.sources.demo.estate_asking import standing

REFERENCE = Path(__file__).parents[2] / "reference" / "system_tables.sql"

# 120 leaves that nothing here fills; the column is there under a short type.
CUT_SHORT = {("query.history", "query_parameters")}


def published() -> dict[str, exp.Expr]:
    statements = [s for s in sqlglot.parse(REFERENCE.read_text(encoding="utf-8"), read="databricks") if s]
    return {".".join(part.name for part in s.this.this.parts[-2:]): s for s in statements}


def duckdb_type(column: exp.ColumnDef) -> str:
    """The column's type in DuckDB's spelling; an instant is a naive UTC TIMESTAMP there."""
    return str(column.kind.sql(dialect="duckdb")).replace("TIMESTAMPTZ", "TIMESTAMP") if column.kind else ""


@pytest.mark.parametrize("table", sorted(published()))
def test_columns_and_types_are_those_of_the_published_table(table: str) -> None:
    """Each view has the published columns in their order, with their types, and nothing of ours."""
    columns = [c for c in published()[table].this.expressions if isinstance(c, exp.ColumnDef)]
    schema, name = table.split(".")
    here = standing(
        "SELECT list({'name': column_name, 'type': data_type} ORDER BY column_index) FROM duckdb_columns()"
        " WHERE database_name = 'system_tables' AND schema_name = $schema AND table_name = $name",
        schema=schema,
        name=name,
    )
    assert [c["name"] for c in here] == [c.name for c in columns]
    for column, found in zip(columns, here, strict=True):
        if (table, column.name) not in CUT_SHORT:
            wanted = standing("SELECT typeof(CAST(NULL AS " + duckdb_type(column) + "))")
            assert found["type"] == wanted, column.name
