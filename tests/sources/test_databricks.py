"""What can happen between us and a workspace, each with the error that a person reads."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pytest

from sysmon_tui.datasets.catalogue import HEADS
from sysmon_tui.errors import (
    AccessDenied,
    ResultTooLarge,
    SourceBusy,
    SourceError,
    SourceUnreachable,
    StatementCanceled,
    StatementFailed,
    TooMuchData,
)
from sysmon_tui.sources.base import Request
from sysmon_tui.sources.databricks import DatabricksSource
from tests.sources.asking import COUNT, INSTANT, SLOW, TEXT, Attempt, failure, one, request
from tests.workspace import Fault, Workspace

STATEMENTS = "/api/2.0/sql/statements"
ONE = request("SELECT 1 AS v", {"v": COUNT})
MANY = request("SELECT id AS n FROM range(50000) AS r(id) ORDER BY n", {"n": COUNT}, ceiling=100_000)
AUDIT_HEAD = Request(
    HEADS["audit"],
    HEADS["audit"].text,
    {"first_date": datetime(2026, 1, 1, tzinfo=UTC).date(), "workspace_ids": ""},
    20,
)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests must not sign in to a real workspace."""
    for name in ("HOST", "TOKEN", "CONFIG_PROFILE", "CLIENT_ID", "CLIENT_SECRET", "WAREHOUSE_ID"):
        monkeypatch.delenv(f"DATABRICKS_{name}", raising=False)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", "/dev/null")


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with duckdb.connect() as connection:
        connection.execute(
            "ATTACH ':memory:' AS system_tables; CREATE SCHEMA system_tables.access;"
            "CREATE TABLE system_tables.access.audit (event_time TIMESTAMP, event_date DATE, workspace_id VARCHAR)"
        )
        with Workspace(connection) as workspace:
            yield workspace


@pytest.fixture
def source(workspace: Workspace) -> Iterator[DatabricksSource]:
    source = sign_in(workspace)
    yield source
    source.close()


def sign_in(
    workspace: Workspace, *, token: str | None = None, warehouse_id: str | None = None
) -> DatabricksSource:
    return DatabricksSource(
        host=workspace.url,
        token=token or workspace.token,
        warehouse_id=warehouse_id or workspace.warehouse_id,
    )


def test_building_a_source_connects_nowhere(workspace: Workspace, source: DatabricksSource) -> None:
    """The first request goes out with the first statement."""
    assert workspace.requests == []
    source.execute(ONE)
    assert workspace.requests


def test_a_statement_is_marked_as_ours(workspace: Workspace, source: DatabricksSource) -> None:
    """Tags and a comment that starts the text: the monitor leaves its own statements out by them."""
    source.execute(ONE)
    (statement,) = workspace.statements
    assert statement.tags == {"app": "sysmon_tui", "panel": "probe", "request": ONE.id}
    assert statement.text == "/* sysmon_tui probe */ SELECT 1 AS v"


def test_a_purpose_cannot_end_the_comment(workspace: Workspace, source: DatabricksSource) -> None:
    """Whatever the purpose holds, it stays inside its comment."""
    wanted = Request(ONE.statement, ONE.text, {}, 20, purpose="x */ SELECT 2 AS v; /*")
    assert source.execute(wanted).item() == 1
    assert workspace.statements[0].text.count("*/") == 1


def test_parameters_are_typed_texts(workspace: Workspace, source: DatabricksSource) -> None:
    """Values go as text with their type, NULL without a value, and never into the SQL."""
    one(source, "SELECT :a || :b AS v", TEXT, a=("STRING", "x"), b=("STRING", None))
    assert workspace.statements[0].parameters == {
        "a": {"name": "a", "type": "STRING", "value": "x"},
        "b": {"name": "b", "type": "STRING"},
    }


def test_small_answers_come_inline_and_large_ones_by_links(
    workspace: Workspace, source: DatabricksSource
) -> None:
    """The rows a statement may answer decide; row_limit counts before the statement's ceiling."""
    source.execute(ONE)
    source.execute(MANY)
    source.execute(
        request("SELECT 1 AS v LIMIT :row_limit", {"v": COUNT}, {"row_limit": ("INT", 5)}, ceiling=100_000)
    )
    assert [statement.external for statement in workspace.statements] == [False, True, False]


def test_links_are_read_without_our_credential(
    workspace: Workspace, source: DatabricksSource, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """No Authorization reaches the storage, not even one from ~/.netrc; the headers it asked for do."""
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("machine 127.0.0.1 login someone password netrc-secret\n")
    monkeypatch.setenv("NETRC", netrc)
    assert source.execute(MANY).height == 50_000
    assert len(workspace.storage_headers) == 3
    for headers in workspace.storage_headers:
        assert "authorization" not in headers
        assert headers["x-stand-in-encryption"] == "customer-key"


def test_timestamps_keep_their_instant_through_a_changing_offset(
    workspace: Workspace, source: DatabricksSource
) -> None:
    """Inline rows carry the session's offset, which changes within one answer; both ways give the same instants."""
    workspace.zone = "America/New_York"
    text = (
        "SELECT timestamp_micros(us) AS t FROM "
        "VALUES (1793509200000000), (1793512800000000), (1793516400000000), (NULL) AS r(us)"
    )
    inline = source.execute(request(text, {"t": INSTANT}))
    linked = source.execute(request(text, {"t": INSTANT}, ceiling=100_000))
    assert inline.equals(linked)
    assert [instant and instant.hour for (instant,) in inline.rows()] == [5, 6, 7, None]


def test_a_wrong_token_is_denied(workspace: Workspace) -> None:
    """A refused token names what to check, and is not tried again and again."""
    error = failure(sign_in(workspace, token="dapi" + "f" * 32), ONE, AccessDenied)
    assert "token" in error.message and "refused" in error.message
    assert "DATABRICKS_TOKEN" in error.hint
    assert workspace.requests.count(("POST", STATEMENTS)) == 1


def test_no_credential_at_all_is_denied(workspace: Workspace) -> None:
    """Without any way to sign in, the hint says where one is looked for."""
    error = failure(DatabricksSource(host=workspace.url, warehouse_id="w"), ONE, AccessDenied)
    assert "DATABRICKS_TOKEN" in error.hint


def test_no_host_at_all_is_denied() -> None:
    """Without a host, the sentence asks for one."""
    error = failure(DatabricksSource(warehouse_id="w"), ONE, AccessDenied)
    assert "DATABRICKS_HOST" in error.sentence


def test_a_token_from_the_environment_signs_in(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's unified authentication finds what we were not given."""
    monkeypatch.setenv("DATABRICKS_HOST", workspace.url)
    monkeypatch.setenv("DATABRICKS_TOKEN", workspace.token)
    source = DatabricksSource(warehouse_id=workspace.warehouse_id)
    assert source.execute(ONE).item() == 1


def test_a_token_that_is_revoked_on_the_way_is_denied(workspace: Workspace, source: DatabricksSource) -> None:
    """A refusal in the middle of a statement is denied too."""
    refused = {"error_code": 403, "message": "Invalid access token."}
    workspace.faults.append(Fault(403, refused, method="GET", path=STATEMENTS))
    failure(source, ONE, AccessDenied)


@pytest.mark.parametrize(
    "body",
    [
        None,
        {"error_code": "INVALID_PARAMETER_VALUE", "message": "1a2b is not a valid endpoint id."},
        {"error_code": "BAD_REQUEST", "message": "Warehouse was deleted."},
    ],
)
def test_an_unknown_warehouse_is_named(workspace: Workspace, body: dict[str, str] | None) -> None:
    """A warehouse that is not there is told by its id and where the id is configured."""
    if body is not None:
        workspace.faults.append(Fault(400, body, method="POST", path=STATEMENTS))
    error = failure(sign_in(workspace, warehouse_id="deadbeef00000000"), ONE, StatementFailed)
    assert "deadbeef00000000" in error.message
    assert "DATABRICKS_WAREHOUSE_ID" in error.hint


def test_a_warehouse_that_may_not_be_used_is_denied(workspace: Workspace, source: DatabricksSource) -> None:
    """A missing CAN USE is no refused token."""
    refused = {
        "error_code": "PERMISSION_DENIED",
        "message": "You do not have permission to use the SQL Warehouse.",
    }
    workspace.faults.append(Fault(403, refused, method="POST", path=STATEMENTS))
    error = failure(source, ONE, AccessDenied)
    assert "CAN USE" in error.hint
    assert workspace.warehouse_id in error.message


def test_a_table_without_a_grant_names_the_grant(workspace: Workspace, source: DatabricksSource) -> None:
    """The hint can be handed to an admin as it is."""
    workspace.denied_tables = {"system.access.audit"}
    error = failure(source, AUDIT_HEAD, AccessDenied)
    assert "system.access.audit" in error.message
    assert "GRANT USE SCHEMA, SELECT ON SCHEMA system.access TO" in error.hint
    assert "GRANT USE CATALOG ON CATALOG system TO" in error.hint


def test_a_schema_that_is_not_enabled_says_how(workspace: Workspace, source: DatabricksSource) -> None:
    """An absent system schema may be not enabled or not granted: the hint has both."""
    workspace.missing_schemas = {"system.access"}
    error = failure(source, AUDIT_HEAD, AccessDenied)
    assert "system.access.audit" in error.message
    assert "systemschemas/access" in error.hint
    assert "GRANT USE SCHEMA, SELECT ON SCHEMA system.access TO" in error.hint


def test_a_denied_table_leaves_the_others_alone(workspace: Workspace, source: DatabricksSource) -> None:
    """One missing grant does not spoil the source."""
    workspace.denied_tables = {"system.access.audit"}
    failure(source, AUDIT_HEAD, AccessDenied)
    assert source.execute(ONE).item() == 1


def test_a_name_that_cannot_be_resolved_is_unreachable_soon() -> None:
    """DNS failure answers within seconds and names the host."""
    began = time.monotonic()
    source = DatabricksSource(host="https://no-such-host.invalid", token="dapi0", warehouse_id="w")
    error = failure(source, ONE, SourceUnreachable)
    assert "no-such-host.invalid" in error.message
    assert time.monotonic() - began < 12


def test_a_refused_connection_is_unreachable_soon() -> None:
    """A closed port answers within seconds and names the host."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    source = DatabricksSource(host=f"http://127.0.0.1:{port}", token="dapi0", warehouse_id="w")
    error = failure(source, ONE, SourceUnreachable)
    assert f"127.0.0.1:{port}" in error.message
    assert time.monotonic() - began < 8


def test_an_unreachable_host_is_no_missing_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    """With OAuth the sign-in itself needs the host: its absence is not told as a wrong secret."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("DATABRICKS_CLIENT_ID", "app")
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", "dose-oauth-secret")
    began = time.monotonic()
    source = DatabricksSource(host=f"http://127.0.0.1:{port}", warehouse_id="w")
    error = failure(source, ONE, SourceUnreachable)
    assert "dose-oauth-secret" not in error.sentence
    assert time.monotonic() - began < 12


def test_a_certificate_that_is_not_accepted_is_unreachable(workspace: Workspace) -> None:
    """TLS that fails is told as such, without many tries."""
    source = DatabricksSource(
        host=workspace.url.replace("http://", "https://"), token=workspace.token, warehouse_id="w"
    )
    assert "TLS" in failure(source, ONE, SourceUnreachable).message


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


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (
            409,
            {"error_code": "INVALID_STATE", "message": "Warehouse wh cannot be started: quota exceeded."},
            StatementFailed,
            "quota exceeded",
        ),
        (
            400,
            {"error_code": "BAD_REQUEST", "message": "Warehouse is moving."},
            StatementFailed,
            "is moving",
        ),
        (400, b"<html><body>no</body></html>", StatementFailed, "HTTP 400"),
        (403, b"<html><body>no</body></html>", AccessDenied, "HTTP 403"),
        (502, b"bad gateway", SourceBusy, "HTTP 502"),
    ],
)
def test_the_words_of_a_refusal_are_told(
    workspace: Workspace, status: int, body: bytes | dict[str, str], kind: type[SourceError], said: str
) -> None:
    """A refused submission says what the service said, or its status; it is no missing warehouse, no SDK report."""
    workspace.faults.append(Fault(status, body, method="POST", path=STATEMENTS))
    sentence = failure(sign_in(workspace, warehouse_id="wh"), ONE, kind).sentence
    assert said in sentence and "does not exist" not in sentence and "SDK" not in sentence


def test_a_workspace_without_links_answers_inline(workspace: Workspace, source: DatabricksSource) -> None:
    """Where EXTERNAL_LINKS is switched off, large answers come inline, and the refusal is met once."""
    refused = {
        "error_code": "INVALID_PARAMETER_VALUE",
        "message": "EXTERNAL_LINKS disposition is disabled for this workspace.",
    }
    workspace.faults.append(Fault(400, refused, method="POST", path=STATEMENTS))
    assert source.execute(MANY).height == 50_000
    assert source.execute(MANY).height == 50_000
    assert [statement.external for statement in workspace.statements] == [False, False]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\ud800b", "a\ufffdb"), ("\udc00", "\ufffd"), ("\U0001f600", "\U0001f600")],
)
def test_half_a_character_is_replaced(
    workspace: Workspace, source: DatabricksSource, text: str, shown: str
) -> None:
    """JSON can carry half of a surrogate pair; a cell that holds one loses that alone."""
    answer = {
        "statement_id": "01",
        "status": {"state": "SUCCEEDED"},
        "manifest": {"schema": {"columns": [{"name": "v", "type_name": "STRING"}]}},
        "result": {"data_array": [[text], [None]]},
    }
    workspace.faults.append(Fault(200, answer, method="GET", path=STATEMENTS))
    assert source.execute(request("SELECT 'x' AS v", {"v": TEXT})).get_column("v").to_list() == [shown, None]


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59.999-08:00", "0000-01-01T00:00:00.000Z"])
def test_an_instant_outside_our_years_is_unknown(
    workspace: Workspace, source: DatabricksSource, text: str
) -> None:
    """What Python's datetime can't hold is NULL, and the rows beside it stay."""
    answer = {
        "statement_id": "01",
        "status": {"state": "SUCCEEDED"},
        "manifest": {"schema": {"columns": [{"name": "v", "type_name": "TIMESTAMP"}]}},
        "result": {"data_array": [[text], ["2026-01-01T00:00:00.000Z"]]},
    }
    workspace.faults.append(Fault(200, answer, method="GET", path=STATEMENTS))
    rows = source.execute(request("SELECT 'x' AS v", {"v": INSTANT})).get_column("v").to_list()
    assert rows == [None, datetime(2026, 1, 1, tzinfo=UTC)]


def test_an_answer_that_is_no_json_is_unreachable(workspace: Workspace, source: DatabricksSource) -> None:
    """A login page of a proxy is not a workspace."""
    workspace.faults.append(Fault(200, b"<html>please sign in</html>", method="POST", path=STATEMENTS))
    assert workspace.url.removeprefix("http://") in failure(source, ONE, SourceUnreachable).message


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


def test_a_stale_link_is_asked_for_again(workspace: Workspace, source: DatabricksSource) -> None:
    """A link that the storage refuses is renewed once, and the answer is whole."""
    workspace.expired_links = 1
    assert source.execute(MANY).height == 50_000
    assert len(workspace.statements) == 1


def test_links_that_stay_stale_fail(workspace: Workspace, source: DatabricksSource) -> None:
    """The renewed link is refused too: no third try."""
    workspace.expired_links = 2
    failure(source, MANY, StatementFailed)
    assert len(workspace.storage_headers) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault(200, b"no arrow at all", path="/storage/"),
        Fault(200, b"\xff\xff\xff\xff\x10\x00\x00\x00" + b"\x00" * 64, path="/storage/"),
        Fault(200, b"\xff\xff\xff\xff", path="/storage/", cut=True),
        Fault(500, b"", path="/storage/"),
        Fault(302, b"", {"Location": "http://127.0.0.1:1/elsewhere"}, path="/storage/"),
    ],
    ids=["garbage", "damaged", "cut", "error", "redirect"],
)
def test_a_damaged_part_fails_the_statement(
    workspace: Workspace, source: DatabricksSource, fault: Fault
) -> None:
    """Nothing but whole Arrow from the named storage becomes rows."""
    workspace.faults.append(fault)
    failure(source, MANY, StatementFailed)


def test_a_part_that_is_missing_is_noticed(workspace: Workspace, source: DatabricksSource) -> None:
    """Fewer rows than the manifest promises are no answer."""
    workspace.faults.append(Fault(200, {"external_links": []}, method="GET", path="/result/chunks/1"))
    assert "50000" in failure(source, MANY, StatementFailed).message


def test_an_answer_over_the_bound_is_not_read_on(
    workspace: Workspace, source: DatabricksSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes of all parts together are bounded."""
    monkeypatch.setattr("sysmon_tui.limits.MAX_RESULT_BYTES", 300_000)
    error = failure(source, MANY, StatementFailed)
    assert "larger" in error.message
    assert len(workspace.storage_headers) == 2


def test_a_link_without_tls_is_not_followed(workspace: Workspace, source: DatabricksSource) -> None:
    """Only the loopback stand-in may give plain links; other schemes are refused unread."""
    workspace.storage_url = "file:///etc"
    assert "TLS" in failure(source, MANY, StatementFailed).message


def test_a_storage_that_cannot_be_reached_is_done_without(
    workspace: Workspace, source: DatabricksSource, caplog: pytest.LogCaptureFixture
) -> None:
    """Behind a firewall that is closed to the storage large answers come inline, and the log says so once."""
    workspace.storage_url = "http://127.0.0.1:1"
    with caplog.at_level(logging.WARNING, logger="sysmon_tui"):
        assert source.execute(MANY).height == 50_000
        assert source.execute(request(MANY.text, MANY.statement.schema, ceiling=100_000)).height == 50_000
    assert [statement.external for statement in workspace.statements] == [True, False, False]
    assert [record.name.split(".")[0] for record in caplog.records].count("sysmon_tui") == 1


def test_too_large_for_inline_runs_again_by_links(workspace: Workspace, source: DatabricksSource) -> None:
    """The service fails a statement over 25 MiB inline: it runs again by links, and the next time at once."""
    workspace.inline_bytes = 1000
    wanted = request("SELECT id AS n FROM range(500) AS r(id)", {"n": COUNT})
    assert source.execute(wanted).height == 500
    assert source.execute(wanted).height == 500
    assert [statement.external for statement in workspace.statements] == [False, True, True]


def test_too_large_without_any_way_left_is_told(workspace: Workspace, source: DatabricksSource) -> None:
    """Too large for inline and no storage: one sentence, no loop."""
    workspace.inline_bytes = 1000
    workspace.storage_url = "http://127.0.0.1:1"
    failure(source, request("SELECT id AS n FROM range(500) AS r(id)", {"n": COUNT}), ResultTooLarge)
    assert len(workspace.statements) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (
            {
                "error_code": "BAD_REQUEST",
                "message": "System Table query returned too much data. Please repeat query with more selective "
                "predicates.",
            },
            TooMuchData,
        ),
        ({"error_code": "TEMPORARILY_UNAVAILABLE", "message": "maintenance"}, SourceBusy),
        ({"error_code": "UNAUTHENTICATED", "message": "expired"}, AccessDenied),
        ({"error_code": "BAD_REQUEST", "message": "[DIVIDE_BY_ZERO] Division by zero."}, StatementFailed),
        (None, StatementFailed),
    ],
)
def test_a_failed_statement_is_told_apart_by_its_reason(
    workspace: Workspace, source: DatabricksSource, status: dict[str, str] | None, kind: type[SourceError]
) -> None:
    """FAILED comes with HTTP 200; its class and code say what it is."""
    answer = {"statement_id": "01", "status": {"state": "FAILED", **({"error": status} if status else {})}}
    workspace.faults.append(Fault(200, answer, method="GET", path=STATEMENTS))
    assert type(failure(source, ONE, kind)) is kind


def test_a_reason_is_one_harmless_line(workspace: Workspace, source: DatabricksSource) -> None:
    """The message of a server is hostile text: one line, no control bytes, bounded."""
    message = "[SOME_CLASS] \x1b]52;c;x\x07" + "y" * 5000 + "\n\n== SQL ==\nSELECT secret"
    answer = {"status": {"state": "FAILED", "error": {"error_code": "BAD_REQUEST", "message": message}}}
    workspace.faults.append(Fault(200, answer, method="GET", path=STATEMENTS))
    sentence = failure(source, ONE, StatementFailed).sentence
    assert sentence.isprintable()
    assert len(sentence) < 400
    assert "SQL ==" not in sentence


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


def _all_text(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(403, {"error_code": 403, "message": "Invalid access token."}, method="POST", path=STATEMENTS),
        Fault(
            401, {"error_code": 401, "message": "Credential was not sent."}, method="POST", path=STATEMENTS
        ),
        Fault(403, {"error_code": "PERMISSION_DENIED", "message": "No."}, method="POST", path=STATEMENTS),
        Fault(
            400,
            {"error_code": "X", "message": "Bearer dapi0123456789abcdef0123456789abcdef"},
            path=STATEMENTS,
        ),
        Fault(500, b"<html>dapi0123456789abcdef0123456789abcdef</html>", method="POST", path=STATEMENTS),
        Fault(lose=True, path="/storage/"),
        Fault(500, b"", path="/storage/"),
        Fault(200, b"garbage", path="/storage/"),
    ],
)
def test_no_secret_is_in_any_error(workspace: Workspace, source: DatabricksSource, fault: Fault) -> None:
    """Neither token nor signature nor the SDK's configuration stands in a sentence or a traceback."""
    workspace.inline_bytes = 1000
    workspace.faults += [fault] * 4
    error = failure(source, MANY, SourceError)
    for text in (error.sentence, _all_text(error)):
        assert workspace.token not in text
        assert "sig=" not in text
        assert "Config:" not in text
