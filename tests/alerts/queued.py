"""Notices that wait in a store, and claims on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sysmon_tui.alerts.notify.notice import Kind
from sysmon_tui.alerts.outbox import Claim, Outbox
from sysmon_tui.alerts.plan import Plan, Planned
from sysmon_tui.alerts.store import AlertStore
from sysmon_tui.alerts.store_file import StoreFile
from tests.alerts.receivers import NOW, alert


def put(
    file: StoreFile,
    number: int = 1,
    *alerts: dict[str, Any],
    kind: Kind = "firing",
    key: str = "a",
    channel: str = "ops",
    opened: int = 5,
    scope: str = "t",
    now: datetime = NOW,
) -> None:
    notice = Planned(channel, key, opened, kind, str(number), alerts or (alert(id=key),))
    with file.transaction() as connection:
        AlertStore(file, scope)._write_plan(connection, Plan([], [notice]), now)


def claimed(outbox: Outbox, now: datetime = NOW, channel: str = "ops") -> Claim:
    claim = outbox.claim(channel, now)
    assert claim is not None
    return claim
