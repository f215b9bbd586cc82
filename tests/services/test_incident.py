"""A timeline from the tables: what is asked, in which bounds, and what is told of parts that can't be had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from sysmon_tui.errors import AccessDenied, RequestError
from sysmon_tui.services.monitor import Monitor
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.embedded import EmbeddedSource
from sysmon_tui.views.alerts import alert_frame
from sysmon_tui.views.incident import Timeline
from tests.estate import WORKSPACE, Estate, at

CATALOG: dict[str, Any] = {"service_name": "unityCatalog"}
ALERT: dict[str, Any] = {
    "id": "a1",
    "rule": "workflow.consecutive_failures",
    "category": "workflow",
    "severity": "critical",
    "state": "firing",
    "title": "nightly: 3 failed runs in a row",
    "entity": {"workspace_id": WORKSPACE, "job_id": "7", "workflow_name": "nightly"},
    "started_at": "2026-03-10T11:00:00Z",
    "evidence": {"ids": ["r1", "r2", "r3"]},
}


@pytest.fixture
def estate() -> Iterator[Estate]:
    """A job whose table was dropped at 10:12 and whose runs fail from 10:20 on; it is 12:00."""
    estate = Estate(at("12:00"))
    estate.job("7", "nightly", at("00:00", -3), run_as_user_name="robot@example.com")
    estate.slice("r0", at("09:50"), at("09:55"), "SUCCEEDED")
    for number, ended in enumerate(("10:20", "10:40", "11:00"), start=1):
        estate.slice(f"r{number}", at(ended) - timedelta(minutes=5), at(ended), "FAILED")
    estate.query(
        "q1",
        at("10:16"),
        at("10:17"),
        "FAILED",
        statement_text="SELECT * FROM main.sales.raw",
        error_message="[TABLE_OR_VIEW_NOT_FOUND] `main`.`sales`.`raw` cannot be found.",
        query_source={"job_info": {"job_id": "7", "job_run_id": "r1"}},
    )
    estate.query("of nobody", at("10:30"), at("10:31"), "FAILED")
    drop(estate, "dropped", "10:12", "main.sales.raw")
    for clock in ("10:21", "11:58"):
        estate.warehouse_event("RUNNING", at(clock))
    estate.event("head", at("11:58"), "logout")
    estate.query("head", at("11:57"), at("11:58"))
    estate.slice("other", at("11:50"), at("11:58"), "SUCCEEDED", job_id="8")
    yield estate
    estate.connection.close()


def drop(estate: Estate, event_id: str, clock: str, table: str) -> None:
    estate.event(event_id, at(clock), "deleteTable", request_params={"full_name_arg": table}, **CATALOG)


class Refusing(EmbeddedSource):
    """Denies statements on some tables."""

    def __init__(self, estate: Estate, *tables: str) -> None:
        super().__init__(estate.connection)
        self._refused = frozenset(tables)

    def execute(self, request: Request) -> pl.DataFrame:
        if self._refused & frozenset(request.statement.tables):
            raise AccessDenied("There is no permission to read it.", "Ask for SELECT.")
        return super().execute(request)


async def timeline(monitor: Monitor, alert: dict[str, Any] | None = None) -> Timeline:
    return await monitor.timeline(alert or ALERT)


def ids(found: Timeline, kind: str) -> list[str]:
    return found.frame.filter(kind=kind).get_column("id").to_list()


async def test_runs_their_queries_and_the_cause(estate: Estate) -> None:
    """The failed runs with the success before, the query of the job alone, its warehouse, and the drop as the cause."""
    found = await timeline(estate.monitor())
    assert found.state == "fresh"
    assert ids(found, "run") == ["r0", "r1", "r2", "r3"]
    assert ids(found, "query") == ["q1"]
    assert ids(found, "warehouse") == ["wh1"]
    (cause,) = found.frame.filter(likely=1).to_dicts()
    assert (cause["id"], cause["who"]) == ("dropped", "ann@example.com")
    assert (
        cause["why"]
        == "table deleted: main.sales.raw, used by the failing query, 5 min before the first failure"
    )
    assert (found.extra["start"], found.extra["end"]) == ("2026-03-10T04:15:00Z", "2026-03-10T12:00:00Z")


async def test_a_document_and_a_row_are_the_same_alert(estate: Estate) -> None:
    """In a table of alerts what nests is JSON text."""
    monitor = estate.monitor()
    row = alert_frame([ALERT]).row(0, named=True)
    assert (await timeline(monitor, row)).frame.equals((await timeline(monitor)).frame)


async def test_details_are_rows_of_their_datasets(estate: Estate) -> None:
    """Each row of the timeline has the row behind it, in the columns that its detail view shows."""
    found = await timeline(estate.monitor())
    assert set(ids(found, "run")) <= set(found.details["run"].get_column("run_id"))
    query = found.details["query"].filter(statement_id="q1").to_dicts()[0]
    assert query["statement_text"] == "SELECT * FROM main.sales.raw"
    event = found.details["audit"].filter(event_id="dropped").to_dicts()[0]
    assert json.loads(event["request_params"]) == {"full_name_arg": "main.sales.raw"}


@pytest.mark.parametrize(
    ("table", "part", "kept"),
    [
        ("audit", "Changes and logins are missing", {"run", "query", "warehouse", "alert"}),
        ("query_history", "Failed queries are missing", {"run", "change", "alert"}),
        ("job_run_timeline", "Failed runs are missing", {"query", "change", "warehouse", "alert"}),
        ("warehouse_events", "Warehouse events are missing", {"run", "query", "change", "alert"}),
    ],
)
async def test_a_table_that_is_denied_takes_only_its_part(
    estate: Estate, table: str, part: str, kept: set[str]
) -> None:
    """The rest is there, and the reason names the part and what to do."""
    found = await timeline(estate.monitor(open_source=lambda: Refusing(estate, table)))
    assert found.state == "stale"
    assert found.reason is not None
    assert part in found.reason and "Ask for SELECT." in found.reason
    assert set(found.frame.get_column("kind")) == kept


async def test_nothing_can_be_read(estate: Estate) -> None:
    """Then there is no row, not even the alert's own: a table with one row would look like an answer."""
    tables = ("audit", "query_history", "job_run_timeline", "warehouse_events")
    found = await timeline(estate.monitor(open_source=lambda: Refusing(estate, *tables)))
    assert (found.state, found.frame.height) == ("denied", 0)
    assert found.reason == "There is no permission to read it. Ask for SELECT."


async def test_without_changes_there_is_no_verdict_on_them(estate: Estate) -> None:
    """Where audit can't be read nobody may say that nothing was changed."""
    found = await timeline(estate.monitor(open_source=lambda: Refusing(estate, "audit")))
    assert found.extra["verdict"] == ""
    assert "audit" in found.extra["missing"]


async def test_a_late_table_is_told() -> None:
    """Times are those of the events: what comes after the newest of them has not arrived."""
    estate = Estate(at("12:00"))
    estate.slice("r1", at("10:55"), at("11:00"), "FAILED")
    estate.query("q", at("11:57"), at("11:58"))
    estate.event("old", at("02:10"), "logout")
    found = await timeline(estate.monitor())
    assert found.state == "stale"
    assert found.reason == "Audit until 2026-03-10 02:10 UTC: later changes and logins are not here yet."
    estate.connection.close()


async def test_of_an_alert_that_is_over_nothing_later_is_read(estate: Estate) -> None:
    """The axis ends with the alert, and so do the rows."""
    drop(estate, "later", "11:40", "main.sales.raw")
    over = {**ALERT, "state": "resolved", "resolved_at": "2026-03-10T11:30:00Z"}
    monitor = estate.monitor()
    assert "later" in ids(await timeline(monitor), "change")
    found = await timeline(monitor, over)
    assert ids(found, "change") == ["dropped"]
    assert found.extra["end"] == "2026-03-10T11:30:00Z"
    assert found.state == "fresh"


async def test_a_flood_of_changes_does_not_hide_the_one(estate: Estate) -> None:
    """Of a class that rewrites a thousand tables what is about the failing one comes first."""
    for number in range(600):
        drop(estate, f"flood {number}", f"10:{30 + number % 30}", f"main.scratch.t{number}")
    found = await timeline(estate.monitor())
    assert found.frame.filter(likely=1).get_column("id").to_list() == ["dropped"]
    assert found.details["audit"].height < 300


async def test_a_daily_job_is_looked_at_from_its_first_failure() -> None:
    """Its streak began days before the alert: that is where the axis begins, and where the cause is."""
    estate = Estate(at("12:00"))
    for day in (-4, -3):
        estate.slice(f"well {day}", at("03:00", day), at("03:10", day), "SUCCEEDED")
    for day in (-2, -1, 0):
        estate.slice(f"bad {day}", at("03:00", day), at("03:10", day), "FAILED")
    estate.event(
        "edit",
        at("22:00", -3),
        "reset",
        request_params={"job_id": "7"},
        service_name="jobs",
        workspace_id=WORKSPACE,
    )
    estate.event("head", at("11:58"), "logout")
    daily = {**ALERT, "started_at": "2026-03-10T03:10:00Z"}
    found = await timeline(estate.monitor(), daily)
    assert found.extra["start"] == "2026-03-07T21:00:00Z"
    (why,) = found.frame.filter(likely=1).get_column("why")
    assert why == "job edited 5 h 10 min before the first failure"
    estate.connection.close()


@pytest.mark.parametrize("category", ["security", "freshness", "warehouse", "query", "workflow"])
async def test_an_alert_about_nothing_in_particular(estate: Estate, category: str) -> None:
    """Every category has a timeline, also without an entity."""
    found = await timeline(estate.monitor(), {**ALERT, "category": category, "entity": {}, "evidence": {}})
    assert found.state == "fresh"
    assert ids(found, "alert") == ["a1"]


async def test_the_same_question_runs_no_statement_twice(estate: Estate) -> None:
    """Looking again within the refresh answers from what is kept."""
    monitor = estate.monitor()
    await timeline(monitor)
    ran = monitor.service.tables.statistics()
    await timeline(monitor)
    again = monitor.service.tables.statistics()
    assert {name: one["statements"] for name, one in again.items()} == {
        name: one["statements"] for name, one in ran.items()
    }


async def test_an_alert_without_a_time_is_refused(estate: Estate) -> None:
    """That is an error of whoever asks."""
    with pytest.raises(RequestError):
        await timeline(estate.monitor(), {"id": "x"})
