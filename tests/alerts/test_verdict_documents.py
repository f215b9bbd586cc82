"""Verdicts: the alert as a whole document, and the order and the numbers of several."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sysmon_tui.alerts.episodes import HOUR, Episode
from sysmon_tui.alerts.finding import Finding, Words, alert_id
from sysmon_tui.alerts.verdict import (
    Verdict,
    by_severity,
    document,
    in_order,
    unknown,
    verdicts,
    worth_showing,
)
from tests.alerts.judging import MINUTE, RULE, seen
from tests.alerts.receivers import alert, resolved
from tests.estate import at

RUNBOOK = "https://wiki.example.com/runs"
RULE_OF_DUTY = replace(RULE, runbook_url=RUNBOOK, severity="critical")
ENTITY = {"job_id": "1", "workflow_name": "nightly"}
WORDS = Words(
    "7 failed workflow runs",
    "7 failed workflow runs in an hour.",
    rows=[("1", "r1"), ("1", "r2")],
    since=at("09:00"),
    parameters={"hours": 3},
)
FIRES: dict[str, Any] = {
    "id": alert_id("t", RULE.id, {"job_id": "1"}),
    "rule": "workflow.failed_per_hour",
    "category": "workflow",
    "severity": "critical",
    "state": "firing",
    "title": "7 failed workflow runs",
    "message": "7 failed workflow runs in an hour.",
    "value": 7,
    "threshold": 5,
    "entity": ENTITY,
    "started_at": "2026-03-10T10:00:00Z",
    "detected_at": "2026-03-10T10:45:00Z",
    "resolved_at": None,
    "as_of": "2026-03-10T10:30:00Z",
    "acknowledged_by": None,
    "silenced_until": None,
    "runbook_url": RUNBOOK,
    "evidence": {
        "ids": ["r1", "r2"],
        "dataset": "workflows/failed",
        "parameters": {"hours": 3},
        "statement": (
            "SELECT * FROM `a`.`b`.`c` WHERE period_start_time >= TIMESTAMP'2026-03-10T09:00:00Z'"
            " AND workspace_id IN ('1') AND run_id IN ('r1', 'r2')"
        ),
    },
    "incident": None,
}


def found(*episodes: Episode, head: str = "10:30", words: Words = WORDS, **changes: Any) -> Finding:
    table = seen(at(head), fetched_at=at(head) + 15 * MINUTE)
    rule = replace(RULE_OF_DUTY, **changes)
    return Finding(rule, table, 5, episodes, lambda _: words, ENTITY, {"job_id": "1"})


def test_an_alert_that_fires() -> None:
    """All that is known of it without a store; the rest is null."""
    assert verdicts(found(Episode(at("10:00"), None, 7)), "t") == [
        Verdict(FIRES, at("10:00"), at("10:30"), timedelta(0))
    ]


def test_an_alert_that_has_ended() -> None:
    """Since when it is over, by its rule; its condition held up to its episode's end."""
    over = found(Episode(at("10:00"), at("11:00"), 7), head="14:00", keep=2 * HOUR)
    assert verdicts(over, "t") == [
        Verdict(
            FIRES
            | {
                "state": "resolved",
                "resolved_at": "2026-03-10T13:00:00Z",
                "detected_at": "2026-03-10T14:15:00Z",
                "as_of": "2026-03-10T14:00:00Z",
            },
            at("10:00"),
            at("11:00"),
            2 * HOUR,
        )
    ]


@pytest.mark.parametrize(
    ("keep", "more"),
    [
        (
            timedelta(0),
            " No longer so since 2026-03-10 11:00 UTC, by what has come; it ends when a.b.c has come past"
            " 2026-03-10 12:00 UTC.",
        ),
        (HOUR, ""),
    ],
)
def test_an_alert_whose_end_is_not_sure_yet(keep: timedelta, more: str) -> None:
    """It fires, and says so; nothing where the rule wants it to go on firing."""
    (verdict,) = verdicts(found(Episode(at("10:00"), at("11:00"), 7), head="11:30", keep=keep), "t")
    assert verdict == Verdict(
        FIRES
        | {
            "message": f"7 failed workflow runs in an hour.{more}",
            "detected_at": "2026-03-10T11:45:00Z",
            "as_of": "2026-03-10T11:30:00Z",
        },
        at("10:00"),
        at("11:00"),
        keep,
    )


@pytest.mark.parametrize("ended", [None, "10:40"])
def test_an_alert_that_waits(ended: str | None) -> None:
    """It holds for twenty of thirty minutes; up to the head, though rows beyond it end it."""
    waits = found(
        Episode(at("10:10"), None if ended is None else at(ended), 7), wait=30 * MINUTE, absence=True
    )
    waits = replace(waits, seen=replace(waits.seen, lateness=timedelta(0)))
    assert verdicts(waits, "t") == [
        Verdict(
            FIRES | {"state": "pending", "started_at": "2026-03-10T10:10:00Z"},
            at("10:10"),
            at("10:30"),
            timedelta(0),
        )
    ]


def test_what_is_absent_is_known_up_to_where_no_more_rows_come() -> None:
    """An hour before the head, so half an hour of it is known then."""
    holds = Episode(at("10:00"), None, 7)
    for head, state in (("11:29", "pending"), ("11:30", "firing")):
        absent = found(holds, head=head, wait=30 * MINUTE, absence=True)
        assert [verdict.state for verdict in verdicts(absent, "t")] == [state]
    present = found(holds, head="10:30", wait=30 * MINUTE)
    assert [verdict.state for verdict in verdicts(present, "t")] == ["firing"]


@pytest.mark.parametrize(
    ("reason", "message"),
    [("No grant.", "No grant."), (None, "a.b.c has shown no row of the last 30 days.")],
)
def test_an_alert_that_is_not_known(reason: str | None, message: str) -> None:
    """Of the whole tenant, with the threshold it would have and since when its table is known."""
    table = seen(at("10:00"), state="denied", reason=reason, fetched_at=at("10:45"))
    assert unknown(RULE_OF_DUTY, table, 5, "t") == Verdict(
        FIRES
        | {
            "id": alert_id("t", RULE.id, {}),
            "state": "unknown",
            "title": "Unknown: failed workflow runs (a.b.c is denied)",
            "message": message,
            "value": None,
            "entity": {},
            "started_at": "2026-03-10T10:00:00Z",
            "as_of": "2026-03-10T10:00:00Z",
            "evidence": {"ids": [], "dataset": "workflows/failed", "parameters": {}, "statement": None},
        },
        None,
        None,
    )


@pytest.mark.parametrize(
    ("episode", "value", "told"),
    [
        (None, None, None),
        (None, 3, 3),
        (Episode(at("10:00"), None, 7), None, 7),
        (Episode(at("10:00"), None, 7), 0, 0),
    ],
)
def test_the_value_is_the_words_where_they_have_one(
    episode: Episode | None, value: int | None, told: int | None
) -> None:
    """Else the episode's, where there is one; its entity is its identity where no other is given."""
    words = replace(WORDS, value=value)
    finding = replace(found(words=words), identity=None)
    made = document(finding, words, "t", state="firing", message="Message.", episode=episode)
    assert made == FIRES | {
        "id": alert_id("t", RULE.id, ENTITY),
        "message": "Message.",
        "value": told,
        "started_at": None if episode is None else "2026-03-10T10:00:00Z",
    }


# Several ---------------------------------------------------------------------------------------------------


def test_alerts_are_in_one_order_whatever_order_they_came_in() -> None:
    """By state, severity and age; of the same age by rule and id, and those without a start last."""
    wanted = [
        alert(id="c", severity="critical", started_at="2026-11-21T01:00:00Z"),
        alert(id="h3", started_at="2026-11-22T02:31:00Z"),
        alert(id="h2", rule="a.b"),
        alert(id="h1", rule="a.c"),
        alert(id="h4", rule="a.c"),
        alert(id="h0", started_at=None),
        alert(id="m", severity="medium"),
        alert(id="p", state="pending", severity="medium"),
        alert(id="u", state="unknown", severity="critical"),
        resolved(id="r", severity="critical"),
    ]
    for turned in range(len(wanted)):
        assert in_order([*wanted[turned:], *wanted[:turned]]) == wanted
        assert in_order([*wanted[turned:], *wanted[:turned]][::-1]) == wanted


def test_every_severity_is_counted() -> None:
    """Nought where none fires; what waits, is not known or is over does not count."""
    assert by_severity([]) == {"critical": 0, "high": 0, "medium": 0}
    others = [alert(state=state, severity="critical") for state in ("pending", "unknown", "resolved")]
    assert by_severity([*others, alert(), alert()]) == {"critical": 0, "high": 2, "medium": 0}


@pytest.mark.parametrize("state", ["firing", "pending", "unknown"])
@pytest.mark.parametrize("since", [None, at("00:00")])
def test_what_is_open_is_always_worth_showing(state: str, since: datetime | None) -> None:
    """Whatever it has for an end."""
    one = alert(state=state)
    assert worth_showing([one], since=since) == [one]
