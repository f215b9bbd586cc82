"""The record of deliveries: what was sent to whom, what waits, what failed for good.

One SQLite file that several processes share. A row is written before anything is sent and marked after, so
a crash between the two leaves a row that is tried again: at least once, and once in all but that crash.
Each operation opens its own connection: nothing is shared by threads or carried through a fork.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from sysmon_tui import paths
from sysmon_tui.alerts.store_file import StoreError, open_record
from sysmon_tui.clock import EPOCH, to_micros

# Longer than the longest delivery (its retries and a slow name server included): a lease that ran out
# means a process that died.
LEASE_S = 120
# Nothing is held back longer than this, whatever a receiver asks for or the wall clock jumps.
MAX_HOLD_S = 3600
# News that could not be delivered for a day is no page any more; it stays on record as dead.
GIVE_UP_AFTER_S = 24 * 3600
# System tables keep a year, so no alert can begin before that: older rows can stop no repetition.
KEEP_S = 400 * 24 * 3600

_INSERT = """
INSERT INTO delivery
  (tenant, alert_id, state, started_at_us, channel, next_attempt_at_us, created_at_us, updated_at_us, alert)
VALUES (:tenant, :alert_id, :state, :started_at_us, :channel, :now, :now, :now, :alert)
ON CONFLICT DO NOTHING
"""

_BY_KEY = """
tenant = :tenant AND alert_id = :alert_id AND state = :state
AND started_at_us = :started_at_us AND channel = :channel
"""

# The upper bounds forget a lease or a hold that a wall clock set back has pushed far into the future.
_UNLEASED = "(lease_until_us <= :now OR lease_until_us > :now + :lease)"
_READY = (
    "status IN ('pending', 'failed') AND "
    + _UNLEASED
    + """
AND (next_attempt_at_us <= :now OR next_attempt_at_us > :now + :hold)
AND (state = 'firing' OR EXISTS (
  SELECT 1 FROM delivery AS opened
  WHERE opened.tenant = delivery.tenant AND opened.alert_id = delivery.alert_id
    AND opened.started_at_us = delivery.started_at_us AND opened.channel = delivery.channel
    AND opened.state = 'firing' AND opened.status = 'sent'))
"""
)

_GIVE_UP = (
    """
UPDATE delivery
SET status = 'dead', updated_at_us = :now, alert = NULL,
    last_error = 'Given up after a day. ' || coalesce(last_error, 'It was never tried.')
WHERE status IN ('pending', 'failed') AND created_at_us < :give_up_before AND
"""
    + _UNLEASED
)

# A resolution of something that nobody was told of is no news.
_DROP_UNOPENED = """
UPDATE delivery
SET status = 'dead', updated_at_us = :now, alert = NULL, last_error = 'Its alert was never delivered.'
WHERE state = 'resolved' AND status IN ('pending', 'failed') AND EXISTS (
  SELECT 1 FROM delivery AS opened
  WHERE opened.tenant = delivery.tenant AND opened.alert_id = delivery.alert_id
    AND opened.started_at_us = delivery.started_at_us AND opened.channel = delivery.channel
    AND opened.state = 'firing' AND opened.status = 'dead')
"""

_TAKE = """
UPDATE delivery
SET lease_until_us = :now + :lease, lease_owner = :owner, attempts = attempts + 1, updated_at_us = :now
WHERE id = :id
"""

# The episode that the resolution ends, and whether the alert has begun again since.
_OPENING = """
SELECT status, EXISTS (
  SELECT 1 FROM delivery AS later
  WHERE later.tenant = :tenant AND later.alert_id = :alert_id AND later.channel = :channel
    AND later.state = 'firing' AND later.started_at_us > :started_at_us) AS again
FROM delivery
WHERE tenant = :tenant AND alert_id = :alert_id AND channel = :channel
  AND state = 'firing' AND started_at_us = :started_at_us
"""


@dataclass(frozen=True)
class DeliveryKey:
    """What is delivered once: one state of one alert's episode, to one channel."""

    tenant: str
    alert_id: str
    state: Literal["firing", "resolved"]
    started_at: datetime
    channel: str


@dataclass(frozen=True)
class Claim:
    """The right to deliver this row now, until the lease runs out. `attempts` counts this one too."""

    id: int
    owner: str
    attempts: int
    alert: dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """Why there is nothing to deliver now.

    `status` is the row's (pending: another process has it), or of a resolution: `waiting` (kept until its
    firing notice is delivered), `unopened` (that never was) or `again` (the alert has begun anew).
    """

    status: Literal["pending", "sent", "failed", "dead", "waiting", "unopened", "again"]
    last_error: str | None = None
    next_attempt_at: datetime | None = None


class DeliveryStore:
    """Opens or makes the record at `path` (default: deliveries.sqlite in the state directory), 0600.

    `now` is the caller's, so that one clock rules. Every method raises StoreError when the file can't be
    used.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or paths.state_dir() / "deliveries.sqlite"

    def claim(self, key: DeliveryKey, alert: dict[str, Any], now: datetime) -> Claim | Standing:
        """Records the delivery if it is new and takes it if nobody else has it: one transaction."""
        named = {
            "tenant": key.tenant,
            "alert_id": key.alert_id,
            "state": key.state,
            "started_at_us": to_micros(key.started_at),
            "channel": key.channel,
            "alert": json.dumps(alert),
        } | _times(now)
        with self._transaction() as connection:
            if key.state == "resolved":
                opening = connection.execute(_OPENING, named).fetchone()
                if opening is None or opening["status"] == "dead":
                    return Standing("unopened")
                if opening["again"]:
                    return Standing("again")
            connection.execute(_INSERT, named)
            if key.state == "resolved" and opening["status"] != "sent":
                return Standing("waiting")
            claim = _take(connection, _BY_KEY, named)
            if claim is not None:
                return claim
            row = connection.execute("SELECT * FROM delivery WHERE " + _BY_KEY, named).fetchone()
        return Standing(row["status"], row["last_error"], _instant(row["next_attempt_at_us"]))

    def claim_due(self, tenant: str, channel: str, now: datetime) -> Claim | None:
        """The oldest delivery of this channel that waits for another attempt and may have it now."""
        named = {"tenant": tenant, "channel": channel} | _times(now)
        with self._transaction() as connection:
            connection.execute(_GIVE_UP, named)
            connection.execute(_DROP_UNOPENED, named)
            connection.execute("DELETE FROM delivery WHERE updated_at_us < :forget_before", named)
            return _take(connection, "tenant = :tenant AND channel = :channel", named)

    def record_sent(self, claim: Claim, now: datetime) -> None:
        """Whoever holds the lease by now: it has arrived."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE delivery SET status = 'sent', last_error = NULL, lease_owner = NULL, alert = NULL,"
                " updated_at_us = :now WHERE id = :id",
                {"id": claim.id} | _times(now),
            )

    def record_failed(self, claim: Claim, error: str, now: datetime, *, retry_in_s: float) -> None:
        """Kept for another attempt after `retry_in_s`. `error` must hold no secret."""
        self._record_failure(claim, "failed", error, now, retry_in_s)

    def record_dead(self, claim: Claim, error: str, now: datetime) -> None:
        """The receiver will never take it: kept on record, not tried again."""
        self._record_failure(claim, "dead", error, now, 0.0)

    def counts(self, tenant: str) -> dict[str, int]:
        """Deliveries by status: pending, sent, failed, dead."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT status, count(*) AS deliveries FROM delivery WHERE tenant = :tenant GROUP BY status",
                {"tenant": tenant},
            ).fetchall()
        return {"pending": 0, "sent": 0, "failed": 0, "dead": 0} | {
            row["status"]: row["deliveries"] for row in rows
        }

    def _record_failure(
        self, claim: Claim, status: str, error: str, now: datetime, retry_in_s: float
    ) -> None:
        named = {
            "id": claim.id,
            "owner": claim.owner,
            "status": status,
            "error": error,
            "retry_in": round(min(retry_in_s, MAX_HOLD_S) * 1e6),
        } | _times(now)
        with self._transaction() as connection:
            # Only the holder of the lease: a late failure must not undo another process's success.
            connection.execute(
                "UPDATE delivery SET status = :status, last_error = :error, lease_owner = NULL,"
                " lease_until_us = 0, next_attempt_at_us = :now + :retry_in, updated_at_us = :now,"
                " alert = CASE WHEN :status = 'dead' THEN NULL ELSE alert END"
                " WHERE id = :id AND lease_owner = :owner",
                named,
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            # Closed without COMMIT, it is rolled back.
            with closing(open_record(self.path)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"The record of deliveries {self.path.name} can't be used.", f"The cause: {error}."
            ) from error


def _take(connection: sqlite3.Connection, which: str, named: dict[str, Any]) -> Claim | None:
    """Leases the oldest ready row of `which`. The caller's transaction holds the write lock."""
    row = connection.execute(
        "SELECT id, attempts, alert FROM delivery WHERE " + which + " AND " + _READY + " ORDER BY id LIMIT 1",
        named,
    ).fetchone()
    if row is None:
        return None
    owner = uuid.uuid4().hex
    connection.execute(_TAKE, named | {"id": row["id"], "owner": owner})
    return Claim(row["id"], owner, row["attempts"] + 1, json.loads(row["alert"]))


def _instant(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def _times(now: datetime) -> dict[str, int]:
    now_us = to_micros(now)
    return {
        "now": now_us,
        "lease": LEASE_S * 1_000_000,
        "hold": MAX_HOLD_S * 1_000_000,
        "give_up_before": now_us - GIVE_UP_AFTER_S * 1_000_000,
        "forget_before": now_us - KEEP_S * 1_000_000,
    }
