"""A stand-in of a Databricks workspace: the Statement Execution API on loopback, over DuckDB.

It answers as reference part B says the service does, with knobs for its faults. Tests and `python -m tests.workspace`
use it; the program knows nothing of it.
"""

from __future__ import annotations

from tests.workspace.demo import demo_workspace
from tests.workspace.faults import Fault
from tests.workspace.workspace import Workspace

__all__ = ["Fault", "Workspace", "demo_workspace"]
