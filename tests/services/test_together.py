"""All tenants in one table: whose a row is, and that the whole is no better known than its parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from sysmon_tui.alerts.verdict import by_severity
from sysmon_tui.services import together
from sysmon_tui.services.everywhere import Everywhere, Listings
from sysmon_tui.services.monitor import Monitor
from sysmon_tui.views.alerts import alert_frame
from sysmon_tui.views.answer import Answer, State, Window
from tests.fakes import NOW, FakeMonitor, answer, run


def alert(identity: str, severity: str, state: str = "firing") -> dict[str, Any]:
    return {
        "id": identity,
        "rule": "workflow.failures",
        "category": "workflow",
        "severity": severity,
        "state": state,
        "title": identity,
        "started_at": "2026-03-10T11:00:00Z",
        "entity": {},
    }


def alerts(*found: dict[str, Any], trouble: str | None = None) -> Answer:
    severities = by_severity(found)
    extra = {
        "total_alerts": sum(severities.values()),
        "by_severity": severities,
        "rules": [],
        "store_reason": trouble,
        "notifications": {"ops": {"dead": 1}},
    }
    shown = answer("workflows", [])
    return replace(shown, frame=alert_frame(list(found)), records=list(found), total=len(found), extra=extra)


def test_rows_say_whose_they_are_and_come_newest_first() -> None:
    """Rows of two tenants stand by time, with their tenant in the first column; totals add up."""
    found = together.listing(
        {
            "prod": answer("workflows", [run(10), run(30)]),
            "dev": answer("workflows", [run(20)]),
        },
        "start_time",
    )
    assert found.frame.columns[0] == "tenant"
    assert list(found.frame.select("tenant", "run_id").iter_rows()) == [
        ("prod", "10"),
        ("dev", "20"),
        ("prod", "30"),
    ]
    assert (found.total, found.state, found.reason) == (3, "fresh", None)


@pytest.mark.parametrize("bad", ["stale", "denied", "failed", "empty"])
def test_one_tenant_that_is_not_known_makes_the_whole_stale(bad: State) -> None:
    """The rows of the others are there, and the reason names whose are missing."""
    reason = None if bad == "empty" else "No grant."
    found = together.listing(
        {
            "prod": answer("workflows", [run(10)]),
            "dev": answer("workflows", [], state=bad, reason=reason),
        }
    )
    assert (found.state, found.frame.height) == ("stale", 1)
    assert found.reason is not None
    assert found.reason.startswith("dev: ")
    assert "prod" not in found.reason


@pytest.mark.parametrize("state", ["denied", "failed", "empty"])
def test_where_none_is_known_the_state_is_theirs(state: State) -> None:
    """Two tenants that are both denied are denied together."""
    found = together.listing(
        {name: answer("workflows", [], state=state, reason=f"{name} says so.") for name in ("a", "b")}
    )
    assert found.state == state
    assert found.reason == "a: a says so. b: b says so."


def test_known_until_the_oldest_of_them() -> None:
    """Data is until the moment that all tenants' tables have reached, fetched when the first of them was."""
    old, young = NOW - timedelta(hours=3), NOW - timedelta(minutes=5)
    later = replace(answer("workflows", [run(1)], as_of=young), fetched_at=NOW + timedelta(seconds=9))
    found = together.listing({"a": answer("workflows", [run(2)], as_of=old), "b": later})
    assert (found.as_of, found.fetched_at) == (old, NOW)
    assert found.window == Window(24, NOW - timedelta(hours=24), NOW)


def test_a_table_that_shows_nothing_dates_nothing() -> None:
    """A tenant without any row has no newest event; the others' still counts."""
    found = together.listing(
        {"a": answer("workflows", [run(2)]), "b": answer("workflows", [], state="empty", as_of=None)}
    )
    assert found.as_of == NOW - timedelta(minutes=21)


def test_alerts_stand_by_gravity_over_all_tenants() -> None:
    """The critical alert of the second tenant is above the medium one of the first; counts add up."""
    found = together.alerts(
        {"prod": alerts(alert("a", "medium")), "dev": alerts(alert("b", "critical"), trouble="disk full")}
    )
    assert [(one["tenant"], one["id"]) for one in found.rows()] == [("dev", "b"), ("prod", "a")]
    assert found.frame.get_column("tenant").to_list() == ["dev", "prod"]
    assert found.extra["total_alerts"] == 2
    assert found.extra["by_severity"] == {"critical": 1, "high": 0, "medium": 1}
    assert found.extra["store_reason"] == "dev: disk full"
    assert set(found.extra["notifications"]) == {"prod ops", "dev ops"}


def test_the_same_alert_of_two_tenants_is_two() -> None:
    """Ids are unique in a tenant alone."""
    found = together.alerts({"prod": alerts(alert("a", "high")), "dev": alerts(alert("a", "high"))})
    assert found.frame.select("tenant", "id").is_unique().all()


def document(status: str, total: int | None, failed: int | None, **source: Any) -> dict[str, Any]:
    state = {"state": "fresh", "as_of": "2026-03-10T11:39:00Z", "lag_seconds": 60, "reason": None, **source}
    rate = None if not total or failed is None else (total - failed) / total
    return {
        "status": status,
        "fetched_at": "2026-03-10T12:00:00Z",
        "summary": {"workflows": {"total": total, "failed": failed, "success_rate": rate}},
        "alerts": {"total_alerts": 1, "by_severity": {"high": 1}, "alerts": [alert("a", "high")]},
        "recent_failures": {"workflows": [{"run_id": "1"}]},
        "sources": {"job_run_timeline": state},
    }


@pytest.mark.parametrize(
    ("statuses", "whole"),
    [
        (("healthy", "healthy"), "healthy"),
        (("healthy", "unknown"), "unknown"),
        (("unknown", "degraded"), "degraded"),
        (("unhealthy", "healthy"), "unhealthy"),
    ],
)
def test_health_is_that_of_the_sickest(statuses: tuple[str, str], whole: str) -> None:
    """One unhealthy tenant is enough; what is not known is never healthy."""
    a, b = (document(status, 10, 1) for status in statuses)
    assert together.health({"a": a, "b": b})["status"] == whole


def test_health_adds_up_what_all_know() -> None:
    """Sums where every tenant has a figure, nothing where one has none."""
    known = together.health({"a": document("healthy", 30, 3), "b": document("healthy", 10, 1)})
    assert known["summary"]["workflows"] == {"total": 40, "failed": 4, "success_rate": 0.9}
    unknown = together.health({"a": document("healthy", 30, 3), "b": document("unknown", None, None)})
    assert unknown["summary"]["workflows"] == {"total": None, "failed": None, "success_rate": None}


def test_health_names_the_tenant_of_a_bad_table() -> None:
    """A table that one tenant is denied is stale for the whole, with that tenant's reason; rows say whose they are."""
    found = together.health(
        {
            "a": document("healthy", 1, 0),
            "b": document("unknown", 1, 0, state="denied", as_of=None, reason="No grant."),
        }
    )
    assert found["sources"]["job_run_timeline"]["state"] == "stale"
    assert found["sources"]["job_run_timeline"]["reason"] == "b: No grant."
    assert found["sources"]["job_run_timeline"]["as_of"] == "2026-03-10T11:39:00Z"
    assert [row["tenant"] for row in found["recent_failures"]["workflows"]] == ["a", "b"]
    assert [one["tenant"] for one in found["alerts"]["alerts"]] == ["a", "b"]
    assert found["alerts"]["total_alerts"] == 2


def test_totals_of_warehouses_add_up() -> None:
    """What stands beside the rows of warehouses is over all of them; what one does not know is not known."""
    prod = replace(answer("warehouses", []), extra={"totals": {"starts": 2, "busy_seconds": None}})
    dev = replace(answer("warehouses", []), extra={"totals": {"starts": 3, "busy_seconds": 4.0}})
    assert together.listing({"prod": prod, "dev": dev}).extra == {
        "totals": {"starts": 5, "busy_seconds": None}
    }


async def test_every_tenant_is_asked_the_same() -> None:
    """Arguments reach every tenant's monitor, and each listing has a first column that says whose it is."""
    fakes = {name: FakeMonitor({"workflows": answer("workflows", [run(1)])}) for name in ("prod", "dev")}
    listings: Listings = Everywhere({name: _as_monitor(fake) for name, fake in fakes.items()})
    found = await listings.workflows(hours=6, limit=7)
    assert found.frame.get_column("tenant").to_list() == ["prod", "dev"]
    for fake in fakes.values():
        assert fake.asked == [("workflows", {"hours": 6, "limit": 7})]


async def test_waiting_for_one_warehouse_is_waiting() -> None:
    """Where any tenant's warehouse is starting, the whole awaits it."""
    fakes = {"prod": FakeMonitor(), "dev": FakeMonitor(is_waiting=True)}
    assert Everywhere({name: _as_monitor(fake) for name, fake in fakes.items()}).is_waiting
    assert not Everywhere({"prod": _as_monitor(FakeMonitor())}).is_waiting


async def test_charts_count_the_buckets_of_all() -> None:
    """Counts of the same half hour come side by side: whoever draws them adds them up."""
    rows = [{"bucket_start": NOW, "status": "FAILED", "count": 2}]
    fakes = {name: FakeMonitor({"counts": answer("counts", rows)}) for name in ("prod", "dev")}
    found = await Everywhere({name: _as_monitor(fake) for name, fake in fakes.items()}).counts("workflows")
    assert found.frame.select(pl.col("count").sum()).item() == 4


def _as_monitor(fake: FakeMonitor) -> Monitor:
    return fake  # type: ignore[return-value]  # it answers what Everywhere asks
