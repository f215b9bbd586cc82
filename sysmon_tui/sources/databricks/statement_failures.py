"""What a warehouse says about a statement that FAILED, as one of our errors with a sentence and a hint."""

from __future__ import annotations

from typing import Any

from sysmon_tui.errors import ResultTooLarge, SignInRefused, SourceBusy, SourceError, StatementFailed
from sysmon_tui.sources.databricks.failures import CHECK_CREDENTIALS
from sysmon_tui.sources.statement_failures import cleaned, of_message

_BUSY = (
    "RESOURCE_EXHAUSTED",
    "SERVICE_UNDER_MAINTENANCE",
    "TEMPORARILY_UNAVAILABLE",
    "WORKSPACE_TEMPORARILY_UNAVAILABLE",
)


def of_statement(status: dict[str, Any], text: str) -> SourceError:
    """The failure of a statement that was accepted: state FAILED, which arrives with HTTP 200.

    `text` is the statement's, for messages that name no table.
    """
    error = status.get("error") or {}
    message, code = str(error.get("message") or ""), str(error.get("error_code") or "")
    if "Inline byte limit exceeded" in message:
        return ResultTooLarge("The answer is larger than the 25 MiB that come inline.", "Choose fewer rows.")
    known = of_message(message, str(status.get("sql_state") or ""), text)
    return known or _by_code(code, cleaned(message))


def _by_code(code: str, said: str) -> SourceError:
    """Nearly every mistake in SQL is BAD_REQUEST; the other codes are about the service."""
    if code in _BUSY:
        return SourceBusy(f"The SQL warehouse is busy or being maintained: {said}", "Try again later.")
    if code == "UNAUTHENTICATED":
        return SignInRefused("The warehouse refused the credential.", CHECK_CREDENTIALS)
    return StatementFailed(f"The warehouse could not run the statement: {said or code or 'no reason given'}")
