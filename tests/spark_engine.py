"""A local Spark beside DuckDB: the reference's tables in one session, with the rows that an Estate holds.

The session lives as long as the test process: starting one takes seconds. It is set up to find faults, not to be
forgiving: ANSI mode, and a time zone with daylight saving. Tests that need it carry `requires_spark`.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.sources.base import Source
from sysmon_tui.sources.embedded import CATALOG
from sysmon_tui.sources.spark import SparkSource
from tests.estate import REFERENCE, Estate

ZONE = "America/New_York"


def _missing() -> str:
    """Why Spark cannot run here; empty if it can."""
    if importlib.util.find_spec("pyspark") is None:
        return "PySpark is not installed (the extra `spark`)"
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        return "there is no Java for Spark to run on"
    return ""


_REASON = _missing()
if _REASON and os.environ.get("SYSMON_REQUIRE_SPARK") == "1":
    raise RuntimeError(f"SYSMON_REQUIRE_SPARK=1, but {_REASON}.")

_skip = pytest.mark.skipif(bool(_REASON), reason=_REASON or "Spark runs here")


def requires_spark(test: Any) -> Any:
    """Marks a test (or a parameter's marks through SPARK_MARKS) as one that runs on Spark."""
    return pytest.mark.spark(_skip(test))


SPARK_MARKS = [pytest.mark.spark, _skip]

# Whole-stage code generation and adaptive planning pay off after seconds; these statements take a tenth of one.
_SETTINGS = {
    "spark.master": "local[1]",
    "spark.app.name": "sysmon_tui tests",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": ZONE,
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}

# Without an appender Spark would take its own settings for logging.
_QUIET = """\
rootLogger.level = off
rootLogger.appenderRef.console.ref = console
appender.console.name = console
appender.console.type = Console
"""

_TABLE = re.compile(r"^CREATE TABLE IF NOT EXISTS (\S+) \(.*?^\) USING parquet", re.DOTALL | re.MULTILINE)


@cache
def _folder() -> Path:
    """Where everything lies that Spark writes; gone with the process."""
    folder = Path(tempfile.mkdtemp(prefix="sysmon-spark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def session() -> Any:
    """The one session of this process, with the reference's tables, empty."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 (not installed everywhere)

    folder = _folder()
    quiet = folder / "log4j2.properties"
    quiet.write_text(_QUIET)
    builder = SparkSession.builder
    for key, value in {
        **_SETTINGS,
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.local.dir": str(folder / "local"),
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={quiet} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    atexit.register(spark.stop)
    _answer_to_system(spark)
    for schema in sorted({name.split(".")[1] for name in TABLES.values()}):
        spark.sql(f"CREATE SCHEMA system.{schema}")
    for statement in _TABLE.finditer(REFERENCE.read_text(encoding="utf-8")):
        if statement[1] in TABLES.values():
            spark.sql(statement[0])
    return spark


def _answer_to_system(spark: Any) -> None:
    """Let the session's own catalog answer to `system` too, so that statements run with the names they have.

    Open-source Spark brings no other catalog that holds structs and maps, and that one's name is fixed. The map of
    catalogs by name is private to Spark; this is a test, and it fails loudly should the map go.
    """
    manager = spark._jsparkSession.sessionState().catalogManager()
    field = manager.getClass().getDeclaredField("catalogs")
    field.setAccessible(True)
    field.get(manager).put("system", manager.v2SessionCatalog())


def spark_source(estate: Estate) -> tuple[Source, Mapping[str, str]]:
    """A source whose tables hold the rows that the estate holds now, and the names of its tables where they differ
    from the real ones: none do.

    There is one set of tables: a later call for another estate takes the rows of the earlier one away.
    """
    load(estate.connection)
    return SparkSource(session()), {}


# The tables that hold rows.
_filled: set[str] = set()


def load(connection: duckdb.DuckDBPyConnection) -> None:
    """Make Spark's tables hold the rows of `system_tables` in DuckDB, and no others."""
    spark = session()
    with connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        for name in TABLES.values():
            schema, table = name.split(".")[1:]
            source = f"{CATALOG}.{schema}.{table}"
            file = _folder() / "warehouse" / f"{schema}.db" / table / "rows.parquet"
            found = cursor.execute(f"SELECT 1 FROM {source} LIMIT 1").fetchone() is not None
            if not found and name not in _filled:
                continue
            file.unlink(missing_ok=True)
            if found:
                file.parent.mkdir(parents=True, exist_ok=True)
                cursor.execute(f"COPY (SELECT {_columns(cursor, source)} FROM {source}) TO '{file}'")
                _filled.add(name)
            else:
                _filled.discard(name)
            spark.sql(f"REFRESH TABLE {name}")


def _columns(cursor: duckdb.DuckDBPyConnection, source: str) -> str:
    """Every column, timestamps as the instants that they are: DuckDB's tables hold them as UTC without saying so."""
    described = cursor.execute(f"DESCRIBE {source}").fetchall()
    return ", ".join(
        f'"{name}" AT TIME ZONE \'UTC\' AS "{name}"' if kind == "TIMESTAMP" else f'"{name}"'
        for name, kind, *_ in described
    )
