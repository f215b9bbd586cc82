"""What a configuration says about notifications: channels, and which alerts go to which of them.

A secret (webhook address, token, routing key, password) is never a value here. It is read when something is sent,
from the environment variable or the file that `*_env` or `*_file` names.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from sysmon_tui.config.kinds import Address, Category, Count, Name, Port, Severity, Text, Url, Variable

_RepeatMinutes = Annotated[
    int, Meta(ge=0, le=525_600, description="a whole number from 0 (never again) to 525600")
]


class SlackChannel(Struct, frozen=True, forbid_unknown_fields=True, tag="slack"):
    """An incoming webhook (`url_*`), or a bot's token and a channel: then an alert's notices are one thread.

    `allow_hosts`: hosts that may be http, loopback or private; the same in the other channels.
    """

    url_env: Variable | None = None
    url_file: Text | None = None
    token_env: Variable | None = None
    token_file: Text | None = None
    channel: Text | None = None
    api_url: Url = "https://slack.com/api"
    allow_hosts: tuple[Text, ...] = ()


class PagerDutyChannel(Struct, frozen=True, forbid_unknown_fields=True, tag="pagerduty"):
    """Events API v2."""

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


class TeamsChannel(Struct, frozen=True, forbid_unknown_fields=True, tag="teams"):
    """A workflow of Teams that is started by a webhook request."""

    url_env: Variable | None = None
    url_file: Text | None = None
    allow_hosts: tuple[Text, ...] = ()


class WebhookChannel(Struct, frozen=True, forbid_unknown_fields=True, tag="webhook"):
    """A receiver of your own: the alerts as JSON, with an Idempotency-Key."""

    url_env: Variable | None = None
    url_file: Text | None = None
    allow_hosts: tuple[Text, ...] = ()


class AlertmanagerChannel(Struct, frozen=True, forbid_unknown_fields=True, tag="alertmanager"):
    """Prometheus Alertmanager, API v2, by its root address."""

    url: Url
    allow_hosts: tuple[Text, ...] = ()


class AppriseChannel(Struct, frozen=True, forbid_unknown_fields=True, tag="apprise"):
    """Anything that Apprise knows, by its address (the extra `notify`)."""

    url_env: Variable | None = None
    url_file: Text | None = None


ChannelConfig = (
    SlackChannel
    | PagerDutyChannel
    | EmailChannel
    | TeamsChannel
    | WebhookChannel
    | AlertmanagerChannel
    | AppriseChannel
)

GroupLabel = Literal["rule", "category", "severity", "entity"]


class RouteConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """An alert that matches every list goes to `channels`; an empty list matches all. `*` matches any characters.

    Without `group_by` each alert is told by itself; with it, those that agree in these labels are told together.
    """

    channels: tuple[Name, ...]
    severities: tuple[Severity, ...] = ()
    categories: tuple[Category, ...] = ()
    rules: tuple[Text, ...] = ()
    tenants: tuple[Name, ...] = ()
    environments: tuple[Name, ...] = ()
    entities: dict[Name, Text] = {}
    group_by: tuple[GroupLabel, ...] = ()
    repeat_minutes: _RepeatMinutes = 240


class HeartbeatConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A dead man's switch: told after an evaluation, so its silence says that nobody evaluates any more."""

    url_env: Variable | None = None
    url_file: Text | None = None
    every_minutes: Count = 5
    allow_hosts: tuple[Text, ...] = ()


class NotificationsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Without routes every channel gets every alert. `max_pages_per_hour`: of one channel; then one summary."""

    channels: dict[Name, ChannelConfig] = {}
    routes: tuple[RouteConfig, ...] = ()
    max_pages_per_hour: Count = 30
    heartbeat: HeartbeatConfig | None = None
