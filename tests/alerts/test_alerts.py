"""The four rules on an estate: thresholds, heads, the unknown, and what an alert says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sysmon_tui.config import Thresholds
from sysmon_tui.config.model import FACT_TABLES
from sysmon_tui.config.rules import BUILT_IN
from sysmon_tui.errors import AccessDenied
from sysmon_tui.sources.base import Request, Source
from sysmon_tui.sources.embedded import frame_of, to_duckdb
from tests.estate import WORKSPACE, Estate, at


def fresh_estate() -> Estate:
    """All tables reach up to 11:50 of 12:00; nothing has failed."""
    estate = Estate(at("12:00"))
    estate.slice("ok", at("11:45"), at("11:50"), "SUCCEEDED", job_id="calm")
    estate.query("ok", at("11:49"), at("11:50"))
    estate.event("ok", at("11:50"), "login")
    estate.warehouse_event("RUNNING", at("11:50"))
    return estate


async def firing(estate: Estate, thresholds: Thresholds | None = None) -> dict[str, dict[str, Any]]:
    answer = await estate.monitor(thresholds=thresholds).alerts()
    return {alert["rule"]: alert for alert in answer.rows() if alert["state"] == "firing"}


@pytest.mark.parametrize(("count", "fires"), [(4, False), (5, True), (6, True)])
async def test_failed_workflows_an_hour(count: int, fires: bool) -> None:
    """Five failed runs of different jobs within the hour before the head: high."""
    estate = fresh_estate()
    states = ("FAILED", "ERROR", "TIMED_OUT")
    for number in range(count):
        estate.slice(f"f{number}", at("11:20"), at("11:30"), states[number % 3], job_id=f"j{number}")
    estate.slice("old", at("09:00"), at("10:00"), "FAILED", job_id="old")
    alert = (await firing(estate)).get("workflow.failed_per_hour")
    assert (alert is not None) is fires
    if alert is not None:
        assert (alert["severity"], alert["value"], alert["threshold"]) == ("high", count, 5)
        assert alert["started_at"] == "2026-03-10T11:30:00Z" and alert["as_of"] == "2026-03-10T11:50:00Z"
        assert sorted(alert["evidence"]["ids"]) == [f"f{number}" for number in range(count)]


@pytest.mark.parametrize(("count", "fires"), [(9, False), (10, True), (11, True)])
async def test_failed_queries_an_hour(count: int, fires: bool) -> None:
    """Ten failed queries: medium. Our own failures and cancelled ones do not count."""
    estate = fresh_estate()
    for number in range(count):
        estate.query(f"q{number}", at("11:29"), at("11:30"), "FAILED", error_message="[A_B] no")
    estate.query("own", at("11:29"), at("11:30"), "FAILED", query_tags={"app": "sysmon_tui"})
    estate.query("stopped", at("11:29"), at("11:30"), "CANCELED")
    alert = (await firing(estate)).get("query.failed_per_hour")
    assert (alert is not None) is fires
    if alert is not None:
        assert alert["severity"] == "medium" and "A_B" in alert["message"]


@pytest.mark.parametrize(("count", "fires"), [(19, False), (20, True), (21, True)])
async def test_failed_logins_an_hour(count: int, fires: bool) -> None:
    """Twenty failed logins, 401 and 403, account level: high; the message names the user who was tried."""
    estate = fresh_estate()
    for number in range(count):
        estate.event(
            f"l{number}",
            at("11:30"),
            "samlLogin",
            (401, 403)[number % 2],
            email=None,
            request_params={"user": "root@example.com"},
        )
        estate.event(f"l{number}", at("11:30"), "samlLogin", 401)  # delivered twice
    alert = (await firing(estate)).get("security.failed_logins_per_hour")
    assert (alert is not None) is fires
    if alert is not None:
        assert (alert["severity"], alert["category"], alert["value"]) == ("high", "security", count)


@pytest.mark.parametrize(("count", "fires"), [(2, False), (3, True), (4, True)])
async def test_consecutive_failures_however_far_back(count: int, fires: bool) -> None:
    """A weekly job: three failures in three weeks. Cancelled and skipped runs neither count nor end the row."""
    estate = fresh_estate()
    estate.job("w", "weekly", at("00:00", -100))
    estate.slice("s", at("03:00", -70), at("03:10", -70), "SUCCEEDED", job_id="w")
    for number in range(count):
        day = -7 * number
        estate.slice(f"w{number}", at("03:00", day), at("03:10", day), "FAILED", job_id="w")
        estate.slice(f"c{number}", at("04:00", day), at("04:10", day), "CANCELLED", job_id="w")
        estate.slice(f"k{number}", at("05:00", day), at("05:10", day), "SKIPPED", job_id="w")
    alert = (await firing(estate)).get("workflow.consecutive_failures")
    assert (alert is not None) is fires
    if alert is not None:
        assert alert["severity"] == "critical" and alert["value"] == count
        assert alert["entity"] == {"workspace_id": WORKSPACE, "job_id": "w", "workflow_name": "weekly"}


async def test_a_success_ends_the_row_and_the_narrow_route_remembers_it() -> None:
    """Three failures, then a success two hours ago: nothing fires; within the hours asked it is shown resolved."""
    estate = fresh_estate()
    for number in range(3):
        estate.slice(f"f{number}", at(f"0{number + 6}:00"), at(f"0{number + 6}:10"), "FAILED", job_id="j")
    estate.slice("s", at("09:50"), at("10:00"), "SUCCEEDED", job_id="j")
    monitor = estate.monitor()
    assert (await monitor.alerts()).rows() == []
    (alert,) = (await monitor.alerts(hours=6, category="workflow")).rows()
    assert (alert["state"], alert["resolved_at"]) == ("resolved", "2026-03-10T10:00:00Z")
    assert (await monitor.alerts(hours=1, category="workflow")).rows() == []
    assert (await monitor.alerts(hours=6, category="security")).rows() == []


async def test_a_repaired_run_fails_no_row() -> None:
    """Three runs that failed and were repaired to success are no failures."""
    estate = fresh_estate()
    for number in range(5):
        estate.slice(f"f{number}", at("11:00"), at("11:10"), "FAILED", job_id="j")
        estate.slice(f"f{number}", at("11:20"), at("11:30"), "SUCCEEDED", job_id="j")
    assert await firing(estate) == {}


async def test_a_deleted_job_pages_nobody() -> None:
    """Nobody can mend a deleted job by a success."""
    estate = fresh_estate()
    estate.job("j", "gone", at("11:40"), delete_time=at("11:40"))
    for number in range(3):
        estate.slice(f"f{number}", at("08:00"), at(f"08:1{number}"), "FAILED", job_id="j")
    assert await firing(estate) == {}


async def test_an_hour_ends_at_the_head_not_at_the_clock() -> None:
    """The table is three hours late: failures in the hour before its head fire, though the last hours show none."""
    estate = Estate(at("12:00"))
    for number in range(5):
        estate.slice(f"f{number}", at("08:30"), at(f"08:5{number}"), "FAILED", job_id=f"j{number}")
    alert = (await firing(estate))["workflow.failed_per_hour"]
    assert alert["as_of"] == "2026-03-10T08:54:00Z" and alert["value"] == 5


async def test_nothing_firing_on_a_stale_table_is_unknown_not_well() -> None:
    """No failures, but the table is a day late: the rule is unknown with the reason, and health is not healthy."""
    estate = fresh_estate()
    estate.clock.advance(26 * 3600)
    monitor = estate.monitor()
    answer = await monitor.alerts()
    states = {alert["rule"]: alert["state"] for alert in answer.rows()}
    late = {rule for rule, state in states.items() if state == "firing"}
    assert late == {f"freshness.{table}" for table in FACT_TABLES}
    assert {state for rule, state in states.items() if rule not in late} == {"unknown"}
    assert len(states) == len(BUILT_IN)
    assert all("newer than" in alert["message"] for alert in answer.rows())
    assert (await monitor.health())["status"] == "unknown"


async def test_what_fires_fires_on_a_stale_table_too() -> None:
    """More rows can't undo a count that was reached."""
    estate = fresh_estate()
    for number in range(3):
        estate.slice(f"f{number}", at("11:00"), at(f"11:1{number}"), "FAILED", job_id="j")
    estate.clock.advance(10 * 3600)
    assert "workflow.consecutive_failures" in await firing(estate)


async def test_a_denied_table_makes_its_own_rules_unknown_and_no_others() -> None:
    """Audit denied: the login rule is unknown and names the reason; a failing job still fires."""
    estate = fresh_estate()
    for number in range(3):
        estate.slice(f"f{number}", at("11:00"), at(f"11:1{number}"), "FAILED", job_id="j")
    inner = estate.source()

    class NoAudit:
        def execute(self, request: Request) -> Any:
            if "audit" in request.statement.tables:
                raise AccessDenied(
                    "No grant on system.access.audit.", "GRANT SELECT ON SCHEMA system.access."
                )
            return inner.execute(request)

        def cancel(self, request_id: str) -> None: ...

        def close(self) -> None: ...

    def open_source() -> Source:
        return NoAudit()

    monitor = estate.monitor(open_source=open_source)
    states = {alert["rule"]: alert["state"] for alert in (await monitor.alerts()).rows()}
    unknown = {rule for rule in BUILT_IN if rule.startswith("security.")}
    assert states == {
        "workflow.consecutive_failures": "firing",
        "freshness.audit": "unknown",
        **dict.fromkeys(unknown, "unknown"),
    }
    health = await monitor.health()
    assert health["status"] == "unhealthy"
    assert health["sources"]["audit"]["state"] == "denied"
    assert health["summary"]["audit"] == {"total": None, "failed": None, "success_rate": None}
    assert health["summary"]["workflows"]["failed"] == 3


async def test_a_quiet_fresh_estate_is_healthy() -> None:
    """Everything known, nothing failing: healthy, and only then."""
    health = await fresh_estate().monitor().health()
    assert (health["status"], health["alerts"]["total_alerts"]) == ("healthy", 0)


async def test_an_estate_without_rows_is_unknown() -> None:
    """Tables that show nothing are nothing to be healthy about."""
    assert (await Estate(at("12:00")).monitor().health())["status"] == "unknown"


async def test_an_id_is_stable_and_the_document_is_plain_json() -> None:
    """The same rule and entity have the same id at a later evaluation, in another process, after a rename."""
    estate = fresh_estate()
    estate.job("j", "before", at("00:00", -1))
    for number in range(3):
        estate.slice(f"f{number}", at("11:00"), at(f"11:1{number}"), "FAILED", job_id="j")
    first = (await firing(estate))["workflow.consecutive_failures"]
    estate.job("j", "after", at("11:55"))
    second = (await firing(estate))["workflow.consecutive_failures"]
    assert first["id"] == second["id"] and second["entity"]["workflow_name"] == "after"
    assert msgspec.json.decode(msgspec.json.encode(first)) == first


async def test_a_hostile_job_name_stays_text() -> None:
    """A name with escape bytes: inert in title and message, itself in the entity; ids never make SQL."""
    estate = fresh_estate()
    estate.job("j", "\x1b]52;c;x\x07name", at("00:00", -1))
    for number in range(3):
        estate.slice(f"f{number}'; DROP TABLE x --", at("11:00"), at(f"11:1{number}"), "FAILED", job_id="j")
    alert = (await firing(estate))["workflow.consecutive_failures"]
    assert "\x1b" not in alert["title"] + alert["message"]
    assert alert["entity"]["workflow_name"].startswith("\x1b")
    assert alert["evidence"]["statement"] is None


@pytest.mark.parametrize("hours", [0.01, 1.0, 2.0])
async def test_a_narrow_question_loses_nothing_that_fires(hours: float) -> None:
    """The table is two hours late: asked for the last hour, or half a minute, the alert still fires."""
    estate = fresh_estate()
    for number in range(20):
        estate.event(f"l{number}", at("11:40"), "login", 401, email=f"user{number % 4}@example.com")
    estate.clock.advance(2 * 3600)
    answer = await estate.monitor().alerts(hours=hours, category="security")
    assert [alert["state"] for alert in answer.rows()] == ["firing"]
    assert answer.window.hours == hours and answer.state == "fresh"


async def test_a_table_more_than_a_day_late_still_fires() -> None:
    """Thirty hours late, its last hour held six failures: firing, not unknown."""
    estate = Estate(at("12:00"))
    for number in range(6):
        estate.slice(f"f{number}", at("05:30", -1), at("05:50", -1), "FAILED", job_id=f"j{number}")
    assert (await firing(estate))["workflow.failed_per_hour"]["value"] == 6


async def test_the_evidence_finds_its_rows() -> None:
    """The statement names the tenant's own table, its workspace and a time that prunes, and gives those rows."""
    estate = fresh_estate()
    estate.connection.execute(
        "CREATE SCHEMA system_tables.ops; "
        "CREATE VIEW system_tables.ops.runs AS SELECT * FROM system_tables.lakeflow.job_run_timeline"
    )
    for number in range(3):
        estate.slice(f"f{number}", at("11:00"), at(f"11:1{number}"), "FAILED", job_id="j")
        estate.slice(f"f{number}", at("11:00"), at("11:10"), "FAILED", workspace_id="other")
    monitor = estate.monitor(tables={"job_run_timeline": "ops.runs"})
    for alert in (await monitor.alerts()).rows():
        if alert["rule"].startswith("workflow."):
            sql = to_duckdb(alert["evidence"]["statement"])
            found = frame_of(estate.connection, sql)
            assert set(found["run_id"]) == set(alert["evidence"]["ids"]) != set()
            assert "period_start_time >=" in sql


async def test_a_warehouse_that_is_idle_for_days_keeps_its_start() -> None:
    """Its last statement leaves the day that is read: the alert is the same, since when it was, for at least a day."""
    estate = Estate(at("11:20"))
    estate.query("calm", at("11:04"), at("11:10"), warehouse_id="calm")
    estate.slice("calm", at("11:00"), at("11:10"), "SUCCEEDED", job_id="calm")
    estate.event("calm", at("11:10"), "logout", email="calm@example.com")
    estate.warehouse_event("STOPPED", at("11:10"), 0, warehouse_id="calm")
    estate.warehouse_event("RUNNING", at("09:00", day=-3), warehouse_id="wh9")
    estate.query("work", at("11:20", day=-1), at("11:30", day=-1), warehouse_id="wh9")
    monitor, told = estate.monitor(), []
    for _ in range(3):
        (alert,) = [one for one in (await monitor.alerts()).rows() if one["rule"] == "warehouse.idle"]
        told.append((alert["state"], alert["started_at"], "at least" in alert["title"]))
        estate.clock.advance(20 * 60)
    assert told == [("firing", "2026-03-09T13:30:00Z", at_least) for at_least in (False, True, True)]
