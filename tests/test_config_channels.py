"""What a configuration of channels must say: one place for a secret, and no way out that is not encrypted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.configuring import loaded, message

CHANNEL = "[notifications.channels.x]\n"
BOT = CHANNEL + "type = 'slack'\ntoken_env = 'T'\n"
MANAGER = CHANNEL + "type = 'alertmanager'\nurl = 'https://am.example.com'\n"


@pytest.mark.parametrize(
    "text",
    [
        CHANNEL + "type = 'slack'\nurl_env = 'U'",
        BOT + "channel = '#ops'",
        CHANNEL + "type = 'slack'\ntoken_file = 't'\nchannel = 'C0123'",
        CHANNEL + "type = 'teams'\nurl_file = 'u'",
        CHANNEL + "type = 'webhook'\nurl_env = 'U'",
        CHANNEL + "type = 'apprise'\nurl_env = 'U'",
        MANAGER,
        CHANNEL + "type = 'alertmanager'\nurl = 'http://LOCALHOST:9093/x'\nallow_hosts = ['localhost']",
        CHANNEL + "type = 'alertmanager'\nurl = 'http://[::1]:9093'\nallow_hosts = ['::1']",
        MANAGER + "[[notifications.routes]]\nchannels = ['x']",
        MANAGER + "[[notifications.routes]]\nchannels = ['x']\nrepeat_minutes = 720",
        "[notifications.heartbeat]\nurl_env = 'U'",
        "[notifications.heartbeat]\nurl_file = 'u'\nevery_minutes = 1\nallow_hosts = ['h']",
    ],
)
def test_right(tmp_path: Path, text: str) -> None:
    """Each kind of channel with what it needs and no more."""
    loaded(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CHANNEL + "type = 'slack'", "x.url_env: is missing; expected one of url_env and url_file"),
        (BOT, "x.channel: is missing; expected the channel that the bot writes to"),
        (BOT + "token_file = 't'\nchannel = 'c'", "x.token_env: stands there beside the other"),
        (BOT + "url_env = 'U'\nchannel = 'c'", "x.url_env: stands there beside a token"),
        (BOT + "url_file = 'u'\nchannel = 'c'", "x.url_file: stands there beside a token"),
        (CHANNEL + "type = 'slack'\nurl_env = 'U'\nchannel = 'c'", "x.channel: a webhook has its channel"),
        (BOT + "channel = 'c'\napi_url = 'http://slack.com/api'", "x.api_url: expected https"),
        (CHANNEL + "type = 'teams'", "x.url_env: is missing"),
        (CHANNEL + "type = 'webhook'\nurl_env = 'U'\nurl_file = 'u'", "x.url_env: stands there beside"),
        (CHANNEL + "type = 'apprise'", "x.url_env: is missing"),
        (CHANNEL + "type = 'alertmanager'", "x.url: is missing"),
        (CHANNEL + "type = 'alertmanager'\nurl = 'http://localhost:9093'", "with its name in allow_hosts"),
        (CHANNEL + "type = 'pagerduty'\nrouting_key_env = 'K'\nurl = 'http://a/b'", "x.url: expected https"),
        (
            MANAGER + "[[notifications.routes]]\nchannels = ['x']\nrepeat_minutes = 0",
            "notifications.routes[0].repeat_minutes: expected 1 to 720 on a route to Alertmanager",
        ),
        (
            MANAGER + "[[notifications.routes]]\nchannels = ['x']\nrepeat_minutes = 721",
            "notifications.routes[0].repeat_minutes: expected 1 to 720",
        ),
        ("[notifications.heartbeat]", "notifications.heartbeat.url_env: is missing"),
        ("[notifications.heartbeat]\nurl_env = 'U'\nurl_file = 'u'", "heartbeat.url_env: stands there"),
    ],
)
def test_wrong(tmp_path: Path, text: str, expected: str) -> None:
    """The key and what was expected there."""
    assert expected in message(tmp_path, text)
