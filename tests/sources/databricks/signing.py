"""What the tests of the warehouse source share: how to sign in to the stand-in, and what to ask it."""

from __future__ import annotations

from datetime import UTC, datetime

from sysmon_tui.datasets.catalogue import HEADS
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.databricks import DatabricksSource
from tests.sources.asking import COUNT, request
from tests.workspace import Workspace

STATEMENTS = "/api/2.0/sql/statements"
ONE = request("SELECT 1 AS v", {"v": COUNT})
MANY = request("SELECT id AS n FROM range(50000) AS r(id) ORDER BY n", {"n": COUNT}, ceiling=100_000)
AUDIT_HEAD = Request(
    HEADS["audit"],
    HEADS["audit"].text,
    {
        "first_date": datetime(2026, 1, 1, tzinfo=UTC).date(),
        "window_end_us": 1_800_000_000_000_000,
        "workspace_ids": "",
    },
    20,
)


def sign_in(
    workspace: Workspace, *, token: str | None = None, warehouse_id: str | None = None
) -> DatabricksSource:
    return DatabricksSource(
        host=workspace.url,
        token=token or workspace.token,
        warehouse_id=warehouse_id or workspace.warehouse_id,
    )
