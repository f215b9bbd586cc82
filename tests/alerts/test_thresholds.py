"""Each built-in rule at one less than its threshold, at it, and at one more; thresholds by environment and tenant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sysmon_tui import limits
from sysmon_tui.alerts import rules
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.config import Config, EnvironmentConfig, TenantConfig, Thresholds
from sysmon_tui.config.rules import BUILT_IN, RuleConfig
from tests.estate import Estate, at

MINUTE = timedelta(minutes=1)

Scene = Callable[[Estate, int], None]


def lively_estate() -> Estate:
    """All tables reach up to 11:50 of 12:00; nothing has failed."""
    estate = Estate(at("12:00"))
    estate.slice("ok", at("11:45"), at("11:50"), "SUCCEEDED", job_id="calm")
    estate.query("ok", at("11:49"), at("11:50"), warehouse_id="calm")
    estate.event("ok", at("11:50"), "logout", email="calm@example.com")
    estate.warehouse_event("STOPPED", at("11:50"), 0, warehouse_id="calm")
    return estate


def failed_runs(estate: Estate, count: int) -> None:
    for number in range(count):
        estate.slice(f"f{number}", at("11:20"), at("11:30"), "FAILED", job_id=f"j{number}")


def streak(estate: Estate, count: int) -> None:
    for number in range(count):
        estate.slice(f"s{number}", at("11:00"), at("11:10") + number * MINUTE, "ERROR", job_id="s")


def slow_run(estate: Estate, over_minutes: int) -> None:
    """Eight runs of ten minutes, and one that takes so much longer."""
    for number in range(8):
        begin = at("08:00", -1) + number * 60 * MINUTE
        estate.slice(f"r{number}", begin, begin + 10 * MINUTE, "SUCCEEDED", job_id="slow")
    estate.slice("long", at("11:00"), at("11:10") + over_minutes * MINUTE, "SUCCEEDED", job_id="slow")


def failed_queries(estate: Estate, count: int) -> None:
    for number in range(count):
        estate.query(f"q{number}", at("11:29"), at("11:30"), "FAILED")


def slow_queries(estate: Estate, count: int) -> None:
    for number in range(count):
        estate.query(f"q{number}", at("11:30") - 10 * MINUTE, at("11:30"))
    estate.query("quick", at("11:20") + timedelta(milliseconds=1), at("11:30"))


def queued_queries(estate: Estate, count: int) -> None:
    for number in range(count):
        estate.query(f"q{number}", at("11:20"), at("11:25"), waiting_at_capacity_duration_ms=60_000)
    estate.query(
        "other", at("11:20"), at("11:25"), warehouse_id="wh2", waiting_at_capacity_duration_ms=60_000
    )
    estate.query("less", at("11:20"), at("11:25"), waiting_at_capacity_duration_ms=59_999)


def failed_logins(estate: Estate, count: int) -> None:
    for number in range(count):
        estate.event(f"l{number}", at("11:30"), "samlLogin", 401, email=f"u{number % 5}@example.com")


def brute_force(estate: Estate, count: int) -> None:
    for number in range(count):
        estate.event(f"b{number}", at("11:30") + number * MINUTE / 2, "login", 401, email="bo@example.com")
    estate.event("in", at("11:40"), "login", email="BO@example.com")


def password_spray(estate: Estate, count: int) -> None:
    for number in range(count):
        for again in range(2):
            estate.event(
                f"p{number}/{again}",
                at("11:30"),
                "login",
                401,
                email=f"u{number}@example.com",
                source_ip_address=f"203.0.113.9:{4000 + number}",
            )


def denied_burst(estate: Estate, count: int) -> None:
    for number in range(count):
        estate.event(f"d{number}", at("11:30"), "getTable", 403, service_name="unityCatalog")
    estate.event("other", at("11:30"), "getTable", 403, service_name="unityCatalog", email="bo@example.com")


def deletions(estate: Estate, count: int) -> None:
    for number in range(count):
        begin = at("13:00", -1) + number * 20 * MINUTE
        estate.event(f"x{number}", begin, ("fileDelete", "moveToTrash")[number % 2], service_name="workspace")


def token(estate: Estate, hours: int) -> None:
    """Expires one second after so many hours."""
    expires_ms = int((at("11:30") + timedelta(hours=hours, seconds=1)).timestamp() * 1000)
    estate.event("t", at("11:30"), "generateDbToken", request_params={"tokenExpirationTime": str(expires_ms)})


def failed_starts(estate: Estate, count: int) -> None:
    estate.warehouse("wh1", "bi", at("00:00", -1))
    for number in range(count):
        begin = at("11:10") + number * 10 * MINUTE
        estate.warehouse_event("STARTING", begin)
        estate.warehouse_event("STOPPED", begin + MINUTE, 0)


def idle(estate: Estate, minutes: int) -> None:
    """Up since long ago; the last statement ended so long before what can be known of statements (08:50)."""
    estate.warehouse("wh1", "bi", at("00:00", -1))
    estate.warehouse_event("RUNNING", at("01:00"))
    estate.query("last", at("02:00"), at("08:50") - minutes * MINUTE)


SCENES: list[tuple[Rule, Scene, int]] = [
    (rules.FAILED_RUNS, failed_runs, 5),
    (rules.CONSECUTIVE_FAILURES, streak, 3),
    (rules.SLOW_RUNS, slow_run, 5),
    (rules.FAILED_QUERIES, failed_queries, 10),
    (rules.SLOW_QUERIES, slow_queries, 20),
    (rules.QUEUEING, queued_queries, 10),
    (rules.FAILED_LOGINS, failed_logins, 20),
    (rules.BRUTE_FORCE, brute_force, 10),
    (rules.PASSWORD_SPRAY, password_spray, 10),
    (rules.DENIED_BURST, denied_burst, 30),
    (rules.MASS_DELETE, deletions, 50),
    (rules.LONG_LIVED_TOKEN, token, 72),
    (rules.FAILED_STARTS, failed_starts, 1),
    (rules.IDLE, idle, 120),
]
_CASES = [
    pytest.param(rule, scene, threshold, step, id=f"{rule.id}{step:+}")
    for rule, scene, threshold in SCENES
    for step in (-1, 0, 1)
]


async def alerts_of(estate: Estate, rule: Rule, thresholds: Thresholds | None = None) -> list[dict[str, Any]]:
    answer = await estate.monitor(thresholds=thresholds).alerts()
    return [alert for alert in answer.rows() if alert["rule"] == rule.id]


@pytest.mark.parametrize(("rule", "scene", "threshold", "step"), _CASES)
async def test_a_threshold_is_met_at_its_number(rule: Rule, scene: Scene, threshold: int, step: int) -> None:
    """One less is silent, the number itself fires, and one more does; the alert says both numbers."""
    estate = lively_estate()
    scene(estate, threshold + step)
    found = await alerts_of(estate, rule)
    if step < 0:
        assert found == []
        return
    (alert,) = found
    assert (alert["state"], alert["severity"], alert["category"]) == ("firing", rule.severity, rule.category)
    if rule is not rules.LONG_LIVED_TOKEN:  # it counts what came of it
        assert (alert["threshold"], alert["value"]) == (threshold, threshold + step)
    if rule is not rules.IDLE:
        assert alert["evidence"]["ids"]


@pytest.mark.parametrize(
    ("action", "params", "rule"),
    [
        ("setAccountAdmin", {"targetUserName": "bo"}, rules.ADMIN_GRANTED),
        ("addPrincipalToGroup", {"targetGroupName": "admins"}, rules.ADMIN_GRANTED),
        ("updateIpAccessList", {"label": "office"}, rules.ACCESS_LIST_CHANGED),
        ("deleteIpAccessList", {}, rules.ACCESS_LIST_CHANGED),
    ],
)
@pytest.mark.parametrize("status", [200, 403])
async def test_one_event_is_enough(action: str, params: dict[str, str], rule: Rule, status: int) -> None:
    """What happened fires at the first; what was refused has not happened."""
    estate = lively_estate()
    estate.event("e", at("11:30"), action, status, request_params=params)
    found = await alerts_of(estate, rule)
    assert [alert["evidence"]["ids"] for alert in found] == ([["e"]] if status == 200 else [])


async def test_a_visit_of_the_vendor() -> None:
    """Databricks staff in the workspace: medium, at the service genie alone."""
    estate = lively_estate()
    estate.event("other", at("11:30"), "databricksAccess", service_name="accounts")
    assert await alerts_of(estate, rules.VENDOR_ACCESS) == []
    estate.event("e", at("11:31"), "databricksAccess", service_name="genie")
    (alert,) = await alerts_of(estate, rules.VENDOR_ACCESS)
    assert alert["severity"] == "medium"


def test_every_built_in_rule_is_tried_here() -> None:
    """A rule without a scene of its own would be one that nobody has seen fire."""
    events = {rules.ADMIN_GRANTED.id, rules.ACCESS_LIST_CHANGED.id, rules.VENDOR_ACCESS.id}
    tried = {rule.id for rule, _, _ in SCENES} | events | {rule.id for rule in rules.FRESHNESS.values()}
    assert tried == set(BUILT_IN) == set(rules.BUILT_IN)


@pytest.mark.parametrize("table", list(rules.FRESHNESS))
@pytest.mark.parametrize(("minutes", "fires"), [(-1, False), (0, True), (1, True)])
async def test_a_table_that_shows_nothing_new(table: str, minutes: int, fires: bool) -> None:
    """Silent for longer than its time: the freshness rule of that table fires, and no other table's does."""
    estate = lively_estate()
    limits = {"job_run_timeline": 240, "query_history": 180, "warehouse_events": 1440, "audit": 180}
    estate.clock.advance((limits[table] - 10 + minutes) * 60)
    answer = await estate.monitor().alerts()
    firing = {alert["rule"] for alert in answer.rows() if alert["state"] == "firing"}
    expected = {f"freshness.{name}" for name, limit in limits.items() if limit <= limits[table] + minutes}
    assert (f"freshness.{table}" in firing) is fires
    assert firing == expected


@pytest.mark.parametrize(
    ("everywhere", "environment", "tenant", "holds"),
    [(7, None, None, 7), (7, 6, None, 6), (7, 6, 4, 4), (7, None, 4, 4), (None, 6, None, 6)],
)
async def test_the_narrowest_threshold_holds(
    everywhere: int | None, environment: int | None, tenant: int | None, holds: int
) -> None:
    """Everywhere, for an environment, for a tenant: the rule fires at the narrowest that is said, not below."""
    name = "failed_workflows_per_hour"
    config = Config(
        tenants={
            "t": TenantConfig(
                source="demo",
                environment="production",
                thresholds={} if tenant is None else {name: tenant},
            ),
            "other": TenantConfig(source="demo", environment="staging"),
        },
        environments={"production": EnvironmentConfig({} if environment is None else {name: environment})},
        thresholds=Thresholds(**({} if everywhere is None else {name: everywhere})),
    )
    for count in (holds - 1, holds):
        estate = lively_estate()
        failed_runs(estate, count)
        found = await alerts_of(estate, rules.FAILED_RUNS, config.thresholds_for("t"))
        assert bool(found) is (count == holds)
    assert config.thresholds_for("other").failed_workflows_per_hour == (everywhere or 5)


async def test_a_rule_can_be_off_graver_or_have_a_runbook() -> None:
    """Per tenant, environment or everywhere, key by key."""
    config = Config(
        tenants={
            "t": TenantConfig(
                source="demo",
                environment="production",
                rules={"workflow.failed_per_hour": RuleConfig(severity="critical")},
            )
        },
        environments={
            "production": EnvironmentConfig(
                rules={
                    "workflow.failed_per_hour": RuleConfig(
                        severity="medium", runbook_url="https://runbooks.example/failed"
                    )
                }
            )
        },
        rules={"workflow.consecutive_failures": RuleConfig(enabled=False)},
    )
    estate = lively_estate()
    failed_runs(estate, 5)
    streak(estate, 3)
    answer = await estate.monitor(rules=config.rules_for("t")).alerts()
    firing = {alert["rule"]: alert for alert in answer.rows() if alert["state"] == "firing"}
    assert "workflow.consecutive_failures" not in firing
    alert = firing["workflow.failed_per_hour"]
    assert (alert["severity"], alert["runbook_url"]) == ("critical", "https://runbooks.example/failed")
    assert "workflow.consecutive_failures" not in {one["rule"] for one in answer.extra["rules"]}


async def test_a_flood_of_refusals_hides_no_intruder(monkeypatch: pytest.MonkeyPatch) -> None:
    """More denials than are read at once, all of them newer than the grant of administration: it is found."""
    monkeypatch.setattr(limits, "ALERT_ROWS", 40)
    estate = lively_estate()
    brute_force(estate, 12)
    estate.event("grant", at("11:41"), "setAccountAdmin", email="bo@example.com")
    for number in range(60):
        when = at("11:42") + number * timedelta(seconds=5)
        estate.event(
            f"d{number}", when, "getTable", 403, service_name="unityCatalog", email="eve@example.com"
        )
    answer = await estate.monitor().alerts()
    firing = {alert["rule"]: alert for alert in answer.rows() if alert["state"] == "firing"}
    assert {"security.brute_force", "security.admin_granted", "security.denied_burst"} <= set(firing)
    assert "at least 40" in firing["security.denied_burst"]["message"]
