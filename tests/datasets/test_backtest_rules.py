"""Each rule of a backtest on each engine: its page at the threshold, below it and above it, and who was noisiest."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from sysmon_tui.config import Thresholds
from sysmon_tui.config.rules import RuleConfig
from tests.backtesting import by_rule, service_on, settings, tried
from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate, at

COUNTED = (
    "failed_workflows_per_hour",
    "consecutive_failures",
    "failed_queries_per_hour",
    "slow_queries_per_hour",
    "queued_queries_per_hour",
    "failed_logins_per_hour",
    "password_spray_users",
    "brute_force_failures",
    "denied_requests_per_hour",
    "deletes_per_day",
)
# What pages at once; the other rules have a count to reach.
AT_ONCE = {
    "security.admin_granted": at("09:00"),
    "security.access_list_changed": at("09:01"),
    "security.vendor_access": at("09:02"),
    "security.long_lived_token": at("09:03"),
}
ADDRESS = "198.51.100.7"


def _starts(threshold: int) -> dict[str, datetime]:
    """When the page of each rule begins under this threshold: with the event that reaches it."""
    third = threshold - 1
    return {
        "workflow.failed_per_hour": at(("08:10", "08:20", "08:30")[third]),
        "workflow.consecutive_failures": at(("01:00", "03:00", "05:00")[third]),
        "query.failed_per_hour": at(("08:10", "08:20", "08:30")[third]),
        "query.slow_per_hour": at(("05:10", "05:20", "05:30")[third]),
        "warehouse.queueing": at(("06:10", "06:20", "06:30")[third]),
        "security.failed_logins_per_hour": at(("08:10", "08:12", "08:14")[third]),
        "security.password_spray": at(("08:10", "08:12", "08:14")[third]),
        "security.brute_force": at("08:15"),
        "security.denied_burst": at(("07:10", "07:20", "07:30")[third]),
        "security.mass_delete": at(("01:00", "10:00", "20:00")[third], -1),
        **AT_ONCE,
    }


def fill(estate: Estate) -> None:
    """Of every rule three events that belong together, and beside them what does not count."""
    _runs(estate)
    _statements(estate)
    _events(estate)


def _runs(estate: Estate) -> None:
    for number, (clock, state) in enumerate(
        (("08:10", "FAILED"), ("08:20", "TIMED_OUT"), ("08:30", "ERROR"))
    ):
        estate.slice(f"r{number}", at("08:00"), at(clock), state, job_id=f"job{number}")
    estate.job("job0", "nightly", at("00:00", -9))
    estate.slice("repaired", at("08:00"), at("08:15"), "FAILED", job_id="mended")
    estate.slice("repaired", at("08:35"), at("08:40"), "SUCCEEDED", job_id="mended")
    estate.slice("other", at("08:00"), at("08:16"), "CANCELLED", job_id="job3")
    for number, clock in enumerate(("01:00", "03:00", "05:00")):
        estate.slice(f"s{number}", at("00:30"), at(clock), "FAILED", job_id="streak", run_name="ad hoc")
    estate.slice("same id elsewhere", at("02:00"), at("02:30"), "SUCCEEDED", job_id="streak",
                 workspace_id=OTHER_WORKSPACE)  # fmt: skip
    estate.slice("s3", at("05:30"), at("06:00"), "SUCCEEDED", job_id="streak")
    estate.slice("head", at("11:30"), at("11:59"), "SUCCEEDED", job_id="fine")


def _statements(estate: Estate) -> None:
    for minute in ("10", "20", "30"):
        estate.query(
            f"f{minute}", at("08:00"), at(f"08:{minute}"), "FAILED", error_message="[DIVIDE_BY_ZERO] no",
            total_duration_ms=5,
        )  # fmt: skip
        estate.query(
            f"own{minute}", at("08:00"), at(f"08:{minute}"), "FAILED", client_application="sysmon_tui"
        )
        estate.query(f"s{minute}", at("05:00"), at(f"05:{minute}"), total_duration_ms=600_000)
        estate.query(f"n{minute}", at("05:00"), at(f"05:{minute}"), total_duration_ms=599_999)
        estate.query(
            f"q{minute}", at("06:00"), at(f"06:{minute}"), warehouse_id="wh2", total_duration_ms=70_000,
            waiting_at_capacity_duration_ms=60_000,
        )  # fmt: skip
        estate.query(
            f"w{minute}", at("06:00"), at(f"06:{minute}"), warehouse_id="wh3", total_duration_ms=70_000,
            waiting_at_capacity_duration_ms=59_999,
        )  # fmt: skip
    estate.warehouse("wh2", "bi-serving", at("00:00", -9))
    estate.query("head", at("11:58"), at("11:59"))


def _events(estate: Estate) -> None:
    for number, clock in enumerate(("08:10", "08:12", "08:14")):
        estate.event(
            f"l{number}",
            at(clock),
            "login",
            401,
            email=f"user{number}@example.com",
            source_ip_address=ADDRESS,
        )
    estate.event(
        "in", at("08:15"), "login", 200, email="victim@example.com", source_ip_address=f"{ADDRESS}:443"
    )
    for number, clock in enumerate(("07:10", "07:20", "07:30")):
        estate.event(
            f"d{number}", at(clock), "getTable", 403, email="eve@example.com", service_name="unityCatalog"
        )
        estate.event(
            f"n{number}", at(clock), "getTable", 404, email="eve@example.com", service_name="unityCatalog"
        )
    for number, clock in enumerate(("01:00", "10:00", "20:00")):
        estate.event(
            f"x{number}", at(clock, -1), "deleteJob", 200, email="dan@example.com", service_name="jobs"
        )
    estate.event("admin", at("09:00"), "setAccountAdmin", request_params={"targetUserName": "mallory"})
    estate.event("list", at("09:01"), "createIpAccessList")
    estate.event("staff", at("09:02"), "databricksAccess", service_name="genie")
    forever = {"tokenExpirationTime": "-1"}
    estate.event("token", at("09:03"), "generateDbToken", service_name="accounts", request_params=forever)
    estate.event("head", at("11:59"), "logout")


def _thresholds(threshold: int) -> Thresholds:
    return msgspec.structs.replace(Thresholds(), **dict.fromkeys(COUNTED, threshold))


async def test_every_rule_on_every_engine(estate: Estate) -> None:
    """At the threshold each rule has its one page, with its beginning, its end and its highest count."""
    fill(estate)
    source, names = estate.engine()
    report = await tried(service_on(source, estate.clock, names), settings(_thresholds(3)))
    assert all(table.is_known for table in report.tables), report.tables
    rules = by_rule(report)
    assert {rule: result.pages[0].started_at for rule, result in rules.items()} == _starts(3)
    assert {result.total for result in rules.values()} == {1}
    assert {rule for rule, result in rules.items() if result.pages[0].peak != 3} == {
        *AT_ONCE,
        "security.brute_force",
    }
    ended = {rule: result.pages[0].ended_at for rule, result in rules.items()}
    assert ended["workflow.consecutive_failures"] == at("06:00")
    assert ended["warehouse.queueing"] == at("07:10")
    assert ended["security.mass_delete"] == at("01:00")
    assert ended["security.admin_granted"] == at("09:00")
    labels = {rule: result.pages[0].label for rule, result in rules.items() if result.pages[0].label}
    assert labels["workflow.consecutive_failures"] == "ad hoc"
    assert labels["warehouse.queueing"] == "bi-serving"
    assert labels["security.password_spray"] == ADDRESS
    assert labels["security.brute_force"] == "victim@example.com"
    noisiest = {
        rule: [(one.kind, one.label, one.count) for one in result.noisiest] for rule, result in rules.items()
    }
    assert noisiest["workflow.failed_per_hour"] == [
        ("job", "nightly", 1), ("job", "job job1", 1), ("job", "job job2", 1)
    ]  # fmt: skip
    assert noisiest["query.failed_per_hour"] == [
        ("user", "ann@example.com", 3),
        ("error class", "DIVIDE_BY_ZERO", 3),
    ]
    assert ("warehouse", "bi-serving", 1) in noisiest["warehouse.queueing"]
    assert ("warehouse", "wh1", 3) in noisiest["query.slow_per_hour"]
    assert ("address", ADDRESS, 3) in noisiest["security.failed_logins_per_hour"]


@pytest.mark.parametrize("threshold", [2, 4])
async def test_below_and_above(live_estate: Estate, threshold: int) -> None:
    """One below the count each rule pages at the event before; one above, only what pages at once does."""
    fill(live_estate)
    rules = by_rule(await tried(live_estate.monitor().service, settings(_thresholds(threshold))))
    paged = {rule: result.pages[0].started_at for rule, result in rules.items() if result.total}
    assert paged == (_starts(2) if threshold == 2 else AT_ONCE)


async def test_the_start_of_the_window(live_estate: Estate) -> None:
    """What began before the window is no page of it, though it goes on within; a page later in it is."""
    day = timedelta(days=1)
    start = at("12:00") - day
    for number in range(3):
        live_estate.query(f"b{number}", start, start - timedelta(minutes=5 - number), "FAILED")
        # Within the hold of three hours after that one's end: the same page.
        again = start + timedelta(hours=3, minutes=number)
        live_estate.query(f"c{number}", again, again, "FAILED")
        later = start + timedelta(hours=9, minutes=number)
        live_estate.query(f"l{number}", later, later, "FAILED")
    live_estate.slice("old", start - 40 * day, start - 40 * day, "FAILED")
    live_estate.slice("older", start - 41 * day, start - 41 * day, "FAILED")
    third = start + timedelta(hours=1)
    live_estate.slice("new", third, third, "FAILED")
    rules = by_rule(await tried(live_estate.monitor().service, settings(_thresholds(3)), days=1))
    assert [page.started_at for page in rules["query.failed_per_hour"].pages] == [
        start + timedelta(hours=9, minutes=2)
    ]
    # Failures in a row are followed back as far as the table goes.
    assert [page.started_at for page in rules["workflow.consecutive_failures"].pages] == [third]


async def test_closed_streaks_each_page(live_estate: Estate) -> None:
    """Of one job two rows of failures with a success between are two pages, the first of them closed."""
    for number, state in enumerate(("FAILED", "FAILED", "SUCCEEDED", "FAILED", "CANCELLED", "ERROR")):
        when = at("04:00") + timedelta(hours=number)
        live_estate.slice(str(number), when, when, state)
    wanted = settings(Thresholds(consecutive_failures=2))
    pages = by_rule(await tried(live_estate.monitor().service, wanted))["workflow.consecutive_failures"].pages
    assert [(page.started_at, page.ended_at) for page in pages] == [
        (at("09:00"), None),
        (at("05:00"), at("06:00")),
    ]


async def test_rules_as_configured(live_estate: Estate) -> None:
    """A rule that is off is left out, one for which it must hold a while waits, one that keeps firing joins pages."""
    for number in range(3):
        for hour in (1, 8):
            when = at("00:00") + timedelta(hours=hour, minutes=number)
            live_estate.query(f"{hour}/{number}", when, when, "FAILED")
    wanted = {
        "query.failed_per_hour": RuleConfig(severity="critical", keep_firing_minutes=720),
        "query.slow_per_hour": RuleConfig(enabled=False),
    }
    thresholds = _thresholds(3)
    service = live_estate.monitor(workspace_ids=(WORKSPACE,)).service
    report = await tried(service, settings(thresholds, rules=wanted))
    failed = by_rule(report)["query.failed_per_hour"]
    assert (failed.severity, failed.total) == ("critical", 1)
    assert report.off == ("query.slow_per_hour",)
    assert "query.slow_per_hour" not in by_rule(report)
    wanted["query.failed_per_hour"] = RuleConfig(for_minutes=59)
    report = await tried(service, settings(thresholds, rules=wanted))
    assert by_rule(report)["query.failed_per_hour"].total == 0  # it held for 58 minutes
    report = await tried(live_estate.monitor(workspace_ids=(OTHER_WORKSPACE,)).service, settings(thresholds))
    assert by_rule(report)["query.failed_per_hour"].total == 0
