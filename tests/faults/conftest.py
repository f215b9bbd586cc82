"""The program on a stand-in of a workspace that can fail in every way, away from the user's own settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.scene import NOW, Scene, furnished, no_secret
from tests.faults.selective import SelectiveWorkspace


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
    """On a day in March, by a clock that the test moves. Whatever fails in it, no secret is in the log."""
    with _scene(NOW, tmp_path, monkeypatch, caplog) as scene:
        yield scene


@pytest.fixture
def scene_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Scene]:
    """The same today, for programs that go by the machine's clock."""
    now = datetime.now(UTC).replace(microsecond=0)
    with _scene(now, tmp_path, monkeypatch, caplog) as scene:
        yield scene


@contextmanager
def _scene(
    now: datetime, home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Scene]:
    caplog.set_level("DEBUG", logger="sysmon_tui")
    estate = furnished(now)
    with closing(estate.connection), SelectiveWorkspace(estate.connection) as workspace:
        monkeypatch.setenv("DATABRICKS_TOKEN", workspace.token)
        yield Scene(workspace, estate, home)
    assert no_secret(workspace, [caplog.text])
