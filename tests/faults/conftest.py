"""The program on a stand-in of a workspace that can fail in every way, away from the user's own settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scene import NOW, Scene, furnished, no_secret
from tests.workspace import Workspace


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("DATABRICKS_", "SYSMON_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("SYSMON_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def scene(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Scene]:
    """Whatever fails in it, no secret is in the log."""
    caplog.set_level("DEBUG", logger="sysmon_tui")
    estate = furnished(NOW)
    with Workspace(estate.connection) as workspace:
        monkeypatch.setenv("DATABRICKS_TOKEN", workspace.token)
        yield Scene(workspace, estate, tmp_path)
    assert no_secret(workspace, [caplog.text])
