"""An hour of the app, made short: nothing asked twice, nothing for what is not in sight, nothing that grows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.tui.hour import watched


@pytest.mark.skipif(sys.platform != "linux", reason="memory and descriptors are read from /proc")
async def test_an_hour_costs_what_is_in_sight_and_grows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten minutes over all tabs with a pause: statements for the tab in sight alone, none doubled, none while
    paused, none left running; threads and descriptors as at the beginning."""
    monkeypatch.setenv("SYSMON_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("DATABRICKS_TOKEN", "set by the run")
    hour = await watched(minutes=10, rate=15, rows=50_000)
    assert hour.failures == []
    assert {tab for tab, panel in hour.by_tab if tab != panel} == set(), hour.by_tab
    assert {tab for tab, _ in hour.by_tab} == {
        "health",
        "workflows",
        "queries",
        "warehouse",
        "audit",
        "alerts",
    }
    assert (hour.doubled, hour.while_paused, hour.unended) == ([], 0, 0)
    half = len(hour.samples) // 2
    early, late = hour.samples[1:half], hour.samples[half:]
    for figure in ("threads", "descriptors"):
        most = max(getattr(one, figure) for one in early)
        assert max(getattr(one, figure) for one in late) <= most + 4, hour.samples
