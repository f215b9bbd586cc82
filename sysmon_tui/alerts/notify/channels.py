"""Which module speaks for a channel, and which notices a channel has a use for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sysmon_tui.alerts.notify import alertmanager, email, pagerduty, slack, teams, through_apprise, webhook
from sysmon_tui.alerts.notify.notice import Kind, Notice
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import Clock
from sysmon_tui.config import (
    AlertmanagerChannel,
    AppriseChannel,
    ChannelConfig,
    EmailChannel,
    PagerDutyChannel,
    SlackChannel,
    TeamsChannel,
    WebhookChannel,
)

_SENDERS: Mapping[type[ChannelConfig], Callable[[Notice, Any, Clock, str | None], Sent]] = {
    SlackChannel: slack.send,
    PagerDutyChannel: pagerduty.send,
    EmailChannel: email.send,
    TeamsChannel: teams.send,
    WebhookChannel: webhook.send,
    AlertmanagerChannel: alertmanager.send,
    AppriseChannel: through_apprise.send,
}


def hand_over(notice: Notice, channel: ChannelConfig, clock: Clock, receipt: str | None) -> Sent:
    """One attempt. `receipt` is what the channel gave back of this incident's notice before. Raises DeliveryError."""
    return _SENDERS[type(channel)](notice, channel, clock, receipt)


def takes(channel: ChannelConfig, kind: Kind) -> bool:
    """Whether a notice of this kind does anything there but disturb."""
    if kind == "acknowledged":  # elsewhere it would be one more message that asks for attention
        return isinstance(channel, PagerDutyChannel | WebhookChannel) or (
            isinstance(channel, SlackChannel) and slack.has_threads(channel)
        )
    # PagerDuty reminds by itself. Alertmanager does too, but forgets an alert that is not told again.
    return kind != "repeat" or not isinstance(channel, PagerDutyChannel)
