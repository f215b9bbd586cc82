"""A stand-in of a Databricks workspace: its REST API on loopback, over DuckDB.

Statements, warehouses, job runs and what a check of the set-up asks: it answers as the service does, with knobs
for its faults. Tests and `python -m tests.workspace` use it; the program knows nothing of it.
"""

from __future__ import annotations

from tests.workspace.demo import demo_workspace
from tests.workspace.faults import Fault
from tests.workspace.warehouse import StandInWarehouse
from tests.workspace.workspace import Workspace

__all__ = ["Fault", "StandInWarehouse", "Workspace", "demo_workspace"]
