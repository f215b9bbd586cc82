"""The rules on the audit log, event by event: what is counted in crowds, and what is an alert each time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from sysmon_tui.alerts import rules, security
from sysmon_tui.alerts.episodes import Episode
from sysmon_tui.alerts.finding import Finding, Seen, Words
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.config import Thresholds
from sysmon_tui.datasets.catalogue import SECURITY_SIGNALS
from tests.estate import OTHER_WORKSPACE, WORKSPACE, at

MINUTE = timedelta(minutes=1)
BO, EVE = "bo@example.com", "eve@example.com"
THRESHOLDS = Thresholds(
    failed_logins_per_hour=3,
    password_spray_users=3,
    denied_requests_per_hour=3,
    deletes_per_day=3,
    brute_force_failures=10,
    token_lifetime_hours=72,
)
WANTED = {name: rule for name, rule in rules.BUILT_IN.items() if rule.category == "security"}
COUNTED = [rules.FAILED_LOGINS, rules.PASSWORD_SPRAY, rules.DENIED_BURST, rules.MASS_DELETE]
GRAVE = [rule for rule in WANTED.values() if rule not in COUNTED]
SIGNALS = {
    rules.FAILED_LOGINS: "failed_login",
    rules.PASSWORD_SPRAY: "failed_login",
    rules.BRUTE_FORCE: "brute_force",
    rules.ADMIN_GRANTED: "admin_granted",
    rules.ACCESS_LIST_CHANGED: "access_list_changed",
    rules.VENDOR_ACCESS: "vendor_access",
    rules.LONG_LIVED_TOKEN: "long_lived_token",
    rules.DENIED_BURST: "denied",
    rules.MASS_DELETE: "deleted",
}


def event(number: int, signal: str, when: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "event_time": when,
        "workspace_id": WORKSPACE,
        "user_email": BO,
        "address": "203.0.113.9",
        "service_name": "accounts",
        "action_name": "act",
        "status_code": 200,
        "signal": signal,
        "target": None,
        "failures": 12 if signal == "brute_force" else None,
        "matched_by": "user" if signal == "brute_force" else None,
        **changes,
    }


def audit(*events: dict[str, Any], left_out: int = 0) -> Seen:
    """Up to noon, looked at ten minutes later; the rows newest first, as a listing has them."""
    rows = sorted(events, key=lambda one: one["event_time"], reverse=True)
    schema = {name: kind for name, kind in SECURITY_SIGNALS.schema.items() if name in event(0, "", at("0:0"))}
    frame = pl.DataFrame(rows, schema=schema)
    total = frame.height + left_out
    hour = timedelta(hours=1)
    return Seen("system.access.audit", frame, total, at("12:00"), at("12:10"), "fresh", None, hour)


def found_by(rule: Rule, seen: Seen) -> list[Finding]:
    return security.findings(seen, seen, {rule.id: rule}, THRESHOLDS)[rule.id]


def crowd(rule: Rule, count: int, apart: timedelta = MINUTE) -> list[dict[str, Any]]:
    """So many events from 11:10 on; of different users from one address where that is what counts."""
    spray = rule is rules.PASSWORD_SPRAY
    return [
        event(number, SIGNALS[rule], at("11:10") + number * apart, user_email=f"u{number}" if spray else BO)
        for number in range(count)
    ]


def told(found: list[Finding]) -> list[tuple[dict[str, Any], Episode, Words]]:
    return [(one.entity, episode, one.words(episode)) for one in found for episode in one.episodes]


# What is counted -------------------------------------------------------------------------------------------

OF_THREE = [(WORKSPACE, "e2"), (WORKSPACE, "e1"), (WORKSPACE, "e0")]
IN_A_CROWD: dict[Rule, tuple[dict[str, Any], str, str, int]] = {
    rules.FAILED_LOGINS: (
        {},
        "3 failed logins within an hour",
        "3 failed logins in the hour up to 2026-03-10 12:00 UTC (threshold 3): bo@example.com (3).",
        2,
    ),
    rules.PASSWORD_SPRAY: (
        {"source_ip": "203.0.113.9"},
        "203.0.113.9: 3 users refused from one address within an hour",
        "203.0.113.9: 3 users refused from one address in the hour up to 2026-03-10 12:00 UTC (threshold 3): "
        "u2 (1), u1 (1), u0 (1).",
        2,
    ),
    rules.DENIED_BURST: (
        {"user_email": BO},
        "bo@example.com: 3 requests denied by Unity Catalog within an hour",
        "bo@example.com: 3 requests denied by Unity Catalog in the hour up to 2026-03-10 12:00 UTC "
        "(threshold 3).",
        2,
    ),
    rules.MASS_DELETE: (
        {"user_email": BO},
        "bo@example.com: 3 deletions by one user within a day",
        "bo@example.com: 3 deletions by one user in the day up to 2026-03-10 12:00 UTC (threshold 3).",
        25,
    ),
}


@pytest.mark.parametrize("rule", COUNTED, ids=lambda rule: rule.id)
def test_a_crowd_of_events_is_an_alert_in_these_words(rule: Rule) -> None:
    """From the event that reached the threshold on, with who it was and the rows behind it."""
    found = found_by(rule, audit(*crowd(rule, 3)))
    entity, title, message, hours = IN_A_CROWD[rule]
    words = Words(title, message, None, OF_THREE, at("11:10"), {"hours": hours})
    assert told(found) == [(entity, Episode(at("11:12"), None, 3), words)]
    assert [(one.rule, one.threshold, one.identity) for one in found] == [(rule, 3, None)]


@pytest.mark.parametrize("rule", COUNTED, ids=lambda rule: rule.id)
def test_one_event_less_is_no_crowd(rule: Rule) -> None:
    """Nor are as many that are spread so far that the window never holds them all at once."""
    window = rule.window
    late = replace(audit(), as_of=at("12:00", 2))
    few = crowd(rule, 2)
    spread = crowd(rule, 3, apart=window / 2)
    close = crowd(rule, 3, apart=window / 2 - timedelta(seconds=1))
    counts = [
        len(told(found_by(rule, replace(late, frame=audit(*events).frame, total=len(events)))))
        for events in (few, spread, close)
    ]
    assert counts == [0, 0, 1]


def test_refused_logins_of_everybody_are_counted_together() -> None:
    """Whoever it was, wherever from; somebody unknown counts and is not named."""
    when = at("11:30")
    events = [
        event(1, "failed_login", when, user_email=BO, address="203.0.113.1"),
        event(2, "failed_login", when, user_email=None, address=None),
        event(3, "failed_login", when, user_email=EVE, address="203.0.113.2", workspace_id=OTHER_WORKSPACE),
        event(4, "failed_login", when, user_email=EVE, address="203.0.113.3"),
    ]
    ((entity, episode, words),) = told(found_by(rules.FAILED_LOGINS, audit(*events)))
    assert (entity, episode) == ({}, Episode(when, None, 4))
    assert words.message == (
        "4 failed logins in the hour up to 2026-03-10 12:00 UTC (threshold 3): "
        "eve@example.com (2), bo@example.com (1)."
    )
    assert words.rows[2:] == [(OTHER_WORKSPACE, "e3"), (WORKSPACE, "e4")]


def test_a_spray_is_of_different_users_from_one_address() -> None:
    """One user often refused is none, and an address that nobody knows sprays nothing."""
    known, guessed = "203.0.113.1", "203.0.113.2"
    when = at("11:30")
    events = [
        *(event(n, "failed_login", when, address=known, user_email=(BO, EVE)[n % 2]) for n in range(9)),
        *(event(n, "failed_login", when, address=None, user_email=f"u{n}") for n in range(9)),
        *(event(n, "failed_login", when, address=guessed, user_email=f"u{n}") for n in range(4)),
    ]
    found = told(found_by(rules.PASSWORD_SPRAY, audit(*events)))
    assert [(entity, episode.value) for entity, episode, _ in found] == [({"source_ip": guessed}, 4)]


@pytest.mark.parametrize("rule", [rules.DENIED_BURST, rules.MASS_DELETE], ids=lambda rule: rule.id)
def test_requests_are_counted_for_each_user(rule: Rule) -> None:
    """In the order in which their newest come; what nobody did is counted for nobody."""
    signal, when = SIGNALS[rule], at("11:30")
    events = [
        *(event(n, signal, when, user_email=BO) for n in range(3)),
        *(event(n, signal, when + MINUTE, user_email=EVE, address=None) for n in range(4)),
        *(event(n, signal, when, user_email="few@example.com") for n in range(2)),
        *(event(n, signal, when, user_email=None) for n in range(9)),
    ]
    assert [(entity, episode.value) for entity, episode, _ in told(found_by(rule, audit(*events)))] == [
        ({"user_email": EVE}, 4),
        ({"user_email": BO}, 3),
    ]


@pytest.mark.parametrize("rule", COUNTED, ids=lambda rule: rule.id)
def test_of_a_flood_only_some_rows_are_known(rule: Rule) -> None:
    """Any of those left out may be of the crowd: there are at least as many as were seen."""
    ((_, _, words),) = told(found_by(rule, audit(*crowd(rule, 3), left_out=1)))
    _, title, message, _ = IN_A_CROWD[rule]
    assert words.title == title.replace(f"3 {rule.noun}", f"at least 3 {rule.noun}")
    assert words.message == message.replace(f"3 {rule.noun}", f"at least 3 {rule.noun}")


# What is an alert each -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "known", "title"),
    [
        (rules.BRUTE_FORCE, {}, f"{BO} logged in from 203.0.113.9 after 12 refused logins within 15 minutes"),
        (
            rules.BRUTE_FORCE,
            {"address": None, "user_email": None, "target": "never told"},
            "somebody logged in after 12 refused logins within 15 minutes",
        ),
        (rules.ADMIN_GRANTED, {"target": EVE}, f"{BO} granted administration (act) to {EVE}"),
        (rules.ADMIN_GRANTED, {"user_email": ""}, "somebody granted administration (act)"),
        (rules.ACCESS_LIST_CHANGED, {"target": "office"}, f"{BO} changed an IP access list (act) office"),
        (rules.ACCESS_LIST_CHANGED, {"user_email": None}, "somebody changed an IP access list (act)"),
        (rules.VENDOR_ACCESS, {"target": "ticket 7"}, f"{BO} of Databricks was given access ticket 7"),
        (rules.VENDOR_ACCESS, {"target": ""}, f"{BO} of Databricks was given access"),
        (rules.LONG_LIVED_TOKEN, {"target": "ci"}, f"{BO} made a token that lives long ci"),
        (rules.LONG_LIVED_TOKEN, {"user_email": None}, "somebody made a token that lives long"),
    ],
)
def test_a_grave_event_is_an_alert_in_these_words(rule: Rule, known: dict[str, Any], title: str) -> None:
    """Who did it to whom, its moment and the row behind it; refused logins are the value of an attack."""
    found = found_by(rule, audit(event(1, SIGNALS[rule], at("11:30"), **known)))
    attack = rule is rules.BRUTE_FORCE
    message, value = f"{title}, at 2026-03-10 11:30 UTC.", 12 if attack else 1
    words = Words(title, message, value, [(WORKSPACE, "e1")], at("11:30"), {"hours": 1})
    entity = {"user_email": known.get("user_email", BO)}
    assert told(found) == [(entity, Episode(at("11:30"), at("11:30"), 1), words)]
    assert [(one.rule, one.threshold, one.identity) for one in found] == [
        (rule, 10 if attack else None, None)
    ]


@pytest.mark.parametrize("rule", GRAVE, ids=lambda rule: rule.id)
def test_grave_events_are_one_finding_for_each_user(rule: Rule) -> None:
    """Wherever they did it, oldest first; of an unknown user too; those with the newest event come first."""
    signal = SIGNALS[rule]
    events = [
        event(1, signal, at("11:00"), user_email=BO),
        event(2, signal, at("11:10"), user_email=None),
        event(3, signal, at("11:20"), user_email=EVE),
        event(4, signal, at("11:30"), user_email=BO, workspace_id=OTHER_WORKSPACE, address="203.0.113.1"),
    ]
    assert [(one.entity, one.episodes) for one in found_by(rule, audit(*events))] == [
        ({"user_email": BO}, [Episode(at("11:00"), at("11:00"), 1), Episode(at("11:30"), at("11:30"), 1)]),
        ({"user_email": EVE}, [Episode(at("11:20"), at("11:20"), 1)]),
        ({"user_email": None}, [Episode(at("11:10"), at("11:10"), 1)]),
    ]


@pytest.mark.parametrize("rule", GRAVE, ids=lambda rule: rule.id)
def test_grave_events_of_one_day_are_told_together(rule: Rule) -> None:
    """The newest in words, the others as a number; the value of attacks is the most refusals of one."""
    failures = [10, 40, 12] if rule is rules.BRUTE_FORCE else [None] * 3
    signal = SIGNALS[rule]
    events = [event(n, signal, at(f"11:{n}0"), failures=count) for n, count in enumerate(failures, start=1)]
    (found,) = found_by(rule, audit(*events))
    words = found.words(Episode(at("11:10"), at("11:30"), 3))
    assert words == Words(
        words.title,
        f"{words.title}, at 2026-03-10 11:30 UTC, 2 more since 2026-03-10 11:10 UTC.",
        40 if rule is rules.BRUTE_FORCE else 3,
        [(WORKSPACE, "e3"), (WORKSPACE, "e2"), (WORKSPACE, "e1")],
        at("11:10"),
        {"hours": 1},
    )


# All of them -----------------------------------------------------------------------------------------------


def test_each_rule_sees_its_own_events() -> None:
    """Those counted in crowds of the rows as they came, grave ones of the rows that no flood cut off."""
    seen = audit(*(one for rule in WANTED.values() for one in crowd(rule, 3)), left_out=9)
    grave = audit(*(one for rule in WANTED.values() for one in crowd(rule, 4)))
    found = security.findings(seen, grave, WANTED, THRESHOLDS)
    assert list(found) == list(WANTED)
    events = {name: sum(one.seen.frame.height for one in of) for name, of in found.items()}
    counted = {rule.id: 6 if SIGNALS[rule] == "failed_login" else 3 for rule in COUNTED}
    assert events == counted | {rule.id: 4 for rule in GRAVE}
    assert {one.seen.total for rule in COUNTED for one in found[rule.id]} == {3 + 9, 6 + 9}
    assert {one.rule.id for of in found.values() for one in of} == set(WANTED)


def test_rules_that_are_off_are_not_evaluated() -> None:
    """Whatever happened, only what is wanted is answered, by id; a quiet log finds nothing."""
    seen = audit(*(one for rule in WANTED.values() for one in crowd(rule, 3)))
    wanted = {rule.id: rule for rule in (rules.VENDOR_ACCESS, rules.MASS_DELETE)}
    found = security.findings(seen, seen, wanted, THRESHOLDS)
    assert {name: len(of) for name, of in found.items()} == {
        rules.VENDOR_ACCESS.id: 1,
        rules.MASS_DELETE.id: 1,
    }
    quiet = security.findings(audit(), audit(), WANTED, THRESHOLDS)
    assert {name: told(of) for name, of in quiet.items()} == {name: [] for name in WANTED}


def test_a_threshold_is_shown_where_a_value_is_compared_with_it() -> None:
    """Where each event is an alert there is none; a token's lifetime is no number of tokens."""
    assert {rule.id: security.shown_threshold(rule, Thresholds()) for rule in WANTED.values()} == {
        "security.failed_logins_per_hour": 20,
        "security.brute_force": 10,
        "security.password_spray": 10,
        "security.admin_granted": None,
        "security.access_list_changed": None,
        "security.vendor_access": None,
        "security.long_lived_token": None,
        "security.denied_burst": 30,
        "security.mass_delete": 50,
    }
