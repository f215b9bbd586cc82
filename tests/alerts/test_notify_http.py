"""Sending over HTTP: where it may go, how long it may take, what it reads, what it tells of secrets."""

from __future__ import annotations

import os
import socket
import ssl
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

from sysmon_tui.alerts.notify import http
from sysmon_tui.alerts.notify.address import checked_addresses
from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.http import ask_json, post_json
from sysmon_tui.alerts.notify.secret import read_secret, redact
from sysmon_tui.clock import HeldClock
from tests.alerts.receivers import NOW, TOOK, Flood, answer, certificate, http_receiver

LOOPBACK = ("127.0.0.1",)
CLOCK = HeldClock(NOW)


def post(url: str, allow_hosts: tuple[str, ...] = LOOPBACK) -> None:
    post_json(url, {"text": "hello"}, allow_hosts=allow_hosts, secrets=[url], clock=CLOCK)


def failure(url: str, allow_hosts: tuple[str, ...] = LOOPBACK) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        post(url, allow_hosts)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0/",
        "https://0x7f000001/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://100.100.100.200/",
        "https://168.63.129.16/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "http://8.8.8.8/",
        "https://user:password@8.8.8.8/",
        "ftp://8.8.8.8/",
        "file:///etc/passwd",
        "gopher://8.8.8.8/",
        "hooks.example.com",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    """Nothing but https to a public address, unless the configuration lists the host."""
    with pytest.raises(DeliveryError) as caught:
        checked_addresses(httpx.URL(url), ())
    assert caught.value.retry == "later"


@pytest.mark.parametrize(
    ("url", "allow_hosts", "address"),
    [
        ("https://8.8.8.8/x", (), "8.8.8.8"),
        ("https://[2001:4860:4860::8888]/x", (), "2001:4860:4860::8888"),
        ("https://10.0.0.1/x", ("10.0.0.1",), "10.0.0.1"),
        ("http://127.0.0.1:8080/x", ("127.0.0.1",), "127.0.0.1"),
    ],
)
def test_addresses_that_are_allowed(url: str, allow_hosts: tuple[str, ...], address: str) -> None:
    """Public over https; a listed host also when it is private, and over http when it is this machine."""
    assert checked_addresses(httpx.URL(url), allow_hosts) == [address]


def test_http_to_another_machine_is_refused_even_when_listed() -> None:
    """`allow_hosts` makes no exception from encryption beyond loopback."""
    with pytest.raises(DeliveryError, match="only https"):
        checked_addresses(httpx.URL("http://10.0.0.1/"), ("10.0.0.1",))


def test_http_without_a_secret_may_go_to_a_listed_host() -> None:
    """An Alertmanager in a cluster has no certificate, and is told nothing that opens a door."""
    listed = httpx.URL("http://10.0.0.1/")
    assert checked_addresses(listed, ("10.0.0.1",), holds_secret=False) == ["10.0.0.1"]
    with pytest.raises(DeliveryError, match="only https"):
        checked_addresses(listed, (), holds_secret=False)


def test_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every address of a name is checked, not the first."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [entry("8.8.8.8"), entry("10.0.0.1")])
    with pytest.raises(DeliveryError, match="allow_hosts"):
        checked_addresses(httpx.URL("https://hooks.example.com/"), ())


def entry(address: str) -> tuple[Any, ...]:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))


def test_the_connection_goes_to_the_checked_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers otherwise the second time (DNS rebinding) is asked only once."""
    answers = [[entry("127.0.0.1")]]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.pop(0))
    with http_receiver() as receiver:
        post(f"http://hooks.example.com:{receiver.port}/x", ("hooks.example.com",))
    assert receiver.headers[0]["Host"] == f"hooks.example.com:{receiver.port}"
    assert answers == []


def test_the_next_address_is_tried_when_one_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose first address refuses connections is reached by its second."""
    found = [entry("127.0.0.2"), entry("127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with http_receiver() as receiver:
        post(f"http://hooks.example.com:{receiver.port}/x", ("hooks.example.com",))
    assert len(receiver.documents) == 1


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve the name itself and undo the check."""
    with http_receiver() as receiver, http_receiver() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        post(receiver.url)
    assert (len(receiver.documents), len(proxy.documents)) == (1, 0)


def test_certificates_are_checked_against_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """https with a certificate that is trusted for this name passes; for another name or untrusted it fails."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [entry("127.0.0.1")])
    pem = certificate(tmp_path, "hooks.example.com")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    with http_receiver(tls=server) as receiver:
        url = f"https://hooks.example.com:{receiver.port}/x"
        untrusted = failure(url, ("hooks.example.com",))
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        post(url, ("hooks.example.com",))
        other_name = failure(url.replace("hooks.", "other."), ("other.example.com",))
    assert len(receiver.documents) == 1
    for refused in (untrusted, other_name):
        assert "certificate" in refused.message
        assert refused.retry == "later"


@pytest.mark.parametrize(
    ("status", "retry"),
    [(429, "soon"), (500, "soon"), (503, "soon"), (400, "never"), (401, "never"), (410, "never")],
)
def test_what_a_status_means(status: int, retry: str) -> None:
    """Busy or broken: again soon. Refused: never again."""
    with http_receiver(answer(status, b"because")) as receiver:
        failed = failure(receiver.url)
    assert failed.message == f"127.0.0.1 answered {status}: because."
    assert failed.retry == retry


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("Sun, 22 Nov 2026 03:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 02:00:00 GMT", 0.0),
        ("-1", None),
        ("soon", None),
        ("１２", None),  # noqa: RUF001 (digits that are none)
        ("", None),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    """Seconds or a date; a date that is over is now, nonsense is nothing."""
    assert http._retry_after_s(header, CLOCK) == seconds


def test_a_redirect_is_not_followed() -> None:
    """302 to another place: nothing goes there, and it counts as a failure."""
    with http_receiver() as inner, http_receiver(answer(302, Location=inner.url)) as receiver:
        failed = failure(receiver.url)
    assert inner.documents == []
    assert "redirect" in failed.message
    assert failed.retry == "later"


def test_a_huge_answer_is_not_read() -> None:
    """Of an endless refusal no more is read than a little beyond 64 KiB, and the sender is done quickly."""
    flood = Flood(500)
    begun_s = time.monotonic()
    with http_receiver(flood) as receiver:
        failed = failure(receiver.url)
    assert len(failed.message) < 300
    assert flood.written < 32 << 20  # what the buffers of the system take
    assert time.monotonic() - begun_s < 3


def test_an_answer_that_is_wanted() -> None:
    """The object that the receiver says; the headers that were given went with the document."""
    with http_receiver() as receiver:
        said = ask_json(
            receiver.url,
            {"text": "hello"},
            headers={"Content-Type": "application/json; charset=utf-8", "X-Key": "k"},
            allow_hosts=LOOPBACK,
            secrets=[],
            clock=CLOCK,
        )
    assert said == TOOK
    assert receiver.headers[0]["Content-Type"] == "application/json; charset=utf-8"
    assert receiver.headers[0]["X-Key"] == "k"


@pytest.mark.parametrize(
    "body",
    [b"", b"ok", b"[]", b'{"ok":tr', b"\xff", b"[" * 50_000, b'{"x":"' + b"x" * 70_000 + b'"}'],
    ids=["empty", "text", "list", "half", "binary", "deep", "huge"],
)
def test_an_answer_that_cannot_be_read(body: bytes) -> None:
    """Who must know what was said does not take a 200 for it: no object, half of one, or one of over 64 KiB."""
    with (
        http_receiver(answer(200, body)) as receiver,
        pytest.raises(DeliveryError, match="can't be read") as no,
    ):
        ask_json(receiver.url, {}, allow_hosts=LOOPBACK, secrets=[], clock=CLOCK)
    assert no.value.retry == "later"


def test_an_answer_that_breaks_off_keeps_its_status() -> None:
    """The refusal is known when its text never comes to an end."""

    def break_off(request: BaseHTTPRequestHandler) -> None:
        request.send_response(403)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"half a sen")
        request.close_connection = True

    with http_receiver(break_off) as receiver:
        assert failure(receiver.url).retry == "never"


def test_a_receiver_that_drips_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte of header now and then keeps no attempt alive beyond its time."""
    monkeypatch.setattr(http, "ATTEMPT_TIMEOUT_S", 0.4)

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not receiver.released.wait(0.05):
            request.wfile.write(b"x")

    begun_s = time.monotonic()
    with http_receiver(drip) as receiver:
        failed = failure(receiver.url)
    assert failed.retry == "later"
    assert 0.4 <= time.monotonic() - begun_s < 2


def test_nobody_there() -> None:
    """A closed port is worth another attempt, and names the host alone."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        failed = failure(f"http://127.0.0.1:{unused.getsockname()[1]}/services/planted")
    assert failed.message == "127.0.0.1 can't be reached (ConnectError)."
    assert failed.retry == "soon"


def test_a_secret_comes_from_the_environment_or_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read anew each time, without the line end that editors leave."""
    monkeypatch.setenv("TEST_SECRET", " one ")
    assert read_secret("key", "TEST_SECRET", None) == "one"
    file = tmp_path / "secret"
    file.write_text("two\n")
    file.chmod(0o600)
    assert read_secret("key", None, str(file)) == "two"
    (tmp_path / "link").symlink_to(file)
    file.write_text("three\n")
    assert read_secret("key", None, str(tmp_path / "link")) == "three"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_secret_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that mends it."""
    file = tmp_path / "secret"
    file.write_text("planted")
    file.chmod(mode)
    with pytest.raises(DeliveryError, match="run chmod 600") as caught:
        read_secret("key", None, str(file))
    assert "planted" not in caught.value.message


def test_secrets_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gets a sentence that names the place."""
    monkeypatch.setenv("TEST_SECRET", "")
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.touch(0o600)
    binary.touch(0o600)
    binary.write_bytes(b"\xff\xfe")
    for variable, file, words in (
        ("TEST_SECRET", None, "TEST_SECRET for the key is not set"),
        (None, str(tmp_path / "none"), "No such file"),
        (None, str(tmp_path), "can't be read"),
        (None, str(empty), "is empty"),
        (None, str(binary), "it is no text"),
        (None, None, "names no place for the key"),
    ):
        with pytest.raises(DeliveryError, match=words):
            read_secret("key", variable, file)


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give a file away")
def test_a_secret_of_another_user_is_refused(tmp_path: Path) -> None:
    """Who owns the file can change what it says."""
    file = tmp_path / "secret"
    file.touch(0o600)
    os.chown(file, 12345, 12345)
    with pytest.raises(DeliveryError, match="another user"):
        read_secret("key", None, str(file))


def test_redaction_takes_whole_secrets_and_their_telling_parts() -> None:
    """The address, its path, its parts and its query; ordinary words stay."""
    url = "https://hooks.example.com/services/T0000PLANT/B%2F00PLANT?token=plantedToken"
    text = f"POST {url} to services T0000PLANT, B/00PLANT, plantedToken and key123 failed"
    shown = redact(text, [url, "key123"])
    assert shown == "POST <redacted> to <redacted> <redacted>, <redacted>, <redacted> and <redacted> failed"
