"""An invented Databricks estate in the embedded engine, for `--demo` and for tests."""

from __future__ import annotations

from sysmon_tui.sources.demo.estate import DEFAULT_ROWS, DemoEstate

__all__ = ["DEFAULT_ROWS", "DemoEstate"]
