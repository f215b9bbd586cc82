"""Where a channel may connect to: the addresses that are found, and the whole sentence of each refusal."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import httpx
import pytest

from sysmon_tui.alerts.notify.address import _is_public, checked_addresses
from sysmon_tui.alerts.notify.failure import DeliveryError


class Names:
    """A resolver that knows one answer; `asked` is what it was asked."""

    def __init__(self, *addresses: str, fault: Exception | None = None) -> None:
        self.addresses = addresses
        self.fault = fault
        self.asked: list[tuple[Any, ...]] = []

    def getaddrinfo(self, host: str, port: int, **how: Any) -> list[tuple[Any, ...]]:
        self.asked.append((host, port, how))
        if self.fault is not None:
            raise self.fault
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.addresses]


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str, fault: Exception | None = None) -> Names:
    known = Names(*addresses, fault=fault)
    monkeypatch.setattr(socket, "getaddrinfo", known.getaddrinfo)
    return known


@pytest.mark.parametrize(
    ("url", "addresses", "allow_hosts", "holds_secret", "sentence"),
    [
        ("ftp://a.example.com/", ["8.8.8.8"], (), True, "The address is no https address."),
        ("ftp://a.example.com/", ["8.8.8.8"], ("a.example.com",), False, "The address is no https address."),
        ("a.example.com", ["8.8.8.8"], (), True, "The address is no https address."),
        ("https:///x", ["8.8.8.8"], (), True, "The address is no https address."),
        (
            "https://me@a.example.com/",
            ["8.8.8.8"],
            ("a.example.com",),
            True,
            "The address must not hold a user or password.",
        ),
        ("http://a.example.com/", ["8.8.8.8"], (), True, "The address is http: only https is sent to."),
        ("http://a.example.com/", ["8.8.8.8"], ("b",), False, "The address is http: only https is sent to."),
        (
            "https://a.example.com/",
            ["8.8.8.8", "10.0.0.1"],
            ("b.example.com",),
            True,
            "a.example.com is a private, loopback or metadata address: list it in allow_hosts to allow it.",
        ),
        (
            "http://a.example.com/",
            ["127.0.0.1", "10.0.0.1"],
            ("a.example.com",),
            True,
            "a.example.com is not this machine: only https is sent to it.",
        ),
    ],
)
def test_a_refusal(
    url: str,
    addresses: list[str],
    allow_hosts: tuple[str, ...],
    holds_secret: bool,
    sentence: str,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each waits for whoever mends the configuration, and names the host at most."""
    names(monkeypatch, *addresses)
    with pytest.raises(DeliveryError) as caught:
        checked_addresses(httpx.URL(url), allow_hosts, holds_secret=holds_secret)
    assert (caught.value.message, caught.value.retry) == (sentence, "later")


def test_a_secret_is_supposed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not say that nothing secret is sent may not send it in the clear."""
    names(monkeypatch, "10.0.0.1")
    with pytest.raises(DeliveryError, match="only https is sent to it"):
        checked_addresses(httpx.URL("http://inside/"), ("inside",))


@pytest.mark.parametrize(
    ("url", "addresses", "allow_hosts", "holds_secret"),
    [
        ("https://a.example.com/", ["8.8.8.8", "2606:4700::1"], (), True),
        ("https://a.example.com/", ["10.0.0.1", "::1"], ("A.Example.COM",), True),
        ("https://A.example.com/", ["10.0.0.1"], ("b.example.com", "a.example.com"), True),
        ("http://localhost/", ["::1", "127.0.0.1"], ("localhost",), True),
        ("http://inside/", ["10.0.0.1"], ("inside",), False),
    ],
)
def test_where_it_may_connect_to(
    url: str,
    addresses: list[str],
    allow_hosts: tuple[str, ...],
    holds_secret: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All that the name stands for, in the resolver's order."""
    names(monkeypatch, *addresses)
    assert checked_addresses(httpx.URL(url), allow_hosts, holds_secret=holds_secret) == addresses


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://a.example.com/", ("a.example.com", 443)),
        ("http://a.example.com/", ("a.example.com", 80)),
        ("https://a.example.com:8443/", ("a.example.com", 8443)),
        ("http://a.example.com:8080/", ("a.example.com", 8080)),
    ],
)
def test_what_the_resolver_is_asked(
    url: str, asked: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host once, with the port of the address or of its scheme."""
    known = names(monkeypatch, "127.0.0.1")
    checked_addresses(httpx.URL(url), ("a.example.com",))
    assert known.asked == [(*asked, {"type": socket.SOCK_STREAM})]


def test_each_address_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the zone of a link, without repeats, and IPv4 as IPv4 where it is dressed up as IPv6."""
    names(monkeypatch, "fe80::1%eth0", "10.0.0.1", "10.0.0.1", "::ffff:10.0.0.2", "fe80::1%eth1")
    found = checked_addresses(httpx.URL("https://inside/"), ("inside",))
    assert found == ["fe80::1", "10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize("fault", [socket.gaierror("?"), UnicodeError("label too long")])
def test_a_name_that_is_not_known(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be known in a moment."""
    names(monkeypatch, fault=fault)
    with pytest.raises(DeliveryError) as caught:
        checked_addresses(httpx.URL("https://a.example.com/secret"), ())
    assert caught.value.message == "The host name a.example.com can't be resolved."
    assert caught.value.retry == "soon"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("168.63.129.15", True),
        ("168.63.129.16", False),
        ("224.0.0.251", False),
        ("239.1.1.1", False),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("2606:4700::1", True),
        ("ff0e::1", False),
        ("::1", False),
        ("fd00:ec2::254", False),
        ("64:ff9b::8.8.8.8", True),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::168.63.129.16", False),
        ("2002:808:808::1", False),
        ("2001:0:808:808::1", False),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    """No multicast, host agent or tunnel; a translated address is what it stands for."""
    assert _is_public(ipaddress.ip_address(address)) is public
