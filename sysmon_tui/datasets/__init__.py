"""WHAT we ask: one .sql file a statement in Databricks SQL, its typed parameters, the schema of its answer.

`catalogue.py` lists the statements, `asks.py` turns filters as people write them into parameters of a statement.
The text of a statement runs as it stands on a SQL warehouse and on Spark, and through sqlglot on DuckDB; there is
never a second copy for another engine. Fragments that several statements share (`-- include: name`) are put in when
the file is read.
"""
