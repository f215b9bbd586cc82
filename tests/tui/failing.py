"""Invented statements and logins that fail, with the figures of their window, for the tests of Queries and Audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.fakes import NOW, FakeMonitor, answer


def query(number: int, **values: Any) -> dict[str, Any]:
    """A statement that ended `number` minutes before NOW."""
    end = NOW - timedelta(minutes=number)
    return {
        "workspace_id": "1",
        "statement_id": f"s{number}",
        "status": "FINISHED",
        "user_email": "ann@example.com",
        "start_time": end - timedelta(seconds=1),
        "end_time": end,
        "total_duration_ms": 1000,
        "statement_text": f"SELECT {number}",
        **values,
    }


def event(**values: Any) -> dict[str, Any]:
    return {
        "event_id": "e1",
        "event_time": NOW - timedelta(minutes=5),
        "workspace_id": "0",
        "service_name": "accounts",
        "action_name": "login",
        "status": "failure",
        "status_code": 401,
        "source_ip": "192.0.2.1:443",
        "user_email": "Ann@example.com",
        **values,
    }


def error_class(name: str | None, failures: int, **values: Any) -> dict[str, Any]:
    when = NOW - timedelta(minutes=30)
    return {
        "error_class": name,
        "failures": failures,
        "users": 2,
        "first_failure": when,
        "last_failure": when,
        "last_message": f"[{name}] It broke.",
        **values,
    }


def part(name: str, sum_ms: int, share: float, p95_ms: int) -> dict[str, Any]:
    return {"part": name, "statements": 1234, "sum_ms": sum_ms, "share": share, "p95_ms": p95_ms}


def refused(name: str | None, failures: int, **values: Any) -> dict[str, Any]:
    when = NOW - timedelta(minutes=30)
    return {"name": name, "failures": failures, "others": 3, "last_failure": when, "followed": "no", **values}


def failing_queries() -> FakeMonitor:
    failed = [
        query(1, status="FAILED", error_class="DELTA_X", error_message="[DELTA_X] first"),
        query(2, status="FAILED", error_message="no class"),
    ]
    return FakeMonitor(
        {
            "queries": answer("queries", [*failed, query(3)]),
            "failed_queries": answer("queries", failed),
            "counts": answer(
                "counts",
                [
                    {"bucket_start": NOW - timedelta(hours=1), "status": "FAILED", "count": 1210},
                    {"bucket_start": NOW - timedelta(hours=1), "status": "FINISHED", "count": 24},
                ],
            ),
            "query_errors": answer(
                "query_errors",
                [
                    error_class("DELTA_X", 1200),
                    error_class(None, 5, last_message="no class"),
                    error_class("B", 3),
                    error_class("C", 1),
                    error_class("D", 1),
                ],
            ),
            "query_times": answer(
                "query_times",
                [
                    part("in all", 3_600_000, 1.0, 61_000),
                    part("waiting for compute", 0, 0.0, 0),
                    part("waiting at capacity", 1_800_000, 0.5, 30_000),
                ],
            ),
            "slowest_queries": answer("queries", [query(9, total_duration_ms=7_200_000)]),
        }
    )


def refused_logins() -> FakeMonitor:
    alert = {
        "id": "a1",
        "rule": "security.brute_force",
        "category": "security",
        "severity": "critical",
        "state": "resolved",
        "title": "ann logged in after 12 refused logins",
        "message": "Somebody guessed.",
        "entity": {"user_email": "ann@example.com"},
        "evidence": {},
        "started_at": NOW - timedelta(hours=2),
    }
    return FakeMonitor(
        {
            "audit": answer("audit", [event(), event(event_id="e2", source_ip="192.0.2.10")]),
            "logins_by_user": replace(
                answer(
                    "login_failures",
                    [
                        refused("ann@example.com", 12, followed="yes", let_in_at=NOW - timedelta(minutes=7)),
                        refused(None, 2, followed="unknown"),
                    ],
                ),
                total=7000,
            ),
            "logins_by_address": answer("login_failures", [refused("192.0.2.1", 14)]),
            "alerts": answer("alerts", [alert]),
        }
    )
