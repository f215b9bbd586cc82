"""The server's own figures: its process, and what it still has to deliver."""

from __future__ import annotations

import resource
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from sysmon_tui.alerts.outbox import Outbox
from sysmon_tui.alerts.store import StoreError
from sysmon_tui.runtime import Tenant

_STARTED_S = time.monotonic()
# ru_maxrss is in KiB on Linux and in bytes on macOS.
STANDINGS = ("pending", "sent", "failed", "dead")
_RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


def process() -> dict[str, Any]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "uptime_seconds": round(time.monotonic() - _STARTED_S, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "max_rss_bytes": usage.ru_maxrss * _RSS_UNIT_BYTES,
        "threads": threading.active_count(),
    }


def backlog(tenant: Tenant, channels: Sequence[str]) -> dict[str, Any]:
    """Notices by status (pending, sent, failed, dead), in all and by channel; the reason where it is not known."""
    try:
        by_channel = Outbox(tenant.store.file, tenant.store.scope).backlog(channels)
    except StoreError as error:
        return {**dict.fromkeys(STANDINGS), "channels": {}, "reason": error.sentence}
    totals = {word: sum(of.get(word, 0) for of in by_channel.values()) for word in STANDINGS}
    return {**totals, "channels": by_channel, "reason": None}
