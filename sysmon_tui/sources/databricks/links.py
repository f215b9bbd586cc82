"""Results behind presigned links: read from the cloud's storage, without our credential, within bounds."""

from __future__ import annotations

import contextlib
import io
import threading
import urllib.parse
from collections.abc import Mapping
from typing import Any, Final

import requests

from sysmon_tui.errors import StatementCanceled, StatementFailed

_TIMEOUT_S: Final = 20
_BLOCK_BYTES: Final = 1 << 20


class LinkExpired(Exception):
    """The storage refuses the link: they live 15 minutes."""


class StorageUnreachable(Exception):
    """The storage's host can't be reached from here, as behind a closed firewall, or links are switched off."""


class LinkReader:
    """Reads links from any thread."""

    def __init__(self) -> None:
        self._session = requests.Session()
        # Anything callable keeps requests from adding the credential of ~/.netrc; the proxy settings stay.
        self._session.auth = _no_credential

    def read(
        self, link: Mapping[str, Any], most_bytes: int, stop: threading.Event, *, plain_http: bool
    ) -> bytes:
        """The bytes behind an entry of `external_links`, at most `most_bytes`.

        `plain_http` allows a link without TLS. Raises LinkExpired, StorageUnreachable, StatementFailed, and
        StatementCanceled when `stop` is set.
        """
        address = str(link.get("external_link", ""))
        scheme = urllib.parse.urlsplit(address).scheme
        if scheme != "https" and not (plain_http and scheme == "http"):
            raise StatementFailed("The warehouse gave a result link without TLS; it was not followed.")
        with self._opened(address, dict(link.get("http_headers") or {})) as response:
            if response.status_code in (400, 401, 403, 404, 410):
                raise LinkExpired
            if response.status_code != 200:
                raise StatementFailed(f"The storage answered HTTP {response.status_code} to a result link.")
            try:
                return _content(response, most_bytes, stop)
            except requests.RequestException:
                raise StatementFailed(
                    "A part of the result arrived damaged or cut short.", "Ask again."
                ) from None

    def _opened(self, address: str, headers: dict[str, str]) -> requests.Response:
        """The answer, its body unread. A second try, because one failure would send all to the inline way."""
        for _ in range(2):
            # Never `from error`: the address in its text is the credential. Not followed is a redirect: it would
            # lead to a host that nobody vouched for.
            with contextlib.suppress(requests.RequestException):
                return self._session.get(
                    address, headers=headers, stream=True, timeout=_TIMEOUT_S, allow_redirects=False
                )
        raise StorageUnreachable

    def close(self) -> None:
        self._session.close()


def _content(response: requests.Response, most_bytes: int, stop: threading.Event) -> bytes:
    content = io.BytesIO()  # its value is no second copy, as bytes() of a bytearray would be
    for block in response.iter_content(_BLOCK_BYTES):
        if stop.is_set():
            raise StatementCanceled("The statement was cancelled.")
        content.write(block)
        if content.tell() > most_bytes:
            raise StatementFailed("The answer is larger than this program reads.", "Choose a shorter window.")
    return content.getvalue()


def _no_credential(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
