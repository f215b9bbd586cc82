"""Several tenants: the choice, all of them in one table, and whose each row is."""

from __future__ import annotations

import asyncio
from copy import deepcopy

import pytest

from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.paths import user_name
from sysmon_tui.tui.app import SysmonApp
from sysmon_tui.tui.screens.query import QueryScreen
from sysmon_tui.tui.screens.run import RunScreen
from tests.fakes import NOW, FakeMonitor, FakeRuntime, alert, alerts, answer, run
from tests.tui.driving import app_over, cursor_line, lines, press, running, screen, toasts
from tests.tui.test_timeline import IncidentMonitor

HOSTILE = "\x1b[2J[/x][@click=app.quit]x[/]"


def monitor_of(tenant: str, number: int) -> FakeMonitor:
    """One row in each list, with the tenant's name in it; run ids are the same everywhere."""
    one = run(number, run_id="1", workflow_name=f"job of {tenant}")
    query = {"workspace_id": "1", "statement_id": "s", "status": "FAILED", "user_email": f"user of {tenant}"}
    warehouse = {
        "workspace_id": "1",
        "warehouse_id": "w",
        "warehouse_name": f"wh of {tenant}",
        "state": "RUNNING",
    }
    event = {
        "event_id": "e",
        "status": "failure",
        "user_email": f"eve of {tenant}",
        "event_time": one["start_time"],
    }
    monitor = FakeMonitor(
        {
            "workflows": answer("workflows", [one]),
            "failed_workflows": answer("workflows", [one]),
            "job_history": answer("workflows", [one]),
            "queries": answer("queries", [{**query, "end_time": one["end_time"]}]),
            "warehouses": answer("warehouses", [warehouse]),
            "audit": answer("audit", [event]),
            "alerts": alerts([alert("a1", title=f"alert of {tenant}")]),
        }
    )
    monitor.health_document = deepcopy(monitor.health_document)
    failed = answer("workflows", [{**one, "status": "FAILED", "error_message": "It broke."}])
    monitor.health_document["recent_failures"] = {"workflows": failed.rows(), "queries": []}
    monitor.health_document["alerts"] = {
        "total_alerts": 1,
        "by_severity": {"critical": 1},
        "alerts": [alert("a1", title=f"alert of {tenant}")],
    }
    return monitor


def estate(*, production: str = "") -> tuple[SysmonApp, dict[str, FakeMonitor]]:
    """Tenants one and two, each with a monitor of its own; the first is the default."""
    tenants = {
        name: TenantConfig(
            source="databricks", warehouse_id="w", environment="production" if name == production else "dev"
        )
        for name in ("one", "two")
    }
    monitors = {"one": monitor_of("one", 5), "two": monitor_of("two", 3)}
    runtime = FakeRuntime(monitors["one"], Config(default_tenant="one", tenants=tenants), monitors=monitors)
    return app_over(monitors["one"], runtime), monitors


ALL = ("t", "end", "enter")


async def test_t_lists_the_tenants_and_all_of_them() -> None:
    """With environment and source; the one in sight is marked and under the cursor, escape changes nothing."""
    app, monitors = estate(production="two")
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "t")
        text = screen(app)
        assert "● one  dev, databricks" in text
        assert "two  production, databricks" in text
        assert "all of them, in one table" in text
        await press(pilot, "escape")
        assert "one" in lines(app)[0] and monitors["two"].asked == []
        await press(pilot, "t", "down", "enter", "2")
        assert " two " in lines(app)[0] and "job of two" in screen(app) and "job of one" not in screen(app)


async def test_tenants_are_chosen_when_there_is_no_default() -> None:
    """With several tenants and no default the app asks which; choosing another forgets what was shown."""
    config = Config(
        tenants={
            "one": TenantConfig(source="databricks", warehouse_id="w"),
            "two": TenantConfig(source="demo", environment="dev"),
        }
    )
    monitor = FakeMonitor({"workflows": answer("workflows", [run(1)])})
    runtime = FakeRuntime(monitor, config)
    app = app_over(monitor, runtime)
    async with running(app) as pilot:
        assert "Which tenant?" in screen(app)
        await press(pilot, "escape")
        assert "No tenant is chosen" in screen(app)
        assert monitor.asked == []
        await press(pilot, "t", "down", "enter")
        assert "two" in lines(app)[0]
        assert set(runtime.taken) == {"two"}
        monitor.held = asyncio.Event()
        await pilot.press("t", "up", "enter")
        await pilot.pause()
        assert "one" in lines(app)[0]
        assert "DEMO DATA" not in lines(app)[0]
        assert "LOADING" in screen(app)


async def test_one_tenant_alone_is_not_called_all() -> None:
    """There is nothing to choose from then."""
    app = app_over(FakeMonitor())
    async with running(app) as pilot:
        await press(pilot, "t")
        assert "main" in screen(app) and "all of them" not in screen(app)


@pytest.mark.parametrize(
    ("key", "word"),
    [("2", "job of"), ("3", "user of"), ("4", "wh of"), ("5", "eve of"), ("6", "alert of")],
)
@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_all_in_one_table(key: str, word: str, size: tuple[int, int]) -> None:
    """On every list tab a first column says whose a row is; back to one tenant the column is gone."""
    app, _ = estate()
    async with running(app, size=size) as pilot:
        await press(pilot, *ALL, key)
        text = screen(app)
        assert "all 2 tenants" in lines(app)[0]
        for tenant in ("one", "two"):
            row = next(line for line in lines(app) if f"{word} {tenant}" in line)
            assert row[2:].split()[0] == tenant
        assert any(line.strip().startswith("tenant ") for line in lines(app))
        assert "2 of" not in text and "2 " in "".join(lines(app)[-3:])
        await press(pilot, "t", "home", "enter")
        assert f"{word} one" in screen(app) and f"{word} two" not in screen(app)
        assert not any(line.strip().startswith("tenant ") for line in lines(app))


async def test_rows_of_all_are_filtered_and_sorted_as_one_list() -> None:
    """Newest first over all tenants; a filter and a sort know no borders."""
    app, _ = estate()
    async with running(app, size=(120, 30)) as pilot:
        await press(pilot, *ALL, "2")
        assert "job of two" in cursor_line(app)  # it began two minutes later
        await press(pilot, "right", "s")
        rows = [line[2:].split()[0] for line in lines(app) if "job of" in line]
        assert rows == ["one", "two"]
        await press(pilot, "slash", *'name="job of two"', "enter")
        assert "job of one" not in screen(app)
        assert "1 of 2 runs" in screen(app)


async def test_a_detail_view_asks_the_rows_own_tenant() -> None:
    """Two tenants can see the same run ids; only the one whose row was opened is asked."""
    app, monitors = estate()
    async with running(app) as pilot:
        await press(pilot, *ALL, "2", "down", "enter")
        assert "job of one" in screen(app)
        assert "run_tasks" in monitors["one"].methods()
        assert "run_tasks" not in monitors["two"].methods()
        await press(pilot, "escape", "up", "enter")
        assert "run_tasks" in monitors["two"].methods()


async def test_what_is_opened_from_a_detail_view_is_of_the_same_tenant() -> None:
    """A run of the history is one of the tenant whose job it is."""
    app, monitors = estate()
    async with running(app) as pilot:
        await press(pilot, *ALL, "2", "enter", "tab", "enter")
        assert len([one for one in app.screen_stack if isinstance(one, RunScreen)]) == 2
        assert monitors["two"].methods().count("job_history") == 2
        assert "job_history" not in monitors["one"].methods()


async def test_a_query_of_a_warehouse_is_of_the_warehouses_tenant() -> None:
    """No view asks for a tenant that is none."""
    app, _ = estate()
    async with running(app, size=(120, 50)) as pilot:
        await press(pilot, *ALL, "4", "end", "enter")
        assert "wh of two" in lines(app)[1]
        app.screen.query_one("#warehouse-queries").focus()
        await press(pilot, "enter")
        assert isinstance(app.screen, QueryScreen)
        assert app.screen.tenant == "two"
        assert toasts(app) == []


async def test_what_a_timeline_leads_to_is_of_the_alerts_tenant() -> None:
    """A run behind a joint table's alert is asked for where the alert fires."""
    app, monitors = estate()
    monitors["two"] = app.session.runtime.monitors["two"] = IncidentMonitor(monitors["two"].answers)  # type: ignore[attr-defined]
    async with running(app, size=(120, 50)) as pilot:
        await press(pilot, *ALL, "6", "end", "i", "down", "enter")
        assert isinstance(app.screen, RunScreen)
        assert "job_history" in monitors["two"].methods() and "job_history" not in monitors["one"].methods()
        assert toasts(app) == []


async def test_health_of_all() -> None:
    """Alerts and failures of all stand in its lists with their tenant, and open as that tenant's."""
    app, monitors = estate()
    async with running(app, size=(120, 40)) as pilot:
        await press(pilot, *ALL)
        for word in ("alert of", "job of"):
            for tenant in ("one", "two"):
                row = next(line for line in lines(app) if f"{word} {tenant}" in line)
                assert row[2:].split()[0] == tenant
        assert "firing: 2 critical" in screen(app)
        await press(pilot, "tab", "down", "enter")
        assert "job of one" in lines(app)[1]
        assert "job_history" in monitors["one"].methods() and "job_history" not in monitors["two"].methods()
        await press(pilot, "escape", "up", "enter")
        assert "job of two" in lines(app)[1]
        assert "job_history" in monitors["two"].methods()


async def test_one_tenant_denied_leaves_the_others() -> None:
    """Their rows are there, and whose are not and why; the whole is no longer called fresh."""
    app, monitors = estate()
    monitors["two"].answers["workflows"] = answer(
        "workflows", [], state="denied", reason="Ask for the grant."
    )
    async with running(app, size=(120, 30)) as pilot:
        await press(pilot, *ALL, "2")
        text = screen(app)
        assert "job of one" in text
        assert "two: Ask for the grant." in text
        assert "▲ stale" in text and "✓ fresh" not in text


async def test_all_denied_is_denied() -> None:
    """With the reason of each."""
    app, monitors = estate()
    for name, monitor in monitors.items():
        monitor.answers["workflows"] = answer("workflows", [], state="denied", reason=f"No grant for {name}.")
    async with running(app, size=(120, 30)) as pilot:
        await press(pilot, *ALL, "2")
        assert "NO ACCESS" in screen(app)
        assert "one: No grant for one. two: No grant for two." in screen(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_production_among_them_is_told(size: tuple[int, int]) -> None:
    """In the top line in words, as loud as for one; without any it is not."""
    app, _ = estate(production="two")
    async with running(app, size=size) as pilot:
        assert "PRODUCTION" not in lines(app)[0]
        await press(pilot, *ALL)
        assert "■ PRODUCTION AMONG THEM ■" in lines(app)[0]
        await press(pilot, "2", "enter")
        assert "■ PRODUCTION AMONG THEM ■" in lines(app)[0]
    app, _ = estate()
    async with running(app, size=size) as pilot:
        await press(pilot, *ALL)
        assert "PRODUCTION" not in lines(app)[0]


async def test_an_alert_is_taken_at_its_tenant() -> None:
    """The same alert id may fire at both."""
    app, monitors = estate()
    async with running(app, size=(120, 30)) as pilot:
        await press(pilot, *ALL, "6", "end", "a")
        assert "two" in cursor_line(app)
        assert monitors["two"].desk.taken == [("a1", user_name())]
        assert monitors["one"].desk.taken == []
        assert toasts(app)[-1] == "It is yours: nobody is reminded of it."


async def test_the_next_tenant_shows_nothing_of_the_one_before() -> None:
    """Not while it is asked, not where it fails."""
    app, monitors = estate()
    monitors["two"].answers["workflows"] = answer("workflows", [], state="failed", reason="Gone.")
    async with running(app) as pilot:
        await press(pilot, "2")
        assert "job of one" in screen(app)
        await press(pilot, "t", "down", "enter")
        assert "NO ANSWER" in screen(app) and "Gone." in screen(app)
        assert "job of one" not in screen(app)


async def test_refreshing_more_often_holds_for_all() -> None:
    """Each tenant's pace follows the key, also of one that is seen only later."""
    app, monitors = estate()
    async with running(app) as pilot:
        await press(pilot, "minus", *ALL)
        assert {name: one.pace.refresh_s for name, one in monitors.items()} == {"one": 120, "two": 120}
        await press(pilot, "plus", "plus")
        assert {name: one.pace.refresh_s for name, one in monitors.items()} == {"one": 30, "two": 30}
        assert "every 30 s" in lines(app)[0]


async def test_an_unknown_state_at_one_is_no_health_of_all() -> None:
    """The gravest of them is told."""
    app, monitors = estate()
    for name, status in (("one", "healthy"), ("two", "unhealthy")):
        monitors[name].health_document["status"] = status
    async with running(app, size=(120, 40)) as pilot:
        assert "✓ HEALTHY" in screen(app)
        await press(pilot, *ALL)
        assert "✗ UNHEALTHY" in screen(app)


async def test_hostile_rows_of_all_are_inert() -> None:
    """As those of one."""
    app, monitors = estate()
    monitors["two"].answers["workflows"] = answer(
        "workflows", [run(1, workflow_name=HOSTILE)], state="stale", reason=HOSTILE, as_of=NOW
    )
    async with running(app, size=(160, 30)) as pilot:
        await press(pilot, *ALL, "2")
        assert "two: ␛[2J[/x][@click=app.quit]x[/]" in screen(app)
        assert "\x1b" not in screen(app)
