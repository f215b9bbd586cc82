"""The Spark source: statements on a live SparkSession, where this process has one (a notebook, a Databricks job).

PySpark is never imported here: a session that is given or active has brought it along.
"""

from sysmon_tui.sources.spark.session import active_session, found_session
from sysmon_tui.sources.spark.source import SparkSource

__all__ = ["SparkSource", "active_session", "found_session"]
