"""A statement's life on a warehouse: submitted, polled, asked again, cancelled."""

from __future__ import annotations

import threading
import time

import pytest

from sysmon_tui.errors import (
    SourceBusy,
    SourceUnreachable,
    StatementCanceled,
    StatementFailed,
)
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.databricks import DatabricksSource
from tests.sources.asking import COUNT, SLOW, TEXT, Attempt, failure, one, request
from tests.sources.databricks.signing import ONE, STATEMENTS
from tests.workspace import Fault, Workspace


def test_building_a_source_connects_nowhere(workspace: Workspace, source: DatabricksSource) -> None:
    """The first request goes out with the first statement."""
    assert workspace.requests == []
    source.execute(ONE)
    assert workspace.requests


def test_a_statement_is_marked_as_ours(workspace: Workspace, source: DatabricksSource) -> None:
    """Tags and a comment that starts the text: the monitor leaves its own statements out by them."""
    source.execute(ONE)
    (statement,) = workspace.statements
    assert statement.tags == {
        "app": "sysmon_tui",
        "panel": "probe",
        "statement": "probe",
        "request": ONE.id,
    }
    assert statement.text == "/* sysmon_tui probe probe */ SELECT 1 AS v"


def test_a_panel_cannot_end_the_comment(workspace: Workspace, source: DatabricksSource) -> None:
    """Whatever a panel is called, it stays inside its comment."""
    wanted = Request(ONE.statement, ONE.text, {}, 20, panel="x */ SELECT 2 AS v; /*")
    assert source.execute(wanted).item() == 1
    assert workspace.statements[0].text.count("*/") == 1


def test_parameters_are_typed_texts(workspace: Workspace, source: DatabricksSource) -> None:
    """Values go as text with their type, NULL without a value, and never into the SQL."""
    one(source, "SELECT :a || :b AS v", TEXT, a=("STRING", "x"), b=("STRING", None))
    assert workspace.statements[0].parameters == {
        "a": {"name": "a", "type": "STRING", "value": "x"},
        "b": {"name": "b", "type": "STRING"},
    }


def test_a_workspace_that_asks_to_wait_is_asked_again(workspace: Workspace, source: DatabricksSource) -> None:
    """A short Retry-After is kept to, and the answer comes."""
    busy = {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow down"}
    workspace.faults.append(Fault(429, busy, {"Retry-After": "1"}, "POST", STATEMENTS))
    began = time.monotonic()
    assert source.execute(ONE).item() == 1
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_long_wait_is_told_instead_of_slept(
    workspace: Workspace, source: DatabricksSource, status: int
) -> None:
    """Retry-After: 600 does not hold the thread for ten minutes."""
    busy = {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "later"}
    workspace.faults.append(Fault(status, busy, {"Retry-After": "600"}, "POST", STATEMENTS))
    began = time.monotonic()
    error = failure(source, ONE, SourceBusy)
    assert "600 s" in error.message
    assert time.monotonic() - began < 5


def test_a_wait_can_be_cancelled(workspace: Workspace, source: DatabricksSource) -> None:
    """Cancelling wakes a thread that keeps to a Retry-After."""
    busy = {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow down"}
    workspace.faults.append(Fault(429, busy, {"Retry-After": "15"}, "POST", STATEMENTS))
    attempt = Attempt(lambda: source.execute(ONE))
    while ("POST", STATEMENTS) not in workspace.requests:
        time.sleep(0.01)
    time.sleep(0.2)
    source.cancel(ONE.id)
    assert isinstance(attempt.result(within_s=3), StatementCanceled)


def test_trouble_while_polling_is_lived_through(workspace: Workspace, source: DatabricksSource) -> None:
    """One 500 and one lost connection between polls do not lose a statement."""
    workspace.faults += [
        Fault(500, {"error_code": "INTERNAL_ERROR", "message": "oops"}, method="GET", path=STATEMENTS),
        Fault(lose=True, method="GET", path=STATEMENTS),
    ]
    assert source.execute(ONE).item() == 1
    assert len(workspace.statements) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("body", [b"upstream connect error", b"<html><body>busy</body></html>"])
def test_a_busy_answer_in_any_form_is_asked_again(
    workspace: Workspace, source: DatabricksSource, status: int, body: bytes
) -> None:
    """A gateway's 429 or 503 is no JSON: one at the submission and one at a poll lose nothing."""
    workspace.faults += [
        Fault(status, body, method="POST", path=STATEMENTS),
        Fault(status, body, method="GET", path=STATEMENTS),
        Fault(502, body, method="GET", path=STATEMENTS),
    ]
    assert source.execute(ONE).item() == 1
    assert len(workspace.statements) == 1


def test_a_lost_answer_does_not_run_the_statement_twice(
    workspace: Workspace, source: DatabricksSource
) -> None:
    """The POST arrived and its answer did not: it is not sent again; its statement is found by tag and cancelled."""
    workspace.running_s = 30
    workspace.faults.append(Fault(lose=True, method="POST", path=STATEMENTS))
    failure(source, ONE, SourceUnreachable)
    (statement,) = workspace.statements
    assert statement.state == "CANCELED"


def test_a_host_that_hangs_is_unreachable(
    workspace: Workspace, source: DatabricksSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that gets no answer ends by the time-out of calls, and is not sent again."""
    monkeypatch.setattr("sysmon_tui.sources.databricks.api.CALL_TIMEOUT_S", 1)
    workspace.faults.append(Fault(wait_s=4, method="POST", path=STATEMENTS))
    error = failure(source, ONE, SourceUnreachable)
    assert "in time" in error.message
    assert workspace.requests.count(("POST", STATEMENTS)) == 1


def test_a_discovery_that_hangs_is_not_waited_for_long(
    workspace: Workspace, source: DatabricksSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/.well-known/databricks-config is best effort: the statement runs without it."""
    monkeypatch.setattr("sysmon_tui.sources.databricks.api.DISCOVERY_TIMEOUT_S", 1)
    workspace.faults.append(Fault(wait_s=20, path="/.well-known"))
    began = time.monotonic()
    assert source.execute(ONE).item() == 1
    assert time.monotonic() - began < 6


def test_an_unknown_state_keeps_polling(workspace: Workspace, source: DatabricksSource) -> None:
    """A state word of the future is neither an end nor an error."""
    workspace.state_words = {"PENDING": "PROVISIONING", "RUNNING": "RUNNING_REMOTELY"}
    workspace.pending_s = workspace.running_s = 0.3
    assert source.execute(ONE).item() == 1


def test_an_unknown_state_does_not_poll_for_ever(workspace: Workspace, source: DatabricksSource) -> None:
    """The deadline ends it, on the server too."""
    workspace.state_words = {"RUNNING": "RUNNING_REMOTELY"}
    workspace.running_s = 30
    failure(source, request("SELECT 1 AS v", {"v": COUNT}, timeout_s=0.6), StatementFailed)
    assert workspace.statements[0].state == "CANCELED"


def test_a_warehouse_that_never_begins_is_told_as_such(
    workspace: Workspace, source: DatabricksSource
) -> None:
    """PENDING until the deadline: the warehouse is named, the statement is cancelled there."""
    workspace.pending_s = 30
    error = failure(source, request("SELECT 1 AS v", {"v": COUNT}, timeout_s=0.6), SourceUnreachable)
    assert workspace.warehouse_id in error.message
    assert workspace.statements[0].state == "CANCELED"


def test_a_cancel_by_somebody_else_is_no_cancel_of_ours(
    workspace: Workspace, source: DatabricksSource
) -> None:
    """An admin's cancel is a failure with a reason: somebody still waits for the answer."""
    workspace.running_s = 30
    attempt = Attempt(lambda: source.execute(ONE))
    while not workspace.statements:
        time.sleep(0.01)
    workspace.statements[0].cancel()
    assert isinstance(attempt.result(within_s=4), StatementFailed)


def test_a_cancel_is_seen_by_the_server(workspace: Workspace, source: DatabricksSource) -> None:
    """cancel wakes the wait between polls and ends the statement on the server, once."""
    wanted = request(SLOW, {"n": COUNT}, timeout_s=60)
    attempt = Attempt(lambda: source.execute(wanted))
    while not workspace.statements or workspace.statements[0].state != "RUNNING":
        time.sleep(0.01)
    time.sleep(1.0)
    source.cancel(wanted.id)
    assert isinstance(attempt.result(within_s=2), StatementCanceled)
    cancels = [path for method, path in workspace.requests if method == "POST" and path.endswith("/cancel")]
    assert cancels == [f"{STATEMENTS}/{workspace.statements[0].id}/cancel"]


def test_a_close_does_not_wait_for_a_host_that_hangs(workspace: Workspace, source: DatabricksSource) -> None:
    """close returns within three seconds although a call is under way."""
    workspace.faults.append(Fault(wait_s=10, method="POST", path=STATEMENTS))
    attempt = Attempt(lambda: source.execute(ONE))
    while ("POST", STATEMENTS) not in workspace.requests:
        time.sleep(0.01)
    began = time.monotonic()
    source.close()
    assert time.monotonic() - began < 3
    workspace.closing.set()
    assert isinstance(attempt.result(within_s=5), StatementCanceled)


def test_many_threads_share_one_client(workspace: Workspace, source: DatabricksSource) -> None:
    """Statements of several threads do not mix, and the workspace is discovered once."""
    answers: dict[int, int] = {}

    def ask(n: int) -> None:
        answers[n] = one(source, "SELECT :n AS v", COUNT, n=("BIGINT", n))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == {n: n for n in range(12)}
    assert sum(path.startswith("/.well-known") for _, path in workspace.requests) == 1
