"""Health: its tiles against yesterday, what is shown before all is there, and the lines of the tables."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from sysmon_tui.clock import rfc3339
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.views.answer import Answer
from tests.fakes import NOW, FakeMonitor, FakeRuntime, answer
from tests.tui.driving import app_over, lines, press, running, screen, settled


@dataclass
class Estate(FakeMonitor):
    """Counts by kind: (good, bad)."""

    figures: dict[str, tuple[int, int]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.health_document = deepcopy(self.health_document)

    async def counts(self, kind: str, **arguments: Any) -> Answer:
        await super().counts(kind, **arguments)
        if kind in self.unknown:
            return answer("counts", [], state="denied", reason="No grant.")
        good, bad = self.figures.get(kind, (0, 0))
        words = {"workflows": ("SUCCEEDED", "TIMED_OUT"), "queries": ("FINISHED", "FAILED")}
        states = words.get(kind, ("success", "failed_login"))
        at = NOW - timedelta(hours=2)
        return answer(
            "counts",
            [
                {"bucket_start": at, "status": state, "count": count}
                for state, count in zip(states, (good, bad), strict=True)
            ],
        )


def _failure(kind: str, name: str, minutes_ago: int) -> dict[str, Any]:
    names = {"workflows": ("workflow_name", "run_id"), "queries": ("user_email", "statement_id")}[kind]
    return {
        "workspace_id": "1",
        names[0]: name,
        names[1]: f"{name} id",
        "status": "FAILED",
        "end_time": rfc3339(NOW - timedelta(minutes=minutes_ago)),
        "error_message": "It broke.",
        "termination_code": None,
        "error_class": None,
    }


def tiles(text: list[str]) -> list[list[str]]:
    """The four lines of each of the four tiles."""
    first = next(number for number, line in enumerate(text) if "Runs" in line)
    width = len(text[0]) // 4
    return [[text[first + row][n * width : (n + 1) * width].strip() for row in range(4)] for n in range(4)]


async def test_tiles_stand_against_yesterday() -> None:
    """How many, how many failed, and what that is on the same hours yesterday: in words and with an arrow."""
    monitor = Estate(
        figures={"workflows": (100, 12), "queries": (4, 0), "logins": (30, 20)},
        of_yesterday={
            "workflows": {"total": 100, "failed": 2},
            "queries": {"total": 8, "failed": 0},
            "warehouses": {"total": None, "failed": 3},
            "logins": {"total": 20, "failed": 1},
        },
    )
    monitor.health_document["summary"]["warehouses"] = {"total": 6, "failed": 0, "success_rate": 1.0}
    app = app_over(monitor)
    async with running(app, size=(80, 24)):
        runs, queries, warehouses, logins = tiles(lines(app))
        assert runs[:3] == ["Runs 112", "✓ 89.3 %  ✗ 12", "↑ 12 % on yesterday"]
        assert queries[:3] == ["Queries 4", "✓ none failed", "↓ 50 % on yesterday"]
        assert warehouses[:3] == ["Warehouses 6", "✓ none failed", "yesterday 3"]
        assert logins[:3] == ["Logins 50", "✓ 60.0 %  ✗ 20", "↑ 2.5x yesterday"]
        assert "█" in runs[3] and "█" in logins[3]


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (0, 0, "none yesterday too"),
        (5, 0, "none yesterday"),
        (0, 5, "↓ 100 % on yesterday"),
        (1000, 1001, "→ as yesterday"),
        (199, 100, "↑ 99 % on yesterday"),
        (200, 100, "↑ 2.0x yesterday"),
        (50_000, 3, "↑ 16,667x yesterday"),
    ],
)
async def test_changes_in_words(now: int, before: int, words: str) -> None:
    """None, from none, hardly any, and more than doubled are told apart; nothing is divided by zero."""
    app = app_over(
        Estate(figures={"workflows": (now, 0)}, of_yesterday={"workflows": {"total": before, "failed": 0}})
    )
    async with running(app, size=(120, 40)):
        assert tiles(lines(app))[0][2] == words


async def test_no_data_is_not_zero() -> None:
    """A table that can't be read has no number; a day that is not known is no day without runs."""
    app = app_over(Estate(figures={"workflows": (5, 0)}, unknown=("logins",)))
    async with running(app, size=(120, 40)):
        runs, _, _, logins = tiles(lines(app))
        assert runs[2] == "no data for yesterday"
        assert logins[:2] == ["Logins ?", "not known"]


async def test_what_is_there_is_shown_before_the_rest() -> None:
    """While the rules are evaluated the tiles and the newest failures are read already; nothing says healthy."""
    evaluated = asyncio.Event()

    class Slow(Estate):
        async def health(self, **arguments: Any) -> dict[str, Any]:
            await evaluated.wait()
            return await super().health(**arguments)

    monitor = Slow(figures={"workflows": (3, 1), "queries": (2, 0)})
    monitor.health_document["recent_failures"] = {
        "workflows": [_failure("workflows", "nightly_load", 5)],
        "queries": [],
    }
    app = app_over(monitor)
    async with running(app, settle=False) as pilot:
        for _ in range(20):
            await pilot.pause(0.02)
            if "nightly_load" in screen(app) and "Runs 4" in screen(app):
                break
        text = screen(app)
        assert "nightly_load" in text and "Runs 4" in text
        assert "LOADING" in text and "HEALTHY" not in text
        assert "yesterday" not in monitor.methods()  # nothing more is asked on the way to the verdict
        evaluated.set()
        await settled(pilot)
        assert "UNKNOWN" in screen(app)
        assert monitor.methods().count("yesterday") == 4


async def test_no_failures_are_told_only_once_the_tables_are_known() -> None:
    """An empty list alone is no good news: the state of the tables says whether it is."""
    never = asyncio.Event()

    class Stuck(Estate):
        async def health(self, **arguments: Any) -> dict[str, Any]:
            await never.wait()
            return await super().health(**arguments)

    app = app_over(Stuck())
    async with running(app, settle=False) as pilot:
        await pilot.pause(0.2)
        assert "NO FAILURES" not in screen(app)
        await pilot.press("q")


async def test_every_table_has_its_line_on_a_small_screen() -> None:
    """State and age of each at 80x24, the reason of one that can't be read too."""
    monitor = Estate()
    monitor.health_document["sources"]["query_history"]["as_of"] = rfc3339(NOW - timedelta(minutes=7))
    app = app_over(monitor)
    async with running(app, size=(80, 24)):
        text = screen(app)
        for table in (
            "lakeflow.job_run_timeline",
            "query.history",
            "compute.warehouse_events",
            "access.audit",
        ):
            assert f"system.{table}" in text
        assert "data until 11:53 UTC, 7 min ago" in text
        assert "✗ denied" in text and "No grant." in text


async def test_a_failure_opens() -> None:
    """Enter on a failure leads to it, also before the health document is there."""
    monitor = Estate()
    monitor.health_document["recent_failures"] = {
        "workflows": [{**_failure("workflows", "nightly_load", 5), "job_id": "7", "start_time": None}],
        "queries": [],
    }
    app = app_over(monitor)
    async with running(app) as pilot:
        await pilot.press("tab")
        assert app.screen.focused is not None and app.screen.focused.id == "health-failures"
        row = app.query_one("#health-failures").row  # type: ignore[attr-defined]
        assert row.item(0, "id") == "nightly_load id"


async def test_low_bandwidth_has_no_bars_and_asks_for_fewer() -> None:
    """Figures without pictures; logins are counted all the same, because only counting tells how many there were."""
    monitor = Estate(figures={"workflows": (5, 1), "logins": (9, 1)})
    app = app_over(monitor)
    app.session.low_bandwidth = True
    async with running(app):
        text = "\n".join(lines(app)[:8])
        assert "Logins 10" in text and "█" not in text
        assert {asked["kind"] for method, asked in monitor.asked if method == "counts"} == {
            "workflows",
            "queries",
            "logins",
        }


async def test_all_tenants_stand_together() -> None:
    """Over every tenant the sums of all, and what one does not know nobody does."""
    config = Config(
        tenants={
            "one": TenantConfig(source="databricks", warehouse_id="w"),
            "two": TenantConfig(source="databricks", warehouse_id="w"),
        }
    )
    monitor = Estate(figures={"workflows": (5, 1)}, of_yesterday={"workflows": {"total": 4, "failed": 0}})
    monitor.health_document["alerts"] = {"total_alerts": 0, "by_severity": {}, "alerts": []}
    app = app_over(monitor, FakeRuntime(monitor, config))
    async with running(app, size=(120, 40)) as pilot:
        await press(pilot, "down", "down", "enter")  # all of them, below the two
        runs = tiles(lines(app))[0]
        assert runs[0] == "Runs 12"
        assert runs[2] == "↑ 50 % on yesterday"
