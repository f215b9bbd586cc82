"""What a configuration says about notifications: channels, and which alerts go to which of them.

A secret (webhook address, routing key, password) is never a value here. It is read when something is sent,
from the environment variable or the file that `*_env` or `*_file` names.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from sysmon_tui.config.kinds import Address, Category, Name, Port, Severity, Text, Url, Variable


class SlackChannel(Struct, frozen=True, forbid_unknown_fields=True, tag="slack"):
    """An incoming webhook. `allow_hosts`: hosts that may be http, loopback or private."""

    url_env: Variable | None = None
    url_file: Text | None = None
    allow_hosts: tuple[Text, ...] = ()


class PagerDutyChannel(Struct, frozen=True, forbid_unknown_fields=True, tag="pagerduty"):
    """Events API v2. `allow_hosts`: hosts that may be http, loopback or private."""

    routing_key_env: Variable | None = None
    routing_key_file: Text | None = None
    url: Url = "https://events.pagerduty.com/v2/enqueue"
    allow_hosts: tuple[Text, ...] = ()


class EmailChannel(Struct, frozen=True, forbid_unknown_fields=True, tag="email"):
    """SMTP. `sender` is the key `from`; without `username` nothing is logged in."""

    smtp_host: Text
    sender: Address = field(name="from")
    to: tuple[Address, ...]
    smtp_port: Port = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: Text | None = None
    password_env: Variable | None = None
    password_file: Text | None = None


ChannelConfig = SlackChannel | PagerDutyChannel | EmailChannel


class RouteConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """An alert that matches every list goes to `channels`; an empty list matches all."""

    channels: tuple[Name, ...]
    severities: tuple[Severity, ...] = ()
    categories: tuple[Category, ...] = ()
    tenants: tuple[Name, ...] = ()
    environments: tuple[Name, ...] = ()


class NotificationsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Without routes every channel gets every alert."""

    channels: dict[Name, ChannelConfig] = {}
    routes: tuple[RouteConfig, ...] = ()
