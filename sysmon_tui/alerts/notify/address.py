"""Where a channel may connect to: no loopback, private or metadata address unless the host is listed.

The name is resolved once, every address is checked, and the connection goes to a checked address: a name that
answers differently the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket

import httpx

from sysmon_tui.alerts.notify.failure import DeliveryError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Azure's host agent: a public address by its number, the machine's own by its meaning.
_AZURE_HOST_AGENT = ipaddress.IPv4Address("168.63.129.16")


def checked_addresses(
    url: httpx.URL, allow_hosts: tuple[str, ...], *, holds_secret: bool = True
) -> list[str]:
    """Numeric addresses of the url's host, all of them allowed. `url` must be https, or http to a loopback
    host in `allow_hosts`; to any host there where nothing that is sent `holds_secret`. Raises DeliveryError; its
    message names the host at most.
    """
    host = url.raw_host.decode("ascii")
    listed = host.lower() in {allowed.lower() for allowed in allow_hosts}
    if url.scheme not in ("http", "https") or not host:
        raise DeliveryError("The address is no https address.", retry="later")
    if url.userinfo:
        raise DeliveryError("The address must not hold a user or password.", retry="later")
    if url.scheme == "http" and not listed:
        raise DeliveryError("The address is http: only https is sent to.", retry="later")
    addresses = _resolve(host, url.port or (443 if url.scheme == "https" else 80))
    if not listed and not all(_is_public(address) for address in addresses):
        raise DeliveryError(
            f"{host} is a private, loopback or metadata address: list it in allow_hosts to allow it.",
            retry="later",
        )
    if url.scheme == "http" and holds_secret and not all(address.is_loopback for address in addresses):
        raise DeliveryError(f"{host} is not this machine: only https is sent to it.", retry="later")
    return [str(address) for address in addresses]


def _resolve(host: str, port: int) -> list[_Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise DeliveryError(f"The host name {host} can't be resolved.", retry="soon") from None
    # The zone of a link-local address ("%eth0") is no part of the number.
    numbers = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return [_unmapped(ipaddress.ip_address(number)) for number in numbers]


def _unmapped(address: _Address) -> _Address:
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if address.sixtofour is not None or address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and address != _AZURE_HOST_AGENT
