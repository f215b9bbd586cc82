"""The configuration: what it may say (model, notifications), and how its layers become one (load)."""

from __future__ import annotations

from sysmon_tui.config.load import Loaded, load
from sysmon_tui.config.model import Config, EnvironmentConfig, TenantConfig, Thresholds
from sysmon_tui.config.notifications import (
    AlertmanagerChannel,
    AppriseChannel,
    ChannelConfig,
    EmailChannel,
    HeartbeatConfig,
    NotificationsConfig,
    PagerDutyChannel,
    RouteConfig,
    SlackChannel,
    TeamsChannel,
    WebhookChannel,
)
from sysmon_tui.config.tenants import Session

__all__ = [
    "AlertmanagerChannel",
    "AppriseChannel",
    "ChannelConfig",
    "Config",
    "EmailChannel",
    "EnvironmentConfig",
    "HeartbeatConfig",
    "Loaded",
    "NotificationsConfig",
    "PagerDutyChannel",
    "RouteConfig",
    "Session",
    "SlackChannel",
    "TeamsChannel",
    "TenantConfig",
    "Thresholds",
    "WebhookChannel",
    "load",
]
