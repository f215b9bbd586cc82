"""What is known of alerts beyond the rows: their lives, silences, acknowledgements, and what was told of them.

One SQLite file that several processes share. An evaluation and the notices that follow from it are one transaction: a
crash leaves both or none, and of two evaluations at once the second finds what the first has done.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sysmon_tui.alerts.life import Judged, Life, advance
from sysmon_tui.alerts.plan import Incident, Limits, Plan, Planned, plan
from sysmon_tui.alerts.routes import Routes
from sysmon_tui.alerts.silences import Silence
from sysmon_tui.alerts.store_file import StoreError, StoreFile
from sysmon_tui.alerts.verdict import in_order
from sysmon_tui.clock import EPOCH, to_micros

# Lives that have ended are matched with rows that come late for this long, and listed for a year.
_MATCHED_FOR = timedelta(days=4)
_KEPT_FOR = timedelta(days=366)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Telling:
    """Whom an evaluation tells. `openings` False: only how what was told before went on."""

    routes: Routes
    max_page_age: timedelta
    max_pages_per_hour: int
    openings: bool = True


class AlertStore:
    """One scope's part of the file. `now` is the caller's, so that one clock rules. Raises StoreError."""

    def __init__(self, file: StoreFile, scope: str) -> None:
        self.file = file
        self.scope = scope

    def apply(
        self,
        judged: Sequence[Judged],
        active: frozenset[str],
        now: datetime,
        telling: Telling | None = None,
        documents: dict[str, Any] | None = None,
    ) -> None:
        """One evaluation: lives go on, notices are planned, and other processes can see its `documents` by rule."""
        with self.file.transaction() as connection:
            known = self._lives(
                connection, "state <> 'resolved' OR updated_us >= ?", to_micros(now - _MATCHED_FOR)
            )
            first = self._never_judged(connection, [one.rule.id for one in judged])
            changed = advance(known, judged, active, now)
            for life in changed:
                self._write_life(connection, life, now)
            self._write_documents(connection, documents or {}, now)
            if telling is not None:
                # What was over before anybody looked for the first time is history, and no news.
                over = {(life.id, life.incident) for life in known if life.state == "resolved"}
                news = (
                    frozenset((life.id, life.incident) for life in changed if life.rule not in first) - over
                )
                self._plan(connection, changed, telling, now, news=news)
            self._forget(connection, now)

    def tell(self, life: Life, telling: Telling, now: datetime) -> None:
        """Plans what is to be told of one alert, as somebody has it in his hands."""
        with self.file.transaction() as connection:
            # Whoever had no store when he evaluated calls the life by another name.
            known = self._lives(connection, "id = ?", life.id)
            if all(one.incident != life.incident for one in known):
                same = [one.incident for one in known if one.state == life.state == "firing"]
                life = replace(life, incident=same[-1]) if same else life
            news = frozenset({(life.id, life.incident)})
            self._plan(connection, [life], telling, now, news=news, only=life.id)

    def _plan(
        self,
        connection: sqlite3.Connection,
        changed: Sequence[Life],
        telling: Telling,
        now: datetime,
        *,
        news: frozenset[tuple[str, int]],
        only: str | None = None,
    ) -> None:
        incidents = self._incidents(connection)
        told = {pair for one in incidents for pair in (*one.told.items(), *one.held.items())}
        lives = {(life.id, life.incident): life for life in self._lives(connection, "state = 'firing'")}
        for life_id, incident in told - set(lives):
            lives |= {
                (life.id, life.incident): life
                for life in self._lives(connection, "id = ? AND incident = ?", life_id, incident)
            }
        lives |= {(life.id, life.incident): life for life in changed}
        pages = self._pages(connection, now)
        limits = Limits(telling.max_page_age, telling.max_pages_per_hour, pages)
        made = plan(
            lives.values(),
            incidents,
            telling.routes,
            silences=self._silences(connection, now),
            limits=limits,
            now=now,
            news=news,
            openings=telling.openings,
            only=only,
        )
        self._write_plan(connection, made, now)

    # Lives ---------------------------------------------------------------------------------------------------

    def lives(self, *, resolved_since: datetime | None = None) -> list[Life]:
        """Those that are open, and those that ended at or after `resolved_since` (in event time)."""
        with self.file.transaction() as connection:
            if resolved_since is None:
                return self._lives(connection, "state <> 'resolved'")
            return self._lives(
                connection, "state <> 'resolved' OR resolved_us >= ?", to_micros(resolved_since)
            )

    def acknowledge(self, alert_id: str, by: str | None, now: datetime) -> bool:
        """Somebody has it (None: nobody any more). Whether there is such an open alert."""
        with self.file.transaction() as connection:
            found = connection.execute(
                "UPDATE life SET acknowledged_by = ?, acknowledged_us = ?, updated_us = ?"
                " WHERE scope = ? AND id = ? AND state <> 'resolved'",
                (by, None if by is None else to_micros(now), to_micros(now), self.scope, alert_id),
            )
            return found.rowcount > 0

    def _lives(self, connection: sqlite3.Connection, which: str, *values: object) -> list[Life]:
        rows = connection.execute(
            f"SELECT * FROM life WHERE scope = ? AND ({which}) ORDER BY detected_us", (self.scope, *values)
        )
        return [_life(row) for row in rows]

    def _write_life(self, connection: sqlite3.Connection, life: Life, now: datetime) -> None:
        if life.state == "dropped":
            connection.execute(
                "DELETE FROM life WHERE scope = ? AND id = ? AND incident = ?",
                (self.scope, life.id, life.incident),
            )
            return
        connection.execute(
            "INSERT INTO life (scope, id, incident, rule, state, started_us, met_us, detected_us, head_us, resolved_us,"
            " unverified, acknowledged_by, acknowledged_us, updated_us, alert)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            # Who has it is said by people, not by an evaluation.
            " ON CONFLICT DO UPDATE SET state = excluded.state, started_us = excluded.started_us,"
            " met_us = excluded.met_us, head_us = excluded.head_us, resolved_us = excluded.resolved_us,"
            " unverified = excluded.unverified, updated_us = excluded.updated_us, alert = excluded.alert",
            (
                self.scope,
                life.id,
                life.incident,
                life.rule,
                life.state,
                to_micros(life.started_at),
                to_micros(life.met_until),
                to_micros(life.detected_at),
                to_micros(life.head),
                None if life.resolved_at is None else to_micros(life.resolved_at),
                life.unverified,
                life.acknowledged_by,
                None if life.acknowledged_at is None else to_micros(life.acknowledged_at),
                to_micros(now),
                json.dumps(life.alert),
            ),
        )

    def _forget(self, connection: sqlite3.Connection, now: datetime) -> None:
        old = to_micros(now - _KEPT_FOR)
        connection.execute("DELETE FROM life WHERE state = 'resolved' AND updated_us < ?", (old,))
        connection.execute("DELETE FROM incident WHERE NOT is_open AND opened < ?", (old,))
        connection.execute("DELETE FROM notice WHERE updated_us < ?", (old,))
        connection.execute("DELETE FROM silence WHERE ends_us < ?", (old,))

    # Silences ------------------------------------------------------------------------------------------------

    def silence(
        self, matchers: dict[str, str], now: datetime, until: datetime, reason: str, by: str
    ) -> Silence:
        made = Silence(uuid.uuid4().hex[:8], matchers, now, until, reason, by)
        with self.file.transaction() as connection:
            connection.execute(
                "INSERT INTO silence VALUES (?, ?, ?, ?, ?, ?, ?)",
                (made.id, self.scope, json.dumps(matchers), to_micros(now), to_micros(until), reason, by),
            )
        return made

    def unsilence(self, silence_id: str, now: datetime) -> bool:
        """Ends a silence now. Whether there was one."""
        with self.file.transaction() as connection:
            found = connection.execute(
                "UPDATE silence SET ends_us = ? WHERE scope = ? AND id = ? AND ends_us > ?",
                (to_micros(now), self.scope, silence_id, to_micros(now)),
            )
            return found.rowcount > 0

    def silences(self, now: datetime) -> list[Silence]:
        """Those that last now."""
        with self.file.transaction() as connection:
            return self._silences(connection, now)

    def _silences(self, connection: sqlite3.Connection, now: datetime) -> list[Silence]:
        rows = connection.execute(
            "SELECT * FROM silence WHERE scope = ? AND ends_us > ? ORDER BY ends_us",
            (self.scope, to_micros(now)),
        )
        return [
            Silence(
                row["id"],
                json.loads(row["matchers"]),
                _instant(row["starts_us"]),
                _instant(row["ends_us"]),
                row["reason"],
                row["created_by"],
            )
            for row in rows
        ]

    # Who evaluates -------------------------------------------------------------------------------------------

    def take_duty(self, owner: str, now: datetime, for_s: float) -> bool:
        """Whether this process is the one that evaluates: for so long, unless it says so again."""
        with self.file.transaction() as connection:
            now_us, until_us = to_micros(now), to_micros(now + timedelta(seconds=for_s))
            row = connection.execute("SELECT * FROM duty WHERE scope = ?", (self.scope,)).fetchone()
            # A clock set back must not leave the duty with a process that is gone.
            held = row is not None and row["since_us"] <= now_us < row["until_us"]
            if held and row["owner"] != owner:
                return False
            connection.execute(
                "INSERT OR REPLACE INTO duty VALUES (?, ?, ?, ?)", (self.scope, owner, now_us, until_us)
            )
            return True

    def leave_duty(self, owner: str) -> None:
        with self.file.transaction() as connection:
            connection.execute("DELETE FROM duty WHERE scope = ? AND owner = ?", (self.scope, owner))

    def documents(self) -> dict[str, tuple[datetime, dict[str, Any]]]:
        """By rule, when it was last evaluated on this store and what was found."""
        with self.file.transaction() as connection:
            rows = connection.execute("SELECT * FROM judged WHERE scope = ?", (self.scope,)).fetchall()
        return {row["rule"]: (_instant(row["at_us"]), json.loads(row["document"])) for row in rows}

    def _write_documents(
        self, connection: sqlite3.Connection, documents: dict[str, Any], now: datetime
    ) -> None:
        connection.executemany(
            "INSERT OR REPLACE INTO judged VALUES (?, ?, ?, ?)",
            [
                (self.scope, rule, to_micros(now), json.dumps(document))
                for rule, document in documents.items()
            ],
        )

    def _never_judged(self, connection: sqlite3.Connection, rules: Iterable[str]) -> set[str]:
        rows = connection.execute("SELECT rule FROM judged WHERE scope = ?", (self.scope,))
        return set(rules) - {row["rule"] for row in rows}

    # Incidents -----------------------------------------------------------------------------------------------

    def _incidents(self, connection: sqlite3.Connection) -> list[Incident]:
        rows = connection.execute("SELECT * FROM incident WHERE scope = ? AND is_open", (self.scope,))
        return [
            Incident(
                row["channel"],
                row["key"],
                row["opened"],
                json.loads(row["told"]),
                json.loads(row["held"]),
                None if row["told_us"] is None else _instant(row["told_us"]),
                row["repeats"],
                bool(row["acknowledged"]),
            )
            for row in rows
        ]

    def _pages(self, connection: sqlite3.Connection, now: datetime) -> dict[str, int]:
        rows = connection.execute(
            "SELECT channel, count(*) AS pages FROM notice"
            " WHERE scope = ? AND kind = 'firing' AND created_us > ? GROUP BY channel",
            (self.scope, to_micros(now - _HOUR)),
        )
        return {row["channel"]: row["pages"] for row in rows}

    def _write_plan(self, connection: sqlite3.Connection, made: Plan, now: datetime) -> None:
        connection.executemany(
            "INSERT OR REPLACE INTO incident VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    self.scope,
                    one.channel,
                    one.key,
                    one.opened,
                    json.dumps(one.told),
                    json.dumps(one.held),
                    None if one.told_at is None else to_micros(one.told_at),
                    one.repeats,
                    one.acknowledged,
                    one.is_open,
                )
                for one in made.incidents
            ],
        )
        for notice in made.notices:
            if notice.kind == "summary":
                self._write_summary(connection, notice, now)
            else:
                self._write_notice(connection, notice, now, due=now)

    def _write_summary(self, connection: sqlite3.Connection, notice: Planned, now: datetime) -> None:
        """One an hour: what is held back meanwhile is added to the one that waits."""
        waiting = connection.execute(
            "SELECT id, alerts FROM notice WHERE scope = ? AND channel = ? AND kind = 'summary'"
            " AND status = 'pending' AND lease_until_us <= ?",
            (self.scope, notice.channel, to_micros(now)),
        ).fetchone()
        if waiting is not None:
            alerts = {alert["id"]: alert for alert in (*json.loads(waiting["alerts"]), *notice.alerts)}
            connection.execute(
                "UPDATE notice SET alerts = ? WHERE id = ?",
                (json.dumps(in_order(alerts.values())), waiting["id"]),
            )
            return
        (last_us,) = connection.execute(
            "SELECT max(next_attempt_us) FROM notice WHERE scope = ? AND channel = ? AND kind = 'summary'",
            (self.scope, notice.channel),
        ).fetchone()
        due = now if last_us is None else max(now, _instant(last_us) + _HOUR)
        self._write_notice(connection, notice, now, due=min(due, now + _HOUR))

    def _write_notice(
        self, connection: sqlite3.Connection, notice: Planned, now: datetime, *, due: datetime
    ) -> None:
        connection.execute(
            "INSERT INTO notice (scope, channel, key, opened, kind, number, next_attempt_us, created_us,"
            " updated_us, alerts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                self.scope,
                notice.channel,
                notice.key,
                notice.opened,
                notice.kind,
                notice.number,
                to_micros(due),
                to_micros(now),
                to_micros(now),
                json.dumps(notice.alerts),
            ),
        )


def _life(row: sqlite3.Row) -> Life:
    return Life(
        row["id"],
        row["incident"],
        row["rule"],
        row["state"],
        json.loads(row["alert"]),
        _instant(row["started_us"]),
        _instant(row["met_us"]),
        _instant(row["detected_us"]),
        _instant(row["head_us"]),
        None if row["resolved_us"] is None else _instant(row["resolved_us"]),
        row["unverified"],
        row["acknowledged_by"],
        None if row["acknowledged_us"] is None else _instant(row["acknowledged_us"]),
    )


def _instant(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


__all__ = ["AlertStore", "StoreError", "Telling"]
