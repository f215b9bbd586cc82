"""Where files lie: the user's configuration and the program's state, by platform."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import platformdirs

_APP = "sysmon_tui"


def packaged_config() -> Path:
    """default_config.toml: inside the wheel, or at the top of a checkout."""
    packaged = Path(__file__).with_name("default_config.toml")
    return packaged if packaged.exists() else Path(__file__).parent.parent / "default_config.toml"


def user_config() -> Path:
    return platformdirs.user_config_path(_APP, appauthor=False) / "config.toml"


def state_dir() -> Path:
    """Made with 0700 when it is missing: it holds what was sent and to whom."""
    override = os.environ.get("SYSMON_STATE_DIR")
    path = Path(override) if override else platformdirs.user_state_path(_APP, appauthor=False)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def user_name() -> str:
    """Who sits at the keyboard, for acknowledgements and silences."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an id without a name, as in some containers
        return "somebody"
