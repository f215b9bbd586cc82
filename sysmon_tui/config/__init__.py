"""The configuration: what it may say (model, notifications), and how its layers become one (load)."""

from __future__ import annotations

from sysmon_tui.config.load import Loaded, load
from sysmon_tui.config.model import Config, EnvironmentConfig, TenantConfig, Thresholds
from sysmon_tui.config.notifications import (
    ChannelConfig,
    EmailChannel,
    NotificationsConfig,
    PagerDutyChannel,
    RouteConfig,
    SlackChannel,
)
from sysmon_tui.config.tenants import Session

__all__ = [
    "ChannelConfig",
    "Config",
    "EmailChannel",
    "EnvironmentConfig",
    "Loaded",
    "NotificationsConfig",
    "PagerDutyChannel",
    "RouteConfig",
    "Session",
    "SlackChannel",
    "TenantConfig",
    "Thresholds",
    "load",
]
