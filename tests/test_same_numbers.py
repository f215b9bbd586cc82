"""The app, HTTP, the command line and Python say the same of the same tables."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sysmon_tui.config.load import load
from sysmon_tui.runtime import Runtime
from sysmon_tui.server import create_app
from sysmon_tui.services.alerting import AlertingService
from sysmon_tui.tui.app import SysmonApp
from tests.estate import Estate

COMMAND = (sys.executable, "-m", "sysmon_tui")


@pytest.fixture(scope="module")
def config_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An estate in a DuckDB file, its rows well inside any window that is asked a few seconds earlier or later."""
    folder = tmp_path_factory.mktemp("same")
    now = datetime.now(UTC)

    def ago(minutes: float) -> datetime:
        return now - timedelta(minutes=minutes)

    database = folder / "estate.duckdb"
    estate = Estate(now, database)
    estate.job("7", "journey_orchestrator", ago(9999))
    for number in range(6):
        estate.slice(f"f{number}", ago(40), ago(30 - number), "FAILED")
    estate.slice("long", ago(300), ago(240))
    estate.slice("long", ago(240), ago(200), "SUCCEEDED", job_id="8")
    estate.slice("on", ago(60), ago(20), job_id="9")
    for number in range(12):
        estate.query(f"q{number}", ago(20), ago(19), "FAILED", error_message="[SOME_CLASS] no")
    estate.query("fine", ago(20), ago(18))
    estate.warehouse_event("RUNNING", ago(90))
    for number in range(21):
        estate.event(f"e{number}", ago(15), "login", 401)
    estate.connection.close()
    file = folder / "config.toml"
    file.write_text(f'[tenants.same]\nsource = "embedded"\ndatabase = "{database}"\n')
    yield file


def cli(config_file: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [*COMMAND, "--config", str(config_file), *words, "--format", "json"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


async def screen_text(app: SysmonApp, key: str) -> str:
    """What the tab behind a key shows at 120x40, as text."""
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(key)
        for _ in range(200):
            await pilot.pause(0.02)
            text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
            if "data until" in text and "loading" not in text.lower():
                return text
    raise AssertionError("the tab never showed its data")


async def test_four_front_ends_one_truth(config_file: Path) -> None:
    """Totals, failures and alerts agree between Python, HTTP, the command line and the screen."""
    config = load(file=config_file).config
    routes = {
        "workflows": "/api/monitoring/workflows",
        "workflows/failed": "/api/monitoring/workflows/failed",
        "queries": "/api/monitoring/queries",
        "queries/failed": "/api/monitoring/queries/failed",
        "warehouses": "/api/monitoring/warehouse/metrics",
        "audit": "/api/monitoring/audit",
        "alerts": "/api/monitoring/alerts",
    }
    expected = {
        "workflows": 8,
        "workflows/failed": 6,
        "queries": 13,
        "queries/failed": 12,
        "warehouses": 1,
        "audit": 21,
        "alerts": 4,
    }
    runtime = Runtime(config)
    transport = httpx.ASGITransport(create_app(runtime))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        for dataset, route in routes.items():
            over_http = (await client.get(route)).json()
            on_the_line = cli(config_file, "query", dataset)
            assert over_http["total"] == on_the_line["total"] == expected[dataset], dataset
            key = next(name for name, value in over_http.items() if isinstance(value, list))
            assert _stable(over_http[key]) == _stable(on_the_line[key])
        health = (await client.get("/api/monitoring/health")).json()
    await runtime.close()
    assert health["summary"]["workflows"] == {"total": 8, "failed": 6, "success_rate": 0.25}
    assert health["summary"]["queries"]["failed"] == 12

    with AlertingService(config=config_file) as alerting:
        alerts = alerting.check_all_alerts()
    checked = cli(config_file, "check")
    assert alerts["total_alerts"] == checked["total_alerts"] == health["alerts"]["total_alerts"] == 4
    assert alerts["by_severity"] == {"critical": 1, "high": 2, "medium": 1}

    tabs = {"2": "8 runs", "3": "13 queries", "4": "1 warehouse", "5": "21 events", "6": "4 alerts"}
    for key, shown in tabs.items():
        runtime = Runtime(config)
        app = SysmonApp(runtime, tenant=None, row_limit=1000, low_bandwidth=False)
        assert shown in await screen_text(app, key)
        await runtime.close()


def _stable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without the moment at which they were read."""
    moving = {"detected_at", "as_of"}
    return [{name: value for name, value in row.items() if name not in moving} for row in rows]
