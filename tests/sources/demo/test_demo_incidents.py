"""The estate is in trouble when it is built, and again and again afterwards."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import duckdb
import pytest

from sysmon_tui.sources.demo import DemoEstate
from tests.sources.demo.estate_asking import BUILT_AT, ask_of, questions, standing

SIGNALS = questions("signals.sql")

THRESHOLDS = {
    "failed runs": 6,
    "journey_orchestrator's trailing failures": 4,
    "failed queries": 12,
    "failed logins": 25,
    "users sprayed from one address": 10,
    "failed starts": 2,
    "queries queued at capacity": 3,
    "warehouses up for two hours without a query": 1,
}


@pytest.mark.parametrize("signal", THRESHOLDS)
def test_trouble_is_going_on_at_the_build(signal: str) -> None:
    """Each alert rule has something to find as soon as the estate stands."""
    assert standing(SIGNALS[signal]) >= THRESHOLDS[signal]


def test_failed_runs_are_of_every_failed_kind() -> None:
    """The hour before the head mixes FAILED, ERROR and TIMED_OUT."""
    assert standing(SIGNALS["failed runs"].replace("count(*)", "count(DISTINCT result_state)", 1)) == 3


def test_the_streak_began_after_a_success() -> None:
    """The failing job worked before: its termination code says what broke."""
    assert standing(
        "SELECT count(DISTINCT result_state) = 2"
        " AND count(*) FILTER (termination_code = 'RUN_EXECUTION_ERROR') >= 4"
        " FROM lakeflow.job_run_timeline JOIN lakeflow.jobs USING (workspace_id, job_id)"
        " WHERE name = 'journey_orchestrator' AND period_end_time > $built - INTERVAL 6 HOUR",
    )


def test_the_audit_log_shows_the_cause_before_the_first_failure() -> None:
    """A dropped table and a lost grant stand in the hour before the failures that name the table."""
    assert standing(
        "SELECT max(event_time) < (SELECT min(start_time) FROM query.history"
        "   WHERE contains(error_message, 'itinerary_events') AND start_time > $built - INTERVAL 5 HOUR)"
        " FROM access.audit WHERE action_name IN ('deleteTable', 'updatePermissions')"
        " AND event_time > $built - INTERVAL 5 HOUR",
    )


def test_the_brute_force_ends_in_a_success_from_the_same_address() -> None:
    """Within fifteen minutes of the last failures the attacked user is let in."""
    assert (
        standing(
            "SELECT count(*) FROM access.audit AS good JOIN access.audit AS bad"
            "   ON bad.request_params['user'] = good.request_params['user']"
            "   AND bad.event_time BETWEEN good.event_time - INTERVAL 15 MINUTE AND good.event_time"
            " WHERE good.response.status_code = 200 AND bad.response.status_code IN (401, 403)"
            "   AND good.action_name = 'login' AND good.source_ip_address = '185.220.101.47'"
            "   AND good.event_time > $built - INTERVAL 1 HOUR"
            "   AND split_part(bad.source_ip_address, ':', 1) = '185.220.101.47'",
        )
        >= 10
    )


@pytest.mark.parametrize(
    ("action", "condition"),
    [
        ("setAccountAdmin", "true"),
        ("addPrincipalToGroup", "request_params['targetGroupName'] = 'admins'"),
        (
            "generateDbToken",
            "request_params['tokenExpirationTime']::BIGINT > epoch_ms(event_time) + 72 * 3600000",
        ),
        ("updateIpAccessList", "true"),
        ("databricksAccess", "service_name = 'genie' AND request_params['approver'] IS NOT NULL"),
    ],
)
def test_the_intruder_and_the_vendor_leave_traces(action: str, condition: str) -> None:
    """Each action that an alert watches for happened in the last hour."""
    assert standing(
        "SELECT count(*) FROM access.audit"
        " WHERE action_name = $action AND event_time > $built - INTERVAL 1 HOUR AND " + condition,
        action=action,
    )


def test_one_user_deletes_more_than_fifty_things_a_day() -> None:
    """The intruder's deletions pass the threshold of a mass delete."""
    assert (
        standing(
            "SELECT max(n) FROM (SELECT count(DISTINCT event_id) AS n FROM access.audit"
            " WHERE action_name ILIKE '%delete%' AND user_identity.email <> 'System-User'"
            " GROUP BY user_identity.email, event_date)"
        )
        > 50
    )


def test_a_run_is_far_slower_than_the_job_used_to_be() -> None:
    """ledger_reconciliation takes four times its median at the incident."""
    assert (
        standing(
            "SELECT max(run_duration_seconds) FILTER (period_end_time > $built - INTERVAL 2 HOUR)"
            "   / median(run_duration_seconds) FILTER (run_duration_seconds > 0)"
            " FROM lakeflow.job_run_timeline JOIN lakeflow.jobs USING (workspace_id, job_id)"
            " WHERE name = 'ledger_reconciliation'",
        )
        > 3
    )


def test_one_warehouse_is_cold() -> None:
    """The last thing told of the smoke test's warehouse is that it stopped, hours ago."""
    assert standing(
        "SELECT max(event_time) FILTER (event_type = 'STOPPED') = max(event_time)"
        " AND max(event_time) < $built - INTERVAL 2 HOUR"
        " FROM compute.warehouse_events JOIN compute.warehouses USING (workspace_id, warehouse_id)"
        " WHERE warehouse_name = 'staging-smoke'",
    )


def test_trouble_comes_and_goes_over_three_days() -> None:
    """Whoever watches hour by hour sees each signal pass its threshold and fall back, more than twice."""
    connection = duckdb.connect()
    estate = DemoEstate(connection, now=BUILT_AT)
    connection.execute("USE system_tables")
    ask = ask_of(connection)
    met: dict[str, list[bool]] = {signal: [] for signal in THRESHOLDS}
    for hour in range(1, 73):
        estate.advance(BUILT_AT + timedelta(hours=hour))
        for signal, threshold in THRESHOLDS.items():
            met[signal].append(ask(SIGNALS[signal]) >= threshold)
    for signal, states in met.items():
        rises = sum(now and not before for before, now in pairwise(states))
        falls = sum(before and not now for before, now in pairwise(states))
        assert min(rises, falls) > 2, (signal, states)
