"""The user's time zone by its IANA name, which polars and Python both take."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UTC = ZoneInfo("UTC")


def local_zone() -> ZoneInfo:
    """From TZ, else from /etc/localtime. UTC where neither names one: the screen says which it is."""
    name = os.environ.get("TZ", "").removeprefix(":") or _system_name()
    try:
        return ZoneInfo(name) if name else _UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a POSIX rule such as CET-1CEST, or a typing error
        return _UTC


def _system_name() -> str:
    target = os.path.realpath("/etc/localtime")
    _, found, name = target.partition("zoneinfo/")
    return name if found and Path(target).exists() else ""
