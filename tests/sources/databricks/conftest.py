"""A stand-in workspace and a source that is signed in to it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from sysmon_tui.sources.databricks import DatabricksSource
from tests.sources.databricks.signing import sign_in
from tests.workspace import Workspace


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests must not sign in to a real workspace."""
    for name in ("HOST", "TOKEN", "CONFIG_PROFILE", "CLIENT_ID", "CLIENT_SECRET", "WAREHOUSE_ID"):
        monkeypatch.delenv(f"DATABRICKS_{name}", raising=False)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", "/dev/null")


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with duckdb.connect() as connection:
        connection.execute(
            "ATTACH ':memory:' AS system_tables; CREATE SCHEMA system_tables.access;"
            "CREATE TABLE system_tables.access.audit (event_time TIMESTAMP, event_date DATE, workspace_id VARCHAR)"
        )
        with Workspace(connection) as workspace:
            yield workspace


@pytest.fixture
def source(workspace: Workspace) -> Iterator[DatabricksSource]:
    source = sign_in(workspace)
    yield source
    source.close()
