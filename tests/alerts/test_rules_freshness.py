"""What the rules on tables say, word for word: of one that shows nothing new, or can't be read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from sysmon_tui.alerts import freshness
from sysmon_tui.alerts.finding import alert_id
from sysmon_tui.alerts.verdict import Verdict
from sysmon_tui.errors import WarehouseAsleep
from sysmon_tui.views.answer import State
from tests.alerts.judging import AUDIT, seen
from tests.estate import at

NOW = at("12:00")
STALE_AFTER = timedelta(hours=3, seconds=45)
IDENTITY = {"table": "a.b.c"}


def looked_at(
    head: datetime | None, state: State = "fresh", reason: str | None = None, code: str | None = None
) -> Verdict | None:
    """At noon, of a table that is late from three hours and 45 seconds on."""
    table = seen(head, state=state, reason=reason, fetched_at=NOW, code=code)
    return freshness.verdict(AUDIT, table, STALE_AFTER, "acme")


def alert(**told: Any) -> dict[str, Any]:
    return {
        "id": alert_id("acme", "freshness.audit", IDENTITY),
        "rule": "freshness.audit",
        "category": "freshness",
        "severity": "medium",
        "threshold": 180,
        "entity": IDENTITY,
        "detected_at": "2026-03-10T12:00:00Z",
        "resolved_at": None,
        "acknowledged_by": None,
        "silenced_until": None,
        "runbook_url": None,
        "evidence": {"ids": [], "dataset": "", "parameters": {}, "statement": None},
        "incident": None,
        **told,
    }


def exactly(verdict: Verdict | None) -> str:
    """An alert's numbers are whole: 200.0 is not 200."""
    assert verdict is not None
    return repr(sorted(verdict.alert.items()))


def test_a_late_table_fires_in_these_words() -> None:
    """In whole minutes, begun when it became late; another alert of it is one with it for a year."""
    verdict = looked_at(at("08:39:30"))
    fires = Verdict(
        alert(
            state="firing",
            title="a.b.c has shown nothing new for 200 minutes",
            message=(
                "a.b.c has shown nothing newer than 2026-03-10 08:39 UTC: 200 minutes (threshold 180). "
                "Until it goes on, its rules can't tell a quiet hour."
            ),
            value=200,
            started_at="2026-03-10T11:40:15Z",
            as_of="2026-03-10T08:39:30Z",
        ),
        at("11:40:15"),
        NOW,
        timedelta(days=366),
    )
    assert verdict == fires
    assert exactly(verdict) == exactly(fires)


@pytest.mark.parametrize(
    ("state", "reason", "message"),
    [
        ("denied", "No grant.", "No grant."),
        ("denied", None, "No reason is known."),
        ("failed", "", "No reason is known."),
        ("failed", "No network.", "No network."),
        ("stale", "No network.", "No network."),
    ],
)
def test_a_table_that_cannot_be_read_is_pending_in_these_words(
    state: State, reason: str | None, message: str
) -> None:
    """Since this look at it, with the reason that is known, and without a number."""
    assert looked_at(at("11:50"), state, reason) == Verdict(
        alert(
            state="pending",
            title=f"a.b.c can't be read ({state})",
            message=message,
            value=None,
            started_at="2026-03-10T12:00:00Z",
            as_of="2026-03-10T11:50:00Z",
        ),
        NOW,
        NOW,
        timedelta(days=366),
    )


@pytest.mark.parametrize(
    ("head", "state", "reason", "code"),
    [
        (at("11:50"), "fresh", None, None),
        (at("11:50"), "fresh", "Of no matter.", None),
        (None, "empty", None, None),
        (at("11:50"), "stale", None, None),
        (at("08:59:16"), "fresh", None, None),
        (at("06:00"), "stale", "Asleep.", WarehouseAsleep.code),
    ],
    ids=["read", "read with a remark", "empty", "old, no reason", "a second short of late", "asleep"],
)
def test_a_table_that_is_well_or_that_nobody_asked_says_nothing(
    head: datetime | None, state: State, reason: str | None, code: str | None
) -> None:
    """Neither fires nor is pending."""
    assert looked_at(head, state, reason, code) is None


@pytest.mark.parametrize("state", ["fresh", "stale", "denied"])
def test_a_table_is_late_however_it_was_read(state: State) -> None:
    """Exactly at what is usual, and before anything else is said of it."""
    verdict = looked_at(at("08:59:15"), state, "No grant.")
    assert verdict is not None
    assert (verdict.state, verdict.started_at, verdict.alert["value"]) == ("firing", NOW, 180)
