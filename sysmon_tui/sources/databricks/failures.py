"""What went wrong between us and the workspace, as one of our errors with a sentence and a hint.

No message of the SDK or of requests goes out whole: the SDK appends its configuration to refusals, requests
names the address with its query, which for a presigned link is the credential.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import requests
from databricks.sdk.errors import (
    BadRequest,
    DeadlineExceeded,
    InternalError,
    NotFound,
    PermissionDenied,
    ResourceConflict,
    Unauthenticated,
)
from databricks.sdk.errors.base import DatabricksError
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError, NewConnectionError

from sysmon_tui.errors import (
    SignInRefused,
    SourceBusy,
    SourceError,
    SourceUnreachable,
    StatementFailed,
    WarehouseMissing,
)
from sysmon_tui.sources.statement_failures import cleaned

CHECK_CREDENTIALS: Final = (
    "Check DATABRICKS_HOST and DATABRICKS_TOKEN, or the profile in ~/.databrickscfg; "
    "`databricks auth login` renews an OAuth sign-in."
)
_CHECK_HOST: Final = "Check DATABRICKS_HOST or the tenant's `host`, the network and the proxy."


def of_call(error: Exception, host: str) -> SourceError:
    """The failure of a call to the workspace, which gave no answer to a statement."""
    network = _network_error(error)
    if network is not None:
        return _of_network(network, host)
    if isinstance(error, DatabricksError):
        return _of_answer(error, host)
    if isinstance(error, requests.RequestException):
        return SourceUnreachable(f"{host} did not answer as a Databricks workspace does.", _CHECK_HOST)
    return SignInRefused(
        f"There is no usable credential for {host}: {cleaned(str(error))}",
        CHECK_CREDENTIALS,
    )


def of_submission(error: Exception, host: str, warehouse_id: str) -> SourceError:
    """The same for the call that hands a statement in: it may be the warehouse that is not there."""
    if isinstance(error, DatabricksError):
        said = _said(error)
        named = re.search("warehouse|endpoint id", said, re.IGNORECASE) or warehouse_id in said
        absent = re.search("not exist|not found|no such|not a valid|was deleted", said, re.IGNORECASE)
        if isinstance(error, PermissionDenied) and named and not _is_proxy_refusal(error):
            return SignInRefused(
                f"There is no permission to use the SQL warehouse {warehouse_id}.",
                "Its owner grants CAN USE on it.",
            )
        if error.error_code == "RESOURCE_DOES_NOT_EXIST" or (named and absent and _is_our_fault(error)):
            return WarehouseMissing(
                f"The SQL warehouse {warehouse_id} does not exist in {host}.",
                "Check the tenant's `warehouse_id` or DATABRICKS_WAREHOUSE_ID.",
            )
    return of_call(error, host)


def _of_answer(error: DatabricksError, host: str) -> SourceError:
    said = _said(error)
    # The SDK says 1 s where the host said nothing.
    if error.retry_after_secs is not None and error.retry_after_secs > 1:
        return SourceBusy(
            f"{host} asks to wait {error.retry_after_secs} s before the next request.",
            "Refresh less often, or wait.",
        )
    if isinstance(error, Unauthenticated) or (
        isinstance(error, PermissionDenied) and _is_proxy_refusal(error)
    ):
        if _is_unread(error):
            return SignInRefused(
                f"{host}, or a proxy on the way to it, refused: {said}.", f"{CHECK_CREDENTIALS} {_CHECK_HOST}"
            )
        return SignInRefused(f"The token for {host} was refused.", CHECK_CREDENTIALS)
    if isinstance(error, PermissionDenied):
        return SignInRefused(f"{host} refused: {said}", "Ask an admin of the workspace.")
    if _is_our_fault(error):
        return StatementFailed(f"{host} refused the request: {said}")
    return SourceBusy(f"{host} has trouble of its own: {said}", "Try again later.")


def is_trouble_there(error: DatabricksError) -> bool:
    """The 5xx answers that may be gone at the next try; a 502 has no class of its own."""
    return isinstance(error, InternalError | DeadlineExceeded) or type(error) is DatabricksError


def _is_unread(error: DatabricksError) -> bool:
    """Whether the SDK could not read the body: its message then is a report of the whole exchange."""
    return str(error).startswith("unable to parse response")


def _said(error: DatabricksError) -> str:
    """The service's own words; the status of an answer that has none."""
    if not _is_unread(error):
        return cleaned(str(error))
    status = re.search(r"^< (\d{3}[^\r\n]*)", str(error), re.MULTILINE)
    return cleaned(f"HTTP {status[1]}" if status else "an answer that is no JSON")


def _is_proxy_refusal(error: DatabricksError) -> bool:
    """A refused credential has a number where an API's own refusal has a word."""
    return error.error_code is None or str(error.error_code).isdigit()


def _is_our_fault(error: DatabricksError) -> bool:
    """The 4xx answers, credentials apart."""
    return isinstance(error, BadRequest | NotFound | ResourceConflict)


def _of_tls(error: requests.exceptions.SSLError, host: str) -> SourceUnreachable:
    if "certificate" not in str(error).lower():
        return SourceUnreachable(f"What answers at {host} does not speak TLS as we do.", _CHECK_HOST)
    return SourceUnreachable(
        f"The TLS connection to {host} failed: its certificate was not accepted.",
        "Check the clock, the proxy, and REQUESTS_CA_BUNDLE for a company's own authority.",
    )


def _of_network(error: requests.RequestException, host: str) -> SourceUnreachable:
    reasons = list(_reasons(error))
    if isinstance(error, requests.exceptions.SSLError):
        return _of_tls(error, host)
    if isinstance(error, requests.exceptions.ProxyError):
        return SourceUnreachable(
            f"The proxy on the way to {host} did not let us through.", "Check HTTPS_PROXY."
        )
    if any(isinstance(reason, NameResolutionError) for reason in reasons):
        return SourceUnreachable(f"The name {host} cannot be resolved.", _CHECK_HOST)
    if isinstance(error, requests.Timeout):
        return SourceUnreachable(f"{host} did not answer in time.", _CHECK_HOST)
    if any(isinstance(reason, NewConnectionError) for reason in reasons):
        return SourceUnreachable(f"{host} refused the connection or cannot be reached.", _CHECK_HOST)
    return SourceUnreachable(f"The connection to {host} broke.", _CHECK_HOST)


def may_have_arrived(error: Exception) -> bool:
    """Whether the workspace may have got the request although no answer came."""
    if isinstance(error, DatabricksError):
        return is_trouble_there(error)  # a gateway's 502 says nothing of what stands behind it
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.InvalidJSONError):
        return True
    network = _network_error(error)
    if network is None or isinstance(network, requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return False
    never_connected = (NewConnectionError, NameResolutionError, ConnectTimeoutError)
    return not any(isinstance(reason, never_connected) for reason in _reasons(network))


def is_certificate_error(error: Exception) -> bool:
    return isinstance(_network_error(error), requests.exceptions.SSLError)


def _network_error(error: BaseException | None) -> requests.RequestException | None:
    """The first failure of the network in the chain: the SDK wraps some into ValueError."""
    for _ in range(8):
        if error is None:
            return None
        if isinstance(
            error, requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError
        ):
            return error
        error = error.__cause__ or error.__context__
    return None


def _reasons(error: requests.RequestException) -> Iterator[BaseException]:
    for argument in error.args:
        if isinstance(argument, MaxRetryError) and argument.reason is not None:
            yield argument.reason
        if isinstance(argument, BaseException):
            yield argument
