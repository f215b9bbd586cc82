"""The timeline of an alert from frames: what belongs to it, which change is a likely cause, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysmon_tui.errors import RequestError
from sysmon_tui.views.incident_scene import Incident
from tests.views.incident_frames import (
    JOB,
    JOB_ALERT,
    NOW,
    THREE_FAILED,
    at,
    event,
    ids,
    likely,
    query,
    revoked,
    run,
    told,
    warehouse_event,
)

EDITED = event("edit", 112, "job", "update", JOB)
QUERY_ALERT: dict[str, Any] = {**JOB_ALERT, "category": "query", "entity": {}, "evidence": {"ids": []}}
SECURITY_ALERT: dict[str, Any] = {
    **JOB_ALERT,
    "category": "security",
    "entity": {"user_email": "Eve@example.com"},
    "evidence": {"ids": ["deed"]},
}


def test_the_edit_of_the_job_before_it_failed_is_the_likeliest_cause() -> None:
    """What changed the job itself shortly before its first failure comes first, and says so."""
    found = told(changes=[EDITED, event("other", 105, "setting", "workspaceConfEdit")])
    assert likely(found) == [("edit", "job edited 12 min before the first failure")]
    assert found.verdict == ""


@pytest.mark.parametrize("minutes", [99, 70, 30])
def test_a_change_after_the_first_failure_is_never_a_cause(minutes: float) -> None:
    """Whatever it touches: what came after the first failure can't have led to it."""
    changes = [
        event("edit", minutes, "job", "reset", JOB),
        revoked("grant", minutes, "main.sales.raw"),
        event("token", minutes, "credential", "revokeDbToken", parameters={"userId": "robot@example.com"}),
    ]
    assert likely(told(changes=changes, queries=[query("q", 100)])) == []


def test_the_first_failure_is_that_of_the_streak() -> None:
    """Failures before the last success are another story: a change between them and the streak may be its cause."""
    earlier = [run("old", 200), *THREE_FAILED]
    assert [one for one, _ in likely(told(runs=earlier, changes=[EDITED]))] == ["edit"]


def test_a_grant_on_a_table_that_the_failing_query_uses() -> None:
    """The table is found in the statement or the error, its schema and catalog hold it; other tables are no cause."""
    changes = [
        revoked("exact", 101, "main.sales.raw"),
        revoked("schema", 102, "main.sales"),
        revoked("elsewhere", 220, "main.finance.ledger"),
    ]
    found = likely(told(changes=changes, queries=[query("q", 100)]))
    assert found == [
        (
            "exact",
            "grant revoked on main.sales.raw, used by the failing query, 1 min before the first failure",
        ),
        (
            "schema",
            "grant revoked on main.sales, which holds what the failing query uses, 2 min before the first failure",
        ),
    ]


def test_a_table_that_the_job_was_refused() -> None:
    """Where its statements are not known, what its principal was refused names the table; when that was
    refused does not say when the job began to fail."""
    refused = event(
        "no", 300, "denied", "getTable", "main.sales.raw", user_email="robot@example.com", status="failure"
    )
    found = likely(told(changes=[refused, revoked("grant", 103, "main.sales.raw")]))
    assert found == [
        (
            "grant",
            "grant revoked on main.sales.raw, used by the refused request, 3 min before the first failure",
        )
    ]


def test_a_grant_that_was_given_is_no_cause() -> None:
    """More rights break nothing."""
    changes = '[{"principal": "readers", "add": ["SELECT"]}]'
    given = event(
        "given", 105, "grant", "updatePermissions", "main.sales.raw", parameters={"changes": changes}
    )
    found = told(changes=[given], queries=[query("q", 100)])
    assert likely(found) == []
    assert ids(found, "change") == ["given"]


def test_the_token_of_who_the_job_runs_as() -> None:
    """A credential of the principal that the job runs as is tied to it; one of somebody else is not."""
    own = event("own", 103, "credential", "revokeDbToken", user_email="Robot@example.com")
    other = event("other", 300, "credential", "revokeDbToken", user_email="bob@example.com")
    assert likely(told(changes=[own, other])) == [
        ("own", "token of robot@example.com revoked 3 min before the first failure")
    ]


def test_a_warehouse_that_failed_to_start() -> None:
    """It is a cause for the queries that needed it; once it was up again it is none."""
    starts = [warehouse_event("STARTING", 110), warehouse_event("STOPPED", 106)]
    assert likely(told(events=starts, queries=[query("q", 100)])) == [
        ("w1", "warehouse etl failed to start 10 min before the first failure")
    ]
    mended = [*starts, warehouse_event("STARTING", 105), warehouse_event("RUNNING", 104)]
    assert likely(told(events=mended, queries=[query("q", 100)])) == []


def test_ids_are_those_of_a_workspace() -> None:
    """A job of the same id in another workspace is another job: its edit is not even shown."""
    found = told(changes=[{**EDITED, "workspace_id": "2"}])
    assert likely(found) == []
    assert ids(found, "change") == []


def test_nearer_and_harder_comes_first() -> None:
    """Of two alike the later is likelier; what was taken away is likelier than what was edited."""
    changes = [
        event("edited", 105, "catalog", "updateTable", "main.sales.raw"),
        event("early", 300, "catalog", "deleteTable", "main.sales.raw"),
        event("late", 108, "catalog", "deleteTable", "main.sales.raw"),
    ]
    found = likely(told(runs=THREE_FAILED[1:], changes=changes, queries=[query("q", 100)]))
    assert [one for one, _ in found] == ["late", "edited", "early"]


def test_a_success_in_between_speaks_against_a_cause() -> None:
    """A change that a run has survived stands behind one that none has, and says why."""
    survived = event("survived", 200, "job", "reset", JOB)
    table = event("table", 115, "catalog", "deleteTable", "main.sales.raw")
    found = likely(told(changes=[survived, table], queries=[query("q", 100)]))
    assert [one for one, _ in found] == ["table", "survived"]
    assert found[1][1].endswith("a run has succeeded since")


def test_what_nothing_ties_to_the_failure() -> None:
    """It is named only where it took something away within the hour before, and says that nothing ties it."""
    changes = [
        event("near", 120, "principal", "deactivateUser", "bob@example.com"),
        event("early", 250, "principal", "deactivateUser", "bob@example.com"),
        event("given", 110, "principal", "addPrincipalToGroup", "bob@example.com"),
    ]
    assert likely(told(changes=changes)) == [
        (
            "near",
            "user deactivated bob@example.com 20 min before the first failure; nothing ties it to what failed",
        )
    ]


def test_a_busy_table_has_failures_of_its_own() -> None:
    """Of an alert on all queries a kind of failure that began after a change is its doing, though another kind on
    the same table is older."""
    syntax = query(
        "syntax", 200, error_class="PARSE_SYNTAX_ERROR", error_message="[PARSE_SYNTAX_ERROR] near 'FORM'"
    )
    found = told(
        QUERY_ALERT,
        runs=[],
        queries=[syntax, query("q", 90)],
        changes=[revoked("grant", 95, "main.sales.raw")],
    )
    assert [one for one, _ in likely(found)] == ["grant"]
    same = query("same", 200)
    assert (
        likely(
            told(
                QUERY_ALERT,
                runs=[],
                queries=[same, query("q", 90)],
                changes=[revoked("g", 95, "main.sales.raw")],
            )
        )
        == []
    )


@given(shuffled=st.data())
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_input_does_not_matter(shuffled: st.DataObject) -> None:
    """The same rows in any order make the same timeline."""
    rows_of: dict[str, Any] = {
        "runs": [*THREE_FAILED, run("x", 300), run("y", 300)],
        "queries": [query(f"q{number}", 100 - number % 3) for number in range(6)],
        "events": [
            warehouse_event(word, ago)
            for word, ago in (("STARTING", 110), ("STOPPING", 105), ("STOPPED", 105))
        ],
        "changes": [
            EDITED,
            revoked("g1", 110, "main.sales.raw"),
            revoked("g2", 110, "main.sales.raw"),
            *(
                event(
                    f"d{number}",
                    90 - number,
                    "denied",
                    "getTable",
                    "main.sales.raw",
                    user_email="robot@example.com",
                )
                for number in range(9)
            ),
        ],
    }
    first = told(**rows_of)
    mixed: dict[str, Any] = {name: shuffled.draw(st.permutations(rows)) for name, rows in rows_of.items()}
    again = told(**mixed)
    assert again.frame.equals(first.frame)
    assert again.verdict == first.verdict


def test_what_comes_by_the_dozen_is_one_row() -> None:
    """Refusals of one kind that lie close together are told once, with how many and from when to when."""
    refused = [
        event(
            f"d{number}",
            95 - number,
            "denied",
            "getTable",
            "main.sales.raw",
            user_email="robot@example.com",
            status="failure",
        )
        for number in range(40)
    ]
    (row,) = told(changes=refused).frame.filter(kind="denied").to_dicts()
    assert row["what"] == "40 × getTable refused: main.sales.raw"  # noqa: RUF001
    assert (row["time"], row["end_time"]) == (at(95), at(56))


def test_a_login_after_refused_ones_comes_before_what_was_done_with_it() -> None:
    """Of a deed of somebody: how that one got in first; the deed itself, and logins as on every day, are no cause."""
    eve = {"user_email": "eve@example.com", "address": "192.0.2.1"}
    changes = [
        *(
            event(f"no{number}", 80 + number, "failed_login", "login", status="failure", **eve)
            for number in range(12)
        ),
        event("in", 75, "login", "login", **eve),
        event("token", 65, "credential", "generateDbToken", **eve),
        event("deed", 60, "setting", "updateIpAccessList", **eve),
        event("usual", 200, "login", "login", user_email="eve@example.com", address="10.0.0.1"),
    ]
    found = likely(told(SECURITY_ALERT, runs=[], changes=changes))
    assert [one for one, _ in found] == ["in", "no11", "token"]
    assert found[0][1] == "login went through from 192.0.2.1 by the same user, 15 min before the alert"
    assert found[1][1].startswith("12 × login refused from 192.0.2.1")  # noqa: RUF001


def test_what_there_is_to_say_without_a_cause() -> None:
    """No change, and changes that nothing ties to the failure, are two things."""
    assert told().verdict == "No change was seen in the 6 hours before."
    far = event("far", 300, "setting", "workspaceConfEdit")
    assert (
        told(changes=[far]).verdict
        == "1 change was seen in the 6 hours before; nothing ties it to what failed."
    )


def test_runs_of_the_job_and_their_queries_and_the_last_success() -> None:
    """A query names its run; of the runs that went well only the last before the failures is there."""
    found = told(runs=[run("older", 160, "SUCCEEDED"), *THREE_FAILED], queries=[query("q", 100)])
    assert ids(found, "run") == ["r0", "r1", "r2", "r3"]
    (row,) = found.frame.filter(kind="query").to_dicts()
    assert row["what"].startswith("MERGE of run r1: [TABLE_OR_VIEW_NOT_FOUND]")


def test_runs_of_other_alerts_are_those_that_are_tied_to_them() -> None:
    """Of an alert on queries the failed runs whose queries they are; of one on a user the runs as that user."""
    runs = [run("r1", 100), run("r9", 100, run_as="EVE@example.com")]
    assert ids(told(QUERY_ALERT, runs=runs, queries=[query("q", 100)]), "run") == ["r1"]
    assert ids(told(SECURITY_ALERT, runs=runs), "run") == ["r9"]


def test_rows_lie_on_the_axis() -> None:
    """What ended before it begins, or began after it ends, is left out; the axis ends with the alert."""
    ended = {**JOB_ALERT, "resolved_at": "2026-03-10T11:20:00Z"}
    changes = [event("late", 30, "setting", "setSetting"), event("in", 50, "setting", "setSetting")]
    changes.append(event("early", 60 * 9, "setting", "setSetting"))
    assert ids(told(ended, changes=changes), "change") == ["in"]


@pytest.mark.parametrize("resolved", [None, "2026-03-20T00:00:00Z"])
def test_the_axis_does_not_go_on_for_ever(resolved: str | None) -> None:
    """Of an alert that fires for a week the first day is its story."""
    incident = Incident.of({**JOB_ALERT, "resolved_at": resolved})
    assert incident.until(NOW + timedelta(days=7)) == incident.began + timedelta(hours=24)


def test_an_alert_that_names_no_time_has_no_timeline() -> None:
    """That is an error of the request, not an empty timeline."""
    with pytest.raises(RequestError, match="names no time"):
        Incident.of({"id": "x", "category": "workflow"})


@pytest.mark.parametrize(
    "text",
    ["", "not json", "[1, 2]", '{"changes": "[[", "userId": null}', '{"changes": {"a": 1}}', "[" * 9999],
)
def test_parameters_that_are_no_object_take_nothing_down(text: str) -> None:
    """Parameters come cut, malformed or of another shape; the event stays on the timeline."""
    broken = {**event("x", 110, "grant", "updatePermissions", "main.sales.raw"), "request_params": text}
    found = told(changes=[broken], queries=[query("q", 100)])
    assert [one for one, _ in likely(found)] == ["x"]


def test_text_of_strangers_is_on_one_line() -> None:
    """What ends up in sentences holds no control signs and is cut."""
    target = "main.sales.raw\x1b[2J\n" + "x" * 500
    found = told(changes=[event("x", 101, "principal", "deleteUser", target)])
    ((_, why),) = likely(found)
    assert "\x1b" not in why and "\n" not in why and len(why) < 300
