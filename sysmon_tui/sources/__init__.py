"""Who answers: a SQL warehouse, or the embedded DuckDB. All behind `base.Source`."""
