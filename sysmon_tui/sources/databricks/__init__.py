"""The SQL-warehouse source: statements over the Statement Execution API, signed in by databricks-sdk."""

from __future__ import annotations

from sysmon_tui.sources.databricks.source import DatabricksSource

__all__ = ["DatabricksSource"]
