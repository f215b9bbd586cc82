"""What every test has: a state directory of its own, never that of whoever runs the tests."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

import pytest

# Also for what fixtures of a module start, before a test has its own. Tests that take all SYSMON_* variables away keep
# it, because platformdirs asks this one.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="sysmon-state-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)


def pytest_xdist_auto_num_workers() -> int:
    """Two more than cores: a third of the run is waiting for clocks, sockets and other processes."""
    return (os.cpu_count() or 1) + 2


@pytest.fixture(autouse=True)
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test leaves of alerts and notices is no news to the next."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
