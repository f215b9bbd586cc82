"""Cursors: where a page ended, as an opaque word.

A cursor pins the window of the first page and how far its table had come, so that rows which arrive meanwhile move
nothing: a run that is repaired between two pages stays the run that the first page counted. The next page begins with
the rows of the very time and key at which the last one ended and leaves out as many of them as were given, so
that rows which nothing tells apart are neither lost nor doubled. It is bound to tenant, statement and filters by a
digest. It is not signed: it grants nothing that its caller could not ask without it,
because the tenant is decided before it is read.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from sysmon_tui.clock import EPOCH, to_micros
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.errors import RequestError

_MAX_CHARS = 2048
_MAX_GIVEN = 1_000_000
# A walk over pages takes minutes; a window pinned longer ago is no longer what anyone means.
_MAX_AGE = timedelta(days=1)


@dataclass(frozen=True)
class Cursor:
    window_end: datetime
    seen_us: int  # the newest event of the first page's reading
    after_us: int
    after_key: str
    given: int  # rows of exactly that time and key that earlier pages held

    def encode(self, tenant: str, ask: Ask) -> str:
        fields = [
            to_micros(self.window_end),
            self.seen_us,
            self.after_us,
            self.after_key,
            self.given,
            _digest(tenant, ask),
        ]
        return (
            base64.urlsafe_b64encode(json.dumps(fields, separators=(",", ":")).encode()).rstrip(b"=").decode()
        )

    @classmethod
    def decode(cls, text: str, tenant: str, ask: Ask, now: datetime) -> Cursor:
        """Raises RequestError for what this tenant was not given for this question within the last day."""
        try:
            if len(text) > _MAX_CHARS:
                raise ValueError("too long")
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            end_us, seen_us, after_us, after_key, given, digest = json.loads(
                base64.b64decode(padded, altchars=b"-_", validate=True)
            )
            if digest != _digest(tenant, ask) or not isinstance(after_key, str):
                raise ValueError("of another question")
            if (
                any(type(number) is not int for number in (end_us, seen_us, after_us, given))
                or not 0 < given <= _MAX_GIVEN
            ):
                raise ValueError("no numbers")
            after_key.encode()  # a lone surrogate is no key, and no engine takes it
            end, seen, after = (
                EPOCH + timedelta(microseconds=micros) for micros in (end_us, seen_us, after_us)
            )
            if not (now - _MAX_AGE <= end <= now and max(seen, after) <= now + _MAX_AGE):
                raise ValueError("of another time")
            return cls(end, seen_us, after_us, after_key, given)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise RequestError(
                "cursor is not one that this tenant, route and these filters were given; start without it.",
                parameter="cursor",
            ) from error


def page(
    rows: pl.DataFrame, limit: int, window_end: datetime, seen: datetime | None, before: Cursor | None
) -> tuple[pl.DataFrame, Cursor | None]:
    """At most `limit` of the rows that a listing answered from `before` on, and where the page ends, if more follow.

    `seen` is the newest event of the table, as the first page read it.
    """
    given = 0
    if before is not None:
        given = min(before.given, _at(rows, before.after_us, before.after_key))
    left = rows.slice(given)
    if left.height <= limit:
        return left, None
    shown = left.head(limit)
    last_us, last_key = shown.select("sort_us", "row_key").row(-1)
    held = _at(shown, last_us, last_key)
    if before is not None and (last_us, last_key) == (before.after_us, before.after_key):
        held += given
    seen_us = to_micros(window_end if seen is None else seen) if before is None else before.seen_us
    return shown, Cursor(window_end, seen_us, last_us, last_key, held)


def _at(rows: pl.DataFrame, instant_us: int, key: str) -> int:
    return rows.filter(sort_us=instant_us, row_key=key).height


def _digest(tenant: str, ask: Ask) -> str:
    filters = [(name, value) for name, value in ask.values if name != "row_limit"]
    question = repr((tenant, ask.statement.name, ask.hours, sorted(filters, key=lambda pair: pair[0])))
    return hashlib.blake2b(question.encode(), digest_size=9).hexdigest()
