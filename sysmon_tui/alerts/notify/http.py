"""One HTTP request to a receiver that is not trusted: bounded in time and bytes, never redirected."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

from sysmon_tui.alerts.notify.address import checked_addresses
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.secret import redact
from sysmon_tui.clock import Clock
from sysmon_tui.text import one_line

ATTEMPT_TIMEOUT_S = 10.0
# A host may have an address that leads nowhere (IPv6 without a route): leave time for the next.
_CONNECT_TIMEOUT_S = 3.0
_MAX_ANSWER_BYTES = 64 * 1024
_MAX_EXCERPT_CHARS = 200
_HEADERS = {
    "Content-Type": "application/json",
    "Accept-Encoding": "identity",  # so that the bytes that are counted are the bytes that are kept
    "User-Agent": "sysmon_tui",
}

Document = dict[str, Any] | list[dict[str, Any]]


def post_json(
    url: str,
    document: Document,
    *,
    allow_hosts: tuple[str, ...],
    secrets: list[str],
    clock: Clock,
    headers: Mapping[str, str] = {},
) -> None:
    """Returns when the receiver took the document (2xx), raises DeliveryError without any of `secrets`.

    What it says besides is not read.
    """
    _send(url, document, headers, allow_hosts=allow_hosts, secrets=secrets, clock=clock, wants_answer=False)


def ask_json(
    url: str,
    document: Document,
    *,
    allow_hosts: tuple[str, ...],
    secrets: list[str],
    clock: Clock,
    headers: Mapping[str, str] = {},
) -> dict[str, Any]:
    """As `post_json`, and gives back the object that the receiver answers with."""
    answer = _send(
        url, document, headers, allow_hosts=allow_hosts, secrets=secrets, clock=clock, wants_answer=True
    )
    try:
        return msgspec.json.decode(answer, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        host = httpx.URL(url).host
        raise DeliveryError(f"{host} gave an answer that can't be read.", retry="later") from None


def _send(
    url: str,
    document: Document,
    headers: Mapping[str, str],
    *,
    allow_hosts: tuple[str, ...],
    secrets: list[str],
    clock: Clock,
    wants_answer: bool,
) -> bytes:
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        raise DeliveryError("The address is no https address.", retry="later") from None
    host = target.raw_host.decode("ascii")
    addresses = checked_addresses(target, allow_hosts, holds_secret=bool(secrets))
    body = msgspec.json.encode(document)
    request = httpx.Request("POST", target, content=body, headers={**_HEADERS, **headers})
    try:
        # In a loop of its own: only a task can be ended at a deadline whatever the receiver drips.
        status, said, answer = asyncio.run(_post(request, addresses, wants_answer))
    except TimeoutError:
        waited = f"{ATTEMPT_TIMEOUT_S:g} s"
        raise DeliveryError(f"{host} gave no answer within {waited}.", retry="later") from None
    except (httpx.HTTPError, OSError) as error:
        if isinstance(_root(error), ssl.SSLError):
            raise DeliveryError(f"{host} has no certificate that can be trusted.", retry="later") from None
        raise DeliveryError(f"{host} can't be reached ({type(error).__name__}).", retry="soon") from None
    if not 200 <= status < 300:
        excerpt = redact(one_line(answer.decode(errors="replace")), secrets)[:_MAX_EXCERPT_CHARS]
        raise _refusal(host, status, said, excerpt, clock)
    return answer


async def _post(
    request: httpx.Request, addresses: list[str], wants_answer: bool
) -> tuple[int, httpx.Headers, bytes]:
    # The transport and not httpx.Client: a client follows proxies of the environment and writes the whole
    # address, which is the secret, to its log.
    async with (
        asyncio.timeout(ATTEMPT_TIMEOUT_S),
        httpx.AsyncHTTPTransport(verify=httpx.create_ssl_context(), trust_env=False) as transport,
    ):
        response = await _first_to_connect(transport, request, addresses)
        try:
            answer = b"" if response.is_success and not wants_answer else await _beginning(response)
        finally:
            await response.aclose()
        return response.status_code, response.headers, answer


async def _first_to_connect(
    transport: httpx.AsyncHTTPTransport, request: httpx.Request, addresses: list[str]
) -> httpx.Response:
    host = request.url.raw_host.decode("ascii")
    for position, address in enumerate(addresses, start=1):
        attempt = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            content=request.content,
            headers=request.headers,  # `Host` among them: the name, not the number
            extensions={
                "timeout": httpx.Timeout(ATTEMPT_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S).as_dict(),
                # The certificate is checked against the name, though the connection goes to the number.
                "sni_hostname": host,
            },
        )
        try:
            return await transport.handle_async_request(attempt)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            if position == len(addresses):
                raise
    raise AssertionError("a name that resolves has an address")


async def _beginning(response: httpx.Response) -> bytes:
    """What the receiver says. Its status is known by now: what breaks here makes the text short, no more."""
    answer = b""
    try:
        async for chunk in response.aiter_raw():
            answer += chunk
            if len(answer) >= _MAX_ANSWER_BYTES:
                break
    except httpx.HTTPError:
        return answer
    return answer[:_MAX_ANSWER_BYTES]


def _refusal(host: str, status: int, headers: httpx.Headers, excerpt: str, clock: Clock) -> DeliveryError:
    said = f": {excerpt}" if excerpt else ""
    if 300 <= status < 400:
        return DeliveryError(f"{host} answered {status}, a redirect, which is not followed.", retry="later")
    if status == 429 or status >= 500:
        wait_s = _retry_after_s(headers.get("Retry-After", ""), clock)
        return DeliveryError(f"{host} answered {status}{said}.", retry="soon", retry_after_s=wait_s)
    return DeliveryError(f"{host} answered {status}{said}.", retry="never")


def _retry_after_s(value: str, clock: Clock) -> float | None:
    """Seconds, or a date; None for anything else."""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, (parsedate_to_datetime(value) - clock.now()).total_seconds())
    except (TypeError, ValueError, OverflowError):  # no date, or one without a zone
        return None


def _root(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error
