"""Faults that no single value shows: what one key says about another."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from sysmon_tui.config.check import Fault, KeyPath, nearest
from sysmon_tui.config.model import Config
from sysmon_tui.config.notifications import (
    AlertmanagerChannel,
    ChannelConfig,
    EmailChannel,
    NotificationsConfig,
    PagerDutyChannel,
    RouteConfig,
    SlackChannel,
)

# Alertmanager takes an alert for over that it was not told for a day (alerts/notify/alertmanager.py). One repeat may
# fail before that.
_MAX_ALERTMANAGER_REPEAT_MINUTES = 720


def check_meaning(config: Config, *, demo: bool) -> None:
    """Raises Fault. With `demo` the routes may name the tenants that it has put aside."""
    for name, tenant in config.tenants.items():
        path = ("tenants", name)
        if tenant.source == "databricks" and tenant.warehouse_id is None:
            raise Fault(
                (*path, "warehouse_id"),
                "is missing; expected the id of a SQL warehouse here or in DATABRICKS_WAREHOUSE_ID",
            )
        if tenant.source == "embedded" and tenant.database is None:
            raise Fault((*path, "database"), "is missing; expected the path of a DuckDB file")
    if config.default_tenant is not None:
        _known(config.default_tenant, config.tenants, ("default_tenant",), "tenant")
    _check_notifications(config.notifications)
    if not demo:
        for index, route in enumerate(config.notifications.routes):
            _check_route_names(config, route, ("notifications", "routes", index))


def _check_notifications(notifications: NotificationsConfig) -> None:
    for name, channel in notifications.channels.items():
        _check_channel(channel, ("notifications", "channels", name))
    for index, route in enumerate(notifications.routes):
        path = ("notifications", "routes", index, "channels")
        if not route.channels:
            raise Fault(path, "is empty; expected at least one channel")
        for name in route.channels:
            _known(name, notifications.channels, path, "channel")
        to_alertmanager = any(
            isinstance(notifications.channels[name], AlertmanagerChannel) for name in route.channels
        )
        if to_alertmanager and not 1 <= route.repeat_minutes <= _MAX_ALERTMANAGER_REPEAT_MINUTES:
            raise Fault(
                (*path[:-1], "repeat_minutes"),
                f"expected 1 to {_MAX_ALERTMANAGER_REPEAT_MINUTES} on a route to Alertmanager, "
                "which takes an alert for over that it is not told again",
            )
    heartbeat = notifications.heartbeat
    if heartbeat is not None:
        _one_place(heartbeat.url_env, heartbeat.url_file, ("notifications", "heartbeat"), "url")


def _check_channel(channel: ChannelConfig, path: KeyPath) -> None:
    if isinstance(channel, EmailChannel):
        if not channel.to:
            raise Fault((*path, "to"), "is empty; expected at least one e-mail address")
        if channel.username is not None:
            _one_place(channel.password_env, channel.password_file, path, "password")
            if channel.tls == "none":
                raise Fault((*path, "tls"), "expected starttls or tls where a password is sent")
    elif isinstance(channel, PagerDutyChannel):
        _one_place(channel.routing_key_env, channel.routing_key_file, path, "routing_key")
        _encrypted(channel.url, channel.allow_hosts, (*path, "url"))
    elif isinstance(channel, AlertmanagerChannel):
        _encrypted(channel.url, channel.allow_hosts, (*path, "url"))
    elif isinstance(channel, SlackChannel):
        _check_slack(channel, path)
    else:
        _one_place(channel.url_env, channel.url_file, path, "url")


def _check_slack(channel: SlackChannel, path: KeyPath) -> None:
    if channel.token_env is None and channel.token_file is None:
        _one_place(channel.url_env, channel.url_file, path, "url")
        if channel.channel is not None:
            raise Fault(
                (*path, "channel"), "a webhook has its channel; expected token_env or token_file with it"
            )
        return
    _one_place(channel.token_env, channel.token_file, path, "token")
    for key, value in (("url_env", channel.url_env), ("url_file", channel.url_file)):
        if value is not None:
            raise Fault((*path, key), "stands there beside a token; expected a webhook or a bot, not both")
    if channel.channel is None:
        raise Fault((*path, "channel"), "is missing; expected the channel that the bot writes to")
    _encrypted(channel.api_url, channel.allow_hosts, (*path, "api_url"))


def _encrypted(url: str, allow_hosts: Collection[str], path: KeyPath) -> None:
    """Whether a listed host is this machine is asked when something is sent: its address may change."""
    parts = urlsplit(url)
    if parts.scheme.lower() == "http" and parts.hostname not in {host.lower() for host in allow_hosts}:
        raise Fault(path, "expected https; http only to this machine, with its name in allow_hosts")


def _one_place(variable: str | None, file: str | None, path: KeyPath, secret: str) -> None:
    if (variable is None) == (file is None):
        found = "is missing" if variable is None else "stands there beside the other"
        raise Fault((*path, f"{secret}_env"), f"{found}; expected one of {secret}_env and {secret}_file")


def _check_route_names(config: Config, route: RouteConfig, path: KeyPath) -> None:
    for name in route.tenants:
        _known(name, config.tenants, (*path, "tenants"), "tenant")
    used = {tenant.environment for tenant in config.tenants.values() if tenant.environment}
    for name in route.environments:
        _known(name, used | set(config.environments), (*path, "environments"), "environment")


def _known(name: str, known: Collection[str], path: KeyPath, what: str) -> None:
    if name not in known:
        raise Fault(path, f'"{name}" is no configured {what}{nearest(name, known)}')
