"""What a person reads when the workspace, the network or the warehouse says no."""

from __future__ import annotations

import socket
import time
import traceback

import pytest

from sysmon_tui.errors import (
    AccessDenied,
    SignInRefused,
    SourceBusy,
    SourceError,
    SourceUnreachable,
    StatementFailed,
    TooMuchData,
)
from sysmon_tui.sources.databricks import DatabricksSource
from tests.sources.asking import failure
from tests.sources.databricks.signing import AUDIT_HEAD, MANY, ONE, STATEMENTS, sign_in
from tests.workspace import Fault, Workspace


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


def test_an_answer_that_is_no_json_is_unreachable(workspace: Workspace, source: DatabricksSource) -> None:
    """A login page of a proxy is not a workspace."""
    workspace.faults.append(Fault(200, b"<html>please sign in</html>", method="POST", path=STATEMENTS))
    assert workspace.url.removeprefix("http://") in failure(source, ONE, SourceUnreachable).message


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
        ({"error_code": "UNAUTHENTICATED", "message": "expired"}, SignInRefused),
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
