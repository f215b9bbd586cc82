"""The notices on their way: each is written before it is sent and marked after.

A crash between the two leaves a notice that is sent again, with the same keys: at least once, and once in all but that
crash. Notices of one incident go out in their order.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sysmon_tui.alerts.notify.notice import Kind
from sysmon_tui.alerts.store_file import StoreFile
from sysmon_tui.clock import EPOCH, rfc3339, to_micros

# Longer than the longest delivery (its retries and a slow name server included): a lease that ran out means a process
# that died.
LEASE_S = 120
# Nothing is held back longer than this, whatever a receiver asks for or the wall clock jumps.
MAX_HOLD_S = 3600
# News that could not be delivered for a day is no page any more; it stays on record as dead.
GIVE_UP_AFTER_S = 24 * 3600

# The upper bounds forget a lease or a hold that a wall clock set back has pushed far into the future. Of an incident
# the notices wait for the ones before them, and what follows an opening waits for one that has arrived.
_READY = """
notice.scope = :scope AND notice.channel = :channel AND notice.status IN ('pending', 'failed')
AND (lease_until_us <= :now OR lease_until_us > :now + :lease)
AND (next_attempt_us <= :now OR next_attempt_us > :now + :hold)
AND NOT EXISTS (
  SELECT 1 FROM notice AS earlier
  WHERE earlier.scope = notice.scope AND earlier.channel = notice.channel AND earlier.key = notice.key
    AND earlier.id < notice.id AND earlier.status IN ('pending', 'failed'))
"""
_UNLEASED = "(lease_until_us <= :now OR lease_until_us > :now + :lease)"
_GIVE_UP = f"""
UPDATE notice
SET status = 'dead', updated_us = :now,
    last_error = 'Given up after a day. ' || coalesce(last_error, 'It was never tried.')
WHERE scope = :scope AND status IN ('pending', 'failed') AND created_us < :give_up_before AND {_UNLEASED}
"""
# How something went on of which nobody was told is no news.
_DROP_UNOPENED = """
UPDATE notice
SET status = 'dead', updated_us = :now, last_error = 'That it fires was never delivered.'
WHERE scope = :scope AND status IN ('pending', 'failed') AND kind IN ('resolved', 'acknowledged', 'repeat')
  AND NOT EXISTS (
    SELECT 1 FROM notice AS opening
    WHERE opening.scope = notice.scope AND opening.channel = notice.channel AND opening.key = notice.key
      AND opening.opened = notice.opened AND opening.kind = 'firing' AND opening.status <> 'dead')
"""


@dataclass(frozen=True)
class Claim:
    """The right to deliver this notice now, until the lease runs out. `attempts` counts this one too.

    `receipt` is what the receiver called the incident before.
    """

    id: int
    owner: str
    attempts: int
    kind: Kind
    key: str
    opened: int
    number: str
    alerts: tuple[dict[str, Any], ...]
    receipt: str | None


@dataclass(frozen=True)
class Standing:
    """How it is with the newest notice about an alert on a channel; `status` as in the store."""

    id: int
    status: str
    kind: Kind
    last_error: str | None
    next_attempt_at: datetime


class Outbox:
    """One scope's notices. `now` is the caller's. Raises StoreError where the file can't be used."""

    def __init__(self, file: StoreFile, scope: str) -> None:
        self._file = file
        self._scope = scope

    def claim(self, channel: str, now: datetime, key: str | None = None) -> Claim | None:
        """The oldest notice of this channel, or of one incident there, that may be sent now."""
        named = self._named(now) | {"channel": channel, "key": key}
        with self._file.transaction() as connection:
            connection.execute(_GIVE_UP, named)
            connection.execute(_DROP_UNOPENED, named)
            row = connection.execute(
                f"SELECT * FROM notice WHERE {_READY} AND (:key IS NULL OR key = :key) ORDER BY id LIMIT 1",
                named,
            ).fetchone()
            if row is None:
                return None
            owner = uuid.uuid4().hex
            connection.execute(
                "UPDATE notice SET lease_until_us = :now + :lease, lease_owner = :owner, attempts = attempts + 1,"
                " updated_us = :now WHERE id = :id",
                named | {"owner": owner, "id": row["id"]},
            )
            return Claim(
                row["id"],
                owner,
                row["attempts"] + 1,
                row["kind"],
                row["key"],
                row["opened"],
                row["number"],
                tuple(json.loads(row["alerts"])),
                _receipt(connection, row),
            )

    def record_sent(self, claim: Claim, now: datetime, receipt: str | None = None) -> None:
        """Whoever holds the lease by now: it has arrived."""
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE notice SET status = 'sent', last_error = NULL, lease_owner = NULL, lease_until_us = 0,"
                " updated_us = ?, receipt = ? WHERE id = ?",
                (to_micros(now), receipt, claim.id),
            )

    def record_failed(self, claim: Claim, error: str, now: datetime, *, retry_in_s: float) -> None:
        """Kept for another attempt after `retry_in_s`. `error` must hold no secret."""
        self._record(claim, "failed", error, now, retry_in_s)

    def record_dead(self, claim: Claim, error: str, now: datetime) -> None:
        """The receiver will never take it: kept on record, not tried again by itself."""
        self._record(claim, "dead", error, now, 0.0)

    def _record(self, claim: Claim, status: str, error: str, now: datetime, retry_in_s: float) -> None:
        hold_us = round(min(retry_in_s, MAX_HOLD_S) * 1e6)
        with self._file.transaction() as connection:
            # Only the holder of the lease: a late failure must not undo another process's success.
            connection.execute(
                "UPDATE notice SET status = ?, last_error = ?, lease_owner = NULL, lease_until_us = 0,"
                " next_attempt_us = ?, updated_us = ? WHERE id = ? AND lease_owner = ?",
                (status, error, to_micros(now) + hold_us, to_micros(now), claim.id, claim.owner),
            )

    def standing(self, channel: str, alert_id: str, state: str) -> Standing | None:
        """Of the newest notice there that tells this alert in this state."""
        with self._file.transaction() as connection:
            rows = connection.execute(
                "SELECT * FROM notice WHERE scope = ? AND channel = ? AND instr(alerts, ?) ORDER BY id DESC",
                (self._scope, channel, json.dumps(alert_id)),
            )
            for row in rows:
                told = json.loads(row["alerts"])
                if any(alert["id"] == alert_id and alert["state"] == state for alert in told):
                    return Standing(
                        row["id"],
                        row["status"],
                        row["kind"],
                        row["last_error"],
                        _instant(row["next_attempt_us"]),
                    )
        return None

    def waits(self, channels: Sequence[str], now: datetime) -> bool:
        """Whether there is anything that may be sent now on one of these channels."""
        with self._file.transaction() as connection:
            return any(
                connection.execute(
                    f"SELECT 1 FROM notice WHERE {_READY} LIMIT 1", self._named(now) | {"channel": channel}
                ).fetchone()
                for channel in channels
            )

    def backlog(self, channels: Sequence[str]) -> dict[str, Any]:
        """What waits and what failed, by channel: counts, since when, and the newest error."""
        with self._file.transaction() as connection:
            rows = connection.execute(
                "SELECT channel, status, count(*) AS notices, min(created_us) AS oldest_us FROM notice"
                " WHERE scope = ? GROUP BY channel, status",
                (self._scope,),
            ).fetchall()
            errors = connection.execute(
                "SELECT channel, last_error, max(updated_us) FROM notice"
                " WHERE scope = ? AND status IN ('failed', 'dead') GROUP BY channel",
                (self._scope,),
            ).fetchall()
        found: dict[str, Any] = {
            name: {"pending": 0, "sent": 0, "failed": 0, "dead": 0, "waiting_since": None, "last_error": None}
            for name in (*channels, *(row["channel"] for row in rows))
        }
        for row in rows:
            of = found[row["channel"]]
            of[row["status"]] = row["notices"]
            if row["status"] in ("pending", "failed"):
                since = rfc3339(_instant(row["oldest_us"]))
                of["waiting_since"] = min(filter(None, (of["waiting_since"], since)))
        for row in errors:
            found[row["channel"]]["last_error"] = row["last_error"]
        return found

    def dead(self) -> list[dict[str, Any]]:
        """Those that were given up, newest first: id, channel, kind, title, error, since."""
        with self._file.transaction() as connection:
            rows = connection.execute(
                "SELECT * FROM notice WHERE scope = ? AND status = 'dead' ORDER BY id DESC", (self._scope,)
            ).fetchall()
        return [
            {
                "id": row["id"],
                "channel": row["channel"],
                "kind": row["kind"],
                "title": next((alert.get("title") for alert in json.loads(row["alerts"])), None),
                "error": row["last_error"],
                "created_at": rfc3339(_instant(row["created_us"])),
            }
            for row in rows
        ]

    def send_again(self, now: datetime, notice_id: int | None = None) -> int:
        """Dead notices, all or one, are to be tried again. How many."""
        with self._file.transaction() as connection:
            found = connection.execute(
                "UPDATE notice SET status = 'failed', next_attempt_us = :now, created_us = :now, updated_us = :now,"
                " attempts = 0 WHERE scope = :scope AND status = 'dead' AND (:id IS NULL OR id = :id)",
                self._named(now) | {"id": notice_id},
            )
            return found.rowcount

    def _named(self, now: datetime) -> dict[str, Any]:
        now_us = to_micros(now)
        return {
            "scope": self._scope,
            "now": now_us,
            "lease": LEASE_S * 1_000_000,
            "hold": MAX_HOLD_S * 1_000_000,
            "give_up_before": now_us - GIVE_UP_AFTER_S * 1_000_000,
        }


def _receipt(connection: sqlite3.Connection, row: sqlite3.Row) -> str | None:
    found = connection.execute(
        "SELECT receipt FROM notice WHERE scope = ? AND channel = ? AND key = ? AND opened = ?"
        " AND receipt IS NOT NULL ORDER BY id DESC LIMIT 1",
        (row["scope"], row["channel"], row["key"], row["opened"]),
    ).fetchone()
    return None if found is None else str(found["receipt"])


def _instant(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)
