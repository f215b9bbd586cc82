"""Databricks System Tables in a terminal, over HTTP and from Python.

The version stands here alone; everything else is imported where it is used, so that
`sysmon-tui --version` costs nothing.
"""

__version__ = "0.1.0"
