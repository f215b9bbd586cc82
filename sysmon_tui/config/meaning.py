"""Faults that no single value shows: what one key says about another."""

from __future__ import annotations

from collections.abc import Collection

from sysmon_tui.config.check import Fault, KeyPath, nearest
from sysmon_tui.config.model import Config
from sysmon_tui.config.notifications import (
    ChannelConfig,
    EmailChannel,
    NotificationsConfig,
    PagerDutyChannel,
    RouteConfig,
)


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
    else:
        _one_place(channel.url_env, channel.url_file, path, "url")


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
