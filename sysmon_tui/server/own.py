"""The server's own figures: its process, and what it still has to deliver."""

from __future__ import annotations

import resource
import sys
import threading
import time
from typing import Any

from sysmon_tui.alerts.store import DeliveryStore
from sysmon_tui.alerts.store_file import StoreError

_STARTED_S = time.monotonic()
# ru_maxrss is in KiB on Linux and in bytes on macOS.
_RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


def process() -> dict[str, Any]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "uptime_seconds": round(time.monotonic() - _STARTED_S, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "max_rss_bytes": usage.ru_maxrss * _RSS_UNIT_BYTES,
        "threads": threading.active_count(),
    }


def backlog(tenant: str) -> dict[str, Any]:
    """Deliveries by status: pending, sent, failed, dead; the reason where the record can't be read."""
    try:
        return {**DeliveryStore().counts(tenant), "reason": None}
    except (StoreError, OSError) as error:
        return {"pending": None, "sent": None, "failed": None, "dead": None, "reason": str(error)}
